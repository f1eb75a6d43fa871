import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { Fault, messageOf } from "../core/fault.ts";
import { GuestDriverError, GuestOff } from "../pve/simulator/guest-driver.ts";
import type { GuestDescription, Log } from "../pve/simulator/guest-driver.ts";
import { command } from "./command.ts";
import { ContainerDriver } from "./driver.ts";
import { findArchive } from "./images/archive.ts";
import { recipeFor, type RoleLayers } from "./images/catalogue.ts";
import { ImageStore } from "./images/store.ts";
import { onLines } from "./lines.ts";
import { keepPrivate } from "./private.ts";
import {
  GUEST_OFF,
  calls,
  PROTOCOL,
  requestLine,
  type Answer,
  type CallName,
  type Failure,
  type RoomArguments,
} from "./protocol.ts";

export interface Room {
  /** Ends all guests and whatever else was made, but disks and images. */
  close(): Promise<void>;
}

/**
 * The machine room: the one part that runs as root. It holds the lab's pod and answers the API's process over a
 * socket that only the lab's user may open.
 */
export async function openRoom(settings: RoomArguments, log: Log, onShutdown: () => void): Promise<Room> {
  const guard = { uid: settings.uid, gid: settings.gid };
  await keepPrivate(settings.home);
  // What this machine cannot do is said before anything is made.
  await probeOverlay(settings.home);
  await raiseInotify(log);
  // The folder above is all labs': their users pass through both, and may list and change nothing. What an earlier
  // version left there was its user's, and may lead elsewhere.
  await mkdir(dirname(settings.run), { recursive: true, mode: 0o711 });
  await keepPrivate(settings.run);
  await rm(settings.run, { recursive: true, force: true });
  await mkdir(settings.run, { mode: 0o711 });
  const images = new ImageStore({
    folder: settings.images,
    archive: () => findArchive(settings.archive),
    log,
  });
  await images.keepPrivate();
  const packages: { router: readonly string[]; roles: RoleLayers } = {
    router: settings.firmware?.packages ?? [],
    roles: settings.roles,
  };
  const firmware =
    settings.firmware === null ? null : { ...settings.firmware, folder: join(settings.home, "firmware") };
  if (settings.firmware !== null && firmware !== null) {
    // A copy of our own: the user's bundle may be replaced while routers boot from it.
    await rm(firmware.folder, { recursive: true, force: true });
    await cp(settings.firmware.folder, firmware.folder, { recursive: true, dereference: true });
  }
  const driver = new ContainerDriver({
    key: settings.key,
    home: settings.home,
    sockets: join(settings.run, "g"),
    owner: guard,
    images,
    firmware,
    packages,
    log,
  });
  const sockets = new Set<Socket>();
  driver.onPower((vmid) => {
    for (const socket of sockets) send(socket, { event: "powerOff", vmid });
  });

  const prepare = async (
    wanted: readonly { readonly image: string; readonly role: string; readonly also: readonly string[] }[],
    roles: RoleLayers,
    say: Log,
  ): Promise<void> => {
    // A room that has run for long learns what the sources say now.
    packages.roles = roles;
    const recipes = wanted.flatMap(({ image, role, also }) => recipeFor(image, role, packages, also) ?? []);
    const store = new ImageStore({ folder: settings.images, archive: () => findArchive(settings.archive), log: say });
    // One after the other for what shares a base; the bases of two releases seldom meet.
    for (const recipe of recipes) await store.layersFor(recipe);
    const used = await layersInUse(join(settings.home, ".."));
    const gone = await store.collect(used);
    if (gone.length > 0) say(`image: ${gone.length} layers that nothing uses any more were removed`);
  };

  const perform = async (call: CallName, raw: readonly unknown[], say: Log): Promise<unknown> => {
    const parsed = calls[call].safeParse(raw);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new GuestDriverError(
        `the ${call} of a guest was refused: ${issue.path.slice(1).join(".")}: ${issue.message}`,
      );
    }
    const p = parsed.data as readonly never[];
    switch (call) {
      case "hello":
        return { protocol: PROTOCOL, build: settings.build, pid: process.pid };
      case "prepare":
        return prepare(p[0]!, p[1]!, say);
      case "supply":
        return driver.supply(p[0]!, say);
      case "shutdownAll":
        setImmediate(onShutdown);
        return null;
      case "status":
        return [...(await driver.status(p[0]!))];
      case "create":
      case "update":
      case "start":
      case "reboot":
        await checkMedia(p[0]!, guard.uid);
        return driver[call](p[0]!, say);
      case "clone":
        await checkMedia(p[1]!, guard.uid);
        return driver.clone(p[0]!, p[1]!, p[2]!, say);
      case "rollback":
        await checkMedia(p[0]!, guard.uid);
        return driver.rollback(p[0]!, p[1]!);
      case "reconcile":
        return driver.reconcile(p[0]!, say);
      case "destroy":
      case "stop":
      case "pause":
      case "resume":
      case "agent":
        return (await driver[call](p[0]!)) ?? null;
      case "shutdown":
        return driver.shutdown(p[0]!, p[1]!);
      case "snapshot":
        return driver.snapshot(p[0]!, p[1]!, p[2]!);
      case "deleteSnapshot":
        return driver.deleteSnapshot(p[0]!, p[1]!);
      case "exec":
        return driver.exec(p[0]!, p[1]!, p[2]!, p[3]);
      case "console":
        return driver.console(p[0]!, p[1]!);
      case "setLink":
        return driver.setLink(p[0]!, p[1]!, p[2]!);
    }
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    onLines(socket, (line) => {
      let id = -1;
      void (async () => {
        const request = requestLine.parse(JSON.parse(line));
        id = request.id;
        if (!Object.hasOwn(calls, request.call))
          throw new Fault(
            "TWIN_PROTOCOL",
            `There is no call ${request.call}.`,
            "Run `maquette up`: it starts the machine room of this version.",
          );
        const result = await perform(request.call as CallName, request.parameters, (text) => {
          log(text);
          send(socket, { id, log: text });
        });
        send(socket, { id, result: result ?? null });
      })().catch((error: unknown) => {
        const failure = failureOf(error);
        if (failure.kind === "defect") log(error instanceof Error ? (error.stack ?? error.message) : String(error));
        send(socket, { id, failure });
      });
    });
  });
  await listen(server, join(settings.run, "twin.sock"), guard);
  return {
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await driver.close();
      await unlink(join(settings.run, "twin.sock")).catch(() => undefined);
      await rm(settings.run, { recursive: true, force: true });
      await removeEmptyHome(settings.home);
      // What all labs share goes with the last one.
      for (const shared of [dirname(settings.run), dirname(settings.home)]) await rmdir(shared).catch(() => undefined);
    },
  };
}

