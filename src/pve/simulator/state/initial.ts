import { randomUUID } from "node:crypto";
import type { InterfaceState, NodeState, SimulatorState, StorageState } from "./state.ts";

const GIB = 1024 ** 3;
export const NODE_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i;

export interface StorageOption {
  readonly id: string;
  /** `dir`, `lvmthin`, `nfs`, `rbd` … */
  readonly type: string;
  readonly content: readonly string[];
  readonly isShared?: boolean;
  /** Bytes. */
  readonly totalBytes?: number;
  readonly nodes?: readonly string[];
}

/** What a fresh installation has. */
export const DEFAULT_STORAGES: readonly StorageOption[] = [
  { id: "local", type: "dir", content: ["iso", "vztmpl", "import", "snippets", "backup"], totalBytes: 96 * GIB },
  { id: "local-lvm", type: "lvmthin", content: ["images", "rootdir"], totalBytes: 4096 * GIB },
];

function storageState(option: StorageOption): StorageState {
  return {
    id: option.id,
    type: option.type,
    content: option.content,
    isShared: option.isShared ?? false,
    totalBytes: option.totalBytes ?? 1024 * GIB,
    ...(option.nodes === undefined ? {} : { nodes: option.nodes }),
  };
}

function nodeState(name: string, id: number): NodeState {
  const cidr = `192.0.2.${id}/24`;
  const interfaces: Record<string, InterfaceState> = {
    eno1: { type: "eth", options: {} },
    vmbr0: { type: "bridge", options: { autostart: "1", bridge_ports: "eno1", cidr, gateway: "192.0.2.254" } },
  };
  return {
    name,
    id,
    bootedAt: Math.floor(Date.now() / 1000),
    timezone: "UTC",
    dns: { search: "lab.example", dns1: "192.0.2.254" },
    hosts: `127.0.0.1 localhost\n192.0.2.${id} ${name}\n`,
    interfaces,
    pendingInterfaces: null,
  };
}

export function initialState(): SimulatorState {
  return {
    schema: 1,
    instanceId: randomUUID(),
    taskCounter: 0,
    identityCounter: 0,
    nodes: {},
    storages: {},
    volumes: {},
    vms: {},
    pools: {},
    haResources: {},
    haRules: {},
    haGroups: {},
    clusterOptions: {},
    access: { users: {}, roles: {}, acl: [] },
    tasks: [],
  };
}

/** Adds nodes and storages that the options name and the state has not; what guests use is never taken away. */
export function extendState(state: SimulatorState, nodes: readonly string[], storages: readonly StorageOption[]): void {
  for (const name of nodes) state.nodes[name] ??= nodeState(name, Object.keys(state.nodes).length + 1);
  for (const option of storages) state.storages[option.id] ??= storageState(option);
}
