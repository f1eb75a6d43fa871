import { describe, expect, test } from "vitest";
import type { Recorded } from "../../src/infra/recorded.ts";
import { inDoubt, judgeGuests, type GuestSituation } from "../../src/infra/unfinished.ts";
import { vm } from "../provision/fake-client.ts";

const mark = "lab-12345678";
const other = "lab-87654321";
const text = (of: string): string => `a workstation\n\nmaquette: role workstation, plan lab, mark ${of}\nChanges …`;
const record = (vmId: number): Recorded => ({
  type: "proxmoxve:index/vmLegacy:VmLegacy",
  id: String(vmId),
  inputs: { vmId, name: "pc2", description: "of before", tags: ["host-pc2", "maquette", mark] },
});
const half = (vmId: number): Recorded => ({ ...record(vmId), initErrors: ["PUT config: 500 …"] });
const seed: Recorded = { type: "provision:index:Seed", inputs: { vmId: 1032 } };
const creating = { type: "creating", resource: record(1032) };
const bare = { ...vm(1032, "pc2"), status: "stopped", pool: "lab" };
const marked = { ...bare, tags: ["host-pc2", "maquette", mark] };

type Verdict = "left alone" | "leftover" | "claimed" | "unknown";

function verdictOf(changes: Partial<GuestSituation>): Verdict {
  const judged = judgeGuests({
    mark,
    isEmbedded: false,
    recorded: [],
    pending: [],
    listed: [bare],
    described: new Map([[1032, text(mark)]]),
    started: new Set(),
    ...changes,
  });
  if (judged.leftovers.length > 0) return "leftover";
  if (judged.claims.length > 0) return "claimed";
  return judged.unknown.length > 0 ? "unknown" : "left alone";
}

describe("a guest that was cut off before it was marked", () => {
  test.each<[string, Verdict, Partial<GuestSituation>]>([
    ["and recorded, is finished", "claimed", { recorded: [seed, half(1032)] }],
    ["and recorded as whole, is left alone: somebody took its tags away", "left alone", { recorded: [record(1032)] }],
    ["and that a killed run was making, goes", "leftover", { recorded: [seed], pending: [creating] }],
    ["and that a run gave up, goes: its seed is recorded, and it never ran", "leftover", { recorded: [seed] }],
    ["and of which nothing is recorded, is not understood", "unknown", {}],
    ["and that was started since, is not understood", "unknown", { recorded: [seed], started: new Set([1032]) }],
    ["and that runs, is not understood", "unknown", { recorded: [seed], listed: [{ ...bare, status: "running" }] }],
  ])("%s", (_, verdict, changes) => {
    expect(verdictOf(changes)).toBe(verdict);
  });

  test("is given the tags that it was to have", () => {
    const judged = judgeGuests({
      mark,
      isEmbedded: false,
      recorded: [half(1032)],
      pending: [],
      listed: [bare],
      described: new Map([[1032, text(mark)]]),
      started: new Set(),
    });
    expect(judged.claims).toEqual([{ vm: bare, tags: ["host-pc2", "maquette", mark] }]);
  });

  test("by a run of an earlier version is known by the text that it was to have", () => {
    const described = new Map([[1032, "of before\n"]]);
    expect(verdictOf({ described, recorded: [half(1032)] })).toBe("claimed");
    expect(verdictOf({ described, pending: [creating] })).toBe("leftover");
    expect(verdictOf({ described, recorded: [seed] })).toBe("left alone");
  });
});

describe("a guest that was marked and never recorded", () => {
  test.each<[string, Verdict, Partial<GuestSituation>]>([
    ["goes where a run gave it up: an import has its tags from the first", "leftover", { recorded: [seed] }],
    ["goes where a killed run was making it", "leftover", { pending: [creating] }],
    ["is not touched where the record says nothing of it: that was lost", "unknown", {}],
    ["is not touched where it was started", "unknown", { recorded: [seed], started: new Set([1032]) }],
    ["goes on the embedded lab, whose guests are nobody's work", "leftover", { isEmbedded: true }],
  ])("%s", (_, verdict, changes) => {
    expect(verdictOf({ listed: [marked], described: new Map([[1032, text(mark)]]), ...changes })).toBe(verdict);
  });

  test("goes if it is a template, in which nobody has data", () => {
    const listed = [{ ...marked, vmid: 9045, tags: ["maquette", mark] }];
    const described = new Map([[9045, `Template of the role workstation, from debian-13.\n\nmaquette: mark ${mark}`]]);
    expect(verdictOf({ listed, described })).toBe("leftover");
    expect(verdictOf({ listed, described, started: new Set([9045]) })).toBe("unknown");
  });
});

describe("what is somebody else's stays, whatever the record says", () => {
  const all = { recorded: [seed, half(1032)], pending: [creating] };

  test.each<[string, Partial<GuestSituation>]>([
    ["with another text", { described: new Map([[1032, "payroll"]]) }],
    ["without a text, or one that may not be read", { described: new Map([[1032, ""]]) }],
    ["in our pool, with another stack's mark in its text", { described: new Map([[1032, text(other)]]) }],
    [
      "in our pool, with another stack's tags, cloned from one of ours with its text",
      { listed: [{ ...bare, tags: ["maquette", other] }] },
    ],
    ["with a mark that only begins like ours", { described: new Map([[1032, text(`${mark}9`)]]) }],
    [
      "that is being made just now, with neither name nor text",
      { listed: [{ ...vm(1032, "VM 1032"), lock: "clone" }], described: new Map() },
    ],
  ])("a guest on our id %s", (_, changes) => {
    expect(verdictOf({ ...all, ...changes })).toBe("left alone");
    expect(verdictOf({ ...all, recorded: [seed], ...changes })).toBe("left alone");
  });
});

describe("more is asked", () => {
  const doubted = (listed: GuestSituation["listed"], changes: Partial<GuestSituation> = {}): readonly number[] =>
    inDoubt({ mark, recorded: [], pending: [], listed, ...changes }, "lab").map((v) => v.vmid);

  test("of guests without our tag where ours may be, and of ours that are not recorded", () => {
    const away = { ...bare, pool: undefined };
    expect(doubted([bare, { ...away, vmid: 1033 }])).toEqual([1032]);
    for (const changes of [{ recorded: [record(1032)] }, { recorded: [seed] }, { pending: [creating] }])
      expect(doubted([away], changes)).toEqual([1032]);
    expect(doubted([marked])).toEqual([1032]);
  });

  test("never of others' guests, nor of ours that are recorded", () => {
    expect(doubted([{ ...bare, tags: ["maquette", other] }], { recorded: [record(1032)] })).toEqual([]);
    expect(doubted([marked], { recorded: [record(1032)] })).toEqual([]);
    expect(doubted([{ ...bare, pool: "payroll" }])).toEqual([]);
  });
});
