import { failure } from "../api-error.ts";
import type { StorageState, VolumeOrigin, VolumeState } from "../state/state.ts";
import { nowSeconds, own, storageOf } from "../world.ts";
import type { World } from "../world.ts";

const FILE_STORAGES = new Set(["dir", "nfs", "cifs", "btrfs", "glusterfs", "cephfs"]);
const FORMATS = ["raw", "qcow2", "vmdk"] as const;

export const isFileStorage = (storage: StorageState): boolean => FILE_STORAGES.has(storage.type);

const keyOf = (node: string | null, volid: string): string => `${node ?? ""}/${volid}`;

/** The volume as that node sees it. */
export function findVolume(world: World, node: string, volid: string): VolumeState | undefined {
  return own(world.state.volumes, keyOf(node, volid)) ?? own(world.state.volumes, keyOf(null, volid));
}

export function volumeOf(world: World, node: string, volid: string): VolumeState {
  const volume = findVolume(world, node, volid);
  if (volume === undefined) throw failure(`volume '${volid}' does not exist`);
  return volume;
}

export function addVolume(world: World, volume: VolumeState): VolumeState {
  world.state.volumes[keyOf(volume.node, volume.volid)] = volume;
  world.touch();
  return volume;
}

export function removeVolume(world: World, volume: VolumeState): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the state is a JSON document
  delete world.state.volumes[keyOf(volume.node, volume.volid)];
  world.touch();
}

/** Another name or node for the same content (template, migration). */
export function renameVolume(
  world: World,
  volume: VolumeState,
  change: Partial<Pick<VolumeState, "volid" | "node">>,
): VolumeState {
  removeVolume(world, volume);
  return addVolume(world, { ...volume, ...change });
}

export interface DiskRequest {
  readonly storage: string;
  readonly node: string;
  readonly vmid: number;
  readonly sizeBytes: number;
  readonly origin: VolumeOrigin;
  readonly format?: string;
  readonly parent?: string;
  /** `cloudinit`, `state-…`; absent: `disk-N` with the first free N. */
  readonly suffix?: string;
}

/** Makes a disk on a storage that takes disks. @throws {ApiError} when it does not, or is full */
export function allocateDisk(world: World, request: DiskRequest): VolumeState {
  const storage = storageOf(world, request.storage, request.node);
  if (!storage.content.includes("images")) throw failure(`storage '${storage.id}' does not support vm images`);
  const node = storage.isShared ? null : request.node;
  const free = storage.totalBytes - usedBytes(world, storage, request.node);
  if (request.sizeBytes > free && storage.type !== "lvmthin")
    throw failure(`unable to create image: not enough space on '${storage.id}' (${request.sizeBytes} > ${free})`);
  // Without a word of it a directory makes raw files, which have no snapshots (pve-storage DirPlugin.pm, `plugindata`).
  const byDefault = request.suffix === "cloudinit" ? "qcow2" : "raw";
  const format = isFileStorage(storage) ? (request.format ?? byDefault) : "raw";
  return addVolume(world, {
    volid: freeName(world, storage, node, request, format),
    storage: storage.id,
    node,
    content: "images",
    format,
    sizeBytes: request.sizeBytes,
    createdAt: nowSeconds(),
    vmid: request.vmid,
    origin: request.origin,
    ...(request.parent === undefined ? {} : { parent: request.parent }),
  });
}

function freeName(
  world: World,
  storage: StorageState,
  node: string | null,
  request: DiskRequest,
  format: string,
): string {
  const isTaken = (base: string): boolean =>
    isFileStorage(storage)
      ? FORMATS.some(
          (ext) => own(world.state.volumes, keyOf(node, `${storage.id}:${request.vmid}/${base}.${ext}`)) !== undefined,
        )
      : own(world.state.volumes, keyOf(node, `${storage.id}:${base}`)) !== undefined;
  const full = (base: string): string =>
    isFileStorage(storage) ? `${storage.id}:${request.vmid}/${base}.${format}` : `${storage.id}:${base}`;
  if (request.suffix !== undefined) {
    const name = `vm-${request.vmid}-${request.suffix}`;
    if (isTaken(name)) throw failure(`unable to create image: volume '${full(name)}' already exists`);
    return full(name);
  }
  for (let n = 0; ; n++) {
    if (!isTaken(`vm-${request.vmid}-disk-${n}`) && !isTaken(`base-${request.vmid}-disk-${n}`))
      return full(`vm-${request.vmid}-disk-${n}`);
  }
}

const SNAPSHOTS_RAW: ReadonlySet<string> = new Set(["lvmthin", "zfspool", "zfs", "rbd", "btrfs"]);

/** Whether a disk can have snapshots: files in qcow2, block storages that have them (`volume_has_feature`). */
export function hasSnapshots(world: World, volume: VolumeState): boolean {
  const type = own(world.state.storages, volume.storage)?.type ?? "";
  return volume.format === "qcow2" || SNAPSHOTS_RAW.has(type);
}

/** A thin volume is taken to use a quarter of its size; a file all of it. */
export const usedBytesOf = (storage: StorageState, volume: VolumeState): number =>
  storage.type === "lvmthin" ? Math.floor(volume.sizeBytes / 4) : volume.sizeBytes;

/** Of the storage as that node sees it. */
export function usedBytes(world: World, storage: StorageState, node: string): number {
  let used = 0;
  for (const volume of volumesOn(world, storage, node)) used += usedBytesOf(storage, volume);
  return used;
}

export function volumesOn(world: World, storage: StorageState, node: string): VolumeState[] {
  return Object.values(world.state.volumes).filter(
    (volume) => volume.storage === storage.id && (volume.node === null || volume.node === node),
  );
}

/** Disks that belong to a guest, wherever they are attached. */
export const volumesOwnedBy = (world: World, vmid: number): VolumeState[] =>
  Object.values(world.state.volumes).filter((volume) => volume.vmid === vmid);

/** Linked clones whose base this volume is. */
export const childrenOf = (world: World, volid: string): VolumeState[] =>
  Object.values(world.state.volumes).filter((volume) => volume.parent === volid);
