import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../core/fault.ts";
import { GuestDriverError } from "../pve/simulator/guest-driver.ts";
import { must } from "./command.ts";
import { keepEachPrivate, keepPrivate } from "./private.ts";

const record = z.strictObject({
  vmid: z.int(),
  role: z.string(),
  /** What its first disk was made from: a file name. */
  image: z.string(),
  /** Image layers, topmost first, by id; empty until the first start resolves them. */
  layers: z.array(z.string()),
  /** Frozen states that this disk stands on, topmost first: names of folders. */
  frozen: z.array(z.string()),
  /** By name: the chain that a rollback goes back to. */
  snapshots: z.record(z.string(), z.array(z.string())),
  /** The seed that was applied last. */
  instance: z.string().nullable(),
  /** What that seed called the NICs, by MAC: its CD is taken away, the names stay. */
  nicNames: z.record(z.string(), z.string()).default({}),
  isTemplate: z.boolean(),
});
type DiskRecord = z.infer<typeof record>;

/**
 * One guest's disk: image layers that all share, frozen states of its own or its template's, and an upper folder
 * that takes what it writes (overlayfs). A snapshot freezes a copy of the upper; a rollback puts an empty upper on
 * a frozen state. Kept in a file beside, so that it outlives this process.
 */
export class Disk {
  readonly #home: string;
  #record: DiskRecord;

  private constructor(home: string, initial: DiskRecord) {
    this.#home = home;
    this.#record = initial;
  }

  /** @param home the lab's folder */
  static async create(home: string, given: Pick<DiskRecord, "vmid" | "role" | "image" | "isTemplate">): Promise<Disk> {
    const disk = new Disk(home, { ...given, layers: [], frozen: [], snapshots: {}, instance: null, nicNames: {} });
    await keepDisksPrivate(home);
    await keepPrivate(disk.folder);
    await disk.#emptyUpper();
    await disk.#save();
    return disk;
  }

