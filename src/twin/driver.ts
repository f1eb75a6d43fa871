import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { madeOf, ROOT_MADE_OF, rootFolder, rootIn, type ReleaseRoot } from "../core/debian.ts";
import { Fault, messageOf } from "../core/fault.ts";
import { GuestDriverError, GuestOff } from "../pve/simulator/guest-driver.ts";
import type {
  AgentInfo,
  ExecResult,
  GuestDescription,
  GuestDriver,
  GuestInterface,
  GuestStatus,
  Log,
  PowerListener,
  ReconcileEntry,
} from "../pve/simulator/guest-driver.ts";
import { Cgroups } from "./cgroups.ts";
import { command } from "./command.ts";
import { Disk, keepDisksPrivate } from "./disk.ts";
import { isSameCard, RunningGuest, type Firmware, type GuestContext } from "./guest.ts";
import { firstIdOf, whyNotShifted } from "./idmap.ts";
import { alsoOf, recipeFor, roleOf, type KnownPackages, type Recipe } from "./images/catalogue.ts";
import type { ImageStore, Layer } from "./images/store.ts";
import SUPPLY from "./images/supply.sh";
import { Pod } from "./pod.ts";
import { EXEC_MS } from "./protocol.ts";

export interface ContainerDriverOptions {
  /** Names this lab on this machine: at most 12 letters and digits. */
  readonly key: string;
  /** Folder of this lab's disks, root's own, on a file system that overlayfs takes as upper layer. */
  readonly home: string;
  /** Folder of the guests' sockets, which the lab's user passes through; a short path (unix(7): 108 bytes). */
  readonly sockets: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly images: ImageStore;
  readonly firmware: Firmware | null;
  readonly packages: KnownPackages;
  readonly log: Log;
}

interface Guest {
  guest: GuestDescription;
  disk: Disk;
  running: RunningGuest | undefined;
  /** CPU time at the last look, for a rate. */
  seen: { readonly at: number; readonly cpu: number } | undefined;
}

const SUPPLY_DEADLINE_MS = 15 * 60_000;
const REBOOT_PATIENCE_MS = 30_000;
const CONSOLE_TAIL_BYTES = 64 * 1024;

/**
 * Guests as systemd-nspawn containers on overlayfs, in one pod of namespaces: real systemd, real packages, real
 * frames on bridges; one kernel, one clock. What that cannot show is listed in docs/twin.md.
 */
export class ContainerDriver implements GuestDriver {
  readonly kind = "container";
  readonly #options: ContainerDriverOptions;
  readonly #cgroups: Cgroups;
  readonly #guests = new Map<number, Guest>();
  readonly #listeners: PowerListener[] = [];
  readonly #starting = new Set<Promise<void>>();
  #pod: Promise<Pod> | undefined;
  #shifts: Promise<boolean> | undefined;
  #isClosed = false;
  /** Disks that are being frozen: their new states are in no record yet. */
  #freezing = 0;

  constructor(options: ContainerDriverOptions) {
    this.#options = options;
    this.#cgroups = new Cgroups(`maquette-${options.key}`);
  }

