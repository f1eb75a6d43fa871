import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ProbeResult } from "../accept/probes/index.ts";
import type { SeenRed } from "../accept/probes/page.ts";
import { writePrivate } from "../stack/folders.ts";

const FILE = "seen-red.json";

const schema = z.record(z.string(), z.object({ at: z.coerce.date(), seen: z.string() }));

/**
 * When each probe was last seen red in this lab, and what it saw then: what nobody has ever seen red shows less. Those of
 * now are added.
 * @param stack the stack's state folder @returns by probe
 */
export async function keepSeenRed(
  stack: string,
  results: readonly ProbeResult[],
  at: Date,
): Promise<ReadonlyMap<string, SeenRed>> {
  const known = await kept(join(stack, FILE));
  const red = results.filter((r) => !r.isGood);
  for (const { probe, seen } of red) known.set(probe.id, { at, seen });
  if (red.length > 0) await writePrivate(join(stack, FILE), JSON.stringify(Object.fromEntries(known)));
  return known;
}

async function kept(file: string): Promise<Map<string, SeenRed>> {
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(await readFile(file, "utf8")))));
  } catch {
    // There is none yet, or a full disk cut it off.
    return new Map();
  }
}
