import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../core/fault.ts";
import { lastRoom } from "../embedded/control.ts";
import { ensureRoom, findRoom, roomPlaces } from "../embedded/room.ts";
import { whyNoGuests } from "../twin/needs.ts";
import { firmwareIn } from "../twin/firmware.ts";
import { roleLayers } from "../roles/registry.ts";
import type { Context } from "./context.ts";

/**
 * Whether this stack's guests run or are in memory. What MAQUETTE_GUESTS says; else as they were last; else they run
 * where there is root and a kernel that can.
 * @returns the machine room's socket, started if need be; null for guests in memory
 */
export async function ensureGuests(context: Context, archive: string | null): Promise<string | null> {
  const { folders, rooter, io } = context;
  const asked = process.env["MAQUETTE_GUESTS"];
  if (asked !== undefined && asked !== "memory" && asked !== "container")
    throw new Fault("CLI_USAGE", `MAQUETTE_GUESTS is "${asked}".`, "It takes memory or container.");
  if (asked === "memory") return null;
  if (asked === undefined && !(await isRunningWanted(context))) return null;
  const here = dirname(fileURLToPath(import.meta.url));
  const room = ensureRoom({
    folders,
    rooter,
    roomFile: join(here, "twin.js"),
    firmware: firmwareIn(join(here, "router")),
    archive: process.env["MAQUETTE_ARCHIVE"] ?? archive,
    roles: roleLayers,
    mayInstall: context.mayInstall,
    onProgress: (line) => io.progress(line),
  });
  try {
    return (await room).socket;
  } catch (error) {
    // Nobody asked for guests that run, and none ran before: root without the kernel's help is as good as no root.
    const isOurChoice = asked === undefined && (await lastRoom(folders)) === null;
    if (!isOurChoice || !(error instanceof Fault) || error.code !== "TWIN_ROOM") throw error;
    io.err(`${error.code} ${error.message}\n  hint: guests are in memory instead; MAQUETTE_GUESTS=container insists`);
    return null;
  }
}

async function isRunningWanted({ folders, rooter }: Context): Promise<boolean> {
  if (await findRoom(roomPlaces(folders))) return true;
  if ((await lastRoom(folders)) !== null) return true;
  // A lab that is there with guests in memory stays so: its state knows nothing of disks.
  if (existsSync(join(folders.pve, "state.json"))) return false;
  return rooter !== undefined && whyNoGuests() === undefined;
}
