import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ProbeResult } from "../../src/accept/probes/index.ts";
import { keepSeenRed } from "../../src/cli/seen-red.ts";
import { temporaryFolder } from "../stack/temporary.ts";

const result = (id: string, isGood: boolean, seen: string): ProbeResult =>
  ({ probe: { id }, isGood, seen, ms: 1 }) as unknown as ProbeResult;
const [first, then] = [new Date("2026-11-29T10:00:00Z"), new Date("2026-11-30T10:00:00Z")];

test("what was red is remembered over runs in which it is green, with what it saw last", async () => {
  const stack = temporaryFolder();
  expect(await keepSeenRed(stack, [result("a", true, "200")], first)).toEqual(new Map());
  await keepSeenRed(stack, [result("a", false, "503"), result("b", false, "no")], first);
  await keepSeenRed(stack, [result("a", false, "timed out")], then);
  expect(await keepSeenRed(stack, [result("a", true, "200")], new Date())).toEqual(
    new Map([
      ["a", { at: then, seen: "timed out" }],
      ["b", { at: first, seen: "no" }],
    ]),
  );
});

test("a file that a full disk cut off is begun anew", async () => {
  const stack = temporaryFolder();
  await keepSeenRed(stack, [result("a", false, "503")], first);
  writeFileSync(join(stack, "seen-red.json"), '{"a":');
  expect([...(await keepSeenRed(stack, [result("b", false, "no")], then)).keys()]).toEqual(["b"]);
});
