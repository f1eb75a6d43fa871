import { z } from "zod";

/*
 * What the API's process (the user's) asks of the machine room (root's), one JSON document a line over a Unix
 * socket. Root parses everything here: names that reach a command line have no more letters than they need.
 */

/** Changes when either side would misunderstand the other. */
export const PROTOCOL = 4;

/** What a command in a guest is given at most; what is not said otherwise has {@link EXEC_MS}. */
const EXEC_LIMIT_MS = 15 * 60_000;
export const EXEC_MS = 60_000;

const nic = z.strictObject({
  index: z.int().min(0).max(31),
  model: z.string(),
  mac: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/),
  bridge: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,31}$/)
    .optional(),
  tag: z.int().min(1).max(4094).optional(),
  trunks: z.string().optional(),
  mtu: z.int().min(0).max(65535).optional(),
  isLinkDown: z.boolean(),
});

const origin = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("empty") }),
  z.strictObject({
    kind: z.literal("image"),
    volume: z.string(),
    hostPath: z.string().optional(),
    sourceUrl: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal("template"), vmid: z.int(), name: z.string(), isLinked: z.boolean() }),
]);

/**
 * Debian Policy 5.6.1: what a package may be called, of the guest's own release or of another one's root (core/debian.ts). No
 * name becomes an option of apt-get.
 */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+(\/[a-z][a-z0-9-]*)?$/);
const roleLayers = z.record(z.string(), z.array(z.array(packageName)));

const slot = z.string().regex(/^[a-z]{2,8}\d{1,2}$/);

const guestDescription = z.strictObject({
  vmid: z.int().min(100).max(999_999_999),
  node: z.string(),
  name: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9 .-]*[A-Za-z0-9])?$/),
  tags: z.array(z.string()),
  isTemplate: z.boolean(),
  memoryMiB: z.int().positive(),
  cores: z.int().positive(),
  isAgentEnabled: z.boolean(),
  nics: z.array(nic),
  disks: z.array(z.strictObject({ slot, volume: z.string(), sizeBytes: z.number(), origin })),
  cdroms: z.array(z.strictObject({ slot, volume: z.string(), hostPath: z.string().optional() })),
  cloudInit: z.strictObject({
    user: z.string().optional(),
    passwordHash: z.string().optional(),
    sshKeys: z.array(z.string()),
    ipConfigs: z.record(z.string(), z.string()),
    nameservers: z.array(z.string()),
    searchDomain: z.string().optional(),
  }),
  config: z.record(z.string(), z.string()),
});

const vmid = z.int().min(1).max(999_999_999);
const snapshotName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/);

const entrySchema = z.strictObject({
  guest: guestDescription,
  shouldRun: z.boolean(),
  snapshots: z.array(z.string()),
});

/** The parameters of each call, in the order of the {@link GuestDriver}'s own. */
export const calls = {
  hello: z.tuple([z.strictObject({ protocol: z.int(), build: z.string() })]),
  prepare: z.tuple([
    z.array(z.strictObject({ image: z.string(), role: z.string(), also: z.array(z.string()) })),
    roleLayers,
  ]),
  supply: z.tuple([z.array(z.strictObject({ vmid, also: z.array(z.string()) }))]),
  create: z.tuple([guestDescription]),
  clone: z.tuple([
    z.strictObject({ vmid, snapshot: z.string().optional() }),
    guestDescription,
    z.strictObject({ isFull: z.boolean() }),
  ]),
  update: z.tuple([guestDescription]),
  destroy: z.tuple([vmid]),
  start: z.tuple([guestDescription]),
  stop: z.tuple([vmid]),
  shutdown: z.tuple([vmid, z.strictObject({ timeoutMs: z.number() })]),
  reboot: z.tuple([guestDescription]),
  pause: z.tuple([vmid]),
  resume: z.tuple([vmid]),
  snapshot: z.tuple([vmid, snapshotName, z.strictObject({ withMemory: z.boolean() })]),
  rollback: z.tuple([guestDescription, snapshotName]),
  deleteSnapshot: z.tuple([vmid, snapshotName]),
  status: z.tuple([z.array(vmid)]),
  agent: z.tuple([vmid]),
  exec: z.tuple([vmid, z.array(z.string()).min(1), z.string(), z.int().min(1).max(EXEC_LIMIT_MS)]),
  console: z.tuple([vmid, z.strictObject({ tailLines: z.int() })]),
  setLink: z.tuple([vmid, z.int(), z.boolean()]),
  reconcile: z.tuple([z.array(entrySchema)]),
  shutdownAll: z.tuple([]),
} as const;
export type CallName = keyof typeof calls;

export const requestLine = z.strictObject({ id: z.int(), call: z.string(), parameters: z.array(z.unknown()) });

/** What comes back: a result, a failure, a line for the task's log, or an event of nobody's asking. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }
  | { readonly id: number; readonly log: string }
  | { readonly event: "powerOff"; readonly vmid: number };

export interface Failure {
  /** `guest`: what a task of the API shows; `fault`: what a person is told; else a defect. */
  readonly kind: "guest" | "fault" | "defect";
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
}

/** Code of a failure whose reason is that the guest has no power. */
export const GUEST_OFF = "TWIN_GUEST_OFF";
/** Code of one whose reason is that no machine room answers. */
export const ROOM_GONE = "TWIN_GONE";

/** What the machine room says of itself on `hello`. */
export const helloAnswer = z.strictObject({ protocol: z.int(), build: z.string(), pid: z.int() });

/** How the machine room is started: one JSON argument, no secret in it. */
export const roomArguments = z.strictObject({
  key: z.string().regex(/^[a-z0-9]{4,12}$/),
  /** This lab's disks. */
  home: z.string(),
  /** Images, shared by all labs of the machine. */
  images: z.string(),
  /** Folder of the sockets: `twin.sock`, and `g/<vmid>/ssh` a guest. */
  run: z.string(),
  uid: z.int(),
  gid: z.int(),
  build: z.string(),
  archive: z.string().nullable(),
  roles: roleLayers,
  firmware: z
    .strictObject({
      folder: z.string(),
      mountedAt: z.string(),
      enable: z.array(z.string()),
      disable: z.array(z.string()),
      mask: z.array(z.string()),
      packages: z.array(z.string()),
    })
    .nullable(),
});
export type RoomArguments = z.infer<typeof roomArguments>;