  async create(guest: GuestDescription, log: Log): Promise<void> {
    await this.#free(guest.vmid);
    const image = imageOf(guest);
    const role = roleOf(guest.name, guest.tags) ?? "";
    // An image that nothing here can stand for is refused now, not at the first start; an empty disk only then.
    if (image !== "") this.#recipe(image, role);
    const disk = await Disk.create(this.#options.home, { vmid: guest.vmid, role, image, isTemplate: guest.isTemplate });
    this.#guests.set(guest.vmid, { guest, disk, running: undefined, seen: undefined });
    for (const other of guest.disks.slice(1))
      log(`container guest: ${other.slot} (${other.volume}) is a record; a container has one disk, of its host's size`);
  }

  async clone(
    source: { readonly vmid: number; readonly snapshot?: string },
    guest: GuestDescription,
    options: { readonly isFull: boolean },
    log: Log,
  ): Promise<void> {
    const from = await this.#get(source.vmid);
    if (source.snapshot !== undefined && !from.disk.hasSnapshot(source.snapshot))
      throw new GuestDriverError(`snapshot '${source.snapshot}' does not exist`);
    await this.#free(guest.vmid);
    await this.#frozen(from, async () => {
      const disk = await from.disk.clone(guest.vmid, source.snapshot);
      this.#guests.set(guest.vmid, { guest, disk, running: undefined, seen: undefined });
    });
    log(
      `container guest: ${options.isFull ? "full" : "linked"} clone of ${source.vmid}: layers are shared, nothing is copied`,
    );
  }

  async update(guest: GuestDescription, log: Log): Promise<void> {
    const known = await this.#get(guest.vmid);
    const before = known.guest;
    known.guest = guest;
    await known.disk.setTemplate(guest.isTemplate);
    if (known.disk.image === "" && imageOf(guest) !== "") await known.disk.setImage(imageOf(guest));
    if (!known.running) return;
    if (before.memoryMiB !== guest.memoryMiB || before.cores !== guest.cores)
      await this.#cgroups.limit(String(guest.vmid), guest);
    for (const { slot, hostPath } of before.cdroms)
      if (!guest.cdroms.some((cd) => cd.slot === slot && cd.hostPath === hostPath)) await known.running.eject(slot);
    for (const nic of guest.nics)
      if (!(await known.running.replug(nic)))
        log(`container guest: net${nic.index} (${nic.mac}) is plugged in at the next start`);
    for (const old of before.nics)
      if (!guest.nics.some((nic) => isSameCard(nic, old)))
        log(`container guest: net${old.index} (${old.mac}) is pulled out at the next start`);
  }

  async destroy(vmid: number): Promise<void> {
    const known = await this.#find(vmid);
    if (!known) return;
    await known.running?.kill();
    known.running = undefined;
    await known.disk.remove();
    this.#guests.delete(vmid);
    await rm(join(this.#options.sockets, String(vmid)), { recursive: true, force: true });
    await this.#dropFrozen();
  }

  /** Folder of the guests' own sockets: `<vmid>/ssh`. */
  get sockets(): string {
    return this.#options.sockets;
  }

  async start(guest: GuestDescription, log: Log): Promise<void> {
    const work = this.#start(guest, log);
    this.#starting.add(work);
    try {
      await work;
    } finally {
      this.#starting.delete(work);
    }
  }

  async #start(guest: GuestDescription, log: Log): Promise<void> {
    const known = await this.#get(guest.vmid);
    if (guest.isTemplate) throw new GuestDriverError("you can't start a vm if it's a template");
    if (known.running) throw new GuestDriverError(`VM ${guest.vmid} already running`);
    known.guest = guest;
    const recipe = this.#recipe(known.disk.image, known.disk.role, alsoOf(guest.tags));
    const layers = await this.#layers(known.disk, recipe, log);
    if (this.#isClosed) throw new GuestDriverError(`VM ${guest.vmid} is not started: the machine room ends`);
    const running = new RunningGuest(await this.#context(), guest.vmid, known.disk);
    known.running = running;
    known.seen = undefined;
    void running.ended.then(({ byItself }) => {
      if (known.running === running) known.running = undefined;
      if (byItself && !this.#isClosed) for (const listener of this.#listeners) listener(guest.vmid, false);
    });
    await running.start(() => ({ guest: known.guest, recipe, layers }), log);
  }

  async stop(vmid: number): Promise<void> {
    const known = await this.#get(vmid);
    await known.running?.kill();
  }

  async shutdown(vmid: number, options: { readonly timeoutMs: number }): Promise<boolean> {
    const known = await this.#get(vmid);
    return known.running === undefined || (await known.running.shutdown(options.timeoutMs));
  }

  async reboot(guest: GuestDescription, log: Log): Promise<void> {
    const known = await this.#get(guest.vmid);
    if (!known.running) throw new GuestOff(guest.vmid);
    if (!(await known.running.shutdown(REBOOT_PATIENCE_MS))) await known.running.kill();
    await this.start(guest, log);
  }

  async pause(vmid: number): Promise<void> {
    await (await this.#running(vmid)).setPaused(true);
  }

  async resume(vmid: number): Promise<void> {
    await (await this.#running(vmid)).setPaused(false);
  }

  async snapshot(vmid: number, name: string, options: { readonly withMemory: boolean }): Promise<void> {
    const known = await this.#get(vmid);
    if (options.withMemory)
      throw new GuestDriverError("a container guest's memory cannot be kept: take the snapshot without it (vmstate=0)");
    await this.#frozen(known, () => known.disk.snapshot(name));
  }

  /** Work on a disk that must not change under it, and whose new states nobody may take for unused meanwhile. */
  async #frozen(known: Guest, work: () => Promise<void>): Promise<void> {
    this.#freezing++;
    try {
      await (known.running ? known.running.whileStill(work) : work());
    } finally {
      this.#freezing--;
    }
  }

  async rollback(guest: GuestDescription, name: string): Promise<void> {
    const known = await this.#get(guest.vmid);
    if (!known.disk.hasSnapshot(name)) throw new GuestDriverError(`snapshot '${name}' does not exist`);
    await known.running?.kill();
    await known.disk.rollback(name);
    known.guest = guest;
    await this.#dropFrozen();
  }

  async deleteSnapshot(vmid: number, name: string): Promise<void> {
    await (await this.#get(vmid)).disk.deleteSnapshot(name);
    await this.#dropFrozen();
  }

  async status(vmids: readonly number[]): Promise<ReadonlyMap<number, GuestStatus>> {
    const rows = await Promise.all(
      vmids.map(async (vmid): Promise<[number, GuestStatus] | undefined> => {
        const known = await this.#find(vmid);
        return known && [vmid, known.running ? await this.#statusOf(vmid, known, known.running) : OFF];
      }),
    );
    return new Map(rows.filter((row) => row !== undefined));
  }

  async #statusOf(vmid: number, known: Guest, running: RunningGuest): Promise<GuestStatus> {
    const [{ memoryBytes, cpuMicroseconds }, leader] = await Promise.all([
      this.#cgroups.usage(String(vmid)),
      running.leader(),
    ]);
    const now = performance.now();
    const before = known.seen;
    known.seen = { at: now, cpu: cpuMicroseconds };
    const spentMs = before === undefined ? 0 : (cpuMicroseconds - before.cpu) / 1000;
    const share = before === undefined || now <= before.at ? 0 : spentMs / (now - before.at) / known.guest.cores;
    return {
      power: running.isPaused ? "paused" : "running",
      uptimeSeconds: running.uptimeSeconds,
      memoryBytes,
      cpu: Math.min(1, Math.max(0, share)),
      // Before the init is there, its keeper.
      pid: leader ?? running.keeper,
    };
  }

  async agent(vmid: number): Promise<AgentInfo | undefined> {
    const known = await this.#find(vmid);
    if (!known?.running || known.running.isPaused || !known.guest.isAgentEnabled) return undefined;
    try {
      const script = "cat /etc/hostname; echo --; cat /etc/os-release; echo --; uname -r; echo --; ip -j address show";
      const { exitCode, stdout } = await this.exec(vmid, ["sh", "-c", script], "");
      return exitCode === 0 ? agentInfo(stdout) : undefined;
    } catch (error) {
      if (error instanceof GuestDriverError || error instanceof Fault) return undefined;
      throw error;
    }
  }

  async exec(vmid: number, argv: readonly string[], input: string, deadlineMs = EXEC_MS): Promise<ExecResult> {
    try {
      return await command(await this.#inside(vmid, argv), { input, deadlineMs });
    } catch (error) {
      // Whoever asked knows its own words, and not those by which they get inside.
      if (!(error instanceof Fault) || error.code !== "TWIN_DEADLINE") throw error;
      const seconds = deadlineMs / 1000;
      throw new GuestDriverError(`VM ${vmid}: ${argv[0] ?? ""} did not end within ${seconds} s, and was ended`);
    }
  }

  /**
   * Installs in running guests what their role has got since their disk was made: a new guest's disk has it, and these
   * have no way to an archive.
   * @param guests each with what it plays beside its role from now on: its tags may be older
   * @throws Fault TWIN_SUPPLY, and those of {@link ImageStore.layersFor}
   */
  async supply(
    guests: readonly { readonly vmid: number; readonly also: readonly string[] }[],
    log: Log,
  ): Promise<void> {
    for (const { vmid, also } of guests) {
      const known = await this.#find(vmid);
      if (known?.running !== undefined) await this.#supply(vmid, known, also, log);
    }
  }

  async #supply(vmid: number, { disk, guest }: Guest, also: readonly string[], log: Log): Promise<void> {
    const { images } = this.#options;
    const recipe = this.#recipe(disk.image, disk.role, also);
    const layers = await images.layersFor(recipe);
    // It began as a new one would today.
    if (layers.every(({ id }, n) => disk.layers[n] === id)) return;
    for (const [n, layer] of [...layers].reverse().entries()) {
      const root = n === 0 ? undefined : rootIn(recipe.layers[n - 1]!);
      if (root !== undefined && !disk.layers.includes(layer.id))
        await this.#supplyRoot(vmid, guest.name, root, layer, log);
    }
    const listed = await this.exec(
      vmid,
      ["dpkg-query", "-W", "-f", "${Package}=${Version} ${db:Status-Status}\\n"],
      "",
    );
    const has = new Set(listed.stdout.split("\n").flatMap((l) => (l.endsWith(" installed") ? l.split(" ")[0]! : [])));
    const names = new Set([...has].map((p) => p.split("=")[0]!));
    const wanted = recipe.layers.filter((layer) => rootIn(layer) === undefined);
    const missing = [...new Set(wanted.flat())].filter((name) => !names.has(name));
    if (missing.length === 0) return;
    log(`${guest.name}: installing ${missing.join(" ")}`);
    const { folder, files } = await images.packageFiles(recipe);
    const sent = [...files].flatMap(([name, file]) => (has.has(name) ? [] : [file]));
    const install = await this.#inside(vmid, ["sh", "-c", SUPPLY, "supply.sh", ...missing]);
    const { exitCode, stdout, stderr } = await command(
      ["sh", "-c", 'tar -c -C "$1" --verbatim-files-from -T - | (shift; exec "$@")', "supply", folder, ...install],
      { input: sent.map((file) => `${file}\n`).join(""), deadlineMs: SUPPLY_DEADLINE_MS },
    );
    if (exitCode !== 0)
      throw notSupplied(guest.name, `the packages ${missing.join(" ")}`, stderr.trim() || stdout.trim());
  }

  /** A root of another release, whole or not at all; what runs out of the one before goes on in it until it starts anew. */
  async #supplyRoot(vmid: number, name: string, root: ReleaseRoot, layer: Layer, log: Log): Promise<void> {
    const folder = rootFolder(root.suite);
    const is = await this.exec(vmid, ["cat", `${folder}/${ROOT_MADE_OF}`], "");
    if (is.exitCode === 0 && is.stdout === madeOf(root)) return;
    log(`${name}: bringing Debian ${root.suite} with ${root.packages.join(" ")}`);
    // Without devices, which a guest may not make: whatever runs there is given its own.
    const take = await this.#inside(vmid, ["sh", "-c", TAKE_ROOT, "take-root", folder]);
    const { exitCode, stdout, stderr } = await command(
      [
        "sh",
        "-c",
        'tar -c -C "$1" --exclude="./dev/*" . | (shift; exec "$@")',
        "supply",
        join(layer.folder, folder),
        ...take,
      ],
      { input: "", deadlineMs: SUPPLY_DEADLINE_MS },
    );
    if (exitCode !== 0) throw notSupplied(name, `Debian ${root.suite}`, stderr.trim() || stdout.trim());
  }

  /** A command line that runs `argv` as the guest's root, in its own namespaces and control group. */
  async #inside(vmid: number, argv: readonly string[]): Promise<readonly string[]> {
    const leader = await (await this.#running(vmid)).leader();
    if (leader === undefined) throw new GuestDriverError(`VM ${vmid}: its init is not there yet`);
    // In the guest's own group, so that it ends with the guest.
    const joining = this.#cgroups.joinFiles(String(vmid)).map((file) => `echo $$ > ${file} 2>/dev/null || :`);
    const own = (await this.#canShift()) ? ["-U"] : [];
    const inside = ["nsenter", "-t", String(leader), ...own, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"];
    const environment = [
      "env",
      "-i",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/root",
      "LC_ALL=C.UTF-8",
    ];
    return ["sh", "-c", `${joining.join("; ")}; exec "$@"`, "maquette-exec", ...inside, ...environment, ...argv];
  }

  async console(vmid: number, options: { readonly tailLines: number }): Promise<readonly string[]> {
    const { disk } = await this.#get(vmid);
    const file = await open(join(disk.folder, "console.log")).catch(() => undefined);
    if (file === undefined) return [];
    try {
      const { size } = await file.stat();
      const length = Math.min(size, CONSOLE_TAIL_BYTES);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      // Colours and cursor moves of a terminal (ECMA-48) are of no use in a log.
      const text = buffer.toString("utf8").replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\r/g, "");
      const lines = text.split("\n").filter((line) => line.trim() !== "");
      return options.tailLines <= 0 ? [] : lines.slice(-options.tailLines);
    } finally {
      await file.close();
    }
  }

  async setLink(vmid: number, index: number, isUp: boolean): Promise<void> {
    const known = await this.#get(vmid);
    const nic = known.guest.nics.find((n) => n.index === index);
    if (nic === undefined) throw new GuestDriverError(`VM ${vmid} has no net${index}`);
    const now = { ...nic, isLinkDown: !isUp };
    known.guest = { ...known.guest, nics: known.guest.nics.map((n) => (n === nic ? now : n)) };
    await known.running?.replug(now);
  }

  async reconcile(entries: readonly ReconcileEntry[], log: Log): Promise<void> {
    this.#isClosed = false;
    await keepDisksPrivate(this.#options.home);
    const wanted = new Map(entries.map((entry) => [entry.guest.vmid, entry]));
    // What an earlier process of this lab left: its guests run no more, for the pod went with it.
    for (const [vmid, known] of this.#guests) if (!wanted.has(vmid)) await this.destroy(known.guest.vmid);
    if (![...this.#guests.values()].some((g) => g.running)) await this.#cgroups.removeAll();
    for (const name of await readdir(join(this.#options.home, "g")).catch(() => [] as string[])) {
      if (wanted.has(Number(name))) continue;
      log(`container guest: removing what is left of ${name}`);
      await rm(join(this.#options.home, "g", name), { recursive: true, force: true });
    }
    for (const { guest } of entries) {
      if (await this.#find(guest.vmid, guest)) continue;
      log(`container guest: the disk of ${guest.vmid} is gone; it begins anew from ${imageOf(guest)}`);
      await this.create(guest, log);
    }
    await this.#dropFrozen();
    await Promise.all(
      entries
        .filter((entry) => entry.shouldRun && !this.#guests.get(entry.guest.vmid)?.running)
        .map(({ guest }) =>
          this.start(guest, log).catch((error: unknown) =>
            log(`guest ${guest.vmid} does not start: ${messageOf(error)}`),
          ),
        ),
    );
  }

  onPower(listener: PowerListener): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Guests in the middle of a start end as soon as they can; then none is left.
    const kills = (): Promise<unknown>[] =>
      [...this.#guests.values()].flatMap(({ running }) => (running ? [running.kill()] : []));
    await Promise.allSettled([...kills(), ...this.#starting]);
    await Promise.allSettled(kills());
    const pod = await this.#pod?.catch(() => undefined);
    this.#pod = undefined;
    await pod?.close();
    await this.#cgroups.removeAll();
    await rm(this.#options.sockets, { recursive: true, force: true });
    this.#guests.clear();
  }

  #recipe(image: string, role: string, also: readonly string[] = []): Recipe {
    const recipe = recipeFor(image, role, this.#options.packages, also);
    if (recipe !== undefined) return recipe;
    throw new GuestDriverError(
      image === ""
        ? "a container guest begins as a clone or from an image: this one has neither"
        : `no container stands for the image ${image}: Debian's cloud images and a pfSense template are known`,
    );
  }

  /** The image layers of a disk, found or built at its first start; a disk keeps its layers for life. */
  async #layers(disk: Disk, recipe: Recipe, log: Log): Promise<string[]> {
    const { images } = this.#options;
    if (disk.layers.length > 0) return Promise.all(disk.layers.map(async (id) => (await images.open(id)).folder));
    const layers = await images.layersFor(recipe);
    await disk.setLayers(layers.map((l) => l.id));
    log(`container guest: image ${layers.map((l) => l.id).join(" on ")}`);
    return layers.map((l) => l.folder);
  }

  async #context(): Promise<GuestContext> {
    const { key, sockets, firmware, owner } = this.#options;
    const isShifted = await this.#canShift();
    return {
      firstId: (vmid) => (isShifted ? firstIdOf(key, vmid) : 0),
      pod: await this.#ensurePod(),
      cgroups: this.#cgroups,
      sockets,
      machineName: (vmid) => `maquette-${key}-${vmid}`,
      firmware,
      owner,
    };
  }

  /** Whether guests have user namespaces of their own here; asked of the kernel once. */
  #canShift(): Promise<boolean> {
    this.#shifts ??= whyNotShifted(this.#options.home).then((why) => {
      if (why !== undefined)
        this.#options.log(`guests have no user namespaces of their own on this machine: ${why} (docs/twin.md)`);
      return why === undefined;
    });
    return this.#shifts;
  }

  async #ensurePod(): Promise<Pod> {
    if (this.#pod === undefined) {
      const starting = Pod.start(`maquette-pod-${this.#options.key}`);
      this.#pod = starting;
      starting.then(
        (pod) =>
          void pod.ended.then(() => {
            if (this.#pod === starting) this.#pod = undefined;
            if (!this.#isClosed) this.#options.log("the lab's pod has ended: its guests are without power");
          }),
        () => {
          if (this.#pod === starting) this.#pod = undefined;
        },
      );
    }
    return this.#pod;
  }

  /** Frozen states that no disk's chain names any more. */
  async #dropFrozen(): Promise<void> {
    const folder = join(this.#options.home, "s");
    const names = await readdir(folder).catch(() => [] as string[]);
    // In this order: what is frozen from now on is not among the names, and what was frozen before is recorded.
    if (this.#freezing > 0) return;
    const disks = [...this.#guests.values()].map((g) => g.disk);
    const kept = new Set(disks.flatMap((disk) => [...disk.frozen, ...disk.snapshotChains.flat()]));
    for (const name of names) if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }

  async #free(vmid: number): Promise<void> {
    if (await this.#find(vmid)) throw new GuestDriverError(`VM ${vmid} already exists`);
  }

  async #find(vmid: number, guest?: GuestDescription): Promise<Guest | undefined> {
    const known = this.#guests.get(vmid);
    if (known || guest === undefined) return known;
    const disk = await Disk.open(this.#options.home, vmid);
    if (!disk) return undefined;
    const found: Guest = { guest, disk, running: undefined, seen: undefined };
    this.#guests.set(vmid, found);
    return found;
  }

  async #get(vmid: number): Promise<Guest> {
    const known = await this.#find(vmid);
    if (!known) throw new GuestDriverError(`VM ${vmid} does not exist`);
    return known;
  }

  async #running(vmid: number): Promise<RunningGuest> {
    const { running } = await this.#get(vmid);
    if (!running) throw new GuestOff(vmid);
    return running;
  }
}

const OFF: GuestStatus = { power: "stopped", uptimeSeconds: 0, memoryBytes: 0, cpu: 0, pid: 0 };

/** What the first disk was made from: a file or URL, or a template's name when that is all there is. */
function imageOf(guest: GuestDescription): string {
  const origin = guest.disks[0]?.origin;
  if (origin === undefined || origin.kind === "empty") return "";
  return origin.kind === "template" ? origin.name : (origin.sourceUrl ?? origin.volume);
}

function agentInfo(stdout: string): AgentInfo {
  const [hostname, release, kernel, addresses] = stdout.split("--\n");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release ?? "")?.[1] ?? "";
  const links = JSON.parse(addresses ?? "[]") as readonly {
    readonly ifname: string;
    readonly address?: string;
    readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
  }[];
  return {
    hostname: (hostname ?? "").trim(),
    os: { id: field("ID"), name: field("PRETTY_NAME"), version: field("VERSION_ID"), kernel: (kernel ?? "").trim() },
    interfaces: links.map((link): GuestInterface => ({
      name: link.ifname,
      mac: (link.address ?? "").toUpperCase(),
      addresses: (link.addr_info ?? []).map((a) => ({ address: a.local, prefix: a.prefixlen })),
    })),
  };
}

/** In a guest, as root, with the archive on standard input. */
const TAKE_ROOT = `set -eu
rm -rf "$1.new" "$1.old"
mkdir -p "$1.new"
tar -x -p --numeric-owner -C "$1.new" -f -
if [ -e "$1" ]; then mv "$1" "$1.old"; fi
mv "$1.new" "$1"
rm -rf "$1.old"
`;

const notSupplied = (name: string, what: string, said: string): Fault =>
  new Fault(
    "TWIN_SUPPLY",
    `${name} does not get ${what}, which its role has now: ${said.split("\n").slice(-3).join("; ")}`,
    `Mend what it names (\`maquette console ${name}\`), then run \`maquette up\` again; or make the guest anew with \`maquette up --replace ${name}\`, which loses its data.`,
  );