const send = (socket: Socket, answer: Answer): void => {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
};

function failureOf(error: unknown): Failure {
  if (error instanceof GuestOff) return { kind: "guest", message: error.message, code: GUEST_OFF };
  if (error instanceof GuestDriverError) return { kind: "guest", message: error.message };
  if (error instanceof Fault) return { kind: "fault", message: error.message, code: error.code, hint: error.hint };
  return { kind: "defect", message: messageOf(error) };
}

async function listen(
  server: Server,
  path: string,
  owner: { readonly uid: number; readonly gid: number },
): Promise<void> {
  // Of an earlier room; that it does not run its starter has seen.
  await unlink(path).catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chown(path, owner.uid, owner.gid);
  await chmod(path, 0o600);
}

/** Root reads no file for a user that is not the user's own. */
async function checkMedia(guest: GuestDescription, uid: number): Promise<void> {
  for (const { hostPath } of guest.cdroms) {
    if (hostPath === undefined) continue;
    const [link, file] = await Promise.all([lstat(hostPath), stat(hostPath)]).catch(() => {
      throw new GuestDriverError(`the CD image ${hostPath} is not there`);
    });
    if (link.isSymbolicLink() || !file.isFile() || (uid !== 0 && file.uid !== uid))
      throw new GuestDriverError(`the CD image ${hostPath} is not a file of the lab's user`);
  }
}

/**
 * Not every file system takes an upper layer: another overlayfs (a container's own disk), NFS and some more do not.
 * @throws Fault TWIN_OVERLAY
 */
export async function probeOverlay(home: string): Promise<void> {
  const folder = join(home, "probe");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const script = `cd ${folder}; mkdir -p lower upper work root
mount -t overlay maquette-probe -o lowerdir=lower,upperdir=upper,workdir=work root; : > root/written`;
  try {
    const { exitCode, stderr } = await command(["unshare", "--mount", "--propagation", "private", "sh", "-ec", script]);
    if (exitCode === 0) return;
    throw new Fault(
      "TWIN_OVERLAY",
      `Overlayfs takes no disk of a guest under ${home}: ${stderr.trim().split("\n").at(-1) ?? `exit ${exitCode}`}`,
      "Name a folder on a disk of its own (ext4, xfs, btrfs, tmpfs) with MAQUETTE_TWIN_DIR; or MAQUETTE_GUESTS=memory does without running guests.",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every guest's systemd takes some ten inotify instances, all of them root's; the kernel's own limit is 128. */
const INOTIFY_INSTANCES = 2048;

/** Raises inotify(7)'s limit for this boot of the machine; what is higher already stays. */
async function raiseInotify(log: Log): Promise<void> {
  const file = "/proc/sys/fs/inotify/max_user_instances";
  const now = Number(await readFile(file, "utf8").catch(() => "0"));
  if (now >= INOTIFY_INSTANCES) return;
  try {
    await writeFile(file, String(INOTIFY_INSTANCES));
    log(
      `fs.inotify.max_user_instances was ${now}, too few for a lab's guests: it is ${INOTIFY_INSTANCES} until the machine restarts`,
    );
  } catch (error) {
    log(
      `fs.inotify.max_user_instances is ${now} and cannot be raised (${messageOf(error)}): many guests at once may not start`,
    );
  }
}

/** A lab without disks leaves nothing on the machine; one with disks keeps them. */
async function removeEmptyHome(home: string): Promise<void> {
  const guests = await readdir(join(home, "g")).catch(() => [] as string[]);
  if (guests.length === 0) await rm(home, { recursive: true, force: true });
}

/** Over the disks of all labs of this machine. */
async function layersInUse(labs: string): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const lab of await readdir(labs).catch(() => [] as string[])) {
    const guests = join(labs, lab, "g");
    for (const vmid of await readdir(guests).catch(() => [] as string[])) {
      const text = await readFile(join(guests, vmid, "disk.json"), "utf8").catch(() => "{}");
      for (const id of (JSON.parse(text) as { readonly layers?: readonly string[] }).layers ?? []) used.add(id);
    }
  }
  return used;
}
