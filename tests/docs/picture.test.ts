import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labPicture } from "../../src/docs/picture.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { maquette } from "../cli/captured.ts";
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

test("maquette picture draws any plan, in French where that is asked, each text within the picture", async () => {
  for (const plan of [KEPT, join(repositoryRoot(), "tests/plans/few")]) {
    const { code, out } = await maquette("picture", "--plan", plan, "--lang", "fr");
    expect(code).toBe(0);
    expect(out).toContain(" · principal</text>");
    const width = Number(/viewBox="0 0 (\d+) /.exec(out)![1]);
    const texts = [...out.matchAll(/<text x="([\d.]+)"[^>]*>([^<]*)</g)];
    expect(texts.length).toBeGreaterThan(10);
    for (const [, x, words] of texts) expect(Number(x) + words!.length * 7, words).toBeLessThan(width);
  }
});

test("a plan with long names is drawn wider, so that each has room in its box", async () => {
  const outcome = await loadPlan(KEPT, { nodes: 2 });
  if (!outcome.ok) throw new Error("the lab's plan is not sound");
  const plan = outcome.value;
  const long = "serveur-de-messagerie-de-la-prefecture";
  const hosts = new Map([...plan.hosts].map(([id, h]) => [id, id === "mail" ? { ...h, id: long } : h]));
  const drawn = labPicture({ ...plan, hosts });
  expect(Number(/viewBox="0 0 (\d+) /.exec(drawn)![1])).toBeGreaterThan(1160);
});
