import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings } from "../../src/infra/settings.ts";
import { DOCUMENT_NAMES } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { Costs } from "./cost.ts";
import { Programs } from "./registered.ts";
import { edited, singleEdits, type Single, type Texts } from "./singles.ts";
import type { Priced } from "./table.ts";

/** The lab as it is shipped, and its stack: two nodes, pfSense's image supplied. */
export function shippedTexts(): Texts {
  const folder = join(repositoryRoot(), "tests/plans/lab");
  const read = DOCUMENT_NAMES.map((name) => [name, readFileSync(join(folder, `${name}.yaml`), "utf8")] as const);
  return Object.fromEntries(read) as Record<(typeof DOCUMENT_NAMES)[number], string>;
}

export async function shippedCosts(): Promise<Costs> {
  const settings = parseSettings("lab", {
    nodes: ["pve1", "pve2"],
    images: { "pfsense-2.8": { volume: "local:import/pfsense-2.8.qcow2" } },
  });
  return Costs.of(await Programs.of(repositoryRoot(), settings), settings.nodes.length, shippedTexts());
}

/** Edits of the shipped lab with their costs. */
export async function pricedEdits(
  singles: readonly Single[] = singleEdits(shippedTexts()),
): Promise<readonly Priced[]> {
  const [texts, costs] = [shippedTexts(), await shippedCosts()];
  const priced: Priced[] = [];
  for (const single of singles) priced.push({ single, cost: await costs.of(edited(texts, single.of)) });
  return priced;
}
