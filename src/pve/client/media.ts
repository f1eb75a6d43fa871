import { z } from "zod";
import { nothing } from "./answers.ts";
import { deleteVolume } from "./guests.ts";
import { seg, type PveClient } from "./client.ts";

/** Where a CD is, or is to be. */
export interface Drive {
  readonly node: string;
  readonly vmId: number;
  /** `ide3` */
  readonly slot: string;
  /** `local:iso/x.iso` */
  readonly volume: string;
}

const configOf = (at: Drive): string => `/nodes/${seg(at.node)}/qemu/${at.vmId}/config`;
const storageOf = (at: Drive): string => at.volume.split(":")[0]!;

async function isIn(client: PveClient, at: Drive): Promise<boolean> {
  const drive = (await client.get(configOf(at), z.record(z.string(), z.unknown())))[at.slot];
  return typeof drive === "string" && drive.split(",")[0] === at.volume;
}

/** Puts a CD that is there into a guest's drive, if it is not in it. @returns whether it was put in */
export async function insert(client: PveClient, at: Drive): Promise<boolean> {
  if (await isIn(client, at)) return false;
  if (!(await client.hasVolume(at.node, storageOf(at), at.volume))) return false;
  await client.put(configOf(at), nothing, { [at.slot]: `${at.volume},media=cdrom` });
  return true;
}

/** Empties a guest's CD drive and deletes what lay in it, if that is still so. @returns whether it was */
export async function ejectAndDelete(client: PveClient, at: Drive): Promise<boolean> {
  const wasIn = await isIn(client, at);
  // The drive stays, empty: an operating system that lost it would see other hardware.
  if (wasIn) await client.put(configOf(at), nothing, { [at.slot]: "none,media=cdrom" });
  const isThere = await client.hasVolume(at.node, storageOf(at), at.volume);
  if (isThere) await deleteVolume(client, at.node, storageOf(at), at.volume);
  return wasIn || isThere;
}
