import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { describe, expect, test } from "vitest";
import type { Change } from "../../src/cli/changes.ts";
import {
  allLosses,
  failedByProtectionAlone,
  lossesOfChanges,
  lossesOfPlan,
  refuseLosses,
  smallCloneFault,
} from "../../src/cli/losses.ts";
import type { PlannedGuest, StandingGuest } from "../../src/infra/displaced.ts";
import { faultOf } from "../stack/temporary.ts";
import { vm } from "../provision/fake-client.ts";

const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const urnOf = (host: string): string => `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$${VM}::${host}`;
const guest = (host: string, vmId: number, more: Partial<StandingGuest> = {}): StandingGuest => ({
  host,
  urn: urnOf(host),
  vm: vm(vmId, host, ["lab-12345678"], "pve2"),
  mark: "lab-12345678",
  role: "workstation",
  disksGiB: [20, 5],
  seen: { disksGiB: [20, 5], cards: 1 },
  addresses: [],
  isProtected: false,
  ...more,
});
const planned = (hosts: Readonly<Record<string, number>>): PlannedGuest[] =>
  Object.entries(hosts).map(([host, vmId]) => ({ host, vmId, addresses: [] }));
const change = (op: Change["op"], host: string, properties: Change["properties"] = []): Change => ({
  op,
  name: host,
  type: VM,
  urn: urnOf(host),
  properties,
});
const forced = [
  { path: "memory.dedicated", before: 1, after: 2, forcesReplacement: false },
  { path: "clone.vmId", before: 9046, after: 9045, forcesReplacement: true },
];

const pc1 = guest("pc1", 1031);
const pc2 = guest("pc2", 1032);
const renamed = lossesOfPlan([pc1, pc2], planned({ pc1: 1031, pc9: 1032 }));
const swapped = lossesOfPlan([pc1, pc2], planned({ pc1: 1032, pc2: 1031 }));
const replaced = lossesOfChanges([change("replace", "pc2", forced)], [pc1, pc2]);

describe("an up that would lose a guest", () => {
  test("of a rename says which, what is on it, how to keep it, how to move it and how to lose it", async () => {
    const fault = await faultOf(() => refuseLosses(renamed, new Set(), ""));
    expect(fault.code).toBe("GUESTS_LOST");
    expect(fault.message).toContain("Nothing was touched");
    expect(fault.message).toContain("pc2 (VM 1032 on pve2, workstation, 25 GiB of disk)");
    expect(fault.hint).toMatch(
      /call pc9 pc2 again[^]*pc9 with a number and an address of its own[^]*maquette up --replace pc9\./,
    );
  });

  test("of a disk that becomes smaller, or is none any more, says which disk and what it was", async () => {
    const wanted = (disksGiB: readonly number[]): PlannedGuest[] => [
      { host: "pc1", vmId: 1031, addresses: [], disksGiB },
    ];
    const less = await faultOf(() => refuseLosses(lossesOfPlan([pc1], wanted([20])), new Set(), ""));
    expect(less.code).toBe("GUESTS_LOST");
    expect(less.message).toContain("the plan has its disk 2 of 5 GiB no more, and what is on it would be gone");
    expect(less.hint).toMatch(/its disks of before \(disksGiB: \[20, 5\]\)[^]*maquette up --replace pc1\./);
    const small = await faultOf(() => refuseLosses(lossesOfPlan([pc1], wanted([12, 5])), new Set(), ""));
    expect(small.message).toContain("gives its disk 1 12 GiB in the place of 20, and no disk can become smaller");
    refuseLosses(lossesOfPlan([pc1], wanted([20])), new Set(["pc1"]), "");
  });

  test("of a domain controller whose domain has another name in the plan says both names", async () => {
    const dc1 = guest("dc1", 1011, { keeps: "the domain cod.test (COD)" });
    const other = [{ host: "dc1", vmId: 1011, addresses: [], keeps: "the domain crise.test (CRISE)" }];
    const fault = await faultOf(() => refuseLosses(lossesOfPlan([dc1], other), new Set(), ""));
    expect(fault.code).toBe("GUESTS_LOST");
    expect(fault.message).toContain("of the domain cod.test (COD) for good, and the plan says the domain crise.test");
    expect(fault.hint).toContain("let the plan say the domain cod.test (COD) again");
  });

  test("of a clone that is smaller than its template is refused whatever is allowed to go", () => {
    expect(smallCloneFault([])).toBeUndefined();
    const fault = smallCloneFault([{ host: "pc3", wantedGiB: 15, templateGiB: 20 }])!;
    expect(fault.code).toBe("DISK_BELOW_TEMPLATE");
    expect(fault.message).toContain("pc3 of 15 GiB, and its template has 20 GiB");
    expect(fault.hint).toContain("Give pc3 20 GiB or more as first disk");
  });

  test("of a swap names both, and takes both names", async () => {
    const fault = await faultOf(() => refuseLosses(swapped, new Set(["pc1"]), " --stack mine"));
    expect(fault.message).toMatch(/delete a guest[^]*pc2/);
    expect(fault.hint).toContain("maquette up --stack mine --replace pc1,pc2.");
    refuseLosses(swapped, new Set(["pc1", "pc2"]), "");
  });

  test("of any other change says which property forces it, from the engine's preview", async () => {
    const fault = await faultOf(() => refuseLosses(replaced, new Set(["pc1"]), ""));
    expect(fault.message).toContain("(clone.vmId: 9046 → 9045, memory.dedicated: 1 → 2)");
    expect(fault.hint).toContain("--replace pc2.");
  });

  test("goes on when the user names it: by its new name, or by the old one that leaves the plan", () => {
    for (const name of ["pc9", "pc2"]) refuseLosses(renamed, new Set([name]), "");
    refuseLosses(replaced, new Set(["pc2"]), "");
    refuseLosses([], new Set(), "");
  });

  test("is told once, by the plan's own edit rather than by what the engine makes of it", () => {
    const both = allLosses(swapped, lossesOfChanges([change("replace", "pc2", forced)], [pc1, pc2]));
    expect(both.map((l) => [l.guest.host, l.kind])).toEqual([
      ["pc1", "renumbered"],
      ["pc2", "renumbered"],
    ]);
  });
});

