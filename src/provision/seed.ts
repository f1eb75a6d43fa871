import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { fillText } from "../core/text.ts";
import { deleteVolume, rebootVm } from "../pve/client/guests.ts";
import type { PveClient } from "../pve/client/index.ts";
import { insert } from "../pve/client/media.ts";
import { iso9660 } from "./iso9660.ts";
import { findOwn, type ListedVm } from "./ownership.ts";
import type { SecretSource } from "./secrets.ts";
import type { Connect, ResourceType } from "./resource-type.ts";
import { textOfState, textSchema } from "./text.ts";

/** The drive that a guest's seed lies in. */
export const SEED_SLOT = "ide3";

/** The stack's secret and vault; loaded at the first use, because reading or deleting a seed needs neither. */
export type SeedSecrets = () => Promise<SecretSource>;

export const certificateRequest = z.object({
  commonName: z.string(),
  names: z.array(z.string()).readonly(),
  usage: z.enum(["server", "client"]),
  days: z.number(),
  isRevoked: z.literal(true).optional(),
});

export const authorityRequest = z.union([
  z.object({ commonName: z.string(), years: z.number(), crlDays: z.number() }),
  // States from before the plan said how long it lives: its name alone, and what those years were.
  z.string().transform((commonName) => ({ commonName, years: 10, crlDays: 365 })),
]);

export const seedInputs = z.object({
  node: z.string(),
  storage: z.string(),
  fileName: z.string().regex(/^[\w.-]+\.iso$/),
  label: z.string(),
  /** With places for secrets: none is here, so none is in the state. */
  files: z.record(z.string(), textSchema),
  /** Certificates that the files ask for, and the CA that signs them. */
  authority: authorityRequest,
  certificates: z.record(z.string(), certificateRequest),
  /** The guest that reads the seed. */
  vmId: z.int(),
  /** What the guest begins as: made anew from something else, it needs its seed again. */
  beginning: z.string().default(""),
  mark: z.string(),
  /** Changes when the guest is to be elsewhere. */
  network: z.string().default(""),
  /** HMAC of the CD's bytes under the stack's secret: changes when a secret is rotated. */
  digest: z.string(),
});
export type SeedInputs = z.infer<typeof seedInputs>;
export const seedState = seedInputs.extend({ files: z.record(z.string(), textSchema.transform(textOfState)) });

const moved = ["node", "storage", "fileName", "vmId", "beginning"] as const;
const content = ["label", "files", "authority", "certificates", "digest", "network"] as const;

/** The seed's files with their places filled in, in memory only. */
export async function seedFiles(
  seed: Pick<SeedInputs, "files" | "authority" | "certificates">,
  secrets: SecretSource,
): Promise<ReadonlyMap<string, string>> {
  const resolve = await secrets.resolver(Object.values(seed.files), seed);
  return new Map(Object.entries(seed.files).map(([name, text]) => [name, fillText(text, resolve)] as const));
}

/** The CD's bytes. */
export async function seedImage(
  seed: Pick<SeedInputs, "label" | "files" | "authority" | "certificates">,
  secrets: SecretSource,
): Promise<Buffer> {
  const files = await seedFiles(seed, secrets);
  return iso9660(seed.label, new Map([...files].map(([name, text]) => [name, Buffer.from(text)] as const)));
}

/** Whether a guest that has read the one is elsewhere by the other; a state of before does not say where it is. */
export const hasOtherNetwork = (old: Pick<SeedInputs, "network">, now: Pick<SeedInputs, "network">): boolean =>
  old.network !== "" && old.network !== now.network;

/** A guest reads its seed at a boot; one that is off, at its next. */
async function restartWith(client: PveClient, vm: ListedVm, volume: string): Promise<void> {
  await insert(client, { node: vm.node, vmId: vm.vmid, slot: SEED_SLOT, volume });
  if (vm.status === "running") await rebootVm(client, vm.node, vm.vmid);
}

/**
 * A seed CD on a node's storage. It is there once: the guest reads it at its first boot, then it is detached and
 * deleted, and that is no drift. It is made again when both it and its guest are gone.
 */
export function seedResource(connect: Connect, secrets: SeedSecrets): ResourceType {
  const upload = async (seed: SeedInputs): Promise<void> => {
    const source = await secrets();
    const image = await seedImage(seed, source);
    const digest = source.digest(image);
    if (digest !== seed.digest) {
      throw new Fault(
        "SEED_DIGEST",
        `The seed ${seed.fileName} that the provider renders is not the one that the program declared.`,
        "The program and the provider run from different states of the repository or of the stack's secret: run the same command again.",
      );
    }
    await connect().upload(seed.node, seed.storage, "iso", seed.fileName, image);
  };
  const volumeOf = (s: SeedInputs): string => `${s.storage}:iso/${s.fileName}`;
  const isThere = async (s: SeedInputs): Promise<boolean> => connect().hasVolume(s.node, s.storage, volumeOf(s));
  const outs = (s: SeedInputs): SeedInputs & { volume: string } => ({ ...s, volume: volumeOf(s) });
  return {
    check: (news) => {
      const parsed = seedInputs.safeParse(news);
      return parsed.success ? [] : parsed.error.issues.map((i) => ({ property: String(i.path[0]), reason: i.message }));
    },
    diff(olds, news) {
      const [o, n] = [seedState.parse(olds), seedInputs.parse(news)];
      // A state of before that was written down is no reason to make a guest's seed anew.
      const replaces = moved.filter((k) => o[k] !== n[k] && !(k === "beginning" && o[k] === ""));
      const changed = content.some((k) => JSON.stringify(o[k]) !== JSON.stringify(n[k])) || o.mark !== n.mark;
      return { changes: changed || replaces.length > 0, replaces, deleteBeforeReplace: true };
    },
    async create(inputs) {
      const seed = seedInputs.parse(inputs);
      await upload(seed);
      return { id: volumeOf(seed), outs: outs(seed) };
    },
    async read(id, props) {
      const seed = seedState.parse(props);
      if (await isThere(seed)) return { id, props: outs(seed), inputs: seed };
      // Consumed, as it should be, while its guest lives; lost together with it.
      const guest = await findOwn(connect(), seed.mark, seed.vmId);
      return guest ? { id, props: outs(seed), inputs: seed } : { id: "", props: {} };
    },
    async update(olds, news) {
      const [old, seed] = [seedState.parse(olds), seedInputs.parse(news)];
      const guest = hasOtherNetwork(old, seed) ? await findOwn(connect(), seed.mark, seed.vmId) : undefined;
      // A consumed seed is not put back: cloud-init reads it once, later changes travel over SSH. Another network does
      // not: the guest is no longer where it was called, and reads of it at a boot.
      if (guest !== undefined || (await isThere(seed))) await upload(seed);
      if (guest !== undefined) await restartWith(connect(), guest, volumeOf(seed));
      return outs(seed);
    },
    async delete(props) {
      const seed = seedInputs.parse(props);
      if (await isThere(seed)) await deleteVolume(connect(), seed.node, seed.storage, volumeOf(seed));
    },
  };
}
