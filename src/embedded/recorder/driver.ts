import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Server as SshServer } from "ssh2";
import { Fault, messageOf } from "../../core/fault.ts";
import { privateFolder } from "../../stack/folders.ts";
import {
  MemoryDriver,
  type AgentInfo,
  type GuestDescription,
  type GuestDriver,
  type GuestStatus,
  type Log,
  type PowerListener,
  type ReconcileEntry,
} from "../../pve/simulator/index.ts";
import { Disks, type DiskSeed } from "./disk.ts";
import type { Asked } from "./protocol.ts";
import { seedOf } from "./seed.ts";
import { guestServer } from "./server.ts";
import { answer } from "./steps.ts";

export interface RecordingDriverOptions {
  /** Where the guests' disks are kept, a folder of its own. */
  readonly folder: string;
  /** Folder of the guests' sockets, `<vmid>/ssh` each (places.ts). */
  readonly sockets: string;
  readonly log: (line: string) => void;
  readonly memory?: MemoryDriver;
}

/** A guest that is on and answers SSH. */
interface Live {
  readonly seed: DiskSeed;
  readonly path: string;
  readonly listener: NetServer;
  readonly streams: Set<Socket>;
  /** Streams that came while it was paused. */
  waiting: Socket[] | undefined;
  server: Promise<SshServer> | undefined;
}

/**
 * Memory guests that answer SSH with the keys of their seeds, and take the steps of their roles as the agent would on a
 * machine that has only what it was sent: the same program runs to its end, and what would have been sent can be read.
 * Nothing runs in them, and no firewall is between them.
 */
export class RecordingDriver implements GuestDriver {
  readonly kind = "memory";
  readonly #memory: MemoryDriver;
  readonly #disks: Disks;
  readonly #options: RecordingDriverOptions;
  readonly #live = new Map<number, Live>();
  /** The last thing that a guest's disk is wanted for: one after the other. */
  readonly #turns = new Map<number, Promise<unknown>>();

