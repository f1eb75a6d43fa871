import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { GuestDriverError } from "../pve/simulator/guest-driver.ts";
import type { GuestDescription, GuestNic, Log } from "../pve/simulator/guest-driver.ts";
import type { Cgroups } from "./cgroups.ts";
import { must } from "./command.ts";
import { copyFiles, type Disk } from "./disk.ts";
import { IDS, mountShifted } from "./idmap.ts";
import type { Recipe } from "./images/catalogue.ts";
import { readIso } from "./media.ts";
import type { Pod } from "./pod.ts";
import { WayIn } from "./way-in.ts";
import { applySeed, type Applied, type GuestFile } from "./seed/apply.ts";
import { fromCloudInit, readNoCloud, type GuestSeed } from "./seed/nocloud.ts";

/** nspawn's exit code when its guest asked for a reboot (systemd-nspawn(1), --keep-unit). */
const REBOOT = 133;
const INIT_DEADLINE_MS = 30_000;

/** The firmware that makes a guest a router: read-only in it, and its units. */
export interface Firmware {
  /** Folder on this machine. */
  readonly folder: string;
  /** Where the guest sees it. */
  readonly mountedAt: string;
  /** Unit files of the folder that start at boot. */
  readonly enable: readonly string[];
  /** Units of its packages that do not start at boot: the firmware starts them. */
  readonly disable: readonly string[];
  readonly mask: readonly string[];
}

export interface GuestContext {
  readonly pod: Pod;
  readonly cgroups: Cgroups;
  /** Folder of the guests' published sockets, which the lab's user passes through. */
  readonly sockets: string;
  /** nspawn's machine names are one to a kernel: `maquette-<key>-<vmid>`. */
  readonly machineName: (vmid: number) => string;
  readonly firmware: Firmware | null;
  /** Whose the sockets are. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** The first of the guest's own ids on this machine; 0 where it has none of its own. */
  readonly firstId: (vmid: number) => number;
}

/** A guest under power: its mount, its network, its process. */
export class RunningGuest {
  readonly #context: GuestContext;
  readonly #vmid: number;
  readonly #disk: Disk;
  #process: ChildProcess | undefined;
  #wayIn: WayIn | undefined;
  #bootedAt = performance.now();
  #isEnding = false;
  /** The cards that it booted with, as they are plugged in; none once their cables are cut. */
  #cards: readonly GuestNic[] = [];
  isPaused = false;
  /** Settles when the guest is off: by itself or by us. */
  readonly ended: Promise<{ readonly byItself: boolean }>;
  #settle!: (how: { readonly byItself: boolean }) => void;

