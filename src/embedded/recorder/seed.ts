import { readFile } from "node:fs/promises";
import type { GuestDescription } from "../../pve/simulator/guest-driver.ts";
import { readIso } from "../../twin/media.ts";
import { readNoCloud } from "../../twin/seed/nocloud.ts";
import type { DiskSeed } from "./disk.ts";

/**
 * What a guest would take from the CD in its drive; undefined where there is none of NoCloud's, or it gives no host key
 * by which the guest could be known.
 * @throws GuestDriverError for a CD that is malformed
 */
export async function seedOf(guest: GuestDescription): Promise<DiskSeed | undefined> {
  for (const { hostPath } of guest.cdroms) {
    if (hostPath === undefined) continue;
    const files = readIso(await readFile(hostPath));
    if (!files.has("meta-data")) continue;
    const { instance, hostname, hostKeys, users, nics } = readNoCloud(files, guest);
    const privateKeys = Object.entries(hostKeys).flatMap(([name, key]) => (name.endsWith("_private") ? [key] : []));
    if (privateKeys.length === 0) continue;
    return {
      instance,
      hostname,
      hostKeys: privateKeys,
      users: users.map(({ name, keys, sudo }) => ({
        name,
        keys: [...keys],
        isRoot: name === "root" || sudo.some((rule) => rule.includes("NOPASSWD:ALL")),
      })),
      addresses: nics.flatMap((nic) => nic.addresses.map((cidr) => cidr.split("/")[0]!)),
    };
  }
  return undefined;
}
