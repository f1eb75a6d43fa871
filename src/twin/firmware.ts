import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RoomArguments } from "./protocol.ts";
import { DISABLED_UNITS, FIRMWARE_FOLDER, MASKED_UNITS, ROUTER_UNIT, routerPackages } from "./router/firmware.ts";

/** The router's firmware as bin/firmware.js has made its folder. */
export function firmwareIn(folder: string): NonNullable<RoomArguments["firmware"]> {
  if (!existsSync(join(folder, ROUTER_UNIT))) throw new Error(`there is no firmware in ${folder}`);
  return {
    folder,
    mountedAt: FIRMWARE_FOLDER,
    enable: [ROUTER_UNIT],
    disable: [...DISABLED_UNITS],
    mask: [...MASKED_UNITS],
    packages: [...routerPackages],
  };
}
