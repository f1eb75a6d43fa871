import { DRIVE_OPTIONS } from "./drive.ts";
import { flag, format, indexed, int, num, oneOf, opt, text } from "./schema.ts";
import type { PropertyFormat, PropertySchema } from "./schema.ts";

const MODELS =
  "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa ne2k_pci pcnet rtl8139 virtio vmxnet3".split(
    " ",
  );

export const NET_FORMAT: PropertyFormat = {
  model: { type: "string", enum: MODELS, defaultKey: true },
  macaddr: opt(format("mac-addr")),
  ...Object.fromEntries(MODELS.map((m) => [m, { type: "string", alias: "macaddr", keyAlias: "model" } as const])),
  bridge: opt(format("pve-bridge-id")),
  firewall: opt(flag()),
  link_down: opt(flag()),
  mtu: opt(int({ minimum: 1, maximum: 65520 })),
  queues: opt(int({ minimum: 0, maximum: 64 })),
  rate: opt(num({ minimum: 0 })),
  tag: opt(int({ minimum: 1, maximum: 4094 })),
  trunks: opt(text({ pattern: /\d+(-\d+)?(;\d+(-\d+)?)*/ })),
};

export const AGENT_FORMAT: PropertyFormat = {
  enabled: flag({ defaultKey: true }),
  "freeze-fs": opt(flag()),
  "freeze-fs-on-backup": { type: "boolean", alias: "freeze-fs" },
  "guest-fsfreeze": { type: "boolean", alias: "freeze-fs" },
  fstrim_cloned_disks: opt(flag()),
  type: opt(oneOf("virtio", "isa")),
};

const CPU_FORMAT: PropertyFormat = {
  cputype: opt(text({ defaultKey: true, pattern: /[\w.-]+/ })),
  flags: opt(text({ pattern: /[+-][a-zA-Z0-9\-_.]+(;[+-][a-zA-Z0-9\-_.]+)*/ })),
  "guest-phys-bits": opt(int({ minimum: 32, maximum: 64 })),
  hidden: opt(flag()),
  "hv-vendor-id": opt(text({ pattern: /[a-zA-Z0-9]{1,12}/ })),
  "phys-bits": opt(text({ pattern: /\d{1,2}|host/ })),
  "reported-model": opt(text()),
};

const IPCONFIG_FORMAT: PropertyFormat = {
  ip: opt(format("pve-ipv4-config")),
  gw: opt(format("ipv4")),
  ip6: opt(format("pve-ipv6-config")),
  gw6: opt(format("ipv6")),
};

const BASE64 = /[A-Za-z0-9+/]+={0,2}/;
const UUID = /[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}/;
const SMBIOS_FORMAT: PropertyFormat = {
  uuid: opt(text({ pattern: UUID })),
  base64: opt(flag()),
  ...Object.fromEntries(
    ["version", "serial", "manufacturer", "product", "sku", "family"].map((key) => [
      key,
      opt(text({ pattern: BASE64 })),
    ]),
  ),
};

const VGA_FORMAT: PropertyFormat = {
  type: opt(
    oneOf(..."cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3 std virtio virtio-gl vmware".split(" ")),
    { defaultKey: true },
  ),
  memory: opt(int({ minimum: 4, maximum: 512 })),
  clipboard: opt(oneOf("vnc")),
};

const MACHINE_FORMAT: PropertyFormat = {
  type: opt(
    text({
      defaultKey: true,
      maxLength: 40,
      pattern: /(pc|q35|virt)((-i440fx|-q35)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?)?/,
    }),
  ),
  "aw-bits": opt(num({ minimum: 32, maximum: 64 })),
  "enable-s3": opt(flag()),
  "enable-s4": opt(flag()),
  viommu: opt(oneOf("intel", "virtio")),
};

const CPUSET = /\d+(-\d+)?(;\d+(-\d+)?)*/;
const NUMA_FORMAT: PropertyFormat = {
  cpus: text({ pattern: CPUSET }),
  hostnodes: opt(text({ pattern: CPUSET })),
  memory: opt(num()),
  policy: opt(oneOf("preferred", "bind", "interleave")),
};

const CICUSTOM_FORMAT: PropertyFormat = Object.fromEntries(
  ["meta", "network", "user", "vendor"].map((key) => [key, opt(format("pve-volume-id"))]),
);

export const HOSTPCI_FORMAT: PropertyFormat = {
  host: opt(text({ defaultKey: true })),
  mapping: opt(format("pve-configid")),
  driver: opt(oneOf("vfio", "keep")),
  mdev: opt(text()),
  romfile: opt(text()),
  ...Object.fromEntries(["legacy-igd", "pcie", "rombar", "x-vga"].map((key) => [key, opt(flag())])),
  ...Object.fromEntries(["device-id", "sub-device-id", "sub-vendor-id", "vendor-id"].map((key) => [key, opt(text())])),
};

export const USB_FORMAT: PropertyFormat = {
  host: opt(text({ defaultKey: true })),
  mapping: opt(format("pve-configid")),
  usb3: opt(flag()),
};
const RNG_FORMAT: PropertyFormat = {
  source: oneOf("/dev/urandom", "/dev/random", "/dev/hwrng"),
  max_bytes: opt(int()),
  period: opt(int()),
};
const WATCHDOG_FORMAT: PropertyFormat = {
  model: opt(oneOf("i6300esb", "ib700"), { defaultKey: true }),
  action: opt(oneOf("reset", "shutdown", "poweroff", "pause", "debug", "none")),
};
export const VIRTIOFS_FORMAT: PropertyFormat = {
  dirid: text({ defaultKey: true }),
  cache: opt(oneOf("auto", "always", "metadata", "never")),
  "direct-io": opt(flag()),
  "expose-acl": opt(flag()),
  "expose-xattr": opt(flag()),
};

