import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { secret } from "../../src/core/secret-place.ts";
import type { Text } from "../../src/core/text.ts";
import { brief, collectChanges, type Change } from "../../src/cli/changes.ts";
import { describeChanges } from "../../src/cli/describe-changes.ts";
import { commentMarker, markdownOf } from "../../src/cli/markdown.ts";
import { RunProgress } from "../../src/cli/progress.ts";
import { table } from "../../src/cli/table.ts";
import { listening } from "./captured.ts";

const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const guest = (name: string): string => `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$${VM}::${name}`;
const template = (name: string): string =>
  `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Templates$${VM}::${name}`;
const seed = (name: string): string =>
  `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$provision:index:Seed::${name}-seed`;

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/** An event as the engine writes it: only what is read of it. */
function pre(op: string, urn: string, more: object = {}): EngineEvent {
  const type = urn.split("::")[2]!.split("$").pop()!;
  return { sequence: 0, timestamp: 0, resourcePreEvent: { metadata: { op, urn, type, ...more } as Metadata } };
}
const states = (before: object, after: object): object => ({ old: { inputs: before }, new: { inputs: after } });

describe("changes", () => {
  test("are creations, updates, replacements and deletions; what stays is none, nor are groups of resources", () => {
    const changes = collectChanges([
      pre("same", guest("pc1")),
      pre("read", guest("pc1")),
      pre("create", "urn:pulumi:lab::maquette::maquette:lab:Lab::lab"),
      pre("create", "urn:pulumi:lab::maquette::pulumi:pulumi:Stack::maquette-lab"),
      pre("delete", guest("pc2")),
      pre("create", seed("dc1")),
      pre("create", guest("dc1")),
    ]);
    expect(changes.map((c) => `${c.op} ${c.name}`)).toEqual(["create dc1", "delete pc2", "create dc1-seed"]);
  });

  test("of a replacement are one, whatever halves the engine announces", () => {
    const urn = guest("dc1");
    const detail = { detailedDiff: { "clone.vmId": { diffKind: "update-replace", inputDiff: true } } };
    for (const order of [
      ["create-replacement", "replace", "delete-replaced"],
      ["delete-replaced", "replace", "create-replacement"],
    ])
      expect(collectChanges(order.map((op) => pre(op, urn, detail)))).toMatchObject([{ op: "replace", name: "dc1" }]);
  });

  test("are told by property, with the values before and after", () => {
    const [change] = collectChanges([
      pre("update", guest("dc1"), {
        detailedDiff: {
          "memory.dedicated": { diffKind: "update", inputDiff: true },
          "networkDevices[1].vlanId": { diffKind: "add", inputDiff: true },
          'tags["a.b"]': { diffKind: "delete-replace", inputDiff: true },
        },
        ...states(
          { memory: { dedicated: 512 }, networkDevices: [{}, {}], tags: { "a.b": 1 } },
          { memory: { dedicated: 1024 }, networkDevices: [{}, { vlanId: 20 }], tags: {} },
        ),
      }),
    ]);
    expect(change!.properties).toEqual([
      { path: "memory.dedicated", before: 512, after: 1024, forcesReplacement: false },
      { path: "networkDevices[1].vlanId", before: undefined, after: 20, forcesReplacement: false },
      { path: 'tags["a.b"]', before: 1, after: undefined, forcesReplacement: true },
    ]);
  });

  const ofFile = (before: Text, after: Text): Change["properties"] =>
    collectChanges([
      pre(
        "update",
        seed("dc1"),
        states({ files: { a: "same", b: before }, digest: "1" }, { files: { a: "same", b: after }, digest: "1" }),
      ),
    ])[0]!.properties;

  test("of a provider that reports no detail are the inputs that differ", () => {
    expect(ofFile("one", "two")).toEqual([
      { path: 'files["b"]', before: "one", after: "two", forcesReplacement: false },
    ]);
  });

  test("of a text with places for secrets are its first line that differs, each place by its name", () => {
    const key = secret("ssh-private", "host/dc1", "json");
    expect(ofFile(["a: 1\nkey: ", key, "\n"], ["a: 1\nb: 2\nkey: ", key, "\n"])).toMatchObject([
      { path: 'files["b"]', before: "key: {{secret:ssh-private/host/dc1|json}}", after: "b: 2" },
    ]);
    expect(ofFile("key: \n", ["key: ", key, "\n"])).toMatchObject([
      { before: "key:", after: "key: {{secret:ssh-private/host/dc1|json}}" },
    ]);
  });

  const role = seed("dc1").replace("provision:index:Seed::dc1-seed", "provision:index:Role::dc1-dc");
  const ofSteps = (before: readonly object[], after: readonly object[]): readonly (readonly unknown[])[] =>
    collectChanges([pre("update", role, states({ steps: before }, { steps: after }))])[0]!.properties.map((p) => [
      p.path,
      p.before,
      p.after,
    ]);
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name, units: [name] }));

  test("of a list whose members have names go by these: one more is one more, not a change of all after it", () => {
    expect(ofSteps([a!, c!], [a!, b!, c!])).toEqual([['steps["b"]', undefined, b]]);
    expect(ofSteps([a!, b!, c!], [b!, c!])).toEqual([['steps["a"]', a, undefined]]);
    expect(ofSteps([a!, b!], [a!, { ...b!, drift: "b is failed" }])).toEqual([
      ['steps["b"]["drift"]', undefined, "b is failed"],
    ]);
  });

  test("of a list whose members changed places only is their order, by name", () => {
    expect(ofSteps([a!, b!], [b!, a!])).toEqual([["steps", ["a", "b"], ["b", "a"]]]);
    expect(ofSteps([a!, b!], [c!, b!, a!])).toEqual([
      ['steps["c"]', undefined, c],
      ["steps", ["a", "b"], ["b", "a"]],
    ]);
  });

  test("of a list without names, or with one twice, are the list", () => {
    expect(ofSteps([a!, a!], [a!])).toEqual([["steps", [a, a], [a]]]);
    expect(ofSteps([{ x: 1 }], [{ x: 2 }])).toEqual([["steps", [{ x: 1 }], [{ x: 2 }]]]);
  });

  test.each([
    ["a line changed", "a\nb\nc\n", "a\nx\nc\n", ["b", "x"]],
    ["a line added at the end", "a\nb", "a\nb\nc", ["", "c"]],
    ["a line taken from the end", "a\nb\nc", "a\nb", ["c", ""]],
    ["an indentation changed", "a:\n  b: 1\n", "a:\n    b: 1\n", ["  b: 1", "    b: 1"]],
    ["a changed line indented alike", "a:\n  b: 1\n", "a:\n  b: 2\n", ["b: 1", "b: 2"]],
  ])("of a text are its first line that differs: %s", (_, before, after, expected) => {
    const [change] = ofFile(before, after);
    expect([change!.before, change!.after]).toEqual(expected);
  });
});