  constructor(options: RecordingDriverOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new MemoryDriver();
    this.#disks = new Disks(options.folder);
    this.#memory.onPower((vmid) => {
      this.#follow(vmid).catch((error: unknown) => options.log(`memory guest ${vmid}: ${messageOf(error)}`));
    });
  }

  async create(guest: GuestDescription, log: Log): Promise<void> {
    await this.#memory.create(guest, log);
    await this.#onDisk(guest.vmid, () => this.#disks.remove(guest.vmid));
  }

  async clone(
    source: { readonly vmid: number; readonly snapshot?: string },
    guest: GuestDescription,
    options: { readonly isFull: boolean },
    log: Log,
  ): Promise<void> {
    await this.#memory.clone(source, guest, options, log);
    await this.#onDisk(source.vmid, () => this.#disks.clone(source, guest.vmid));
  }

  update(guest: GuestDescription): Promise<void> {
    return this.#memory.update(guest);
  }

  async destroy(vmid: number): Promise<void> {
    await this.#memory.destroy(vmid);
    await this.#follow(vmid);
    await this.#onDisk(vmid, () => this.#disks.remove(vmid));
    this.#turns.delete(vmid);
  }

  async start(guest: GuestDescription, log: Log): Promise<void> {
    await this.#readSeed(guest, log);
    await this.#memory.start(guest);
    await this.#follow(guest.vmid);
  }

  async stop(vmid: number): Promise<void> {
    await this.#memory.stop(vmid);
    await this.#follow(vmid);
  }

  async shutdown(vmid: number, options: { readonly timeoutMs: number }, log: Log): Promise<boolean> {
    const isOff = await this.#memory.shutdown(vmid, options, log);
    await this.#follow(vmid);
    return isOff;
  }

  async reboot(guest: GuestDescription, log: Log): Promise<void> {
    await this.#readSeed(guest, log);
    await this.#memory.reboot(guest);
    await this.#cut(guest.vmid);
    await this.#follow(guest.vmid);
  }

  async pause(vmid: number): Promise<void> {
    await this.#memory.pause(vmid);
    const live = this.#live.get(vmid);
    if (live === undefined) return;
    live.waiting ??= [];
    for (const stream of live.streams) stream.pause();
  }

  async resume(vmid: number): Promise<void> {
    await this.#memory.resume(vmid);
    const live = this.#live.get(vmid);
    const waiting = live?.waiting;
    if (live === undefined || waiting === undefined) return;
    live.waiting = undefined;
    for (const stream of live.streams) stream.resume();
    for (const stream of waiting) this.#serve(vmid, live, stream);
  }

  async snapshot(vmid: number, name: string, options: { readonly withMemory: boolean }): Promise<void> {
    await this.#memory.snapshot(vmid, name, options);
    await this.#onDisk(vmid, () => this.#disks.snapshot(vmid, name));
  }

  async rollback(guest: GuestDescription, name: string): Promise<void> {
    await this.#memory.rollback(guest, name);
    await this.#cut(guest.vmid);
    await this.#onDisk(guest.vmid, () => this.#disks.rollback(guest.vmid, name));
    await this.#follow(guest.vmid);
  }

  async deleteSnapshot(vmid: number, name: string): Promise<void> {
    await this.#memory.deleteSnapshot(vmid, name);
    await this.#onDisk(vmid, () => this.#disks.removeSnapshot(vmid, name));
  }

  status(vmids: readonly number[]): Promise<ReadonlyMap<number, GuestStatus>> {
    return this.#memory.status(vmids);
  }

  agent(vmid: number): Promise<AgentInfo | undefined> {
    return this.#memory.agent(vmid);
  }

  exec(vmid: number): Promise<never> {
    return this.#memory.exec(vmid);
  }

  console(vmid: number, options: { readonly tailLines: number }): Promise<readonly string[]> {
    return this.#memory.console(vmid, options);
  }

  setLink(vmid: number, index: number, isUp: boolean): Promise<void> {
    return this.#memory.setLink(vmid, index, isUp);
  }

  async reconcile(entries: readonly ReconcileEntry[], log: Log): Promise<void> {
    await this.#makeFolders();
    await this.#memory.reconcile(entries);
    await this.#disks.keepOnly(new Set(entries.map(({ guest }) => guest.vmid)));
    for (const { guest, shouldRun } of entries) {
      if (!shouldRun) continue;
      try {
        await this.#readSeed(guest, log);
      } catch (error) {
        // One guest's CD must not keep the others without power.
        log(`memory guest ${guest.vmid}: ${messageOf(error)}`);
      }
      await this.#follow(guest.vmid);
    }
  }

  onPower(listener: PowerListener): void {
    this.#memory.onPower(listener);
  }

  async close(): Promise<void> {
    await this.#memory.close();
    await Promise.all([...this.#live.keys()].map((vmid) => this.#cut(vmid)));
    await rm(this.#options.sockets, { recursive: true, force: true });
  }

  /** Sockets of a daemon that was killed are no one's. */
  async #makeFolders(): Promise<void> {
    const { sockets, folder } = this.#options;
    await privateFolder(folder);
    await rm(sockets, { recursive: true, force: true });
    await mkdir(sockets, { recursive: true, mode: 0o700 });
    // It may lie where others make folders too.
    const facts = await lstat(sockets);
    if (!facts.isDirectory() || facts.uid !== process.getuid?.())
      throw new Fault(
        "EMBEDDED_SOCKETS",
        `${sockets} is not this user's own folder.`,
        "Remove it, or set TMPDIR to a folder of your own.",
      );
    await chmod(sockets, 0o700);
  }

  /** At each boot, as cloud-init looks: what it read before is kept, because the CD is taken out of the drive. */
  async #readSeed(guest: GuestDescription, log: Log): Promise<void> {
    const seed = await seedOf(guest);
    if (seed === undefined) return;
    await this.#onDisk(guest.vmid, async () => {
      const disk = await this.#disks.read(guest.vmid);
      if (disk.seed?.instance === seed.instance) return;
      await this.#disks.write(guest.vmid, { ...disk, seed });
      log(`memory guest ${guest.vmid}: seed of instance ${seed.instance} read`);
    });
  }

  /** Answers where it is on and has a seed, and no longer where it is off. */
  async #follow(vmid: number): Promise<void> {
    const power = (await this.#memory.status([vmid])).get(vmid)?.power ?? "stopped";
    if (power === "stopped") return this.#cut(vmid);
    if (this.#live.has(vmid)) return;
    const { seed } = await this.#onDisk(vmid, () => this.#disks.read(vmid));
    if (seed !== null) await this.#listen(vmid, seed);
  }

  async #listen(vmid: number, seed: DiskSeed): Promise<void> {
    const folder = join(this.#options.sockets, String(vmid));
    const path = join(folder, "ssh");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const streams = new Set<Socket>();
    const listener = createServer({ allowHalfOpen: true });
    const live: Live = { seed, path, listener, streams, waiting: undefined, server: undefined };
    listener.on("connection", (stream) => {
      streams.add(stream);
      stream.on("error", () => undefined).once("close", () => streams.delete(stream));
      if (live.waiting === undefined) this.#serve(vmid, live, stream);
      else live.waiting.push(stream);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject).listen(path, () => resolve());
    });
    this.#live.set(vmid, live);
  }

  #serve(vmid: number, live: Live, stream: Socket): void {
    live.server ??= guestServer({
      seed: live.seed,
      log: this.#options.log,
      neighbour: (address) => [...this.#live.values()].find((l) => l.seed.addresses.includes(address))?.path,
      answer: (asked, say) => this.#answer(vmid, asked, say),
    });
    live.server.then(
      (server) => server.injectSocket(stream),
      (error: unknown) => {
        this.#options.log(`memory guest ${vmid}: no SSH server: ${messageOf(error)}`);
        stream.destroy();
      },
    );
  }

  /** What the host says is on its disk before it is said: a daemon that dies has promised nothing. */
  #answer(vmid: number, asked: Asked, say: (event: object) => void): Promise<void> {
    return this.#onDisk(vmid, async () => {
      const disk = await this.#disks.read(vmid);
      const said: object[] = [];
      if (answer(disk, asked, (event) => said.push(event))) await this.#disks.write(vmid, disk);
      for (const event of said) say(event);
    });
  }

  /** As a power cut: nobody is told goodbye. */
  async #cut(vmid: number): Promise<void> {
    const live = this.#live.get(vmid);
    if (live === undefined) return;
    this.#live.delete(vmid);
    const closed = new Promise<void>((resolve) => live.listener.close(() => resolve()));
    for (const stream of live.streams) stream.destroy();
    await closed;
    await rm(join(live.path, ".."), { recursive: true, force: true });
  }

  #onDisk<T>(vmid: number, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(vmid) ?? Promise.resolve()).then(work);
    this.#turns.set(
      vmid,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
