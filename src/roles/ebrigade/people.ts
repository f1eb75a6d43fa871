import type { Person, Plan } from "../../plan/types.ts";
import type { Settings } from "./settings.ts";

/** Of acceptance's people: as whom it tries who comes in. */
export interface Triers {
  /** In the group. */
  readonly member: Person;
  /** Has an account of the directory, and not the group. */
  readonly outsider: Person;
  /** Whose account is closed. */
  readonly closed: Person | undefined;
}

/** Undefined where a plan has not both. */
export function triersOf(plan: Plan, { group }: Settings): Triers | undefined {
  const people = [...plan.probePeople.values()];
  const isMember = (p: Person): boolean => p.groups.includes(group);
  const member = people.find((p) => !p.isDisabled && isMember(p));
  const outsider = people.find((p) => !p.isDisabled && !isMember(p));
  return member && outsider && { member, outsider, closed: people.find((p) => p.isDisabled) };
}
