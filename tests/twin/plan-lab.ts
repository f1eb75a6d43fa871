import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { namingOf, seedNaming } from "../../src/infra/naming.ts";
import { readRoleTemplates, readSeedTemplates } from "../../src/infra/read-templates.ts";
import { parseSettings } from "../../src/infra/settings.ts";
import type { Naming } from "../../src/infra/world.ts";
import { loadPlan, type Host, type Plan } from "../../src/plan/index.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { seedImage } from "../../src/provision/seed.ts";
import { debianRunner, declareRoles, Reached, sentRole, type HostRunner } from "../../src/provision/steps/index.ts";
import type { StateEvent } from "../../src/provision/steps/observed.ts";
import type { SentRole } from "../../src/provision/steps/runner.ts";
import type { GuestDescription } from "../../src/pve/simulator/index.ts";
import { renderSeed } from "../../src/roles/seed.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import type { GuestDriver } from "../../src/pve/simulator/guest-driver.ts";

/** Guests of the lab's plan, made straight with a driver: what the whole way through Pulumi would give it. */
export interface PlanLab extends HostWork {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly secret: StackSecret;
  host(id: string): Host;
  vmid(id: string): number;
  /** As the API would describe it, its seed CD in the drive. */
  describe(id: string, change?: Partial<GuestDescription>): Promise<GuestDescription>;
  boot(...ids: readonly string[]): Promise<void>;
}

/** Work on hosts as `up` would have it done, by their consoles. */
export interface HostWork {
  /**
   * Everything that the plan, or a changed one, asks of a host, with the lab's secrets or others.
   * @returns the steps that changed something
   */
  configure(id: string, changed?: Plan, secrets?: SecretSource): Promise<readonly string[]>;
  /** What the steps of a host find, without changing it. */
  look(id: string): Promise<StateEvent>;
}

/** @param sockets folder of the guests' own */
export async function hostWork(lab: {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly secret: StackSecret;
  readonly source: SecretSource;
  readonly sockets: string;
}): Promise<HostWork> {
  const { plan, naming, secret, source } = lab;
  const roleTemplates = await readRoleTemplates(repositoryRoot());
  const declared = await declareRoles(plan, null, roleTemplates, source);
  const rolesOf = async (id: string, of = plan, secrets = source): Promise<SentRole[]> => {
    const all = of === plan && secrets === source ? declared : await declareRoles(of, null, roleTemplates, secrets);
    return Promise.all(all.get(id)!.map((r) => sentRole(r, secrets)));
  };
  const onHost = async <T>(id: string, work: (runner: HostRunner) => Promise<T>): Promise<T> => {
    const reached = new Reached(lab.sockets, secret);
    const bastion = { host: "bastion", vmId: naming.vmId(plan.hosts.get("bastion")!), address: null };
    const reach = { host: id, vmId: naming.vmId(plan.hosts.get(id)!), way: "console", address: "", bastion } as const;
    try {
      return await work(debianRunner(await reached.to(reach)));
    } finally {
      await reached.close();
    }
  };
  return {
    look: (id) => onHost(id, async (runner) => runner.check(await rolesOf(id))),
    configure: (id, change, secrets) =>
      onHost(id, async (runner) => {
        const roles = await rolesOf(id, change, secrets);
        const changed: string[] = [];
        const failure = await runner.apply(roles, (e) => {
          if (e.event === "done" && e.changed) changed.push(roles.find((r) => r.role === e.role)!.steps[e.step]!.name);
        });
        if (failure) throw new Error(`${id}: ${JSON.stringify(failure)}`);
        return changed;
      }),
  };
}

/** What it takes of a driver: the room's from outside has no more. */
export type LabDriver = Pick<GuestDriver, "create" | "start"> & { readonly sockets: string };

/** Of the lab's StackSecret. */
const STACK_KEY = Buffer.alloc(32, 7);

export async function planLab(driver: LabDriver, folder: string): Promise<PlanLab> {
  const root = repositoryRoot();
  const outcome = await loadPlan(join(root, "tests/plans/lab"));
  if (!outcome.ok) throw new Error("the lab's plan is not sound");
  const plan = outcome.value;
  const naming = namingOf(plan, parseSettings("lab", {}));
  const secret = new StackSecret(STACK_KEY);
  const source = new SecretSource(secret, new Vault(join(folder, "vault")));
  const templates = await readSeedTemplates(root);
  const host = (id: string): Host => {
    const found = plan.hosts.get(id);
    if (!found) throw new Error(`the plan has no ${id}`);
    return found;
  };
  const describe = async (id: string, change: Partial<GuestDescription> = {}): Promise<GuestDescription> => {
    const h = host(id);
    const { label, files, authority, certificates } = renderSeed(plan, h, templates, seedNaming(naming, h));
    const cd = join(folder, "cd", `${id}.iso`);
    await mkdir(join(folder, "cd"), { recursive: true });
    await writeFile(
      cd,
      await seedImage(
        { label, files: Object.fromEntries(files), authority, certificates: { ...certificates } },
        source,
      ),
    );
    return {
      vmid: naming.vmId(h),
      node: "pve1",
      name: naming.guestName(h),
      tags: ["maquette", `role-${h.role}`],
      isTemplate: false,
      memoryMiB: h.memoryMiB,
      cores: h.cores,
      isAgentEnabled: true,
      nics: h.nics.map((nic, index) => ({
        index,
        model: "virtio",
        mac: naming.mac(h, nic).toUpperCase(),
        bridge: "vmbr9",
        tag: naming.vlan(plan.zones.get(nic.zone)!),
        isLinkDown: false,
      })),
      disks: [
        {
          slot: "scsi0",
          volume: `local-lvm:vm-${naming.vmId(h)}-disk-0`,
          sizeBytes: h.disksGiB[0]! * 2 ** 30,
          origin: { kind: "image", volume: `local:import/${plan.images.get(h.image)!.fileName}` },
        },
      ],
      cdroms: [{ slot: "ide3", volume: `local:iso/${id}.iso`, hostPath: cd }],
      cloudInit: { sshKeys: [], ipConfigs: {}, nameservers: [] },
      config: {},
      ...change,
    };
  };
  return {
    plan,
    naming,
    secret,
    host,
    vmid: (id) => naming.vmId(host(id)),
    describe,
    ...(await hostWork({ plan, naming, secret, source, sockets: driver.sockets })),
    boot: async (...ids) => {
      const silent = (): void => undefined;
      await Promise.all(
        ids.map(async (id) => {
          const guest = await describe(id);
          await driver.create(guest, silent);
          await driver.start(guest, silent);
        }),
      );
    },
  };
}
