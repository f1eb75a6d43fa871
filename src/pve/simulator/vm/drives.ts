import { badParameter, failure } from "../api-error.ts";
import { PropertyStringError } from "../schema/property-string.ts";
import type { VolumeOrigin, VolumeState } from "../state/state.ts";
import { own, storageOf } from "../world.ts";
import type { World } from "../world.ts";
import { removeKey } from "./config.ts";
import type { Config } from "./config.ts";
import { drivesOf, isCdrom, isCloudInit, isEmptyCdrom, parseDrive, printDrive, storageIdOf } from "./drive-string.ts";
import type { Drive } from "./drive-string.ts";
import { printSize } from "./size.ts";
import { allocateDisk, findVolume, removeVolume, volumeOf } from "./volumes.ts";

const GIB = 1024 ** 3;
const CLOUD_INIT_BYTES = 4 * 1024 * 1024;

interface Owner {
  readonly node: string;
  readonly vmid: number;
}

/** What a drive parameter asks for. */
type DriveRequest =
  | { readonly kind: "no-medium" }
  | { readonly kind: "cloud-init"; readonly storage: string }
  | { readonly kind: "new"; readonly storage: string; readonly sizeBytes: number; readonly source?: VolumeState }
  | { readonly kind: "existing"; readonly volume: VolumeState };

/**
 * Reads a drive parameter and checks it without changing anything, so that a bad one is refused
 * before a task starts.
 */
export function readDrive(
  world: World,
  owner: Owner,
  slot: string,
  value: string,
): { drive: Drive; request: DriveRequest } {
  let drive: Drive;
  try {
    drive = parseDrive(slot, value);
  } catch (error) {
    if (error instanceof PropertyStringError) throw badParameter(slot, `invalid format - ${error.message}\n`);
    throw error;
  }
  return { drive, request: requestOf(world, owner, slot, drive) };
}

function requestOf(world: World, owner: Owner, slot: string, drive: Drive): DriveRequest {
  if (isEmptyCdrom(drive)) return { kind: "no-medium" };
  const storage = storageIdOf(drive.file);
  const rest = drive.file.slice(storage.length + 1);
  if (storage === "" || drive.file.startsWith("/")) throw badParameter(slot, `not a valid volid: ${drive.file}`);
  if (rest === "cloudinit") {
    checkTakesImages(world, owner, storage);
    return { kind: "cloud-init", storage };
  }
  if (/^\d+(\.\d+)?$/.test(rest)) {
    checkTakesImages(world, owner, storage);
    const source = importSource(world, owner, slot, drive);
    return source === undefined
      ? { kind: "new", storage, sizeBytes: Math.round(Number(rest) * GIB) }
      : { kind: "new", storage, sizeBytes: source.virtualSizeBytes ?? source.sizeBytes, source };
  }
  storageOf(world, storage, owner.node);
  if (/^iso\//.test(rest) && drive["media"] !== "cdrom")
    throw badParameter(slot, "explicit 'media=cdrom' is required for iso images");
  return { kind: "existing", volume: volumeOf(world, owner.node, drive.file) };
}

function checkTakesImages(world: World, owner: Owner, storage: string): void {
  if (!storageOf(world, storage, owner.node).content.includes("images"))
    throw badParameter("storage", `storage '${storage}' does not support vm images`);
}

function importSource(world: World, owner: Owner, slot: string, drive: Drive): VolumeState | undefined {
  const from = drive["import-from"];
  if (from === undefined) return undefined;
  if (from.startsWith("/")) throw failure(`cannot import from '${from}' - the simulator has no host file system`);
  storageOf(world, storageIdOf(from), owner.node);
  const source = volumeOf(world, owner.node, from);
  if (source.content !== "import" && source.content !== "images")
    throw badParameter(slot, `cannot import from '${from}' - content type needs to be 'images' or 'import'`);
  return source;
}

/**
 * Makes what a drive parameter asks for.
 * @returns the line for the configuration: `local-lvm:vm-100-disk-0,size=32G`
 */
export function realiseDrive(
  world: World,
  owner: Owner,
  config: Readonly<Config>,
  slot: string,
  value: string,
): string {
  const { drive, request } = readDrive(world, owner, slot, value);
  removeKey(drive, "import-from");
  switch (request.kind) {
    case "no-medium":
      return printDrive(slot, { file: drive.file, media: "cdrom" });
    case "cloud-init": {
      checkOneCloudInit(config, slot);
      const made = allocateDisk(world, {
        ...owner,
        storage: request.storage,
        sizeBytes: CLOUD_INIT_BYTES,
        origin: { kind: "empty" },
        suffix: "cloudinit",
      });
      return printDrive(slot, { ...drive, file: made.volid, media: "cdrom", size: printSize(made.sizeBytes) });
    }
    case "new": {
      const made = allocateDisk(world, {
        ...owner,
        storage: request.storage,
        sizeBytes: Math.max(request.sizeBytes, slot === "efidisk0" ? 4 * 1024 * 1024 : 1024),
        origin: request.source === undefined ? { kind: "empty" } : originOfImport(request.source),
        ...formatOfNew(drive, request.source),
      });
      removeKey(drive, "format");
      return printDrive(slot, { ...drive, file: made.volid, size: printSize(made.sizeBytes) });
    }
    case "existing":
      if (isCloudInit(drive)) checkOneCloudInit(config, slot);
      return printDrive(slot, {
        ...drive,
        size: printSize(request.volume.sizeBytes),
        ...(isCdrom(drive) ? { media: "cdrom" } : {}),
      });
  }
}

/** What is asked for; else an import keeps its source's (`resolve_dst_disk_format`). */
function formatOfNew(drive: Drive, source: VolumeState | undefined): { readonly format?: string } {
  const format = drive["format"] ?? source?.format;
  return format === undefined ? {} : { format };
}

function originOfImport(source: VolumeState): VolumeOrigin {
  if (source.content === "images") return source.origin;
  return {
    kind: "image",
    volume: source.volid,
    ...(source.hostFile === undefined ? {} : { hostFile: source.hostFile }),
    ...(source.sourceUrl === undefined ? {} : { sourceUrl: source.sourceUrl }),
  };
}

function checkOneCloudInit(config: Readonly<Config>, slot: string): void {
  const other = drivesOf(config).find((entry) => entry.slot !== slot && isCloudInit(entry.drive));
  if (other !== undefined) throw failure(`${slot} - cloud-init drive is already attached at '${other.slot}'`);
}

/**
 * A drive leaves its slot: a disk of the guest's own becomes `unused[n]`, a cloud-init volume goes away,
 * a CD just leaves.
 * @param keep the volume that takes its place, which may be the same
 */
export function detachDrive(world: World, owner: Owner, config: Config, slot: string, keep?: string): void {
  const line = own(config, slot);
  if (line === undefined) return;
  const drive = parseDrive(slot, line);
  removeKey(config, slot);
  if (drive.file === keep || isEmptyCdrom(drive)) return;
  const volume = findVolume(world, owner.node, drive.file);
  if (volume === undefined || (isCdrom(drive) && !isCloudInit(drive))) return;
  if (isCloudInit(drive)) removeVolume(world, volume);
  else if (volume.vmid === owner.vmid) config[freeUnusedSlot(config)] = volume.volid;
}

function freeUnusedSlot(config: Readonly<Config>): string {
  for (let n = 0; n < 256; n++) {
    if (config[`unused${n}`] === undefined) return `unused${n}`;
  }
  throw failure("Too many unused volumes - please delete them first.");
}
