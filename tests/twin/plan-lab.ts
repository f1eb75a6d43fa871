import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { namingOf, seedNaming } from "../../src/infra/naming.ts";
import { readSeedTemplates } from "../../src/infra/read-templates.ts";
import { parseSettings } from "../../src/infra/settings.ts";
import type { Naming } from "../../src/infra/world.ts";
import { loadPlan, type Host, type Plan } from "../../src/plan/index.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { seedImage } from "../../src/provision/seed.ts";
import type { GuestDescription } from "../../src/pve/simulator/index.ts";
import { renderSeed } from "../../src/roles/seed.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import type { ContainerDriver } from "../../src/twin/driver.ts";

/** Guests of the lab's plan, made straight with a driver: what the whole way through Pulumi would give it. */
export interface PlanLab {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly secret: StackSecret;
  host(id: string): Host;
  vmid(id: string): number;
  /** As the API would describe it, its seed CD in the drive. */
  describe(id: string, change?: Partial<GuestDescription>): Promise<GuestDescription>;
  boot(...ids: readonly string[]): Promise<void>;
}

export async function planLab(driver: ContainerDriver, folder: string): Promise<PlanLab> {
  const root = repositoryRoot();
  const outcome = await loadPlan(join(root, "stacks/lab"));
  if (!outcome.ok) throw new Error("the lab's plan is not sound");
  const plan = outcome.value;
  const naming = namingOf(plan, parseSettings("lab", {}));
  const secret = new StackSecret(Buffer.alloc(32, 7));
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