describe("what the engine would do is no loss", () => {
  test("where it changes a guest in place, makes one, or deletes one that the plan has no more", () => {
    for (const op of ["update", "create", "delete"] as const)
      expect(lossesOfChanges([change(op, "pc2", forced)], [pc2])).toEqual([]);
  });

  test("where it replaces what holds no data, or what is gone already", () => {
    const template = { ...change("replace", "dc-pve1"), urn: urnOf("dc-pve1").replace("lab:Guest", "lab:Templates") };
    expect(lossesOfChanges([template], [pc2])).toEqual([]);
    expect(lossesOfChanges([change("replace", "pc2", forced)], [])).toEqual([]);
  });
});

test("a protected guest that leaves the plan is refused before the engine is, and goes by its name", async () => {
  const own = guest("pc2", 1032, { isProtected: true });
  const losses = lossesOfChanges([change("delete", "pc2")], [own]);
  expect((await faultOf(() => refuseLosses(losses, new Set(), ""))).hint).toContain("--replace pc2.");
  refuseLosses(losses, new Set(["pc2"]), "");
});

describe("a preview that failed", () => {
  const said = (message: string, severity = "error"): EngineEvent =>
    ({ sequence: 0, timestamp: 0, diagnosticEvent: { severity, message, color: "" } }) as EngineEvent;
  const replace = said(
    '<{%reset%}>unable to replace resource "urn:…"\nas it is currently marked for protection. To unprotect …<{%reset%}>\n',
  );
  const remove = said('resource "urn:…" cannot be deleted\nbecause it is protected. To unprotect …');

  test("by Pulumi's protection alone is whole all the same", () => {
    expect(failedByProtectionAlone([replace, remove, said("preview failed"), said("beware", "warning")])).toBe(true);
  });

  test("by anything else is not, nor by nothing that was said", () => {
    expect(failedByProtectionAlone([replace, said("STACK_NO_IMAGE …")])).toBe(false);
    expect(failedByProtectionAlone([said("preview failed")])).toBe(false);
    expect(failedByProtectionAlone([])).toBe(false);
  });
});