export const KEYBOARDS =
  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr".split(" ");

/** Options of cloud-init; a change of one is what `PUT …/cloudinit` writes into the drive. */
export const CLOUD_INIT_OPTIONS: Readonly<Record<string, PropertySchema>> = {
  cicustom: opt(format(CICUSTOM_FORMAT)),
  cipassword: opt(text()),
  citype: opt(oneOf("configdrive2", "nocloud", "opennebula")),
  ciupgrade: opt(flag()),
  ciuser: opt(text()),
  nameserver: opt(format("address-list")),
  searchdomain: opt(text()),
  sshkeys: opt(format("urlencoded")),
  ...indexed("ipconfig", 32, opt(format(IPCONFIG_FORMAT))),
};

/** Every option of a virtual machine's configuration file that the API takes. */
export const VM_OPTIONS: Readonly<Record<string, PropertySchema>> = {
  ...DRIVE_OPTIONS,
  ...CLOUD_INIT_OPTIONS,
  ...indexed("net", 32, opt(format(NET_FORMAT))),
  ...indexed("serial", 4, opt(text({ pattern: /(\/dev\/.+|socket)/ }))),
  ...indexed("parallel", 3, opt(text({ pattern: /\/dev\/parport\d+|\/dev\/usb\/lp\d+/ }))),
  ...indexed("numa", 8, opt(format(NUMA_FORMAT))),
  ...indexed("hostpci", 16, opt(format(HOSTPCI_FORMAT))),
  ...indexed("usb", 14, opt(format(USB_FORMAT))),
  ...indexed("virtiofs", 10, opt(format(VIRTIOFS_FORMAT))),
  acpi: opt(flag()),
  affinity: opt(text({ pattern: /[\d,-]+/ })),
  agent: opt(format(AGENT_FORMAT)),
  "allow-ksm": opt(flag()),
  "amd-sev": opt(text()),
  arch: opt(oneOf("x86_64", "aarch64")),
  args: opt(text()),
  audio0: opt(format({ device: oneOf("ich9-intel-hda", "intel-hda", "AC97"), driver: opt(oneOf("spice", "none")) })),
  autostart: opt(flag()),
  balloon: opt(int({ minimum: 0 })),
  bios: opt(oneOf("seabios", "ovmf")),
  boot: opt(format("pve-qm-boot")),
  bootdisk: opt(text({ pattern: /(ide|sata|scsi|virtio)\d+/ })),
  cdrom: opt(text()),
  cores: opt(int({ minimum: 1 })),
  cpu: opt(format(CPU_FORMAT)),
  cpulimit: opt(num({ minimum: 0, maximum: 128 })),
  cpuunits: opt(int({ minimum: 1, maximum: 262144 })),
  description: opt(text({ maxLength: 8192 })),
  freeze: opt(flag()),
  hookscript: opt(format("pve-volume-id")),
  hotplug: opt(format("pve-hotplug-features")),
  hugepages: opt(oneOf("any", "2", "1024")),
  "intel-tdx": opt(text()),
  ivshmem: opt(format({ size: int({ minimum: 1 }), name: opt(text({ pattern: /[a-zA-Z0-9-]+/ })) })),
  keephugepages: opt(flag()),
  keyboard: opt(oneOf(...KEYBOARDS)),
  kvm: opt(flag()),
  localtime: opt(flag()),
  lock: opt(oneOf(..."backup clone create migrate rollback snapshot snapshot-delete suspending suspended".split(" "))),
  machine: opt(format(MACHINE_FORMAT)),
  memory: opt(format({ current: int({ minimum: 16, defaultKey: true }) })),
  migrate_downtime: opt(num({ minimum: 0 })),
  migrate_speed: opt(int({ minimum: 0 })),
  name: opt(format("dns-name")),
  numa: opt(flag()),
  onboot: opt(flag()),
  ostype: opt(oneOf(..."other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris".split(" "))),
  protection: opt(flag()),
  reboot: opt(flag()),
  rng0: opt(format(RNG_FORMAT)),
  scsihw: opt(oneOf(..."lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi".split(" "))),
  shares: opt(int({ minimum: 0, maximum: 50000 })),
  smbios1: opt(format(SMBIOS_FORMAT), { maxLength: 512 }),
  smp: opt(int({ minimum: 1 })),
  sockets: opt(int({ minimum: 1 })),
  spice_enhancements: opt(format({ foldersharing: opt(flag()), videostreaming: opt(oneOf("off", "all", "filter")) })),
  startdate: opt(text({ pattern: /now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?/ })),
  startup: opt(format("pve-startup-order")),
  tablet: opt(flag()),
  tags: opt(format("pve-tag-list")),
  tdf: opt(flag()),
  template: opt(flag()),
  vcpus: opt(int({ minimum: 1 })),
  vga: opt(format(VGA_FORMAT)),
  vmgenid: opt(text({ pattern: /[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01]/ })),
  vmstatestorage: opt(format("pve-storage-id")),
  watchdog: opt(format(WATCHDOG_FORMAT)),
};
