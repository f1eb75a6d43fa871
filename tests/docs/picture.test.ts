import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labPicture } from "../../src/docs/picture.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

test("the picture of the README is the plan's (npm run picture)", async () => {
  const root = repositoryRoot();
  const plan = await loadPlan(join(root, "stacks/lab"), { nodes: 2 });
  if (!plan.ok) throw new Error("the lab's plan is not sound");
  expect(readFileSync(join(root, "docs/lab.svg"), "utf8")).toBe(labPicture(plan.value));
});
