import * as pulumi from "@pulumi/pulumi";
import { SEED_SLOT } from "../provision/seed.ts";
import { declaredText } from "../provision/text.ts";
import type { Host, Nic } from "../plan/types.ts";
import { OS_TYPES } from "./image.ts";
import { hostTag } from "./mark.ts";
import { Vm } from "./proxmox.ts";
import { SeedCd } from "./seed.ts";
import type { Templates } from "./template.ts";
import { bridgeOf, nodeOf, type World } from "./world.ts";

/** A machine of the plan: its seed CD, and the VM that boots from a clone of its role's template. */
export class Guest extends pulumi.ComponentResource {
  readonly vm: Vm;

  constructor(
    world: World,
    host: Host,
    templates: Templates,
    after: readonly pulumi.Resource[],
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("maquette:lab:Guest", host.id, {}, opts);
    const { plan, settings, naming, mark } = world;
    const node = nodeOf(world, host);
    const image = plan.images.get(host.image)!;
    const seed = world.seeds.get(host.id)!;
    const cd = new SeedCd(
      `${host.id}-seed`,
      {
        node,
        storage: settings.storage.seeds,
        fileName: `${mark}-${host.id}.iso`,
        label: seed.label,
        files: Object.fromEntries([...seed.files].map(([name, text]) => [name, declaredText(text)] as const)),
        authority: seed.authority,
        certificates: seed.certificates,
        vmId: naming.vmId(host),
        network: seed.network,
        beginning: `${host.image}/${host.role}/${settings.clones}`,
        mark,
        digest: seed.digest,
      },
      { parent: this },
    );
    // A pair that shares state (CARP, the directory) must not be rebooted under an update: one node at a time, by hand.
    const isPair = host.apartAs !== null;
    const template = templates.for(host, node);
    this.vm = templates.queue(
      template,
      host,
      node,
      (queue) =>
        new Vm(
          host.id,
          {
            nodeName: node,
            vmId: naming.vmId(host),
            name: naming.guestName(host),
            // A clone gets it with its creation, its tags only by a later call: the mark here says from the first whose it is.
            description: `${host.description}\n\nmaquette: role ${host.role}, plan ${plan.name}, mark ${mark}\nChanges by hand are undone by the next up.`,
            tags: [
              hostTag(host.id),
              "maquette",
              mark,
              `role-${host.role}`,
              ...host.roles.slice(1).map((r) => `also-${r}`),
            ],
            poolId: naming.pool,
            ...(template.kind === "clone"
              ? { clone: { vmId: template.vmId, full: settings.clones === "full", retries: 3 } }
              : {}),
            // pfSense has no agent; Debian's cloud image gets one with the steps.
            agent: { enabled: false },
            cpu: { cores: host.cores, type: "x86-64-v2-AES" },
            memory: { dedicated: host.memoryMiB },
            operatingSystem: { type: OS_TYPES[image.os] },
            scsiHardware: "virtio-scsi-single",
            serialDevices: [{}],
            disks: host.disksGiB.map((size, n) => ({
              interface: `scsi${n}`,
              datastoreId: settings.storage.disks,
              size,
              ...(n === 0 && template.kind === "import" ? { importFrom: template.volume } : {}),
              ...(world.api.diskFormat === null ? {} : { fileFormat: world.api.diskFormat }),
              discard: "on",
              iothread: true,
            })),
            cdrom: { interface: SEED_SLOT, fileId: cd.volume },
            networkDevices: [...host.nics.map((nic) => networkDevice(world, host, nic)), ...operatorNic(world, host)],
            ...(world.api.maySetStartup
              ? { startup: { order: host.startOrder, upDelay: host.startDelaySeconds, downDelay: -1 } }
              : {}),
            onBoot: true,
            protection: host.isProtected,
            started: true,
            stopOnDestroy: true,
            rebootAfterUpdate: !isPair,
          },
          {
            parent: this,
            // Its id, addresses and MACs are the plan's: the new one can only stand where the old one stood.
            deleteBeforeReplace: true,
            dependsOn: [...after, ...queue],
            // On a real Proxmox a plain `pulumi destroy` stops here; `maquette destroy` asks for the stack's name first.
            protect: host.isProtected || !world.isEmbedded,
            ignoreChanges: [
              // The seed is detached once it was read.
              "cdrom",
              // Taking an order away takes the same right as setting one.
              ...(world.api.maySetStartup ? [] : ["startup"]),
              ...host.disksGiB.map((_, n) => `disks[${n}].speed`),
            ],
          },
        ),
    );
    this.registerOutputs({ vmId: this.vm.vmId });
  }
}

function networkDevice(world: World, host: Host, nic: Nic): object {
  const { bridge, vlanId } = bridgeOf(world, world.plan.zones.get(nic.zone)!);
  return {
    bridge,
    model: "virtio",
    // Proxmox writes them in capitals, and the provider compares letters.
    macAddress: world.naming.mac(host, nic).toUpperCase(),
    // Proxmox' own firewall filters foreign MACs by default, and drops CARP with them.
    firewall: false,
    ...(vlanId === null ? {} : { vlanId }),
  };
}

/** The one door on a real Proxmox: the bastion's leg on the operator's network. */
function operatorNic(world: World, host: Host): object[] {
  const { operator } = world.settings;
  const own = world.naming.operator;
  if (operator === null || own === null || host.role !== "bastion") return [];
  return [
    {
      bridge: operator.bridge,
      model: "virtio",
      macAddress: own.mac.toUpperCase(),
      firewall: false,
      ...(operator.vlan === null ? {} : { vlanId: operator.vlan }),
    },
  ];
}
