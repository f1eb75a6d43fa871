import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markOf } from "../../src/infra/mark.ts";
import { namingOf, seedNaming } from "../../src/infra/naming.ts";
import { parseSettings, type Settings } from "../../src/infra/settings.ts";
import { bridgeOf, nodeOf, ownVms, type Naming, type World } from "../../src/infra/world.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { roles } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { faultOf } from "../stack/temporary.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan = outcome.value;
const roleIds = [...roles.keys()];
const hosts = [...plan.hosts.values()];
const zones = [...plan.zones.values()];

const settings = (values: Record<string, unknown> = {}): Settings =>
  parseSettings("mine", { endpoint: "https://192.0.2.1:8006/", nodes: ["pve1", "pve2"], ...values });
const naming = (values: Record<string, unknown> = {}): Naming => namingOf(plan, settings(values));
const templateIds = (n: Naming): number[] =>
  roleIds.flatMap((role) => [0, 1, 2, 3, 4].map((i) => n.templateId(role, i)));
const copies = fc.integer({ min: 0, max: 39 });

describe("copy 0", () => {
  test("has the plan's own names, numbers and addresses", () => {
    const own = naming();
    expect([own.pool, own.operator]).toEqual(["lab", null]);
    for (const host of hosts) {
      expect([own.guestName(host), own.vmId(host)]).toEqual([host.id, 1000 + host.number]);
      for (const nic of host.nics) expect(own.mac(host, nic)).toBe(nic.mac);
    }
    for (const zone of zones) expect(own.vlan(zone)).toBe(zone.vlan);
    expect([own.templateId("router", 0), own.templateName("router", 0)]).toEqual([9000, "tpl-router-0"]);
  });
});

describe("settings for what the plan does not have", () => {
  test("are refused by name, with the nearest that it has", async () => {
    const bridges = { wan3: { name: "vmbr1", vlan: null } };
    const wrong = await faultOf(() => naming({ bridges }));
    expect([wrong.code, wrong.message]).toEqual([
      "STACK_SETTINGS",
      "maquette:bridges names wan3, and the plan has no zone of that name.",
    ]);
    expect(wrong.hint).toMatch(/Did you mean wan[12]\?/);
    const image = { "debian-12": { volume: "local:import/x.qcow2" } };
    expect((await faultOf(() => naming({ images: image }))).message).toContain("maquette:images names debian-12");
    expect(naming({ bridges: { wan1: { name: "vmbr1", vlan: null } } }).pool).toBe("lab");
  });
});

describe("copies of a class", () => {
  test("share no id, name, VLAN, MAC or pool, whatever the pair", () => {
    fc.assert(
      fc.property(copies, copies, (a, b) => {
        fc.pre(a !== b);
        const all = [a, b].map((copy) => {
          const n = naming({ copy });
          return [
            n.pool,
            ...hosts.map((h) => n.guestName(h)),
            ...hosts.map((h) => n.vmId(h)),
            ...templateIds(n),
            ...zones.map((z) => `vlan ${n.vlan(z)}`),
            ...hosts.flatMap((h) => h.nics.map((nic) => n.mac(h, nic))),
            ...roleIds.map((r) => n.templateName(r, 0)),
          ];
        });
        expect(new Set(all.flat()).size).toBe(all.flat().length);
      }),
      { numRuns: 60 },
    );
  });

  test("have templates whose ids never meet a guest's, of any copy", () => {
    const guests = new Set<number>();
    const templates = new Set<number>();
    for (let copy = 0; copy < 40; copy++) {
      const n = naming({ copy });
      for (const host of hosts) guests.add(n.vmId(host));
      for (const id of templateIds(n)) templates.add(id);
    }
    expect(templates.size).toBe(40 * roleIds.length * 5);
    expect([...templates].filter((id) => guests.has(id))).toEqual([]);
  });

  test("have names that Proxmox takes: host names, and MACs that are local and unicast", () => {
    fc.assert(
      fc.property(copies, (copy) => {
        const n = naming({ copy });
        for (const host of hosts) expect(n.guestName(host)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        for (const role of roleIds) expect(n.templateName(role, 4)).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/);
        for (const host of hosts)
          for (const nic of host.nics) expect(n.mac(host, nic)).toMatch(/^02(:[0-9a-f]{2}){5}$/);
      }),
      { numRuns: 20 },
    );
  });
});

describe("where there is no room", () => {
  test("a VLAN beyond 802.1Q's last is refused by its number", async () => {
    expect(Math.max(...zones.map((z) => naming({ vlanOffset: 4000 }).vlan(z)))).toBeLessThanOrEqual(4094);
    const fault = await faultOf(() => naming({ copy: 39, vlanOffset: 1000 }));
    expect(fault.code).toBe("STACK_COPY");
    expect(fault.message).toContain("4094");
  });

  test("an offset moves every VLAN by as much", () => {
    for (const zone of zones) expect(naming({ vlanOffset: 300, copy: 2 }).vlan(zone)).toBe(zone.vlan + 500);
  });

  test("templates whose ids would be guests' are refused", async () => {
    const fault = await faultOf(() => naming({ vmidBase: 9000, templateBase: 9000 }));
    expect(fault.code).toBe("STACK_COPY");
    expect(fault.message).toMatch(/vmidBase.*templateBase|templateBase.*vmidBase/);
    expect(naming({ vmidBase: 9100, templateBase: 9000 }).templateId("router", 0)).toBe(9000);
  });
});

