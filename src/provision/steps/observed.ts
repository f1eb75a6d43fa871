import { z } from "zod";

/** What a host says of one step, when it is only asked. */
const foundFile = z.object({
  digest: z.string(),
  mode: z.string(),
  owner: z.string(),
  kind: z.enum(["link", "other"]).optional(),
  /** Whether its content is as wanted, and only its rights are not. */
  isSame: z.boolean(),
  /** Absent where it is as wanted, too long, or no file. */
  content: z.string().optional(),
});
const observedStep = z.union([
  z.object({ missing: z.array(z.string()) }),
  z.object({
    wrong: z.record(z.string(), foundFile.nullable()),
    present: z.array(z.string()),
    isLoaded: z.boolean(),
  }),
  z.object({ wrong: z.record(z.string(), z.string()) }),
  z.object({ holds: z.boolean(), said: z.string().optional() }),
]);
export type FoundFile = z.infer<typeof foundFile>;
export type ObservedStep = z.infer<typeof observedStep>;

export const stateEvent = z.object({
  event: z.literal("state"),
  /** Null on a guest that no step has been at. */
  instance: z.string().nullable(),
  roles: z.record(z.string(), z.array(observedStep)),
});
export type StateEvent = z.infer<typeof stateEvent>;

const failEvent = z.object({
  event: z.literal("fail"),
  role: z.string(),
  step: z.number(),
  what: z.string(),
  argv: z.array(z.string()).optional(),
  exit: z.number().optional(),
  seconds: z.number().optional(),
  said: z.string().optional(),
  back: z.string().optional(),
});
export type FailEvent = z.infer<typeof failEvent>;

/** What a host says while it works. */
export const applyEvent = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("hello"),
    instance: z.string(),
    /** The host's clock, seconds since 1970. */
    now: z.number(),
  }),
  z.object({ event: z.literal("begin"), role: z.string(), step: z.number() }),
  z.object({
    event: z.literal("done"),
    role: z.string(),
    step: z.number(),
    changed: z.boolean(),
    ms: z.number(),
  }),
  failEvent,
  z.object({ event: z.literal("end") }),
]);
export type ApplyEvent = z.infer<typeof applyEvent>;
