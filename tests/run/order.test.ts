import { expect, test } from "vitest";
import { placeOf } from "./order.ts";

test("the files that tell most of a lab come first, and the longest last", () => {
  const names = [
    "lab/changed.lab",
    "roles/rebuilt.lab",
    "roles/mail.lab",
    "accept/probes.lab",
    "lab/day.lab",
    "core/ip",
  ];
  const files = names.map((name) => `/anywhere/tests/${name}.test.ts`);
  const order = files.toSorted((a, b) => placeOf(a) - placeOf(b)).map((f) => f.replace("/anywhere/tests/", ""));
  expect(order.map((f) => f.replace(".test.ts", ""))).toEqual([
    "lab/day.lab",
    "roles/mail.lab",
    "core/ip",
    "accept/probes.lab",
    "lab/changed.lab",
    "roles/rebuilt.lab",
  ]);
});
