import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labPicture } from "../../src/docs/picture.ts";
import { loadPlan, type Plan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { maquette } from "../cli/captured.ts";
import { KEPT, OWN } from "../plans/shipped.ts";

const FEW = join(repositoryRoot(), "tests/plans/few");

const planOf = async (folder: string): Promise<Plan> => {
  const plan = await loadPlan(folder, { nodes: 2 });
  if (!plan.ok) throw new Error(`${folder} is not sound`);
  return plan.value;
};

test.each([
  ["en", "docs/lab.svg"],
  ["fr", "docs/lab.fr.svg"],
] as const)(
  "the picture of the README (%s) is the shipped lab's, or that of the lab here (npm run picture)",
  async (language, file) => {
    const picture = readFileSync(join(repositoryRoot(), file), "utf8");
    // The difference to the first one is shown where it is neither.
    if (picture !== labPicture(await planOf(OWN), language))
      expect(picture).toBe(labPicture(await planOf(KEPT), language));
  },
);

test.each([
  ["the lab", KEPT, 18],
  ["a small plan", FEW, 9],
])(
  "each link of %s is a line of its own, and none meets another or passes a box that is not its own",
  async (_, folder, count) => {
    const drawn = labPicture(await planOf(folder));
    const numbers = (tag: string, ...names: readonly string[]): number[][] =>
      [...drawn.matchAll(new RegExp(`<${tag} [^>]*>`, "g"))].map(([element]) =>
        names.map((name) => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(element)![1])),
      );
    const lines = numbers("line", "x1", "y1", "x2", "y2");
    expect(lines).toHaveLength(count);
    // All of them upright: where two are apart, they cannot meet.
    for (const [x1, , x2] of lines) expect(x1).toBe(x2);
    for (const [n, [x, from, , to]] of lines.entries())
      for (const [otherX, otherFrom, , otherTo] of lines.slice(n + 1))
        expect(Math.abs(x! - otherX!) > 2 || to! <= otherFrom! || otherTo! <= from!, `at ${x!}`).toBe(true);
    const [, ...boxes] = numbers("rect", "width", "height").map(([width, height], i) => {
      const [x = 0, y = 0] = [...drawn.matchAll(/<rect (?:x="([\d.]+)" y="([\d.]+)")?/g)][i]!.slice(1).map(Number);
      return { x, y, right: x + width!, bottom: y + height! };
    });
    for (const [x, from, , to] of lines)
      for (const b of boxes)
        expect(x! > b.x && x! < b.right && to! > b.y + 1 && from! < b.bottom - 1, `at ${x!}`).toBe(false);
  },
);

test("maquette picture draws any plan, in French where that is asked, each text within the picture", async () => {
  for (const plan of [KEPT, FEW]) {
    const { code, out } = await maquette("picture", "--plan", plan, "--lang", "fr");
    expect(code).toBe(0);
    expect(out).toContain(" · principal</text>");
    const width = Number(/viewBox="0 0 ([\d.]+) /.exec(out)![1]);
    const texts = [...out.matchAll(/<text x="([\d.]+)"[^>]*>([^<]*)</g)];
    expect(texts.length).toBeGreaterThan(10);
    for (const [, x, words] of texts) expect(Number(x) + words!.length * 7, words).toBeLessThan(width);
  }
});

test("a plan with long names is drawn wider, so that each has room in its box", async () => {
  const plan = await planOf(KEPT);
  const long = "serveur-de-messagerie-de-la-prefecture";
  const hosts = new Map([...plan.hosts].map(([id, h]) => [id, id === "mail" ? { ...h, id: long } : h]));
  const drawn = labPicture({ ...plan, hosts });
  expect(Number(/viewBox="0 0 ([\d.]+) /.exec(drawn)![1])).toBeGreaterThan(
    Number(/viewBox="0 0 ([\d.]+) /.exec(labPicture(plan))![1]),
  );
});
