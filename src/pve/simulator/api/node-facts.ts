import type { NodeState } from "../state/state.ts";
import { nowSeconds } from "../world.ts";
import type { World } from "../world.ts";

/** What every simulated node claims to have. Bytes. */
export const NODE_CAPACITY = { cores: 32, memoryBytes: 256 * 1024 ** 3, rootBytes: 96 * 1024 ** 3 } as const;

/** A node as `GET /nodes` lists it; its figures are for whom may audit it. */
export function describeNode(world: World, node: NodeState, isAudited: boolean): Record<string, string | number> {
  const base = { id: `node/${node.name}`, node: node.name, type: "node", level: "" };
  if (world.faults.isNodeDown(node.name)) return { ...base, status: "offline" };
  if (!isAudited) return { ...base, status: "online" };
  return {
    ...base,
    status: "online",
    cpu: 0.01,
    maxcpu: NODE_CAPACITY.cores,
    mem: NODE_CAPACITY.memoryBytes / 16,
    maxmem: NODE_CAPACITY.memoryBytes,
    disk: NODE_CAPACITY.rootBytes / 8,
    maxdisk: NODE_CAPACITY.rootBytes,
    uptime: Math.max(1, nowSeconds() - node.bootedAt),
  };
}

export function nodeStatus(world: World, node: NodeState): object {
  const { memoryBytes, rootBytes, cores } = NODE_CAPACITY;
  const { version, repoid, major } = world.version;
  const kernel = major === 9 ? "6.14.8-2-pve" : "6.8.12-9-pve";
  const used = memoryBytes / 16;
  return {
    uptime: Math.max(1, nowSeconds() - node.bootedAt),
    cpu: 0.01,
    wait: 0,
    idle: 0,
    loadavg: ["0.10", "0.10", "0.10"],
    pveversion: `pve-manager/${version}/${repoid}`,
    kversion: `Linux ${kernel} #1 SMP PREEMPT_DYNAMIC`,
    "current-kernel": { sysname: "Linux", machine: "x86_64", release: kernel, version: "#1 SMP PREEMPT_DYNAMIC" },
    "boot-info": { mode: "efi", secureboot: 0 },
    cpuinfo: { model: "simulated", cores, cpus: cores, sockets: 1, flags: "", hvm: "1", mhz: "2400.000", user_hz: 100 },
    memory: { total: memoryBytes, used, free: memoryBytes - used, available: memoryBytes - used },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: { total: rootBytes, used: rootBytes / 8, free: (rootBytes * 7) / 8, avail: (rootBytes * 7) / 8 },
    ksm: { shared: 0 },
  };
}
