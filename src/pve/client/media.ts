import { z } from "zod";
import { nothing } from "./answers.ts";
import { deleteVolume } from "./guests.ts";
import { seg, type PveClient } from "./client.ts";

/** Empties a guest's CD drive and deletes what lay in it, if that is still so. @returns whether it was */
export async function ejectAndDelete(
  client: PveClient,
  at: { readonly node: string; readonly vmId: number; readonly slot: string; readonly volume: string },
): Promise<boolean> {
  const path = `/nodes/${seg(at.node)}/qemu/${at.vmId}/config`;
  const config = await client.get(path, z.record(z.string(), z.unknown()));
  const drive = config[at.slot];
  const isIn = typeof drive === "string" && drive.split(",")[0] === at.volume;
  // The drive stays, empty: an operating system that lost it would see other hardware.
  if (isIn) await client.put(path, nothing, { [at.slot]: "none,media=cdrom" });
  const storage = at.volume.split(":")[0]!;
  const isThere = await client.hasVolume(at.node, storage, at.volume);
  if (isThere) await deleteVolume(client, at.node, storage, at.volume);
  return isIn || isThere;
}
