import { z } from "zod";
import { observedStep } from "./kinds/index.ts";

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
  /** Its deadline, in seconds of a machine that has time for it. */
  seconds: z.number().optional(),
  /** What it had by the clock, and the load that the host saw, on how many processors. */
  took: z.number().optional(),
  load: z.number().optional(),
  processors: z.number().optional(),
  said: z.string().optional(),
  back: z.string().optional(),
});
export type FailEvent = z.infer<typeof failEvent>;

/** A sign of life of a step that takes its time. */
const waitEvent = z.object({ event: z.literal("wait") });

/** What a host says while it is asked. */
export const checkEvent = z.discriminatedUnion("event", [stateEvent, waitEvent]);

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
  waitEvent,
  z.object({ event: z.literal("end") }),
]);
export type ApplyEvent = z.infer<typeof applyEvent>;
