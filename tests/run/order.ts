import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files of the run's one lab (project `lab`) that come after its others, in this order: each changes it for many minutes, and
 * where a run's time is limited (tests/twin/machine.ts) these are what it does without.
 */
const LAST = ["tests/accept/probes.lab", "tests/lab/changed.lab", "tests/roles/rebuilt.lab"];
/** What tells most of a lab comes first. */
const FIRST = ["tests/lab/day.lab"];

/** @returns where it comes: before the others (negative), among them (0), after them */
export function placeOf(file: string): number {
  const at = (list: readonly string[]): number => list.findIndex((name) => file.includes(`/${name}.test.`));
  const [first, last] = [at(FIRST), at(LAST)];
  return first >= 0 ? first - FIRST.length : last + 1;
}

/** Vitest's own order, but for what {@link placeOf} says. */
export class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId));
  }
}