describe("a value in brief", () => {
  test.each<[unknown, string]>([
    [undefined, "(none)"],
    [null, "null"],
    ["a\n  b", "a ⏎ b"],
    [{ a: [1] }, '{"a":[1]}'],
    ["", ""],
    ["x".repeat(61), `${"x".repeat(59)}…`],
  ])("%j is %j", (value, text) => {
    expect(brief(value)).toBe(text);
  });
});

const some: readonly Change[] = collectChanges([
  pre("create", guest("pc9")),
  pre("create", template("dc-pve1")),
  pre("replace", guest("dc1"), {
    detailedDiff: { "clone.vmId": { diffKind: "update-replace", inputDiff: true } },
    ...states({ clone: { vmId: 1 } }, { clone: { vmId: 2 } }),
  }),
  pre("update", seed("dc2"), states({ label: "a`b" }, { label: "b|c" })),
  pre("delete", guest("pc1")),
]);

test("on a terminal guests come first, with why; other creations are only counted", () => {
  expect(describeChanges(some, pc.createColors(false))).toBe(
    [
      "± guest dc1  replaced, its data is lost",
      "    clone.vmId: 1 → 2  (forces the replacement)",
      "- guest pc1  deleted, its data is lost",
      "+ guest pc9",
      "~ seed of dc2",
      "    label: a`b → b|c",
      "2 to create, 1 to update, 1 to replace, 1 to delete",
    ].join("\n"),
  );
});

