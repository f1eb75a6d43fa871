import { basename, join } from "node:path";
import { rename, rm } from "node:fs/promises";
import { badParameter, failure } from "../api-error.ts";
import { flag, format, int, oneOf, opt, storageId, text, vmid, node as nodeSchema } from "../schema/schema.ts";
import type { StorageState, VolumeState } from "../state/state.ts";
import { splitList } from "../vm/edit.ts";
import { parseSize } from "../vm/size.ts";
import {
  addVolume,
  allocateDisk,
  childrenOf,
  findVolume,
  removeVolume,
  usedBytes,
  usedBytesOf,
  volumeOf,
  volumesOn,
} from "../vm/volumes.ts";
import { drivesOf } from "../vm/drive-string.ts";
import { nodeOf, nowSeconds, storageOf } from "../world.ts";
import { method, subdirs } from "./method.ts";
import type { Call } from "./method.ts";
import { EXTENSIONS, formatOf, MADE_UP_VIRTUAL_BYTES, madeUpFile, volumeAnswer, volumePath } from "./storage-facts.ts";

const ALGORITHMS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] as const;
const INCOMING = {
  content: oneOf("iso", "vztmpl", "import"),
  filename: text({ maxLength: 255 }),
  checksum: opt(text(), { requires: "checksum-algorithm" }),
  "checksum-algorithm": opt(oneOf(...ALGORITHMS), { requires: "checksum" }),
};

function here(call: Call): StorageState {
  nodeOf(call.world, call.node);
  return storageOf(call.world, call.text("storage"), call.node);
}

function statusOf(call: Call, storage: StorageState): Record<string, string | number> {
  const used = usedBytes(call.world, storage, call.node);
  return {
    type: storage.type,
    content: storage.content.join(","),
    active: 1,
    enabled: 1,
    shared: storage.isShared ? 1 : 0,
    total: storage.totalBytes,
    used,
    avail: Math.max(0, storage.totalBytes - used),
  };
}

function volidOf(call: Call): string {
  const volume = call.text("volume");
  return volume.includes(":") ? volume : `${call.text("storage")}:${volume}`;
}

function incomingName(call: Call, storage: StorageState): string {
  const content = call.text("content");
  const filename = call
    .text("filename")
    .replace(/^.*[/\\]/, "")
    .replaceAll(/[^\w.\-+]/g, "_");
  if (!storage.content.includes(content))
    throw badParameter("storage", `storage '${storage.id}' does not support '${content}' content`);
  if (!EXTENSIONS[content]!.test(filename) || filename.startsWith("."))
    throw badParameter("filename", "wrong file extension");
  return filename;
}

function incomingVolume(call: Call, storage: StorageState, filename: string): Omit<VolumeState, "sizeBytes"> {
  return {
    volid: `${storage.id}:${call.text("content")}/${filename}`,
    storage: storage.id,
    node: storage.isShared ? null : call.node,
    content: call.text("content"),
    format: formatOf(filename),
    createdAt: nowSeconds(),
    origin: { kind: "empty" },
  };
}

