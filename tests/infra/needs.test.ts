import { beforeAll, describe, expect, test } from "vitest";
import { describeNeeds, needsOf, unmet, type Need } from "../../src/infra/needs.ts";
import { namingOf } from "../../src/infra/naming.ts";
import { parseSettings, type Settings } from "../../src/infra/settings.ts";
import { loadPlan } from "../../src/plan/index.ts";
import type { Plan } from "../../src/plan/types.ts";
import { DEFAULT_STORAGES } from "../../src/pve/simulator/state/initial.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { Lab } from "../pve/lab.ts";
import { commandsOf, readPage, storagesOf } from "../pve/own-page.ts";
import { readCalls } from "../pve/record.ts";

/*
 * What `up` and `doctor` ask a Proxmox for, held against the calls of a whole life of a stack: with exactly that nothing
 * is refused, and without any one of it something is.
 */

let plan: Plan;
beforeAll(async () => {
  const loaded = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 1 });
  if (!loaded.ok) throw new Error("the lab's plan has faults");
  plan = loaded.value;
});

/** The stack of docs/own-proxmox.md, on one node. */
const settingsOf = (more: Readonly<Record<string, unknown>> = {}): Settings =>
  parseSettings("mine", {
    endpoint: "https://192.0.2.10:8006/",
    nodes: ["pve1"],
    storage: { images: "maquette", seeds: "maquette" },
    images: { "pfsense-2.8": { template: 9900 } },
    operator: { bridge: "vmbr0", address: "192.168.1.245/24" },
    bridges: { wan1: { name: "vmbr0" } },
    ...more,
  });
const needsWith = (settings: Settings): readonly Need[] =>
  needsOf({ settings, plan, naming: namingOf(plan, settings), hosts: [...plan.hosts.values()] });

interface Life {
  /** Calls that were refused, and how. */
  readonly refused: readonly string[];
  /** Needs without which a call would have been refused. */
  readonly shown: ReadonlySet<Need>;
}

/** Lives the recorded life with a token that has the needs, and nothing else, on the path that `pathOf` chooses. */
async function live(needs: readonly Need[], pathOf: (need: Need) => string): Promise<Life> {
  const open = new Set(needs);
  const lab = await Lab.start({
    nodes: ["pve1", "pve2"],
    storages: [...DEFAULT_STORAGES, ...storagesOf(commandsOf(readPage("en")))],
    onCheck: ({ user, sight, as }) => {
      if (user !== "one@pve!lab") return;
      const asked = new Set<string>();
      as((path) => {
        asked.add(path);
        return sight(path);
      });
      for (const need of open) {
        const without = pathOf(need);
        if (!asked.has(without)) continue;
        try {
          as((path) =>
            path === without ? new Map([...sight(path)].filter(([name]) => name !== need.privilege)) : sight(path),
          );
        } catch {
          open.delete(need);
        }
      }
    },
  });
  try {
    await lab.task("POST", "/nodes/pve1/qemu", { vmid: 9900, name: "pfsense", scsi0: "local-lvm:8", memory: 512 });
    await lab.task("POST", "/nodes/pve1/qemu/9900/template");
    await lab.ok("POST", "/access/users", { userid: "one@pve" });
    const { value } = (await lab.ok("POST", "/access/users/one@pve/token/lab", { privsep: 0 })) as { value: string };
    for (const path of new Set(needs.map(pathOf))) {
      const there = needs.filter((n) => pathOf(n) === path);
      const role = `At${path.replaceAll(/\W/g, "-")}`;
      await lab.ok("POST", "/access/roles", { roleid: role, privs: there.map((n) => n.privilege).join(",") });
      await lab.ok("PUT", "/access/acl", { path, users: "one@pve", roles: role, propagate: 0 });
    }
    const token = `one@pve!lab=${value}`;
    const refused: string[] = [];
    for (const { verb, path, fields } of readCalls()) {
      const answer = path.endsWith("/upload")
        ? await lab.upload(
            "pve1",
            "maquette",
            { content: fields["content"]! },
            fields["filename"]!,
            Buffer.from("x"),
            token,
          )
        : await lab.call(verb, path.replaceAll("%", "%25"), fields, token);
      if (answer.status === 403) refused.push(`${verb} ${path}: ${answer.phrase}`);
      if (typeof answer.data === "string" && answer.data.startsWith("UPID:")) await lab.ended(answer.data);
    }
    return { refused, shown: new Set(needs.filter((n) => !open.has(n))) };
  } finally {
    await lab.end();
  }
}

