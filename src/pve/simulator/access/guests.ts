import { failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import { isDriveSlot } from "../schema/drive.ts";
import { parsePropertyString, PropertyStringError } from "../schema/property-string.ts";
import { HOSTPCI_FORMAT, NET_FORMAT, USB_FORMAT, VIRTIOFS_FORMAT } from "../schema/vm-options.ts";
import { drivesOf, isCdrom, isCloudInit, parseDrive, storageIdOf } from "../vm/drive-string.ts";
import type { Drive } from "../vm/drive-string.ts";
import { splitList } from "../vm/edit.ts";
import { nextConfig } from "../vm/config.ts";
import type { Config } from "../vm/config.ts";
import { own } from "../world.ts";
import { enforce, notPermitted } from "./rule.ts";
import type { Sight } from "./rule.ts";

/** What a method's code checks by itself, once its parameters are right. @throws {ApiError} 403 */
export type Inside = (call: Call, sight: Sight) => void;

/** Options by the privilege that sets them (qemu-server API2/Qemu.pm, `$cpuoptions` … `$cloudinitoptions`). */
const OPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    "VM.Config.CPU": "cores cpu runningcpu cpulimit cpuunits numa smp sockets vcpus",
    "VM.Config.Memory": "memory balloon shares allow-ksm",
    "VM.Config.HWType": "acpi hotplug kvm machine runningmachine scsihw smbios1 tablet vga watchdog audio0 rng0",
    "VM.Config.Options":
      "agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection " +
      "reboot startdate startup tdf template",
    "VM.PowerMgmt": "freeze",
    "VM.Config.Disk": "boot bootdisk vmstatestorage",
  }).flatMap(([privilege, names]) => names.split(" ").map((name) => [name, privilege])),
);
const CLOUD_INIT = new Set("cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys".split(" "));
/** Values decide about these; see `checkValues`. */
const BY_VALUE = /^(cdrom|tags|(unused|serial|usb|hostpci|virtiofs)\d+)$/;

interface Guest {
  readonly vmid: number;
  /** Where it is being made: what is had on its pool suffices (`check_vm_perm`). */
  readonly pool?: string | undefined;
  readonly isRoot: boolean;
}

function enforceVm(sight: Sight, { vmid, pool }: Guest, privileges: readonly string[], isAny = false): void {
  if (pool !== undefined) {
    const held = sight(`/pool/${pool}`);
    const has = (name: string): boolean => held.has(name);
    if (isAny ? privileges.some(has) : privileges.every(has)) return;
  }
  enforce(sight, `/vms/${vmid}`, privileges, isAny);
}

/** `$check_vm_modify_config_perm`: by an option's name alone. */
function checkNames(sight: Sight, guest: Guest, names: readonly string[]): void {
  if (guest.isRoot) return;
  for (const name of names) {
    if (isDriveSlot(name) || BY_VALUE.test(name)) continue;
    const privilege = own(OPTIONS, name) ?? (/^numa\d+$/.test(name) ? "VM.Config.CPU" : undefined);
    if (privilege !== undefined) {
      enforceVm(sight, guest, [privilege]);
      // It changes how the host behaves.
      if (name === "startup") enforce(sight, "/", ["Sys.Modify"]);
    } else if (/^net\d+$/.test(name)) enforceVm(sight, guest, ["VM.Config.Network"]);
    else if (CLOUD_INIT.has(name) || /^ipconfig\d+$/.test(name))
      enforceVm(sight, guest, ["VM.Config.Cloudinit", "VM.Config.Network"], true);
    else if (name === "vmstate") enforceVm(sight, guest, ["VM.Config.Disk", "VM.PowerMgmt"]);
    else throw failure(`only root can set '${name}' config`);
  }
}

