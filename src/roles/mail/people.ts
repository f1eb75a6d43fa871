import type { Person, Plan } from "../../plan/types.ts";

/** Of acceptance's people two who write to each other; the group that both are in is a list of theirs. */
export interface Correspondents {
  readonly first: Correspondent;
  readonly second: Correspondent;
}

export type Correspondent = Person & { readonly mailbox: string };

const withBox = (plan: Plan): readonly Correspondent[] =>
  [...plan.probePeople.values()].filter((p): p is Correspondent => p.mailbox !== null);

/** One of acceptance's people whose account is closed, to try that it opens nothing. */
export const closedOf = (plan: Plan): Correspondent | undefined => withBox(plan).find((p) => p.isDisabled);

/** Undefined where a plan has not two of them with a mailbox. */
export function correspondentsOf(plan: Plan): Correspondents | undefined {
  const [first, second] = withBox(plan).filter((p) => !p.isDisabled);
  return first && second && { first, second };
}
