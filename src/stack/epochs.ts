import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { diskFault, privateFolder, writePrivate } from "./folders.ts";
import { lockFolder } from "./lock.ts";

/*
 * How often each secret was rotated: beside the stack's secret, because both are needed to make the same lab again.
 * Labels are those of StackSecret.bytes (`password/samba-admin`), and no secret is in the file.
 */

const FILE = "epochs.json";
const stored = z.record(z.string().min(1), z.int().positive());

/**
 * The epochs that are not 0, by label.
 * @param folder `Folders.secrets`
 * @throws Fault EPOCHS_DAMAGED
 */
export async function readEpochs(folder: string): Promise<ReadonlyMap<string, number>> {
  const file = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Map();
    throw diskFault(error, `read ${file}`);
  }
  try {
    return new Map(Object.entries(stored.parse(JSON.parse(text))));
  } catch (error) {
    throw new Fault(
      "EPOCHS_DAMAGED",
      `${file} does not say how often secrets were rotated: ${messageOf(error).split("\n")[0]!}`,
      "Put the file back from your backup; without it every rotated secret would be its first one again.",
      error,
    );
  }
}

/**
 * Rotates a secret: from now on its label gives another one.
 * @returns its new epoch
 * @throws Fault EPOCHS_DAMAGED, LOCK_HELD
 */
export async function raiseEpoch(folder: string, label: string): Promise<number> {
  await privateFolder(folder);
  const release = await lockFolder(folder, "the stack's secrets", { staleMs: 20_000, waitMs: 20_000 });
  try {
    const epochs = new Map(await readEpochs(folder));
    const epoch = (epochs.get(label) ?? 0) + 1;
    epochs.set(label, epoch);
    const sorted = [...epochs].sort(([a], [b]) => (a < b ? -1 : 1));
    await writePrivate(join(folder, FILE), `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`);
    return epoch;
  } finally {
    await release();
  }
}
