import { badParameter } from "../api-error.ts";
import { driveFormat, isDriveSlot } from "../schema/drive.ts";
import { parsePropertyString, printPropertyString } from "../schema/property-string.ts";
import type { Properties } from "../schema/property-string.ts";

/** A drive's line of the configuration, e.g. `local-lvm:vm-100-disk-0,size=32G`. */
export type Drive = Properties & { file: string };

// Listings read every guest's drives at every call; the same few lines come again and again.
const parsed = new Map<string, Drive>();
const PARSED_LIMIT = 10_000;

/** @returns a copy of its own: callers may change it */
export function parseDrive(slot: string, value: string): Drive {
  const key = `${slot}=${value}`;
  const known = parsed.get(key);
  if (known !== undefined) return { ...known };
  const format = driveFormat(slot);
  if (format === undefined) throw new Error(`${slot} holds no drive`);
  const properties = parsePropertyString(format, value);
  if (properties["file"] === undefined) throw badParameter(slot, "unable to parse drive options");
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  parsed.set(key, properties as Drive);
  return { ...(properties as Drive) };
}

export function printDrive(slot: string, drive: Drive): string {
  return printPropertyString(driveFormat(slot)!, drive);
}

/** `local-lvm:vm-100-cloudinit`, or the request to make one: `local-lvm:cloudinit`. */
export const isCloudInit = (drive: Drive): boolean => /(^|:)cloudinit$|[:/]vm-\d+-cloudinit(\.\w+)?$/.test(drive.file);

export const isEmptyCdrom = (drive: Drive): boolean => drive.file === "none" || drive.file === "cdrom";

export const isCdrom = (drive: Drive): boolean =>
  drive["media"] === "cdrom" || isEmptyCdrom(drive) || isCloudInit(drive);

/** All drives of a configuration, in the order of their slots' names. */
export function drivesOf(config: Readonly<Record<string, string>>): { slot: string; drive: Drive }[] {
  return Object.keys(config)
    .filter(isDriveSlot)
    .sort()
    .map((slot) => ({ slot, drive: parseDrive(slot, config[slot]!) }));
}

/** The storage of `local-lvm:vm-100-disk-0`. */
export const storageIdOf = (volume: string): string => volume.slice(0, Math.max(0, volume.indexOf(":")));
