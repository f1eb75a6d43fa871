import { expect, test } from "vitest";
import { fillSteps, type DeclaredStep } from "../../../src/provision/steps/work.ts";

test("a step's files go to the host in one order, whatever order they had on their way through the engine", () => {
  const step = (...paths: readonly string[]): DeclaredStep => ({
    kind: "files",
    name: "x",
    files: Object.fromEntries(paths.map((p) => [p, { content: p }])),
  });
  const sent = (s: DeclaredStep): string => JSON.stringify(fillSteps([s], () => ""));
  expect(sent(step("/b", "/a", "/c"))).toBe(sent(step("/a", "/b", "/c")));
});
