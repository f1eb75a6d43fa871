import { join } from "node:path";
import type { DiskOrigin, GuestCdrom, GuestCloudInit, GuestDescription, GuestDisk, GuestNic } from "../guest-driver.ts";
import { parsePropertyString } from "../schema/property-string.ts";
import { AGENT_FORMAT, NET_FORMAT } from "../schema/vm-options.ts";
import type { VmState, VolumeOrigin } from "../state/state.ts";
import type { World } from "../world.ts";
import { drivesOf, isCdrom, isCloudInit, isEmptyCdrom } from "./drive-string.ts";
import type { Drive } from "./drive-string.ts";
import { findVolume } from "./volumes.ts";

/** What the driver is told of a guest; `config` defaults to what it runs with now. */
export function describeGuest(
  world: World,
  vm: VmState,
  config: Readonly<Record<string, string>> = vm.config,
): GuestDescription {
  const drives = drivesOf(config);
  const agent = config["agent"];
  return {
    vmid: vm.vmid,
    node: vm.node,
    name: config["name"] ?? `VM ${vm.vmid}`,
    tags: (config["tags"] ?? "").split(/[,;\s]+/).filter((tag) => tag !== ""),
    isTemplate: config["template"] === "1",
    memoryMiB: memoryMiB(config),
    cores: Number(config["sockets"] ?? 1) * Number(config["cores"] ?? 1),
    isAgentEnabled: agent !== undefined && parsePropertyString(AGENT_FORMAT, agent)["enabled"] === "1",
    nics: nicsOf(config),
    disks: drives.filter(({ drive }) => !isCdrom(drive)).map(({ slot, drive }) => diskOf(world, vm.node, slot, drive)),
    cdroms: drives
      .filter(({ drive }) => isCdrom(drive) && !isCloudInit(drive) && !isEmptyCdrom(drive))
      .map(({ slot, drive }) => cdromOf(world, vm.node, slot, drive)),
    cloudInit: cloudInitOf(config),
    config,
  };
}

export function memoryMiB(config: Readonly<Record<string, string>>): number {
  return Number((config["memory"] ?? "512").replace(/^current=/, ""));
}

export function nicsOf(config: Readonly<Record<string, string>>): GuestNic[] {
  const nics: GuestNic[] = [];
  for (let index = 0; index < 32; index++) {
    const line = config[`net${index}`];
    if (line === undefined) continue;
    const net = parsePropertyString(NET_FORMAT, line);
    nics.push({
      index,
      model: net["model"]!,
      mac: net["macaddr"] ?? "00:00:00:00:00:00",
      isLinkDown: net["link_down"] === "1",
      ...(net["bridge"] === undefined ? {} : { bridge: net["bridge"] }),
      ...(net["tag"] === undefined ? {} : { tag: Number(net["tag"]) }),
      ...(net["trunks"] === undefined ? {} : { trunks: net["trunks"] }),
      ...(net["mtu"] === undefined ? {} : { mtu: Number(net["mtu"]) }),
    });
  }
  return nics;
}

function diskOf(world: World, node: string, slot: string, drive: Drive): GuestDisk {
  const volume = findVolume(world, node, drive.file);
  return {
    slot,
    volume: drive.file,
    sizeBytes: volume?.sizeBytes ?? 0,
    origin: volume === undefined ? { kind: "empty" } : originOf(world, volume.origin),
  };
}

function originOf(world: World, origin: VolumeOrigin): DiskOrigin {
  if (origin.kind !== "image") return origin;
  const { hostFile, ...rest } = origin;
  return hostFile === undefined ? rest : { ...rest, hostPath: join(world.filesDir, hostFile) };
}

function cdromOf(world: World, node: string, slot: string, drive: Drive): GuestCdrom {
  const hostFile = findVolume(world, node, drive.file)?.hostFile;
  return { slot, volume: drive.file, ...(hostFile === undefined ? {} : { hostPath: join(world.filesDir, hostFile) }) };
}

function cloudInitOf(config: Readonly<Record<string, string>>): GuestCloudInit {
  const ipConfigs: Record<number, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const index = /^ipconfig(\d+)$/.exec(key)?.[1];
    if (index !== undefined) ipConfigs[Number(index)] = value;
  }
  return {
    sshKeys: decoded(config["sshkeys"])
      .split("\n")
      .filter((line) => line.trim() !== ""),
    ipConfigs,
    nameservers: (config["nameserver"] ?? "").split(/[\s,;]+/).filter((address) => address !== ""),
    ...(config["ciuser"] === undefined ? {} : { user: config["ciuser"] }),
    ...(config["cipassword"] === undefined ? {} : { passwordHash: config["cipassword"] }),
    ...(config["searchdomain"] === undefined ? {} : { searchDomain: config["searchdomain"] }),
  };
}

function decoded(value: string | undefined): string {
  try {
    return decodeURIComponent(value ?? "");
  } catch {
    return "";
  }
}