  /** Undefined when there is none, or one that a power cut left half made. */
  static async open(home: string, vmid: number): Promise<Disk | undefined> {
    try {
      const parsed = record.parse(JSON.parse(await readFile(join(home, "g", String(vmid), "disk.json"), "utf8")));
      return new Disk(home, parsed);
    } catch (error) {
      if (errnoOf(error) === "ENOENT" || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  get folder(): string {
    return join(this.#home, "g", String(this.#record.vmid));
  }
  get role(): string {
    return this.#record.role;
  }
  get image(): string {
    return this.#record.image;
  }
  get layers(): readonly string[] {
    return this.#record.layers;
  }
  get frozen(): readonly string[] {
    return this.#record.frozen;
  }
  get snapshotChains(): readonly (readonly string[])[] {
    return Object.values(this.#record.snapshots);
  }
  get instance(): string | null {
    return this.#record.instance;
  }
  get nicNames(): Readonly<Record<string, string>> {
    return this.#record.nicNames;
  }
  get root(): string {
    return join(this.folder, "root");
  }
  get upper(): string {
    return join(this.folder, "up");
  }
  hasSnapshot(name: string): boolean {
    return Object.hasOwn(this.#record.snapshots, name);
  }

  /** The lowerdirs of its overlay, topmost first. */
  lowers(layerFolders: readonly string[]): string[] {
    return [...this.#record.frozen.map((name) => join(this.#home, "s", name)), ...layerFolders];
  }

  async setLayers(layers: readonly string[]): Promise<void> {
    await this.#change({ layers: [...layers] });
  }
  /** For a disk that was made empty and imported later. */
  async setImage(image: string): Promise<void> {
    await this.#change({ image });
  }
  async setInstance(instance: string, nicNames: Readonly<Record<string, string>>): Promise<void> {
    await this.#change({ instance, nicNames: { ...nicNames } });
  }
  async setTemplate(isTemplate: boolean): Promise<void> {
    if (isTemplate !== this.#record.isTemplate) await this.#change({ isTemplate });
  }

  /** A new disk with this one's content (or a snapshot's), by way of a frozen copy. The caller holds the guest still. */
  async clone(vmid: number, snapshot: string | undefined): Promise<Disk> {
    const { role, image, layers, snapshots } = this.#record;
    const frozen = snapshot === undefined ? await this.#freeze() : snapshots[snapshot]!;
    const copy = new Disk(this.#home, {
      ...{ vmid, role, image, layers: [...layers], frozen: [...frozen], snapshots: {} },
      // A clone is a new machine: it reads its seed.
      instance: null,
      nicNames: {},
      isTemplate: false,
    });
    await keepPrivate(copy.folder);
    await copy.#emptyUpper();
    await copy.#save();
    return copy;
  }

  /** The caller holds the guest still. */
  async snapshot(name: string): Promise<void> {
    if (this.hasSnapshot(name)) throw new GuestDriverError(`snapshot name '${name}' already used`);
    const frozen = await this.#freeze();
    await this.#change({ snapshots: { ...this.#record.snapshots, [name]: [...frozen] } });
  }

  /** The guest is off and its root not mounted. */
  async rollback(name: string): Promise<void> {
    const frozen = this.#record.snapshots[name];
    if (frozen === undefined || !this.hasSnapshot(name))
      throw new GuestDriverError(`snapshot '${name}' does not exist`);
    await this.#emptyUpper();
    await this.#change({ frozen });
  }

  async deleteSnapshot(name: string): Promise<void> {
    if (!this.hasSnapshot(name)) throw new GuestDriverError(`snapshot '${name}' does not exist`);
    const rest = Object.entries(this.#record.snapshots).filter(([other]) => other !== name);
    await this.#change({ snapshots: Object.fromEntries(rest) });
  }

  async remove(): Promise<void> {
    // The record first: a half-removed disk is then none.
    await rm(join(this.folder, "disk.json"), { force: true });
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The chain that holds what the disk is now; a copy of the upper unless nothing was written. */
  async #freeze(): Promise<readonly string[]> {
    const { frozen } = this.#record;
    if ((await must(["find", this.upper, "-mindepth", "1", "-print", "-quit"])) === "") return frozen;
    const name = randomBytes(6).toString("hex");
    const target = join(this.#home, "s", name);
    await keepPrivate(join(this.#home, "s"));
    // cp(1) keeps what overlayfs needs: whiteouts (character devices 0:0) and trusted.* attributes.
    await must(["cp", "-a", "--reflink=auto", this.upper, `${target}.new`], { deadlineMs: 300_000 });
    await rename(`${target}.new`, target);
    return [name, ...frozen];
  }

  async #emptyUpper(): Promise<void> {
    for (const name of ["up", "wk"]) await rm(join(this.folder, name), { recursive: true, force: true });
    for (const name of ["up", "wk", "root"]) await mkdir(join(this.folder, name), { recursive: true, mode: 0o755 });
  }

  async #change(change: Partial<DiskRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.#save();
  }

  async #save(): Promise<void> {
    const file = join(this.folder, "disk.json");
    await writeFile(`${file}.new`, JSON.stringify(this.#record));
    await rename(`${file}.new`, file);
  }
}

/** The lab's folders of disks, and each disk that an earlier version left open. */
export async function keepDisksPrivate(home: string): Promise<void> {
  for (const folder of [home, join(home, "g"), join(home, "s")]) await keepPrivate(folder);
  await keepEachPrivate(join(home, "g"), (name) => /^\d+$/.test(name));
}

/** Copies a folder's files into another, for media. @param owner the guest's root on this machine */
export async function copyFiles(files: ReadonlyMap<string, Uint8Array>, folder: string, owner: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [path, content] of files) {
    const target = join(folder, path);
    await mkdir(join(target, ".."), { recursive: true });
    await writeFile(target, content, { mode: 0o400 });
    await chown(target, owner, owner);
  }
}
