import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labPicture } from "../src/docs/picture.ts";
import { loadPlan } from "../src/plan/index.ts";
import { vocabulary } from "../src/roles/registry.ts";
import { repositoryRoot } from "../src/stack/root.ts";

/* Writes docs/lab.svg and docs/lab.fr.svg, the pictures of the READMEs; tests/docs/picture.test.ts keeps it in step with the plan. */
const root = repositoryRoot();
const plan = await loadPlan(join(root, "stacks/lab"), { nodes: 2, roles: vocabulary });
if (!plan.ok) throw new Error("the lab's plan is not sound: run bin/maquette check");
await writeFile(join(root, "docs/lab.svg"), labPicture(plan.value));
await writeFile(join(root, "docs/lab.fr.svg"), labPicture(plan.value, "fr"));
