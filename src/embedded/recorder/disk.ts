import { mkdir, readdir, readFile, rm, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../../core/fault.ts";
import { privateFolder, writePrivate } from "../../stack/folders.ts";

/** What a guest read from its CD at its first boot. */
const seed = z.strictObject({
  /** A new one makes it read its seed again, as cloud-init does. */
  instance: z.string(),
  hostname: z.string(),
  /** Private keys in OpenSSH's format. */
  hostKeys: z.array(z.string()).min(1),
  users: z.array(z.strictObject({ name: z.string(), keys: z.array(z.string()), isRoot: z.boolean() })),
  /** Without their prefixes. */
  addresses: z.array(z.string()),
});
export type DiskSeed = z.infer<typeof seed>;

const diskFile = z.strictObject({
  /** SHA-256 of the content, hexadecimal. */
  digest: z.string(),
  mode: z.string(),
  owner: z.string(),
  /** Absent where a secret is in it. */
  content: z.string().optional(),
});

/** All that a memory guest has: what it was sent so far. */
const disk = z.strictObject({
  seed: seed.nullable(),
  /** Which guest it is to the steps (`/var/lib/maquette/steps/instance`); null until the first of them. */
  instance: z.string().nullable(),
  files: z.record(z.string(), diskFile),
  packages: z.array(z.string()),
  units: z.record(z.string(), z.enum(["running", "off", "masked"])),
  /** Digests of the commands that were run. */
  commands: z.array(z.string()),
  /** Role to step to the key of what was loaded, or `passed`. */
  loaded: z.record(z.string(), z.record(z.string(), z.string())),
  /** Nothing more can be written: set by hand, to see what a step that fails leaves and says. */
  isFull: z.boolean().default(false),
});
export type Disk = z.infer<typeof disk>;

export const emptyDisk = (): Disk => ({
  seed: null,
  instance: null,
  files: {},
  packages: [],
  units: {},
  commands: [],
  loaded: {},
  isFull: false,
});

/**
 * The disks of memory guests, `<vmid>/disk.json` and `<vmid>/snapshots/<name>.json`, for their user alone (0600). A
 * guest's private host key is in its own: no worse than its seed, which lies beside it until its first boot. No other
 * secret is: files that hold one and what commands read are here as digests.
 */
export class Disks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #of(vmid: number): string {
    return join(this.#folder, String(vmid));
  }

  #live(vmid: number): string {
    return join(this.#of(vmid), "disk.json");
  }

  #snapshot(vmid: number, name: string): string {
    return join(this.#of(vmid), "snapshots", `${encodeURIComponent(name)}.json`);
  }

  /** An empty one where there is none. */
  async read(vmid: number): Promise<Disk> {
    const text = await readFile(this.#live(vmid), "utf8").catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    });
    return text === undefined ? emptyDisk() : disk.parse(JSON.parse(text));
  }

  async write(vmid: number, content: Disk): Promise<void> {
    await writePrivate(this.#live(vmid), `${JSON.stringify(content, undefined, 1)}\n`);
  }

  async remove(vmid: number): Promise<void> {
    await rm(this.#of(vmid), { recursive: true, force: true });
  }

  /** The disk of one guest, or of its snapshot, as another's. */
  async clone(source: { readonly vmid: number; readonly snapshot?: string }, vmid: number): Promise<void> {
    await this.remove(vmid);
    const from = source.snapshot === undefined ? this.#live(source.vmid) : this.#snapshot(source.vmid, source.snapshot);
    await this.#copy(from, this.#live(vmid));
  }

  async snapshot(vmid: number, name: string): Promise<void> {
    await this.#copy(this.#live(vmid), this.#snapshot(vmid, name));
  }

  async rollback(vmid: number, name: string): Promise<void> {
    await this.#copy(this.#snapshot(vmid, name), this.#live(vmid));
  }

  async removeSnapshot(vmid: number, name: string): Promise<void> {
    await rm(this.#snapshot(vmid, name), { force: true });
  }

  /** Forgets every guest but these. */
  async keepOnly(vmids: ReadonlySet<number>): Promise<void> {
    await privateFolder(this.#folder);
    for (const name of await readdir(this.#folder))
      if (!vmids.has(Number(name))) await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  /** One that was never written is empty, and so is its copy. */
  async #copy(from: string, to: string): Promise<void> {
    await mkdir(join(to, ".."), { recursive: true, mode: 0o700 });
    try {
      await copyFile(from, to);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      await rm(to, { force: true });
    }
  }
}