const nameOf = ({ privilege, paths }: Need): string => `${privilege} on ${paths[0]}`;

describe("the rights that a stack needs", () => {
  test("are exactly those without which a call of its life is refused", async () => {
    const needs = needsWith(settingsOf());
    const { refused, shown } = await live(needs, (need) => need.paths[0]);
    expect(refused).toEqual([]);
    // Of a pool that one may not audit Proxmox says nothing at all, and the provider takes it for gone.
    expect(needs.filter((n) => !shown.has(n)).map(nameOf)).toEqual(["Pool.Audit on /pool/lab"]);
  }, 60_000);

  test("suffice on the pool as well, where it is said that they do", async () => {
    const { refused } = await live(needsWith(settingsOf()), (need) => need.paths.at(-1)!);
    expect(refused).toEqual([]);
  }, 60_000);

  test("are each missed by name and path when they are taken away in turn", () => {
    const needs = needsWith(settingsOf());
    for (const need of needs) {
      const held = new Map<string, Set<string>>();
      for (const { privilege, paths } of needs.filter((n) => n !== need))
        held.set(paths[0], (held.get(paths[0]) ?? new Set()).add(privilege));
      const missing = unmet(needs, held);
      expect(missing).toEqual([need]);
      expect(describeNeeds(missing)[0]).toMatch(new RegExp(`^${need.privilege} on ${need.paths[0]} \\(.+\\)$`));
    }
  });

  test("are said with privilege, path and reason, a line for what belongs together", () => {
    const needs = needsWith(settingsOf());
    const all = new Map(needs.flatMap((n) => n.paths).map((path) => [path, new Set(needs.map((n) => n.privilege))]));
    expect(unmet(needs, all)).toEqual([]);
    all.set("/storage/maquette", new Set(["Datastore.Audit", "Datastore.AllocateTemplate"]));
    all.get("/pool/lab")!.delete("VM.Snapshot");
    for (const n of needs.filter((x) => x.privilege === "VM.Snapshot")) all.set(n.paths[0], new Set(["VM.Audit"]));
    const lines = describeNeeds(unmet(needs, all));
    expect(lines).toContain(
      "Datastore.Allocate on /storage/maquette (images and first CDs: put there, read and deleted)",
    );
    expect(lines).toContain("VM.Snapshot on /vms/1001, /vms/1002 and 13 more (snapshot and reset)");
  });

  test("follow the settings: no bridge of ours, nothing downloaded, several nodes, HA, a copy's own pool", () => {
    const names = (more: Readonly<Record<string, unknown>>): string[] => needsWith(settingsOf(more)).map(nameOf);
    const plain = names({});
    expect(plain.some((n) => n.startsWith("Sys.") && n.endsWith("on /"))).toBe(false);
    expect(names({ bridge: { name: "vmbr9", create: false } })).not.toContain("Sys.Modify on /nodes/pve1");
    expect(
      names({
        images: {
          "pfsense-2.8": { template: 9900 },
          "debian-13": { volume: "local:import/x.qcow2" },
          "debian-14": { volume: "local:import/y.qcow2" },
        },
      }),
    ).not.toContain("Sys.AccessNetwork on /nodes/pve1");
    const three = { nodes: ["a", "b", "c"], ha: "rules", storage: { isShared: true } };
    expect(names(three)).toEqual(
      expect.arrayContaining(["Sys.Modify on /nodes/b", "Sys.Console on /", "Sys.Audit on /"]),
    );
    expect(names({ copy: 2 })).toContain("Pool.Allocate on /pool/lab-c02");
    expect(plain).toContain("SDN.Use on /sdn/zones/localnetwork/vmbr0");
    expect(plain).toContain("VM.Clone on /vms/9900");
  });
});
