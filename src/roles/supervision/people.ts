import type { Person, Plan } from "../../plan/types.ts";

/** Of acceptance's people: as whom it tries who may come in. */
export interface Triers {
  /** Administers. */
  readonly administrator: Person;
  /** Has an account of the directory, and no group that lets in here. */
  readonly other: Person;
  /** Whose account is closed. */
  readonly closed: Person | undefined;
}

/** Undefined where a plan has not both. */
export function triersOf(plan: Plan): Triers | undefined {
  const people = [...plan.probePeople.values()];
  const administrator = people.find((p) => p.isAdmin);
  const other = people.find((p) => !p.isAdmin && !p.isDisabled);
  return administrator && other && { administrator, other, closed: people.find((p) => p.isDisabled) };
}
