/** Everything that survives a restart: one JSON document. Times in seconds since the epoch, sizes in bytes. */
export interface SimulatorState {
  readonly schema: 1;
  readonly instanceId: string;
  /** Counts tasks, so that no two UPIDs are equal across restarts. */
  taskCounter: number;
  /** Feeds made-up but stable MAC addresses and UUIDs. */
  identityCounter: number;
  readonly nodes: Record<string, NodeState>;
  readonly storages: Record<string, StorageState>;
  /** By `volumeKey`. */
  readonly volumes: Record<string, VolumeState>;
  /** By vmid. */
  readonly vms: Record<string, VmState>;
  readonly pools: Record<string, PoolState>;
  readonly haResources: Record<string, HaResourceState>;
  readonly haRules: Record<string, Record<string, string>>;
  readonly haGroups: Record<string, Record<string, string>>;
  clusterOptions: Record<string, string>;
  readonly access: AccessState;
  /** Oldest first. */
  tasks: TaskState[];
}

/** Users, roles and access control list, as `user.cfg` holds them; groups are not simulated. */
export interface AccessState {
  /** By `user@realm`. */
  readonly users: Record<string, UserState>;
  /** Besides the built-in ones: privileges by name. */
  readonly roles: Record<string, readonly string[]>;
  acl: AclEntry[];
}

export interface UserState {
  comment?: string;
  /** By the part after `!`. */
  readonly tokens: Record<string, TokenState>;
}

export interface TokenState {
  /** Privilege separation: it has what both it and its user were given. */
  readonly isSeparated: boolean;
  readonly comment?: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretDigest: string;
}

export interface AclEntry {
  readonly path: string;
  /** `user@realm` or `user@realm!token` */
  readonly who: string;
  readonly role: string;
  readonly propagates: boolean;
}

export interface InterfaceState {
  readonly type: string;
  /** As the API takes them, `iface` and `type` apart. */
  readonly options: Record<string, string>;
}

export interface NodeState {
  readonly name: string;
  readonly id: number;
  readonly bootedAt: number;
  timezone: string;
  dns: Record<string, string>;
  hosts: string;
  /** What runs. */
  interfaces: Record<string, InterfaceState>;
  /** What `PUT /nodes/{n}/network` would make run; null: nothing is pending. */
  pendingInterfaces: Record<string, InterfaceState> | null;
}

export interface StorageState {
  readonly id: string;
  readonly type: string;
  readonly content: readonly string[];
  readonly isShared: boolean;
  readonly totalBytes: number;
  /** Absent: on every node. */
  readonly nodes?: readonly string[];
}

export type VolumeOrigin =
  | { readonly kind: "empty" }
  | { readonly kind: "image"; readonly volume: string; readonly hostFile?: string; readonly sourceUrl?: string }
  | { readonly kind: "template"; readonly vmid: number; readonly name: string; readonly isLinked: boolean };

export interface VolumeState {
  readonly volid: string;
  readonly storage: string;
  /** Null on shared storage. */
  readonly node: string | null;
  readonly content: string;
  readonly format: string;
  sizeBytes: number;
  readonly createdAt: number;
  /** Owner of a disk. */
  readonly vmid?: number;
  /** A linked clone's base. */
  readonly parent?: string;
  readonly origin: VolumeOrigin;
  /** An uploaded file's name in the files folder. */
  readonly hostFile?: string;
  /** A download's address. */
  readonly sourceUrl?: string;
  /** What a guest sees of a compressed image. */
  readonly virtualSizeBytes?: number;
  notes?: string;
  isProtected?: boolean;
}

export interface SnapshotState {
  readonly config: Record<string, string>;
  readonly takenAt: number;
  description: string;
  parent?: string;
  readonly hasMemory: boolean;
}

export interface VmState {
  readonly vmid: number;
  node: string;
  /** Lines of the configuration file, `lock` and `digest` apart. */
  config: Record<string, string>;
  lock?: string;
  /** Changes that a running guest takes at its next start. */
  pending: Record<string, string>;
  pendingDeletes: string[];
  snapshots: Record<string, SnapshotState>;
  /** Name of the snapshot that the current state derives from. */
  parent?: string;
  /** Powered on, or should be after a restart of the daemon. */
  isOn: boolean;
}

export interface PoolState {
  readonly id: string;
  comment?: string;
  readonly storages: string[];
  /** vmids */
  readonly vms: number[];
}

export interface HaResourceState {
  readonly sid: string;
  state: string;
  options: Record<string, string>;
}

export interface TaskState {
  readonly upid: string;
  readonly node: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly pid: number;
  readonly pstart: number;
  readonly starttime: number;
  endtime?: number;
  exitstatus?: string;
  readonly log: string[];
}