describe("the operator's door", () => {
  const operator = { bridge: "vmbr0", address: "192.0.2.50/24" };

  test("is the bastion's alone, counts up with the copy, and has a MAC of its own in each", () => {
    const doors = [0, 1, 39].map((copy) => naming({ copy, operator }).operator!);
    expect(doors.map((d) => d.cidr)).toEqual(["192.0.2.50/24", "192.0.2.51/24", "192.0.2.89/24"]);
    expect(new Set(doors.map((d) => d.mac)).size).toBe(3);
    const own = naming({ operator });
    for (const host of hosts)
      expect(seedNaming(own, host).operator).toEqual(host.role === "bastion" ? own.operator : null);
  });

  test.each(["192.0.2.50", "192.0.2.500/24", "192.0.2.50/33", "door", ""])("is no address: %j", async (address) => {
    const fault = await faultOf(() => naming({ operator: { bridge: "vmbr0", address } }));
    expect(fault.code).toBe("STACK_SETTINGS");
    expect(fault.message).toContain("operator.address");
  });

  test("is refused when a copy's number takes it out of its network", async () => {
    const fault = await faultOf(() => naming({ copy: 10, operator: { bridge: "vmbr0", address: "192.0.2.250/24" } }));
    expect(fault.code).toBe("STACK_COPY");
  });
});

describe("placement", () => {
  const world = (values: Record<string, unknown> = {}): World =>
    ({ plan, settings: settings(values), naming: naming(values) }) as World;

  test("puts pairs on different nodes where there are several", () => {
    const [a, b] = ["rtr-a", "rtr-b"].map((id) => nodeOf(world(), plan.hosts.get(id)!));
    expect(new Set([a, b])).toEqual(new Set(["pve1", "pve2"]));
    expect(nodeOf(world({ nodes: ["one"] }), plan.hosts.get("rtr-b")!)).toBe("one");
  });

  test("puts a zone on the lab's bridge with its VLAN, or where the settings say", () => {
    const moved = world({ bridges: { wan1: { name: "vmbr0", vlan: null }, wan2: { name: "vmbr1", vlan: 7 } } });
    const of = (id: string): unknown => bridgeOf(moved, plan.zones.get(id)!);
    expect(of("wan1")).toEqual({ bridge: "vmbr0", vlanId: null });
    expect(of("wan2")).toEqual({ bridge: "vmbr1", vlanId: 7 });
    expect(of("dmz")).toEqual({ bridge: "vmbr9", vlanId: plan.zones.get("dmz")!.vlan });
  });
});

describe("the VMs that a stack makes", () => {
  test("are its guests and the templates that they are cloned from, each with its own id", () => {
    const own = ownVms({ hosts: [...plan.hosts.values()], settings: settings(), naming: naming() });
    for (const host of hosts) expect(own.get(1000 + host.number)).toBe(host.id);
    expect(own.get(9000)).toBe("tpl-router-0");
    expect(own.get(9001)).toBe("tpl-router-1");
    expect(own.size).toBe(hosts.length + new Set(hosts.map((h) => `${h.role} ${h.node % 2}`)).size);
  });

  test("are not the templates that a user made", () => {
    const values = { images: { "pfsense-2.8": { template: { pve1: 9900, pve2: 9901 } } } };
    const own = ownVms({ hosts: [...plan.hosts.values()], settings: settings(values), naming: naming(values) });
    expect([9000, 9001, 9900, 9901].filter((id) => own.has(id))).toEqual([]);
    expect([...own.values()].filter((name) => name.startsWith("tpl-dc"))).toHaveLength(2);
  });
});

describe("the mark", () => {
  const [one, two] = [1, 2].map((n) => new StackSecret(Buffer.alloc(32, n)));

  test("is a tag that Proxmox takes, and tells pools, stacks and people apart", () => {
    const marks = [
      markOf("lab", one!, "lab"),
      markOf("lab", one!, "mine"),
      markOf("lab", two!, "lab"),
      markOf("lab-c01", one!, "lab"),
    ];
    for (const mark of marks) expect(mark).toMatch(/^[a-z0-9_][a-z0-9_.+-]*$/);
    expect(new Set(marks).size).toBe(4);
    expect(markOf("Lab", one!, "lab")).toBe(marks[0]);
  });

  test("is the same for the same secret, and tells nothing of it", () => {
    expect(markOf("lab", new StackSecret(Buffer.alloc(32, 1)), "lab")).toBe(markOf("lab", one!, "lab"));
    expect(markOf("lab", one!, "lab")).toMatch(/^lab-[0-9a-f]{8}$/);
  });
});
