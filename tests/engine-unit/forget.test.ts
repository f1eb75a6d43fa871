import { expect, test } from "vitest";
import { forget } from "../../src/engine/forget.ts";

const resource = (urn: string, more: object = {}): { urn: string; type: string } => ({ urn, type: "t", ...more });

test("what is forgotten is gone from the state, and nothing waits for it any more", () => {
  const state = {
    manifest: {},
    resources: [
      resource("stack"),
      resource("a", { parent: "stack" }),
      resource("a-role", {
        dependencies: ["a", "stack"],
        propertyDependencies: { vmId: ["a"], host: null },
        deletedWith: "a",
      }),
      resource("b-role", { dependencies: ["b"], deletedWith: "b" }),
      resource("b"),
    ],
  };
  expect(forget(state, new Set(["a"]))).toEqual({
    manifest: {},
    resources: [
      resource("stack"),
      resource("a-role", { dependencies: ["stack"], propertyDependencies: { vmId: [], host: null } }),
      resource("b-role", { dependencies: ["b"], deletedWith: "b" }),
      resource("b"),
    ],
  });
  expect(forget({}, new Set(["a"]))).toEqual({ resources: [] });
});
