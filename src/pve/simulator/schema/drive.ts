import { flag, format, indexed, int, num, oneOf, opt, text } from "./schema.ts";
import type { PropertyFormat, PropertySchema } from "./schema.ts";

const limits = (unit: "bps" | "iops"): PropertyFormat => ({
  [unit]: opt(int()),
  [`${unit}_rd`]: opt(int()),
  [`${unit}_wr`]: opt(int()),
  [`${unit}_max_length`]: opt(int({ minimum: 1 })),
  [`${unit}_rd_max_length`]: opt(int({ minimum: 1 })),
  [`${unit}_wr_max_length`]: opt(int({ minimum: 1 })),
  [`${unit}_rd_length`]: { type: "integer", alias: `${unit}_rd_max_length` },
  [`${unit}_wr_length`]: { type: "integer", alias: `${unit}_wr_max_length` },
});

const volume: PropertyFormat = {
  file: { type: "string", format: "pve-volume-id-or-qm-path", defaultKey: true },
  volume: { type: "string", alias: "file" },
  format: opt(oneOf("raw", "qcow", "qed", "qcow2", "vmdk", "cloop")),
  "import-from": opt(format("pve-volume-id-or-absolute-path")),
  size: opt(format("disk-size")),
};

const common: PropertyFormat = {
  ...volume,
  ...limits("bps"),
  ...limits("iops"),
  iops_max: opt(int()),
  iops_rd_max: opt(int()),
  iops_wr_max: opt(int()),
  mbps: opt(num()),
  mbps_max: opt(num()),
  mbps_rd: opt(num()),
  mbps_rd_max: opt(num()),
  mbps_wr: opt(num()),
  mbps_wr_max: opt(num()),
  aio: opt(oneOf("native", "threads", "io_uring")),
  backup: opt(flag()),
  cache: opt(oneOf("none", "writethrough", "writeback", "unsafe", "directsync")),
  detect_zeroes: opt(flag()),
  discard: opt(oneOf("ignore", "on")),
  media: opt(oneOf("cdrom", "disk")),
  replicate: opt(flag()),
  rerror: opt(oneOf("ignore", "report", "stop")),
  serial: opt(text({ maxLength: 60, format: "urlencoded" })),
  shared: opt(flag()),
  snapshot: opt(flag()),
  werror: opt(oneOf("enospc", "ignore", "report", "stop")),
};

const ssd: PropertyFormat = { ssd: opt(flag()), wwn: opt(text({ pattern: /(0x)[0-9a-fA-F]{16}/ })) };
const threaded: PropertyFormat = { iothread: opt(flag()), ro: opt(flag()) };

const DRIVE_FORMATS = {
  ide: { ...common, ...ssd, model: opt(text({ maxLength: 120, format: "urlencoded" })) },
  sata: { ...common, ...ssd },
  scsi: {
    ...common,
    ...ssd,
    ...threaded,
    queues: opt(int({ minimum: 2 })),
    scsiblock: opt(flag()),
    product: opt(text({ pattern: /[\w\-\s]{0,16}/ })),
    vendor: opt(text({ pattern: /[\w\-\s]{0,8}/ })),
  },
  virtio: { ...common, ...threaded },
  efidisk: {
    ...volume,
    efitype: opt(oneOf("2m", "4m")),
    "ms-cert": opt(oneOf("2011", "2023", "2023w", "2023k")),
    "pre-enrolled-keys": opt(flag()),
  },
  tpmstate: { ...volume, version: opt(oneOf("v1.2", "v2.0")) },
  unused: {
    file: { type: "string", format: "pve-volume-id", defaultKey: true },
    volume: { type: "string", alias: "file" },
  },
} satisfies Record<string, PropertyFormat>;

const SLOT = /^(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30)|virtio([0-9]|1[0-5])|efidisk0|tpmstate0)$/;

/** Slots that hold a disk or a CD drive: `scsi0`, `ide2`, `efidisk0` … but not `unused0`. */
export const isDriveSlot = (key: string): boolean => SLOT.test(key);

/** @returns the keys of a drive's property string; undefined when `slot` holds no drive */
export function driveFormat(slot: string): PropertyFormat | undefined {
  if (!isDriveSlot(slot) && !/^unused\d+$/.test(slot)) return undefined;
  return DRIVE_FORMATS[slot.replace(/\d+$/, "") as keyof typeof DRIVE_FORMATS];
}

/** Every drive slot in the order Proxmox lists them, for parameters that name one. */
export const DRIVE_SLOTS: readonly string[] = [
  ...Object.keys(indexed("ide", 4, text())),
  ...Object.keys(indexed("scsi", 31, text())),
  ...Object.keys(indexed("virtio", 16, text())),
  ...Object.keys(indexed("sata", 6, text())),
  "efidisk0",
  "tpmstate0",
];

export const DRIVE_OPTIONS: Readonly<Record<string, PropertySchema>> = {
  ...indexed("ide", 4, opt(format(DRIVE_FORMATS.ide))),
  ...indexed("sata", 6, opt(format(DRIVE_FORMATS.sata))),
  ...indexed("scsi", 31, opt(format(DRIVE_FORMATS.scsi))),
  ...indexed("virtio", 16, opt(format(DRIVE_FORMATS.virtio))),
  ...indexed("unused", 256, opt(format(DRIVE_FORMATS.unused))),
  efidisk0: opt(format(DRIVE_FORMATS.efidisk)),
  tpmstate0: opt(format(DRIVE_FORMATS.tpmstate)),
};