  constructor(context: GuestContext, vmid: number, disk: Disk) {
    this.#context = context;
    this.#vmid = vmid;
    this.#disk = disk;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  get uptimeSeconds(): number {
    return (performance.now() - this.#bootedAt) / 1000;
  }

  /**
   * Mounts the disk, applies the seed where it is new, plugs the NICs in and boots.
   * @param next what the guest is at each boot: a reboot from inside reads it again
   */
  async start(
    next: () => { readonly guest: GuestDescription; readonly recipe: Recipe; readonly layers: readonly string[] },
    log: Log,
  ): Promise<void> {
    const { guest, recipe, layers } = next();
    try {
      await this.#boot(guest, recipe, layers, log);
    } catch (error) {
      try {
        await this.#tearDown();
      } finally {
        // Whoever waits for its end must not wait for ever, whatever could not be taken down.
        this.#settle({ byItself: false });
      }
      throw error instanceof Fault || error instanceof GuestDriverError
        ? error
        : new GuestDriverError(`guest ${this.#vmid} does not boot: ${messageOf(error)}`);
    }
    const watch = (): void => {
      const child = this.#process!;
      const exited = new Promise<number | null>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
        else child.once("exit", resolve);
      });
      void exited.then((code) => {
        void (async () => {
          if (code === REBOOT && !this.#isEnding) {
            await this.#tearDown();
            const again = next();
            await this.#boot(again.guest, again.recipe, again.layers, log);
            watch();
            return;
          }
          await this.#tearDown();
          this.#settle({ byItself: !this.#isEnding });
        })().catch(async (error: unknown) => {
          log(`guest ${this.#vmid}: ${messageOf(error)}`);
          await this.#tearDown().catch((left: unknown) => log(`guest ${this.#vmid}: ${messageOf(left)}`));
          this.#settle({ byItself: !this.#isEnding });
        });
      });
    };
    watch();
  }

  async #boot(guest: GuestDescription, recipe: Recipe, layers: readonly string[], log: Log): Promise<void> {
    const { pod, cgroups } = this.#context;
    const name = String(this.#vmid);
    const media = await this.#media(guest);
    const shown = await this.#show(media, recipe);
    const firstId = this.#context.firstId(this.#vmid);
    // Written as the guest's root would: on the disk its ids are plain.
    await this.#mount(layers, 0);
    const seed = recipe.seed === "driver" ? seedOf(guest, media) : undefined;
    const names = nicNames(guest, recipe, seed, this.#disk.nicNames);
    const root = pod.path(this.#disk.root);
    if (seed !== undefined && seed.instance !== this.#disk.instance) {
      await this.#applySeed(root, seed, names, log);
      const given = seed.nics.flatMap((nic) => (nic.name === null ? [] : [[nic.mac, nic.name] as const]));
      await this.#disk.setInstance(seed.instance, Object.fromEntries(given));
    }
    if (recipe.seed === "cloud-init") await this.#handSeed(root, media);
    if (recipe.seed === "router") await this.#installFirmware(root);
    if (firstId !== 0) {
      await must([...pod.enter, "umount", this.#disk.root]);
      await this.#mount(layers, firstId);
    }
    await this.#plug(guest, names);
    await cgroups.make(name, guest);
    this.#wayIn = new WayIn(this.#context.sockets, this.#vmid, this.#context.owner, log);
    await this.#wayIn.open(firstId);
    this.#process = this.#spawn(guest, recipe, {
      ...{ shown, nics: [...names.values()], sockets: this.#wayIn.folder },
    });
    await this.#untilInit(this.#process);
    this.#bootedAt = performance.now();
    this.isPaused = false;
    // Told to end before there was anything to end.
    if (this.#isEnding) await cgroups.kill(name);
  }

  /** Until the guest's init is there: from then on it can be ended as a whole. */
  async #untilInit(child: ChildProcess): Promise<void> {
    let hasExited = child.exitCode !== null || child.signalCode !== null;
    child.once("exit", () => (hasExited = true));
    const deadline = Date.now() + INIT_DEADLINE_MS;
    while ((await this.leader()) === undefined) {
      if (hasExited || Date.now() > deadline) {
        child.kill("SIGKILL");
        const said = await readFile(join(this.#disk.folder, "console.log"), "utf8").catch(() => "");
        const last = said.trim().split("\n").slice(-3).join("; ");
        throw new GuestDriverError(
          `guest ${this.#vmid} ${hasExited ? "ended while booting" : `has no init after ${INIT_DEADLINE_MS / 1000} s`}: ${last || "its console is silent"}`,
        );
      }
      // A group that is made by somebody else announces itself to nobody.
      await sleep(5);
    }
  }

  /** Each CD's files, by its slot. */
  async #media(guest: GuestDescription): Promise<Media> {
    const media = new Map<string, ReadonlyMap<string, Buffer>>();
    for (const cd of guest.cdroms)
      if (cd.hostPath !== undefined) media.set(cd.slot, readIso(await readFile(cd.hostPath)));
    return media;
  }

  get #mediaFolder(): string {
    return join(this.#disk.folder, "media");
  }

  /**
   * Each CD that the guest reads by itself, in a folder that it sees as read-only files. A seed is none of them: it is
   * applied from outside, and its keys would lie open in the guest for as long as it runs.
   * @returns their slots
   */
  async #show(media: Media, recipe: Recipe): Promise<readonly string[]> {
    await rm(this.#mediaFolder, { recursive: true, force: true });
    const shown = [...media].filter(([, files]) => recipe.seed === "router" || !files.has("meta-data"));
    const owner = this.#context.firstId(this.#vmid);
    for (const [slot, files] of shown) await copyFiles(files, join(this.#mediaFolder, slot), owner);
    return shown.map(([slot]) => slot);
  }

  /** A CD taken out of a drive under power: what was on it is there no more. */
  async eject(slot: string): Promise<void> {
    const folder = join(this.#mediaFolder, slot);
    for (const name of await readdir(folder).catch(() => [] as string[]))
      await rm(join(folder, name), { recursive: true, force: true });
  }

  /** @param firstId what the disk's owners are shifted by */
  async #mount(layers: readonly string[], firstId: number): Promise<void> {
    const { pod } = this.#context;
    const { root, folder } = this.#disk;
    // A folder to mount on is empty.
    if ((await readdir(pod.path(root))).length > 0) await must([...pod.enter, "umount", "-l", root]);
    const source = `maquette-${this.#vmid}`;
    const lowers = this.#disk.lowers(layers);
    if (firstId === 0) {
      const options = `lowerdir=${lowers.join(":")},upperdir=${folder}/up,workdir=${folder}/wk`;
      await must([...pod.enter, "mount", "-t", "overlay", source, "-o", options, root]);
      return;
    }
    const folders = [folder, ...lowers];
    for (const n of folders.keys()) await mkdir(join(this.#shiftFolder, String(n)), { recursive: true, mode: 0o711 });
    await pod.sh(this.#unshift());
    await mountShifted(pod.enter, { firstId, source, folder: this.#shiftFolder, folders, root });
  }

  /** Where its folders are seen with their owners shifted. */
  get #shiftFolder(): string {
    return join(this.#disk.folder, "m");
  }

  /** A script that takes away what `#mount` put there, if it did. */
  #unshift(): string {
    return `for m in ${this.#shiftFolder}/*; do if mountpoint -q "$m"; then umount -l "$m"; fi; done`;
  }

  async #applySeed(root: string, seed: GuestSeed, names: Names, log: Log): Promise<void> {
    const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
    const applied = applySeed(
      seed,
      {
        passwd: await read("etc/passwd"),
        group: await read("etc/group"),
        shadow: await read("etc/shadow"),
        gshadow: await read("etc/gshadow"),
      },
      (mac) => names.get(mac),
    );
    // What an earlier instance left of its own.
    await this.#context.pod.sh(
      `rm -f ${this.#disk.root}/etc/ssh/ssh_host_* ${this.#disk.root}/etc/systemd/network/10-cloud-init-*.network`,
    );
    await put(root, applied);
    // A system that has one keeps it, as under cloud-init: its journal is found by it.
    if (this.#disk.instance === null) {
      const id = createHash("md5").update(`${seed.instance}\0${this.#vmid}`).digest("hex");
      await putFile(root, { path: "/etc/machine-id", content: `${id}\n`, mode: 0o444 });
    }
    log(`guest ${this.#vmid}: seed of instance ${seed.instance.slice(0, 40)} applied`);
  }

  /** For a guest with its own cloud-init: the NoCloud folder that its Proxmox CD would be. */
  async #handSeed(root: string, media: Media): Promise<void> {
    await putFile(root, {
      path: "/etc/cloud/cloud.cfg.d/99-maquette.cfg",
      content: "datasource_list: [NoCloud]\nsystem_info: {network: {renderers: [networkd]}}\n",
    });
    for (const files of media.values()) {
      if (!files.has("meta-data")) continue;
      for (const [name, content] of files)
        await putFile(root, {
          path: `/var/lib/cloud/seed/nocloud/${name}`,
          content: content.toString("utf8"),
          mode: 0o600,
        });
    }
  }

  async #installFirmware(root: string): Promise<void> {
    const { firmware } = this.#context;
    if (firmware === null) throw new GuestDriverError("this driver was given no router firmware");
    const links: Record<string, string> = {};
    for (const unit of firmware.enable) {
      links[`/etc/systemd/system/${unit}`] = `${firmware.mountedAt}/${unit}`;
      links[`/etc/systemd/system/multi-user.target.wants/${unit}`] = `${firmware.mountedAt}/${unit}`;
    }
    for (const unit of firmware.mask) links[`/etc/systemd/system/${unit}`] = "/dev/null";
    const wanted = firmware.disable.map((unit) => `etc/systemd/system/*.wants/${unit}`).join(" ");
    await this.#context.pod.sh(`cd ${this.#disk.root}; rm -f ${wanted}`);
    // nspawn would make it as this machine's root, who is nobody on a disk whose owners are shifted.
    const mountedAt = { path: firmware.mountedAt, mode: 0o755, owner: 0 };
    await put(root, { files: [], folders: [mountedAt], links });
  }

  /** The guest's network namespace, and a cable from each NIC to its bridge. */
  async #plug(guest: GuestDescription, names: Names): Promise<void> {
    const { pod } = this.#context;
    const ns = netns(this.#vmid);
    const lines = [`netns add ${ns}`];
    for (const nic of guest.nics) {
      if (nic.trunks !== undefined && nic.tag === undefined)
        throw new GuestDriverError(
          `net${nic.index} carries the VLANs ${nic.trunks} tagged: a container guest has no trunk. Give it one NIC a VLAN (tag=…)`,
        );
      const cable = cableName(this.#vmid, nic.index);
      lines.push(
        `link add ${cable} type veth peer name ${names.get(nic.mac)!} netns ${ns} address ${nic.mac.toLowerCase()}`,
      );
      if (nic.bridge !== undefined) lines.push(`link set ${cable} master ${await pod.bridge(nic.bridge, nic.tag)}`);
      if (nic.mtu !== undefined && nic.mtu >= 576) lines.push(`link set ${cable} mtu ${nic.mtu}`);
      if (!nic.isLinkDown) lines.push(`link set ${cable} up`);
    }
    this.#cards = guest.nics;
    await must([...pod.enter, "ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }

  /** @param given slots of the CDs that it sees, its NICs by its own names, the folder for its sockets */
  #spawn(
    guest: GuestDescription,
    recipe: Recipe,
    given: { readonly shown: readonly string[]; readonly nics: readonly string[]; readonly sockets: string },
  ): ChildProcess {
    const { shown, nics, sockets } = given;
    const { pod, cgroups, firmware, machineName } = this.#context;
    const name = String(this.#vmid);
    const binds = [
      // For a VPN's tunnel; a machine whose kernel has none has no such device.
      ...(pod.tunnelDevice === undefined ? [] : [`--bind=${pod.tunnelDevice}:/dev/net/tun`]),
      `--bind=${sockets}:/run/host/unix-export`,
      // The folders above a place are made as this machine's root, who is nobody in the guest: this one is for it to use.
      ...(shown.length > 0 ? ["--tmpfs=/run/maquette:mode=0755"] : []),
      ...shown.map((slot) => `--bind-ro=${join(this.#mediaFolder, slot)}:/run/maquette/media/${slot}`),
      ...(recipe.seed === "router" && firmware !== null ? [`--bind-ro=${firmware.folder}:${firmware.mountedAt}`] : []),
    ];
    const firstId = this.#context.firstId(this.#vmid);
    const namespace = `/run/netns/${netns(this.#vmid)}`;
    // A guest with ids of its own makes its network too, or it could not command it: the cables wait for it where
    // nspawn starts, and nspawn takes them in.
    const network =
      firstId === 0
        ? [`--network-namespace-path=${namespace}`]
        : [
            ...[`--private-users=${firstId}:${IDS}`, "--private-users-ownership=off", "--private-network"],
            ...nics.map((nic) => `--network-interface=${nic}`),
          ];
    const inside = firstId === 0 ? pod.enter : [...pod.enter, "nsenter", `--net=${namespace}`];
    const join_ = cgroups.joinFiles(name).map((file) => `echo $$ > ${file}`);
    const log = openSync(join(this.#disk.folder, "console.log"), "a", 0o600);
    const child = spawn(
      "sh",
      [
        "-c",
        `${join_.join("; ")}; exec ${inside.join(" ")} systemd-nspawn "$@"`,
        `maquette-guest-${name}`,
        ...["-q", "-b", "-D", this.#disk.root, "-M", machineName(this.#vmid), `--hostname=${guest.name.slice(0, 63)}`],
        // Without a manager on this machine: no registration, no unit of its own.
        ...["--register=no", "--keep-unit", ...network],
        ...["--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--link-journal=no"],
        ...["--resolv-conf=off", "--timezone=off", "--console=read-only", ...binds],
      ],
      {
        detached: true,
        stdio: ["ignore", log, log],
        env: {
          PATH: process.env["PATH"],
          SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1",
          // Or sysctl is read-only in the guest.
          SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network",
        },
      },
    );
    closeSync(log);
    child.on("error", () => undefined);
    return child;
  }

  /** Power off at once. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    const { cgroups } = this.#context;
    const name = String(this.#vmid);
    // A network namespace forwards as long as it is there, with no process left: the cables go first, and at once, so
    // that nothing inside sees them go one by one and reacts as a machine under power would.
    await cgroups.freeze(name, true).catch(() => undefined);
    await this.#cutCables().catch(() => undefined);
    await cgroups.kill(name);
    // Whoever joins the group now, in the middle of a boot, must be able to end.
    await cgroups.freeze(name, false).catch(() => undefined);
    await this.ended;
  }

  /** Asks the guest's init to power off; again each second, for one that is not ready yet drops the signal. */
  async shutdown(timeoutMs: number): Promise<boolean> {
    this.#isEnding = true;
    // SIGRTMIN+4 (systemd(1)); SIGRTMIN is 34 with glibc.
    const ask = async (): Promise<void> => {
      const leader = await this.leader();
      if (leader === undefined) return;
      try {
        process.kill(leader, 38);
      } catch {
        // It ended meanwhile.
      }
    };
    const again = setInterval(() => void ask(), 1_000);
    let timer: NodeJS.Timeout | undefined;
    try {
      await ask();
      const isOff = await Promise.race([
        this.ended.then(() => true),
        new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs))),
      ]);
      if (!isOff) this.#isEnding = false;
      return isOff;
    } finally {
      clearInterval(again);
      clearTimeout(timer);
    }
  }

  /** nspawn's keeper on this machine. */
  get keeper(): number {
    return this.#process?.pid ?? 0;
  }

  leader(): Promise<number | undefined> {
    return this.#context.cgroups.leader(String(this.#vmid));
  }

  async setPaused(isPaused: boolean): Promise<void> {
    await this.#context.cgroups.freeze(String(this.#vmid), isPaused);
    this.isPaused = isPaused;
  }

  /** Holds every process of the guest still while something looks at its disk. */
  async whileStill<T>(work: () => Promise<T>): Promise<T> {
    if (this.isPaused) return work();
    await this.#context.cgroups.freeze(String(this.#vmid), true);
    try {
      return await work();
    } finally {
      await this.#context.cgroups.freeze(String(this.#vmid), false);
    }
  }

  /** The cable of one NIC, and where it leads. */
  /**
   * The other end of a card's cable. A card is known by its MAC, wherever in the list it stands now: one that came or
   * went since the boot is for the next one, as it is to a pfSense, which sees no card come.
   * @returns whether it has the card
   */
  async replug(nic: GuestNic): Promise<boolean> {
    const { pod } = this.#context;
    const old = this.#cards.find((card) => isSameCard(card, nic));
    if (old === undefined) return false;
    if (old.bridge === nic.bridge && old.tag === nic.tag && old.isLinkDown === nic.isLinkDown) return true;
    const cable = cableName(this.#vmid, old.index);
    const master = nic.bridge === undefined ? "nomaster" : `master ${await pod.bridge(nic.bridge, nic.tag)}`;
    await pod.sh(`ip link set ${cable} ${master}; ip link set ${cable} ${nic.isLinkDown ? "down" : "up"}`);
    this.#cards = this.#cards.map((card) => (card === old ? { ...nic, index: old.index } : card));
    return true;
  }

  /** The bridge's end takes the other along; a namespace goes away later, and its names would still be taken. */
  async #cutCables(): Promise<void> {
    if (this.#cards.length === 0) return;
    const input = this.#cards.map((nic) => `link del ${cableName(this.#vmid, nic.index)}\n`).join("");
    // One that is gone already is no reason to keep the others.
    await this.#context.pod.run(["ip", "-force", "-batch", "-"], { input });
    this.#cards = [];
  }

  async #tearDown(): Promise<void> {
    const { pod, cgroups } = this.#context;
    const name = String(this.#vmid);
    await cgroups.kill(name);
    // A pod that has ended took all of it along.
    await this.#cutCables().catch(() => undefined);
    // As ip-netns(8) deletes one; what did not come to be mounted is said, and is no failure.
    const namespace = `/run/netns/${netns(this.#vmid)}`;
    await pod
      .sh(`umount -l ${this.#disk.root} ${namespace} || :; rm -f ${namespace}; ${this.#unshift()}`)
      .catch(() => undefined);
    await rm(this.#shiftFolder, { recursive: true, force: true });
    await cgroups.remove(name);
    await this.#wayIn?.close();
    await rm(this.#mediaFolder, { recursive: true, force: true });
  }
}

type Names = ReadonlyMap<string, string>;
/** Files by slot and name. */
type Media = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

const netns = (vmid: number): string => `g${vmid}`;
/** The bridge's end of net[index]'s cable. */
const cableName = (vmid: number, index: number): string => `v${vmid}i${index}`;

function seedOf(guest: GuestDescription, media: Media): GuestSeed | undefined {
  for (const files of media.values()) if (files.has("meta-data")) return readNoCloud(files, guest);
  const { cloudInit } = guest;
  const hasFields =
    Object.keys(cloudInit.ipConfigs).length > 0 || cloudInit.sshKeys.length > 0 || cloudInit.user !== undefined;
  return hasFields ? fromCloudInit(cloudInit, guest) : undefined;
}

export const isSameCard = (a: Pick<GuestNic, "mac">, b: Pick<GuestNic, "mac">): boolean =>
  a.mac.toUpperCase() === b.mac.toUpperCase();

/** What each NIC is called inside, by MAC. */
function nicNames(
  guest: GuestDescription,
  recipe: Recipe,
  seed: GuestSeed | undefined,
  kept: Readonly<Record<string, string>>,
): Names {
  const given = new Map((seed?.nics ?? []).map((nic) => [nic.mac, nic.name]));
  return new Map(
    guest.nics.map((nic) => [
      nic.mac,
      given.get(nic.mac.toUpperCase()) ?? kept[nic.mac.toUpperCase()] ?? recipe.nicName(nic.index),
    ]),
  );
}

async function put(root: string, applied: Applied): Promise<void> {
  for (const folder of applied.folders) {
    const path = await safe(root, folder.path);
    await mkdir(path, { recursive: true });
    await chown(path, folder.owner, folder.owner);
    await chmod(path, folder.mode);
  }
  for (const file of applied.files) await putFile(root, file);
  for (const [path, target] of Object.entries(applied.links)) {
    const at = await safe(root, path);
    await mkdir(dirname(at), { recursive: true });
    await unlink(at).catch(() => undefined);
    await symlink(target, at);
  }
}

async function putFile(root: string, file: GuestFile): Promise<void> {
  const path = await safe(root, file.path);
  await mkdir(dirname(path), { recursive: true });
  await unlink(path).catch(() => undefined);
  await writeFile(path, file.content, { flag: "wx", mode: 0o600 });
  await chmod(path, file.mode ?? 0o644);
  const owner = file.owner ?? 0;
  await chown(path, owner, file.group ?? owner);
}

/** A link in the guest's folders must not lead us out of its disk. */
async function safe(root: string, path: string): Promise<string> {
  let at = root;
  for (const part of path
    .split("/")
    .filter((p) => p !== "")
    .slice(0, -1)) {
    at = join(at, part);
    try {
      if ((await lstat(at)).isSymbolicLink())
        throw new GuestDriverError(`the guest's ${path} lies behind a link: nothing is written there`);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") break;
      throw error;
    }
  }
  return join(root, path);
}
