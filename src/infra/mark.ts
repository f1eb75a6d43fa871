import type { StackSecret } from "../stack/secret.ts";

/**
 * The tag that every guest and template of a stack bears: the pool's name and a digest of the stack's secret, so
 * that two people's stacks of one name on one cluster are told apart. Proxmox allows [a-z0-9_.+-] in tags.
 */
export const markOf = (pool: string, secret: StackSecret, stack: string): string =>
  `${pool.toLowerCase()}-${secret.digest("mark", stack).slice(0, 8)}`;

/** The pool that a mark begins with, in small letters. */
export const poolOf = (mark: string): string => mark.slice(0, mark.lastIndexOf("-"));

/** The tag that says which host of the plan a guest is: made under that name, it cannot become another one's. */
export const hostTag = (host: string): string => `host-${host}`;

/** Whether a comment or description names the mark, as a word of its own. */
export const bears = (text: string, mark: string): boolean => text.split(/[\s,;]+/).includes(mark);
