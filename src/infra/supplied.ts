import type { Artefact } from "../core/artefact.ts";
import { Fault } from "../core/fault.ts";
import type { Host, Image, Plan } from "../plan/types.ts";
import type { Settings } from "./settings.ts";
import { nodeOf } from "./world.ts";

/** An image of the plan that nobody may download unattended: its user supplies it. */
export interface SuppliedImage {
  readonly image: Image;
  readonly hosts: readonly Host["id"][];
  readonly artefact: Artefact;
  /** What the stack's settings name in its place. */
  readonly named: "template" | "volume" | "url" | null;
}

const LICENCES: Readonly<Record<Image["os"], string>> = {
  debian: "that of each package",
  pfsense: "Apache-2.0 (pfSense CE)",
  windows: "Microsoft's, one for each machine",
};

/** Those that some host runs on. */
export const suppliedImages = (plan: Plan, settings: Settings): readonly SuppliedImage[] =>
  [...plan.images.values()].flatMap((image) => {
    const hosts = [...plan.hosts.values()].filter((h) => h.image === image.id).map((h) => h.id);
    if (image.url !== null || hosts.length === 0) return [];
    const own = settings.images[image.id];
    const named = (["template", "volume", "url"] as const).find((name) => own?.[name] !== undefined) ?? null;
    return [{ image, hosts, artefact: artefactOf(image, own?.sha512), named }];
  });

function artefactOf(image: Image, sha512: string | undefined): Artefact {
  const hex = sha512 ?? image.sha512;
  return {
    id: image.id,
    name: image.description,
    version: null,
    licence: LICENCES[image.os],
    fileName: image.fileName,
    url: null,
    digest:
      hex === null
        ? null
        : {
            algorithm: "sha512",
            hex: hex.toLowerCase(),
            by: sha512 === undefined ? "hosts.yaml" : "maquette:images",
          },
    source: "Make it as docs/own-proxmox.md says",
  };
}

/** What an image that must be supplied, and is not, costs: its hosts cannot be made. */
export const noImage = (image: Image): Fault =>
  new Fault(
    "STACK_NO_IMAGE",
    `The image ${image.id} may not be downloaded, and this stack does not say where it is.`,
    `Set maquette:images in the stack's configuration: {"${image.id}": {"template": 9900}} for a template of yours, or {"volume": "local:import/${image.fileName}"}; docs/own-proxmox.md makes the template.`,
  );

/** Known from the settings alone, so it is said before anything is begun. @throws Fault STACK_NO_IMAGE */
export function refuseWithoutImages(plan: Plan, settings: Settings): void {
  for (const { image, hosts, named } of suppliedImages(plan, settings)) {
    if (named === null) throw noImage(image);
    const template = settings.images[image.id]?.template;
    if (template === undefined) continue;
    for (const id of hosts) templateOn(image, template, nodeOf({ settings }, plan.hosts.get(id)!));
  }
}

/** Without shared storage a template serves its own node alone, so there is one a node. @throws Fault STACK_NO_IMAGE */
export function templateOn(image: Image, template: number | Readonly<Record<string, number>>, node: string): number {
  if (typeof template === "number") return template;
  const id = template[node];
  if (id === undefined) {
    throw new Fault(
      "STACK_NO_IMAGE",
      `maquette:images of this stack names no template of ${image.id} on the node ${node}.`,
      `Add "${node}": ID beside ${Object.keys(template).join(", ")}; docs/own-proxmox.md makes the template.`,
    );
  }
  return id;
}
