import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../core/fault.ts";
import type { RoomArguments } from "./protocol.ts";

const manifest = z.strictObject({
  mountedAt: z.string(),
  enable: z.array(z.string()),
  mask: z.array(z.string()),
  packages: z.array(z.string()),
});

/** The router's firmware as bin/load.js has bundled it beside the other programs; null where there is none. */
export async function readFirmware(folder: string): Promise<RoomArguments["firmware"]> {
  try {
    const facts = manifest.parse(JSON.parse(await readFile(join(folder, "firmware.json"), "utf8")));
    return { folder, ...facts };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}
