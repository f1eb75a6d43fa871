import { expect, test } from "vitest";
import { chosenOf } from "../../src/cli/commands/restore.ts";
import { Fault } from "../../src/core/fault.ts";

const set = { host: "mail", role: "mail", paths: [] };
const taken = (hour: number, instance: string): { id: string; at: string; instance: string } => ({
  id: `${instance}-${hour}`,
  at: `2026-11-30T${hour}:00:00.000+00:00`,
  instance,
});
const all = [taken(12, "first"), taken(11, "first"), taken(10, "before")];
const how = { instance: "first", at: null, isConfirmed: false };

function refusal(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error("nothing was refused");
}

test("a host that was made anew gets the last backup of the guest before it", () => {
  expect(chosenOf(set, all, { ...how, instance: "new" }).id).toBe("first-12");
});

test("a host that lives keeps what it has, until it is named; then it gets the last one, or the last before a time", () => {
  const refused = refusal(() => chosenOf(set, all, how));
  expect(refused.code).toBe("BACKUP_LIVES");
  expect(refused.hint).toContain("maquette restore mail --confirm mail");
  // One that was made anew and then backed up as it was, empty, is not told from it: the one before is named.
  expect(refused.hint).toContain("--at 2026-11-30T10:00:00.000+00:00");
  expect(chosenOf(set, all, { ...how, isConfirmed: true }).id).toBe("first-12");
  const at = Date.parse("2026-11-30T10:30:00Z");
  expect(chosenOf(set, all, { ...how, at, isConfirmed: true }).id).toBe("before-10");
  expect(chosenOf(set, all, { ...how, instance: "new", at }).id).toBe("before-10");
});

test("without a backup, or one that is so old, it says so and puts nothing back", () => {
  expect(refusal(() => chosenOf(set, [], how)).code).toBe("BACKUP_NONE");
  const at = Date.parse("2026-11-30T09:00:00Z");
  expect(refusal(() => chosenOf(set, all, { ...how, at, isConfirmed: true })).message).toContain("so old");
});
