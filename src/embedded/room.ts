import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import type { Folders } from "../stack/folders.ts";
import { hasApt, missingPackages, whyNoGuests } from "../twin/needs.ts";
import { helloAnswer, PROTOCOL, type RoomArguments } from "../twin/protocol.ts";
import { askRoom } from "../twin/remote-driver.ts";

/** How a command does what needs root (bin/rooter.js). */
export interface Rooter {
  startRoom(wanted: {
    readonly file: string;
    readonly settings: RoomArguments;
    readonly logFile: string;
  }): Promise<RootAnswer>;
  install(wanted: { readonly packages: readonly string[] }): Promise<RootAnswer>;
}
export type RootAnswer = { readonly kind: "ready" } | { readonly kind: "failed"; readonly message: string };

/** Where a stack's machine room keeps what is root's (FHS 3.0), keyed as the user's own folders are. */
export interface RoomPlaces {
  readonly key: string;
  readonly run: string;
  readonly socket: string;
  readonly home: string;
  readonly images: string;
  readonly logFile: string;
}

/** @param env MAQUETTE_TWIN_DIR puts disks and images elsewhere: on another disk, or out of the way of a test */
export function roomPlaces(folders: Folders, env: NodeJS.ProcessEnv = process.env): RoomPlaces {
  const key = createHash("sha256").update(folders.stack).digest("hex").slice(0, 8);
  const other = env["MAQUETTE_TWIN_DIR"];
  const library = other === undefined ? "/var/lib/maquette" : join(other, "lib");
  const run = join("/run/maquette", key);
  return {
    key,
    run,
    socket: join(run, "twin.sock"),
    home: join(library, key),
    images: env["MAQUETTE_IMAGES"] ?? (other === undefined ? "/var/cache/maquette/images" : join(other, "images")),
    logFile: join(library, key, "room.log"),
  };
}

/** The running room's own words, or undefined. */
export async function findRoom(
  places: RoomPlaces,
): Promise<{ readonly protocol: number; readonly build: string; readonly pid: number } | undefined> {
  if (!existsSync(places.socket)) return undefined;
  try {
    return helloAnswer.parse(await askRoom(places.socket, "hello", [{ protocol: PROTOCOL, build: "" }]));
  } catch {
    return undefined;
  }
}

export interface RoomOptions {
  readonly folders: Folders;
  readonly rooter: Rooter | undefined;
  /** The bundled machine room. */
  readonly roomFile: string;
  readonly firmware: RoomArguments["firmware"];
  readonly archive: string | null;
  /** Packages of each role, one list a layer of its image. */
  readonly roles: RoomArguments["roles"];
  /** May packages be installed? */
  readonly mayInstall: boolean;
  readonly onProgress: (line: string) => void;
}

/**
 * Makes sure that this stack's machine room runs and is of this version; one of another version is ended first, and
 * its guests lose power until the API starts them again.
 * @throws Fault TWIN_…
 */
export async function ensureRoom(options: RoomOptions): Promise<RoomPlaces> {
  const { folders, rooter, onProgress } = options;
  const places = roomPlaces(folders);
  const build = await buildOf(options);
  const running = await findRoom(places);
  if (running?.build === build && running.protocol === PROTOCOL) return places;
  if (rooter === undefined) {
    throw new Fault(
      "TWIN_NEEDS_ROOT",
      running
        ? "The running guests were started by another version of maquette, and only root can start this one's."
        : "The guests of this lab run as containers, which only root can start.",
      "Run the same command with sudo; MAQUETTE_GUESTS=memory does without running guests.",
    );
  }
  const why = whyNoGuests();
  if (why !== undefined)
    throw new Fault(
      "TWIN_NO_GUESTS",
      `Guests cannot run on this machine: ${why}.`,
      "MAQUETTE_GUESTS=memory does without running guests.",
    );
  await installPrograms(options);
  if (running) {
    onProgress("the machine room runs from other sources: starting it again, its guests with it");
    await stopRoom(places);
  }
  const settings: RoomArguments = {
    key: places.key,
    home: places.home,
    images: places.images,
    run: places.run,
    // Whoever this command runs as: under sudo that is the user by now.
    uid: process.getuid!(),
    gid: process.getgid!(),
    build,
    archive: options.archive,
    roles: options.roles,
    firmware: options.firmware,
  };
  const answer = await rooter.startRoom({ file: options.roomFile, settings, logFile: places.logFile });
  if (answer.kind === "failed")
    throw new Fault(
      "TWIN_ROOM",
      `The machine room does not start: ${answer.message}.`,
      `Its log is ${places.logFile} (root's).`,
    );
  return places;
}

/**
 * The programs that running guests takes, from this machine's own packages.
 * @throws Fault TWIN_PROGRAMS when they are missing and may not or cannot be installed
 */
export async function installPrograms({
  mayInstall,
  onProgress,
  rooter,
}: Pick<RoomOptions, "mayInstall" | "onProgress" | "rooter">): Promise<void> {
  const packages = missingPackages();
  if (packages.length === 0) return;
  const byHand = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!hasApt() || !mayInstall || rooter === undefined) {
    throw new Fault(
      "TWIN_PROGRAMS",
      `Running guests takes programs that this machine lacks, in Debian's packages ${packages.join(", ")}.`,
      hasApt() ? `Run \`${byHand}\` as root.` : "Install your distribution's packages of the same programs.",
    );
  }
  onProgress(`installing ${packages.join(", ")} (${byHand})`);
  const answer = await rooter.install({ packages });
  if (answer.kind === "failed")
    throw new Fault(
      "TWIN_PROGRAMS",
      `${packages.join(", ")} cannot be installed: ${answer.message}`,
      `Run \`${byHand}\` as root and mend what it says.`,
    );
}

/** Ends a machine room and everything that runs in it; disks stay. */
export async function stopRoom(places: RoomPlaces): Promise<void> {
  const running = await findRoom(places);
  if (!running) return;
  await askRoom(places.socket, "shutdownAll", []);
  const deadline = Date.now() + 60_000;
  // The end of a process that is not our child sends us no event.
  while (existsSync(`/proc/${running.pid}`)) {
    if (Date.now() > deadline)
      throw new Fault(
        "TWIN_WONT_END",
        `The machine room (process ${running.pid}) does not end.`,
        `Its log is ${places.logFile}; run \`kill ${running.pid}\` as root, then the same command again.`,
      );
    await sleep(20);
  }
}

const buildOf = async ({ roomFile, firmware }: RoomOptions): Promise<string> => {
  const hash = createHash("sha256").update(await readFile(roomFile));
  if (firmware !== null) {
    const { folder, ...facts } = firmware;
    hash.update(JSON.stringify(facts));
    for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
};
