import { z } from "zod";

/** What the daemon is started with: one JSON argument, no secret in it. */
export const daemonArguments = z.strictObject({
  stateDir: z.string(),
  /** One line, `user@realm!name=secret`. */
  tokenFile: z.string(),
  /** Where it writes the certificate to trust, and its record: its starter may be killed before it could. */
  caFile: z.string(),
  recordFile: z.string(),
  /** 0 for any free one. */
  port: z.int(),
  nodes: z.array(z.string()).min(1),
  taskDurationMs: z.number().min(0),
  /** The machine room's socket; null: guests in memory. */
  room: z.string().nullable(),
  /** Folder of the sockets of guests in memory (recorder/places.ts). */
  sockets: z.string(),
  /** Names the sources that it runs: another CLI starts its own. */
  build: z.string(),
});
export type DaemonArguments = z.infer<typeof daemonArguments>;

export type ReadyMessage =
  | { readonly kind: "ready"; readonly record: DaemonRecord }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly hint: string };

/** What is written beside the run files while a daemon lives. */
export const daemonRecord = z.strictObject({
  pid: z.int(),
  port: z.int(),
  build: z.string(),
  nodes: z.array(z.string()),
  taskDurationMs: z.number(),
  room: z.string().nullable(),
  sockets: z.string().default(""),
  startedAt: z.string(),
});
export type DaemonRecord = z.infer<typeof daemonRecord>;