/** Devices: a socket or a mapping may be set, a real device of the node by root alone. */
function checkDevice(sight: Sight, guest: Guest, name: string, value: string): void {
  if (guest.isRoot) return;
  if (/^serial\d+$/.test(name)) {
    if (value !== "socket") throw failure(`only root can set '${name}' config for real devices`);
    enforceVm(sight, guest, ["VM.Config.HWType"]);
  } else if (/^usb\d+$/.test(name)) {
    enforceVm(sight, guest, ["VM.Config.HWType"]);
    checkMapping(sight, name, "usb", parsePropertyString(USB_FORMAT, value), /^spice$/i);
  } else if (/^hostpci\d+$/.test(name)) {
    checkMapping(sight, name, "pci", parsePropertyString(HOSTPCI_FORMAT, value));
    enforceVm(sight, guest, ["VM.Config.HWType"]);
  } else if (/^virtiofs\d+$/.test(name)) {
    enforceVm(sight, guest, ["VM.Config.Disk"]);
    enforce(sight, `/mapping/dir/${parsePropertyString(VIRTIOFS_FORMAT, value)["dirid"] ?? ""}`, ["Mapping.Use"]);
  }
}

function checkMapping(sight: Sight, name: string, kind: string, device: Readonly<Config>, isFree?: RegExp): void {
  const { host, mapping } = device;
  if (host !== undefined) {
    if (isFree?.test(host) !== true) throw failure(`only root can set '${name}' config for real devices`);
  } else if (mapping === undefined) throw failure("either 'host' or 'mapping' must be set.");
  else enforce(sight, `/mapping/${kind}/${mapping}`, ["Mapping.Use"]);
}

/** `check_bridge_access` and `check_vnet_access` (pve-guest-common GuestHelpers.pm); no SDN here, so the zone is the node's. */
function checkBridges(sight: Sight, guest: Guest, options: Readonly<Config>): void {
  if (guest.isRoot) return;
  for (const [name, value] of Object.entries(options)) {
    if (!/^net\d+$/.test(name)) continue;
    const { bridge, tag, trunks } = parsePropertyString(NET_FORMAT, value);
    if (bridge === undefined) continue;
    const path = `/sdn/zones/localnetwork/${bridge}`;
    if (tag !== undefined) enforce(sight, `${path}/${tag}`, ["SDN.Use"]);
    for (const one of tagsOf(trunks)) enforce(sight, `${path}/${one}`, ["SDN.Use"]);
    if (tag === undefined && trunks === undefined) enforce(sight, path, ["SDN.Use"]);
  }
}

/** `10;20-22` → 10, 20, 21, 22. */
const tagsOf = (trunks: string | undefined): number[] =>
  (trunks ?? "")
    .split(";")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [low = 0, high = low] = part.split("-").map(Number);
      return Array.from({ length: high - low + 1 }, (_entry, n) => low + n);
    });

/** `assert_tag_permissions` (pve-guest-common GuestHelpers.pm): it asks on the guest's own path, whatever its pool. */
function checkTags(sight: Sight, call: Call, guest: Guest, before: string, after: string): void {
  enforce(sight, `/vms/${guest.vmid}`, ["VM.Config.Options"]);
  if (sight("/").has("Sys.Modify")) return;
  const registered = splitList(call.world.state.clusterOptions["registered-tags"]);
  const [old, now] = [splitList(before), splitList(after)];
  const changed = [...old.filter((t) => !now.includes(t)), ...now.filter((t) => !old.includes(t))];
  const reserved = changed.find((tag) => registered.includes(tag));
  if (reserved !== undefined) throw notPermitted(`/, Sys.Modify for modifying tag '${reserved}'`);
}

