import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../../../core/fault.ts";

/** Where the hypervisor shows the CDs that are attached. */
const MEDIA = "/run/maquette/media";
/** Where pfSense keeps its configuration. */
export const CONFIG = "/cf/conf/config.xml";

export interface FoundFile {
  readonly bytes: Uint8Array;
  /** The path it was found at. */
  readonly source: string;
  readonly isFromMedium: boolean;
}

/**
 * The External Configuration Locator (`rc.ecl`): a medium with `/config.xml` or `/config/config.xml` wins, at each boot
 * while it is attached; else what is on the disk.
 * @throws Fault ROUTER_NO_FILE when there is neither
 */
export function locateConfig(media = MEDIA, disk = CONFIG): FoundFile {
  const slots = existsSync(media) ? readdirSync(media).sort() : [];
  for (const slot of slots) {
    for (const name of ["config.xml", "config/config.xml"]) {
      const source = join(media, slot, name);
      if (existsSync(source)) return { bytes: readFileSync(source), source, isFromMedium: true };
    }
  }
  if (existsSync(disk)) return { bytes: readFileSync(disk), source: disk, isFromMedium: false };
  const looked = slots.length === 0 ? "no medium is attached" : `the media ${slots.join(", ")} hold no config.xml`;
  const hint = "Attach an ISO with /config.xml, or put the file on the disk and start again.";
  throw new Fault("ROUTER_NO_FILE", `There is no configuration: ${looked}, and there is no ${disk}`, hint);
}
