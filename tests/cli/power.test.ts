import { expect, test } from "vitest";
import { guestsOff } from "../../src/cli/power.ts";
import { standingGuests } from "../../src/infra/displaced.ts";
import { namingOf } from "../../src/infra/naming.ts";
import { VM, type Recorded } from "../../src/infra/recorded.ts";
import { parseSettings } from "../../src/infra/settings.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { vm } from "../provision/fake-client.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan = outcome.value;
const mark = "lab-12345678";
const naming = namingOf(plan, parseSettings("mine", { endpoint: "https://192.0.2.1:8006/", nodes: ["pve1", "pve2"] }));

/** A guest that is off, as the engine last saw it. */
function isWhole(host: string, seen: { readonly disks: readonly number[]; readonly cards: number }): boolean {
  const vmId = naming.vmId(plan.hosts.get(host)!);
  const recorded: Recorded = {
    type: VM,
    urn: `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$${VM}::${host}`,
    inputs: { vmId },
    outputs: { disks: seen.disks.map((size) => ({ size })), networkDevices: Array.from({ length: seen.cards }) },
  };
  const listed = { ...vm(vmId, host, ["maquette", mark]), status: "stopped" };
  const off = guestsOff(standingGuests([recorded], [listed], mark), plan, naming);
  expect(off.map((g) => g.host.id)).toEqual([host]);
  return off[0]!.isWhole;
}

const { disksGiB, nics } = plan.hosts.get("rtr-a")!;

test("a guest that is off and has what it was to have may be started", () => {
  expect(isWhole("rtr-a", { disks: disksGiB, cards: nics.length })).toBe(true);
});

test.each([
  ["its disk is still its template's", { disks: disksGiB.map((size) => size - 1), cards: nics.length }],
  ["it has no card yet", { disks: disksGiB, cards: 0 }],
  ["it has no disk yet", { disks: [], cards: nics.length }],
])("a guest whose creation broke off is left off for the engine: %s", (_, seen) => {
  expect(isWhole("rtr-a", seen)).toBe(false);
});