/** `check_volume_access` (pve-storage Storage.pm). */
export function checkVolume(sight: Sight, vmid: number | undefined, volume: string): void {
  const storage = storageIdOf(volume);
  const name = volume.slice(storage.length + 1);
  const path = `/storage/${storage}`;
  if (sight(path).has("Datastore.Allocate")) return;
  if (/^(iso|vztmpl|import)\//.test(name)) {
    enforce(sight, path, ["Datastore.AllocateSpace", "Datastore.Audit"], true);
    return;
  }
  const owner = /(?:^|\/)(?:vm|base)-(\d+)-/.exec(name)?.[1];
  if (owner === undefined) throw failure(`missing privileges to access ${volume}`);
  if (Number(owner) === vmid) return;
  enforce(sight, path, ["Datastore.Audit"]);
  enforce(sight, `/vms/${owner}`, ["VM.Config.Disk"]);
}

/** `$check_storage_access`: of each drive that a change names. */
function checkStorages(sight: Sight, guest: Guest, options: Readonly<Config>): void {
  if (guest.isRoot) return;
  for (const [slot, value] of Object.entries(options)) {
    if (/^unused\d+$/.test(slot)) checkVolume(sight, guest.vmid, value.split(",")[0]!);
    const drive = driveOf(slot, value);
    if (drive === undefined) continue;
    const storage = storageIdOf(drive.file);
    const name = drive.file.slice(storage.length + 1);
    if (drive.file === "cdrom") enforce(sight, "/", ["Sys.Console"]);
    else if (/^\d+(\.\d+)?$/.test(name) && storage !== "")
      enforce(sight, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
    else if (drive.file !== "none" && name !== "cloudinit") checkVolume(sight, guest.vmid, drive.file);
    const source = drive["import-from"];
    if (source === undefined || storageIdOf(source) === "") continue;
    const owner = /(?:^|[:/])(?:vm|base)-(\d+)-/.exec(source)?.[1];
    if (owner !== undefined) enforce(sight, `/vms/${owner}`, ["VM.Clone"]);
    else checkVolume(sight, guest.vmid, source);
  }
  const state = options["vmstatestorage"];
  if (state !== undefined) enforce(sight, `/storage/${state}`, ["Datastore.AllocateSpace"]);
}

/** Undefined for what is no drive, or a bad one: the method's own check says why. */
function driveOf(slot: string, value: string): Drive | undefined {
  if (!isDriveSlot(slot)) return undefined;
  try {
    return parseDrive(slot, value);
  } catch (error) {
    if (error instanceof PropertyStringError) return undefined;
    throw error;
  }
}

const CREATE_ONLY = new Set([
  ..."node vmid archive bwlimit force ha-managed import-working-storage live-restore pool start storage unique".split(
    " ",
  ),
  ..."delete digest revert skiplock background_delay".split(" "),
]);
const optionsOf = (call: Call): Config => call.rest(...CREATE_ONLY);

/** `create_vm`; drives are free but for their storages, because VM.Allocate covers them. */
export const checkCreate: Inside = (call, sight) => {
  const guest: Guest = { vmid: call.vmid, pool: call.optional("pool"), isRoot: call.isRoot };
  const options = optionsOf(call);
  const storage = call.optional("storage");
  if (storage !== undefined) enforce(sight, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  if (call.flag("ha-managed")) enforce(sight, "/", ["Sys.Console"]);
  if (call.flag("start")) enforceVm(sight, guest, ["VM.PowerMgmt"]);
  const allocates = (path: string): boolean => sight(path).has("VM.Allocate");
  if (!allocates(`/vms/${guest.vmid}`) && (guest.pool === undefined || !allocates(`/pool/${guest.pool}`)))
    throw notPermitted();
  checkStorages(sight, guest, options);
  checkNames(sight, guest, Object.keys(options));
  for (const [name, value] of Object.entries(options)) checkDevice(sight, guest, name, value);
  checkBridges(sight, guest, options);
  if (options["tags"] !== undefined) checkTags(sight, call, guest, "", options["tags"]);
};

/** `update_vm`: what is there is looked at as well as what is wanted. */
export const checkEdit: Inside = (call, sight) => {
  const guest: Guest = { vmid: call.vmid, isRoot: call.isRoot };
  const options = optionsOf(call);
  const removed = splitList(call.optional("delete"));
  checkNames(sight, guest, removed);
  checkNames(sight, guest, Object.keys(options));
  checkStorages(sight, guest, options);
  checkBridges(sight, guest, options);
  const vm = own(call.world.state.vms, String(guest.vmid));
  const before = vm === undefined ? {} : nextConfig(vm);
  for (const name of removed) {
    const value = before[name];
    if (value !== undefined) checkValue(call, sight, guest, name, value, "");
  }
  for (const [name, value] of Object.entries(options)) {
    const old = before[name];
    if (old !== undefined && isDriveSlot(name)) checkDrive(sight, guest, name, old);
    checkValue(call, sight, guest, name, value, old);
  }
};

function checkValue(
  call: Call,
  sight: Sight,
  guest: Guest,
  name: string,
  value: string,
  old: string | undefined,
): void {
  if (isDriveSlot(name)) checkDrive(sight, guest, name, value);
  else if (/^unused\d+$/.test(name)) enforceVm(sight, guest, ["VM.Config.Disk"]);
  else if (name === "tags") checkTags(sight, call, guest, old ?? "", value);
  else if (/^net\d+$/.test(name)) checkBridges(sight, guest, { [name]: old === undefined || old === "" ? value : old });
  else checkDevice(sight, guest, name, value);
}

/** `$check_drive_perms`. */
function checkDrive(sight: Sight, guest: Guest, slot: string, value: string): void {
  const drive = driveOf(slot, value);
  if (drive === undefined) return;
  if (isCloudInit(drive)) enforceVm(sight, guest, ["VM.Config.Cloudinit", "VM.Config.CDROM"]);
  else enforceVm(sight, guest, [isCdrom(drive) ? "VM.Config.CDROM" : "VM.Config.Disk"]);
}

export const checkUnlink: Inside = (call, sight) => {
  const guest: Guest = { vmid: call.vmid, isRoot: call.isRoot };
  const before = own(call.world.state.vms, String(guest.vmid))?.config ?? {};
  for (const slot of splitList(call.text("idlist"))) {
    const value = before[slot];
    if (value !== undefined) checkValue(call, sight, guest, slot, value, "");
  }
};

/** `clone_vm`: `$check_storage_access_clone` and the bridges of the source. */
export const checkClone: Inside = (call, sight) => {
  const vm = own(call.world.state.vms, String(call.vmid));
  if (vm === undefined) return;
  const snapshot = call.optional("snapname");
  const config = snapshot === undefined ? nextConfig(vm) : (own(vm.snapshots, snapshot)?.config ?? {});
  const guest: Guest = { vmid: call.vmid, isRoot: call.isRoot };
  if (!guest.isRoot) {
    for (const { drive } of drivesOf(config)) {
      if (drive.file === "cdrom") enforce(sight, "/", ["Sys.Console"]);
      if (isCdrom(drive)) continue;
      const storage = call.optional("storage") ?? storageIdOf(drive.file);
      enforce(sight, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
    }
  }
  checkBridges(sight, guest, config);
};

export const checkMoveDisk: Inside = (call, sight) => {
  const storage = call.optional("storage");
  if (storage !== undefined) enforce(sight, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
};

export const checkMigrate: Inside = (call, sight) => {
  const pairs = splitList(call.optional("targetstorage"));
  if (pairs.length === 0) return;
  if (!pairs.includes("1")) enforce(sight, `/vms/${call.vmid}`, ["VM.Config.Disk"]);
  for (const pair of pairs.filter((p) => p !== "1"))
    enforce(sight, `/storage/${pair.split(":").at(-1)!}`, ["Datastore.AllocateSpace"]);
};

export const checkSuspend: Inside = (call, sight) => {
  if (!call.flag("todisk")) return;
  enforce(sight, `/vms/${call.vmid}`, ["VM.Config.Disk"]);
  const storage = call.optional("statestorage");
  if (storage !== undefined) enforce(sight, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
};
