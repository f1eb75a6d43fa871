import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labPicture } from "../../src/docs/picture.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { KEPT, OWN } from "../plans/shipped.ts";

test("the picture of the README is the shipped lab's, or that of the lab here (npm run picture)", async () => {
  const drawn = async (folder: string): Promise<string> => {
    const plan = await loadPlan(folder, { nodes: 2 });
    if (!plan.ok) throw new Error(`${folder} is not sound`);
    return labPicture(plan.value);
  };
  const picture = readFileSync(join(repositoryRoot(), "docs/lab.svg"), "utf8");
  // The difference to the first one is shown where it is neither.
  if (picture !== (await drawn(OWN))) expect(picture).toBe(await drawn(KEPT));
});
