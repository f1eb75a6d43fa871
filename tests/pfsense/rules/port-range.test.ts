import { expect, it } from "vitest";
import { portRange } from "../../../src/pfsense/rules/aliases.ts";

it.each([
  ["443", 443n, 443n],
  ["80:90", 80n, 90n],
  ["90:80", 90n, 80n],
] as const)("%s is ports", (text, lo, hi) => expect(portRange(text)).toEqual({ lo, hi }));

it.each(["", ":", "80:", ":90", "80:90:100", "80:x", "web", "65536"])("%j is none", (text) =>
  expect(portRange(text)).toBeUndefined(),
);
