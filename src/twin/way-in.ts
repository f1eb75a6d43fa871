import { watch, type FSWatcher } from "node:fs";
import { chmod, chown, link, lstat, mkdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "../core/fault.ts";
import type { Log } from "../pve/simulator/guest-driver.ts";
import { keepPrivate } from "./private.ts";

/** What the guest's systemd-ssh-generator(8) calls its socket. */
const NAME = "ssh";
const PASSED = 0o711;

/**
 * A guest's SSH over a Unix socket, out of band. The guest makes the socket in a folder that it shares with this
 * machine, and could put anything else there, a setuid program for one: that folder is root's alone, and outside it
 * stands a second name (a hard link) of what is a socket and nothing else.
 */
export class WayIn {
  readonly #exports: string;
  readonly #vmid: string;
  readonly #owner: { readonly uid: number; readonly gid: number };
  readonly #published: string;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param sockets folder of the published sockets: `<vmid>/ssh` */
  constructor(sockets: string, vmid: number, owner: { readonly uid: number; readonly gid: number }, log: Log) {
    this.#exports = join(sockets, ".guests");
    this.#vmid = String(vmid);
    this.#published = join(sockets, this.#vmid);
    this.#owner = owner;
    this.#log = log;
  }

  /** The folder that the guest gets, empty. */
  get folder(): string {
    return join(this.#exports, this.#vmid);
  }

  /**
   * Before the guest boots: from now on its socket is published whenever it makes one.
   * @param guestRoot the guest's root on this machine
   */
  async open(guestRoot: number): Promise<void> {
    // Its user passes through these by name and may change nothing in them; a socket's own mode lets nobody else in.
    await mkdir(dirname(this.#exports), { recursive: true, mode: PASSED });
    await keepPrivate(this.#exports);
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { mode: 0o700 });
    await chown(this.folder, guestRoot, guestRoot);
    await rm(this.#published, { recursive: true, force: true });
    await mkdir(this.#published, { mode: PASSED });
    this.#watcher = watch(this.folder, (_, name) => {
      if (name === NAME) this.#work = this.#work.then(() => this.#publish());
    });
    this.#watcher.on("error", () => undefined);
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    this.#watcher = undefined;
    await this.#work;
    await rm(join(this.#published, NAME), { force: true });
    await rm(this.folder, { recursive: true, force: true });
  }

  async #publish(): Promise<void> {
    const second = join(this.#exports, `${this.#vmid}.new`);
    try {
      await rm(second, { force: true });
      // link(2) takes what is there, a link too, and follows none: what it took is looked at where nobody can change it.
      await link(join(this.folder, NAME), second);
      if (!(await lstat(second)).isSocket()) return await unlink(second);
      await chown(second, this.#owner.uid, this.#owner.gid);
      await chmod(second, 0o600);
      await rename(second, join(this.#published, NAME));
    } catch (error) {
      // It was taken away again: systemd does so before it makes another.
      if (errnoOf(error) !== "ENOENT") this.#log(`guest ${this.#vmid}: its socket cannot be reached: ${String(error)}`);
    }
  }
}