test("what loses a guest's data is red, and nothing else is", () => {
  const red = describeChanges(some, { red: (t) => `<red>${String(t)}</red>`, bold: String }).split("\n");
  expect(red.filter((l) => l.includes("<red>"))).toEqual([
    "<red>± guest dc1  replaced, its data is lost</red>",
    "<red>- guest pc1  deleted, its data is lost</red>",
  ]);
  const seeds = collectChanges([pre("replace", seed("dc1")), pre("replace", template("dc-pve1"))]);
  expect(describeChanges(seeds, { red: () => "RED", bold: String })).not.toContain("RED");
});

describe("a guest's cores and memory", () => {
  const bigger = (name: string, rebootAfterUpdate: boolean, path = "memory.dedicated"): string =>
    describeChanges(
      collectChanges([
        pre("update", guest(name), {
          ...states({ memory: { dedicated: 1 }, rebootAfterUpdate }, { memory: { dedicated: 2 }, rebootAfterUpdate }),
          detailedDiff: { [path]: { diffKind: "update", inputDiff: true } },
        }),
      ]),
      pc.createColors(false),
    );

  test("cost a restart, which is said; of one of a pair that it has them from its next start", () => {
    expect(bigger("mail", true)).toContain("~ guest mail  restarted");
    expect(bigger("dc1", false)).toContain("~ guest dc1  has it from its next start: one of a pair is not restarted");
  });

  test("alone do: a card or another order of start comes while it runs", () => {
    for (const path of ["networkDevices[0].vlanId", "startup.order", "disks[0].size"])
      expect(bigger("mail", true, path)).not.toContain("restarted");
  });
});

describe("a router's configuration", () => {
  const config = "urn:pulumi:lab::maquette::maquette:lab:Guest$provision:index:Router::rtr-a-config";
  const file = (text: string): object => ({ files: { "config.xml": text }, cards: { vtnet0: "02:00" } });

  test("is told once: its seed has the same file for one that would be made again", () => {
    const changes = collectChanges([
      pre("update", config, states(file("a"), file("b"))),
      pre("update", seed("rtr-a"), states(file("a"), file("b"))),
      pre("update", seed("dc1"), states(file("a"), file("b"))),
    ]);
    expect(changes.map((c) => c.name)).toEqual(["dc1-seed", "rtr-a-config"]);
  });

  test("is told by its lines, and not by what it is tried with", () => {
    const tried = (text: string, policy: string): object => ({
      ...file(text),
      policy,
      next: [],
      guests: { pc1: policy },
    });
    const [change] = collectChanges([pre("update", config, states(tried("a", "before"), tried("b", "after")))]);
    expect(change!.properties.map((p) => p.path)).toEqual(['files["config.xml"]']);
  });

  test("that comes with other cards costs a restart, which is said", () => {
    const more = { ...file("b"), cards: { vtnet0: "02:00", vtnet1: "02:01" } };
    const text = (after: object): string =>
      describeChanges(collectChanges([pre("update", config, states(file("a"), after))]), pc.createColors(false));
    expect(text(more)).toContain("~ configuration of rtr-a  restarted for its cards, while the other router carries");
    expect(text(file("b"))).not.toContain("restarted");
  });
});

