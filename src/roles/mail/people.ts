import type { Person, Plan } from "../../plan/types.ts";

/** Of acceptance's people two who write to each other; the group that both are in is a list of theirs. */
export interface Correspondents {
  readonly first: Correspondent;
  readonly second: Correspondent;
}

export type Correspondent = Person & { readonly mailbox: string };

/** Undefined where a plan has not two of them with a mailbox. */
export function correspondentsOf(plan: Plan): Correspondents | undefined {
  const [first, second] = [...plan.probePeople.values()].filter((p): p is Correspondent => p.mailbox !== null);
  return first && second && { first, second };
}