/** The file has reached the disk before the handler runs; here it gets its place. */
async function upload(call: Call): Promise<string> {
  const storage = here(call);
  const filename = incomingName(call, storage);
  const file = call.upload;
  if (file === undefined) throw failure("no file was uploaded");
  const volume = incomingVolume(call, storage, filename);
  const { world } = call;
  const hostFile = `${volume.node ?? "shared"}-${storage.id}-${volume.content}-${filename}`;
  const temporary = join(world.filesDir, `incoming-${basename(file.path)}`);
  // The request's own temporary goes away with the request; the task needs it longer.
  await rename(file.path, temporary);
  return call.task("imgcopy", "", async (task) => {
    try {
      await task.elapse();
      const algorithm = call.optional("checksum-algorithm");
      if (algorithm !== undefined && file.digests[algorithm] !== call.text("checksum").toLowerCase())
        throw failure(`checksum mismatch: got '${file.digests[algorithm]}' != expect '${call.text("checksum")}'`);
      await rename(temporary, join(world.filesDir, hostFile));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    addVolume(world, { ...volume, sizeBytes: file.sizeBytes, virtualSizeBytes: file.sizeBytes, hostFile });
    task.log(`finished file import successfully (${file.sizeBytes} bytes)`);
  });
}

function download(call: Call): string {
  const storage = here(call);
  const filename = incomingName(call, storage);
  const url = call.text("url");
  const volume = incomingVolume(call, storage, filename);
  if (findVolume(call.world, call.node, volume.volid) !== undefined)
    throw failure(`refusing to override existing file '${filename}'`);
  return call.task("download", filename, async (task) => {
    task.log(`downloading ${url}: the simulator fetches nothing, size and content are made up`);
    await task.elapse();
    addVolume(call.world, {
      ...volume,
      sizeBytes: madeUpFile(url).sizeBytes,
      virtualSizeBytes: MADE_UP_VIRTUAL_BYTES,
      sourceUrl: url,
    });
  });
}

function deleteVolume(call: Call): string {
  here(call);
  const { world, node } = call;
  const volume = volumeOf(world, node, volidOf(call));
  if (volume.isProtected === true) throw failure(`can't remove volume '${volume.volid}' - protected`);
  const child = childrenOf(world, volume.volid)[0];
  if (child !== undefined)
    throw failure(`base volume '${volume.volid}' is still in use by linked clone '${child.volid}'`);
  if (volume.content === "images") {
    const user = Object.values(world.state.vms).find((vm) =>
      drivesOf(vm.config).some(({ drive }) => drive.file === volume.volid),
    );
    if (user !== undefined) throw failure(`Cannot remove image, a guest with VMID '${user.vmid}' exists!`);
  }
  return call.task("imgdel", (volume.vmid === undefined ? "" : `${volume.vmid}@`) + volume.storage, async (task) => {
    await task.elapse();
    if (volume.hostFile !== undefined) await rm(join(world.filesDir, volume.hostFile), { force: true });
    removeVolume(world, volume);
    task.log(`Removed volume '${volume.volid}'`);
  });
}

export const STORAGE = [
  method(
    "GET",
    "/nodes/{node}/storage",
    {
      content: opt(format("pve-storage-content-list")),
      enabled: opt(flag(), { default: false }),
      format: opt(flag(), { default: false }),
      storage: opt(storageId),
      target: opt(nodeSchema),
    },
    (call) => {
      nodeOf(call.world, call.node);
      const wanted = splitList(call.optional("content"));
      return Object.values(call.world.state.storages)
        .filter((storage) => call.may(`/storage/${storage.id}`, "Datastore.Audit", "Datastore.AllocateSpace"))
        .filter((storage) => storage.nodes?.includes(call.node) ?? true)
        .filter((storage) => !call.has("storage") || storage.id === call.text("storage"))
        .filter((storage) => wanted.length === 0 || wanted.some((content) => storage.content.includes(content)))
        .map((storage) => {
          const status = statusOf(call, storage);
          return { storage: storage.id, ...status, used_fraction: Number(status["used"]) / storage.totalBytes };
        });
    },
  ),
  method("GET", "/nodes/{node}/storage/{storage}", {}, (call) => {
    here(call);
    return subdirs("content", "download-url", "status", "upload");
  }),
  method("GET", "/nodes/{node}/storage/{storage}/status", {}, (call) => statusOf(call, here(call))),
  method(
    "GET",
    "/nodes/{node}/storage/{storage}/content",
    { content: opt(format("pve-storage-content")), vmid: opt(vmid) },
    (call) => {
      const storage = here(call);
      return volumesOn(call.world, storage, call.node)
        .filter((volume) => !call.has("content") || volume.content === call.text("content"))
        .filter((volume) => !call.has("vmid") || volume.vmid === call.vmid)
        .map((volume) => volumeAnswer(storage, volume));
    },
  ),
  method(
    "POST",
    "/nodes/{node}/storage/{storage}/content",
    {
      filename: text(),
      format: opt(oneOf("raw", "qcow2", "subvol", "vmdk"), { requires: "size" }),
      size: text({ pattern: /\d+[MG]?/ }),
      vmid,
    },
    (call) => {
      const storage = here(call);
      const suffix = /^vm-(\d+)-([\w-]+)(\.\w+)?$/.exec(call.text("filename"));
      if (Number(suffix?.[1]) !== call.vmid)
        throw failure(`illegal name '${call.text("filename")}' - should be 'vm-${call.vmid}-*'`);
      const size = call.text("size");
      const sizeBytes = /[MG]$/.test(size) ? parseSize(size)! : Number(size) * 1024;
      return allocateDisk(call.world, {
        storage: storage.id,
        node: call.node,
        vmid: call.vmid,
        sizeBytes,
        origin: { kind: "empty" },
        suffix: suffix![2]!,
      }).volid;
    },
  ),
  method("GET", "/nodes/{node}/storage/{storage}/content/{volume}", {}, (call) => {
    const storage = here(call);
    const volume = volumeOf(call.world, call.node, volidOf(call));
    return {
      path: volumePath(storage, volume),
      format: volume.format,
      size: volume.sizeBytes,
      used: usedBytesOf(storage, volume),
      ...(volume.notes === undefined ? {} : { notes: volume.notes }),
      ...(volume.isProtected === true ? { protected: 1 } : {}),
    };
  }),
  method(
    "PUT",
    "/nodes/{node}/storage/{storage}/content/{volume}",
    { notes: opt(text()), protected: opt(flag()) },
    (call) => {
      here(call);
      const volume = volumeOf(call.world, call.node, volidOf(call));
      const notes = call.optional("notes");
      if (notes !== undefined) volume.notes = notes;
      if (call.has("protected")) volume.isProtected = call.flag("protected");
      call.world.touch();
    },
  ),
  method(
    "DELETE",
    "/nodes/{node}/storage/{storage}/content/{volume}",
    { delay: opt(int({ minimum: 1, maximum: 30 })) },
    deleteVolume,
  ),
  method(
    "POST",
    "/nodes/{node}/storage/{storage}/upload",
    { ...INCOMING, tmpfilename: opt(text({ pattern: /\/var\/tmp\/pveupload-[0-9a-f]+/ })) },
    upload,
  ),
  method(
    "POST",
    "/nodes/{node}/storage/{storage}/download-url",
    {
      ...INCOMING,
      compression: opt(text()),
      url: text({ pattern: /https?:\/\/.*/ }),
      "verify-certificates": opt(flag(), { default: true }),
    },
    download,
  ),
];
