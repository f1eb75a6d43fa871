import { look } from "../artefacts/look.ts";
import { Fault } from "../core/fault.ts";
import type { Settings } from "../infra/settings.ts";
import { suppliedImages, templateOn, type SuppliedImage } from "../infra/supplied.ts";
import { nodeOf, type Naming } from "../infra/world.ts";
import type { Host, Plan } from "../plan/types.ts";
import { PveError, type PveClient } from "../pve/client/index.ts";
import { placesOf } from "./had.ts";
import type { Context } from "./context.ts";

/** An image that the stack's settings name and a node of its Proxmox does not have. */
export interface AbsentImage {
  readonly supplied: SuppliedImage;
  /** Those that cannot be made. */
  readonly hosts: readonly Host["id"][];
  readonly node: string;
  /** `the template 9900`, `the volume local:import/x.qcow2` */
  readonly what: string;
  /** The storage of a volume; null for a template. */
  readonly storage: string | null;
}

/**
 * Images that a user supplies and guests that are still to be made would be made from, asked of their Proxmox. What the
 * token may not see is taken to be there: then Proxmox itself answers.
 */
export async function absentImages(
  client: PveClient,
  settings: Settings,
  plan: Plan,
  naming: Naming,
): Promise<readonly AbsentImage[]> {
  const supplied = suppliedImages(plan, settings);
  if (supplied.length === 0) return [];
  const listed = await client.listVms();
  const stands = (vmId: number): boolean => listed.some((vm) => vm.vmid === vmId);
  const absent = new Map<string, AbsentImage>();
  const note = (image: Omit<AbsentImage, "hosts">, host: Host): void => {
    const key = `${image.node} ${image.what}`;
    absent.set(key, { ...image, hosts: [...(absent.get(key)?.hosts ?? []), host.id] });
  };
  for (const one of supplied) {
    const own = settings.images[one.image.id] ?? {};
    for (const host of one.hosts.map((id) => plan.hosts.get(id)!).filter((h) => !stands(naming.vmId(h)))) {
      const node = nodeOf({ settings }, host);
      if (own.template !== undefined) {
        const id = templateOn(one.image, own.template, node);
        const what = `the template ${id}`;
        if (!stands(id) && (await client.permissionsOn(`/vms/${id}`)).has("VM.Audit"))
          note({ supplied: one, node, what, storage: null }, host);
      } else if (own.volume !== undefined && !stands(ownTemplate(settings, naming, host))) {
        const storage = own.volume.split(":")[0]!;
        if (!(await hasVolume(client, node, storage, own.volume)))
          note({ supplied: one, node, what: `the volume ${own.volume}`, storage }, host);
      }
    }
  }
  return [...absent.values()];
}

/** The template that was made of the volume before, from which a further guest is cloned. */
const ownTemplate = (settings: Settings, naming: Naming, host: Host): number =>
  naming.templateId(host.role, host.node % settings.nodes.length);

async function hasVolume(client: PveClient, node: string, storage: string, volume: string): Promise<boolean> {
  try {
    return await client.hasVolume(node, storage, volume);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    if (error.status === 403) return true;
    if (error.isMissing) return false;
    throw error;
  }
}

/** What is absent, and how it gets there, with the file that is on this machine if there is one. */
export async function describeAbsent(
  context: Context,
  settings: Settings,
  { supplied, hosts, node, what, storage }: AbsentImage,
): Promise<{ readonly fact: string; readonly cure: string }> {
  const { image, artefact } = supplied;
  const had = await look(artefact, placesOf(context, settings));
  const here = had.kind === "found" ? ` ${had.path} is it, verified by ${had.digest.by}.` : "";
  return {
    fact: `maquette:images names ${what} for ${image.id}, and ${node} does not have it: ${hosts.join(", ")} cannot be made`,
    cure:
      storage === null
        ? "Make it as docs/own-proxmox.md says, or name another in maquette:images."
        : `Upload ${image.fileName} to ${storage} on ${node} as content \`import\`, or name another volume in maquette:images.${here}`,
  };
}

/** Before anything is made. @throws Fault STACK_IMAGE_ABSENT */
export async function refuseAbsentImages(
  context: Context,
  client: PveClient,
  settings: Settings,
  plan: Plan,
  naming: Naming,
): Promise<void> {
  // The embedded API is given what stands for them (supply-images.ts).
  if (context.isEmbedded) return;
  const [first] = await absentImages(client, settings, plan, naming);
  if (first === undefined) return;
  const { fact, cure } = await describeAbsent(context, settings, first);
  throw new Fault("STACK_IMAGE_ABSENT", `${fact}. Nothing was made.`, cure);
}