describe("the comment for a pull request", () => {
  test("warns of replacements before anything else, and can be found again", () => {
    expect(markdownOf(some, "lab")).toMatchInlineSnapshot(`
      "<!-- maquette preview -->
      ### maquette preview, stack \`lab\`

      2 to create, 1 to update, 1 to replace, 1 to delete.

      > [!WARNING]
      > **1 would be replaced, data lost**: deleted with their disks and made anew; \`maquette up\` refuses that unless \`--replace dc1\` is given: \`guest dc1\`.

      > [!WARNING]
      > **1 would be deleted, data lost**: \`guest pc1\`.

      **Replaced: deleted and made anew**

      - guest dc1
        - \`clone.vmId\`: \`1\` → \`2\` **forces the replacement**

      **Deleted**

      - guest pc1

      **Created**

      - guest pc9
      - and 1 other resources (images, templates, seeds, networks)

      **Changed**

      - seed of dc2
        - \`label\`: \`\` a\`b \`\` → \`b|c\`
      "
    `);
  });

  test("says that nothing would change", () => {
    expect(markdownOf([], "lab")).toBe(
      `${commentMarker}\n### maquette preview, stack \`lab\`\n\nNothing would change.\n`,
    );
  });

  test("no value of a plan ends the code that it stands in", () => {
    const value = "a `` b ``` ![x](https://example.org) @everyone";
    const text = markdownOf(collectChanges([pre("update", seed("dc1"), states({ a: "`" }, { a: value }))]), "lab");
    expect(text).toContain(`  - \`a\`: \`\` \` \`\` → \`\`\`\` ${value} \`\`\`\``);
  });

  test("stays short when much differs", () => {
    const inputs = (n: number): object => Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, n]));
    const text = markdownOf(collectChanges([pre("update", guest("dc1"), states(inputs(1), inputs(2)))]), "lab");
    expect(text).toContain("and 28 more properties");
    expect(text.split("\n").length).toBeLessThan(25);
  });
});

describe("progress", () => {
  const ended = (op: string, urn: string): EngineEvent => ({
    ...pre(op, urn),
    resOutputsEvent: pre(op, urn).resourcePreEvent!,
    resourcePreEvent: undefined as never,
  });
  const failed = (urn: string): EngineEvent => ({
    sequence: 0,
    timestamp: 0,
    resOpFailedEvent: { metadata: pre("create", urn).resourcePreEvent!.metadata, status: 1, steps: 1 },
  });
  const said = (severity: string, message: string, more: object = {}): EngineEvent =>
    ({ sequence: 0, timestamp: 0, diagnosticEvent: { severity, message, color: "", ...more } }) as EngineEvent;

  test("without a terminal is a plain line for each thing that ended", () => {
    const io = listening();
    const progress = new RunProgress(io);
    for (const e of [
      pre("same", guest("pc1")),
      ended("same", guest("pc1")),
      pre("create", guest("dc1")),
      pre("create", template("dc-pve1")),
      ended("create", template("dc-pve1")),
      pre("create", "urn:pulumi:lab::maquette::maquette:lab:Lab::lab"),
      ended("create", "urn:pulumi:lab::maquette::maquette:lab:Lab::lab"),
      ended("create", guest("dc1")),
      pre("delete", seed("dc2")),
      failed(seed("dc2")),
    ])
      progress.onEvent(e);
    expect(io.lines.map((l) => l.replace(/\d+\.\d/, "N"))).toEqual([
      "err template dc-pve1: creating, done (N s)",
      "err guest dc1: creating, done (N s)",
      "err seed of dc2: deleting FAILED (N s)",
    ]);
  });

  test("on a terminal is one line that changes, and failures stay", () => {
    const io = listening(true);
    const progress = new RunProgress(io);
    for (const e of [
      pre("create", guest("dc1")),
      ended("create", guest("dc1")),
      pre("create", guest("dc2")),
      failed(guest("dc2")),
    ])
      progress.onEvent(e);
    expect(io.lines.filter((l) => l.startsWith("err"))).toHaveLength(1);
    expect(io.lines.filter((l) => l.startsWith("progress")).length).toBeGreaterThan(2);
  });

  test("passes on what the engine says of errors and warnings, without its colours, and keeps the errors", () => {
    const io = listening();
    const progress = new RunProgress(io);
    for (const e of [
      said("error", "<{%reset%}>no space<{%reset%}>\n", { urn: guest("dc1") }),
      said("warning", "beware"),
      said("info", "chatter"),
      said("error", "passing", { ephemeral: true }),
      said("error", "<{%reset%}>\n"),
    ])
      progress.onEvent(e);
    expect(io.lines).toEqual(["err error: guest dc1: no space", "err warning: beware"]);
    expect(progress.problems).toEqual(["guest dc1: no space"]);
  });
});

test("a table's columns are as wide as their widest cell, and lines have no blank ends", () => {
  expect(table(["a", "long"], [["wide cell", ""], ["x"], ["", "y"]])).toBe(
    ["a          long", "---------  ----", "wide cell", "x", "           y"].join("\n"),
  );
});
