import * as pulumi from "@pulumi/pulumi";
import type { Host, Plan } from "../plan/types.ts";
import { OS_TYPES, type Images } from "./image.ts";
import { Vm } from "./proxmox.ts";
import { TEMPLATE_OF } from "./unfinished.ts";
import type { World } from "./world.ts";

/** What guests of a role begin as, on one node: a clone of a template, or an import of the image. */
export type Beginning =
  | { readonly kind: "clone"; readonly vmId: pulumi.Input<number>; readonly after: readonly pulumi.Resource[] }
  | { readonly kind: "import"; readonly volume: pulumi.Input<string>; readonly after: readonly pulumi.Resource[] };

/**
 * One template a role and node, named after the role: the embedded lab's guests get the role's packages from it,
 * and on Proxmox it may later have them baked in. The disk has the size of the role's smallest guest.
 */
export class Templates extends pulumi.ComponentResource {
  readonly #made = new Map<string, Beginning>();
  readonly #last = new Map<string, pulumi.Resource>();
  readonly #world: World;
  readonly #images: Images;
  readonly #pool: pulumi.Resource;

  constructor(world: World, images: Images, pool: pulumi.Resource, opts: pulumi.ComponentResourceOptions) {
    super("maquette:lab:Templates", "templates", {}, opts);
    this.#world = world;
    this.#images = images;
    this.#pool = pool;
  }

  for(host: Host, node: string): Beginning {
    const { plan, settings, naming, mark } = this.#world;
    const image = plan.images.get(host.image)!;
    const key = `${host.role}-${node}`;
    const known = this.#made.get(key);
    if (known) return known;
    const source = this.#images.on(image, node);
    if (source.kind === "template") return { kind: "clone", vmId: source.vmId, after: [] };
    if (settings.clones === "import") return { kind: "import", volume: source.volume, after: source.after };
    const position = settings.nodes.indexOf(node);
    const template = new Vm(
      key,
      {
        nodeName: node,
        vmId: naming.templateId(host.role, position),
        name: naming.templateName(host.role, position),
        description: `${TEMPLATE_OF}${host.role}, from ${image.id}.\n\nmaquette: mark ${mark}`,
        tags: ["maquette", mark],
        poolId: naming.pool,
        template: true,
        started: false,
        onBoot: false,
        agent: { enabled: false },
        cpu: { cores: 1, type: "x86-64-v2-AES" },
        memory: { dedicated: 512 },
        operatingSystem: { type: OS_TYPES[image.os] },
        scsiHardware: "virtio-scsi-single",
        serialDevices: [{}],
        disks: [
          {
            interface: "scsi0",
            datastoreId: settings.storage.disks,
            importFrom: source.volume,
            size: smallestDisk(plan, host.role),
            ...(this.#world.api.diskFormat === null ? {} : { fileFormat: this.#world.api.diskFormat }),
            discard: "on",
            iothread: true,
          },
        ],
        // Left out, the provider puts the node's own drive in, and that takes Sys.Console on /.
        cdrom: { interface: "ide3", fileId: "none" },
        stopOnDestroy: true,
      },
      // One that stands stays: it cannot become smaller or begin from another image, and what is cloned from it grows by
      // itself. (The provider reads a disk's speed limits back where none were set, for ever.)
      {
        parent: this,
        dependsOn: [this.#pool, ...source.after],
        ignoreChanges: ["disks[0].importFrom", "disks[0].size", "disks[0].speed"],
      },
    );
    const made: Beginning = { kind: "clone", vmId: template.vmId, after: [template] };
    this.#made.set(key, made);
    return made;
  }

  /**
   * Clones of one template one after another: Proxmox locks the template while it is cloned, and clones that
   * wait for it fail on a busy storage. Returns what the next clone has to wait for.
   */
  queue(template: Beginning, host: Host, node: string, clone: (after: readonly pulumi.Resource[]) => Vm): Vm {
    if (template.kind === "import") return clone(template.after);
    const key = `${host.role}-${node}`;
    const before = this.#last.get(key);
    const made = clone(before ? [...template.after, before] : template.after);
    this.#last.set(key, made);
    return made;
  }
}

function smallestDisk(plan: Plan, role: string): number {
  return Math.min(...[...plan.hosts.values()].filter((h) => h.role === role).map((h) => h.disksGiB[0] ?? 8));
}
