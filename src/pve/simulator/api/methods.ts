import { ACCESS } from "./access.ts";
import { AGENT } from "./agent.ts";
import { CLUSTER } from "./cluster.ts";
import { HA } from "./ha.ts";
import type { Method } from "./method.ts";
import { NETWORK } from "./network.ts";
import { NODES } from "./nodes.ts";
import { POOLS } from "./pools.ts";
import { QEMU_CONFIG } from "./qemu-config.ts";
import { QEMU_SNAPSHOT } from "./qemu-snapshot.ts";
import { QEMU_STATUS } from "./qemu-status.ts";
import { STORAGE } from "./storage.ts";
import { TASKS } from "./tasks.ts";

/** The whole table: router, validator and the test against the official schema derive from it. */
const TABLE = [
  ...ACCESS,
  ...CLUSTER,
  ...HA,
  ...POOLS,
  ...NODES,
  ...NETWORK,
  ...STORAGE,
  ...TASKS,
  ...QEMU_CONFIG,
  ...QEMU_STATUS,
  ...QEMU_SNAPSHOT,
  ...AGENT,
] as const;

type KeyOf<M> = M extends Method<infer V, infer P> ? `${V} ${P}` : never;
/** `GET /nodes/{node}/qemu`: each needs its line in access/table.ts. */
export type MethodKey = KeyOf<(typeof TABLE)[number]>;

export const METHODS: readonly Method[] = TABLE;
export const keyOf = ({ verb, path }: Method): MethodKey => `${verb} ${path}` as MethodKey;

/** Those that a version of Proxmox has. */
export const methodsOf = (major: 8 | 9): readonly Method[] =>
  METHODS.filter(
    ({ since, until }) => (since === undefined || major >= since) && (until === undefined || major <= until),
  );
