import { z } from "zod";
import { authorityRequest, certificateRequest } from "../seed.ts";
import type { Reach } from "./reach.ts";
import { hostSystems } from "./runner-of.ts";
import { stateSteps, stepSchema } from "./work.ts";

/** A role on a host as the program declares it, and so as the state has it. */
export const roleInputs = z.object({
  host: z.string(),
  role: z.string(),
  /** Of the VM that it is about: unknown while that is being replaced, and then so is this. */
  vmId: z.int(),
  mark: z.string(),
  reach: z.object({
    /** States from before Windows had steps do not say it. */
    os: z.enum(hostSystems).default("debian"),
    way: z.enum(["door", "inside", "console"]),
    address: z.string(),
    bastion: z.object({ host: z.string(), vmId: z.int(), address: z.string().nullable() }),
  }),
  /** Where its guest is to be: elsewhere it begins as its seed has it, and has to be brought to the rest again. */
  network: z.string().default(""),
  /** With places for secrets: none is here, so none is in the state. */
  steps: z.array(stepSchema),
  authority: authorityRequest,
  certificates: z.record(z.string(), certificateRequest),
  /** HMAC of everything that fills the places, under the stack's secret: changes when a secret is rotated. */
  digest: z.string(),
});
export type RoleInputs = z.infer<typeof roleInputs>;
export const roleState = roleInputs.extend({ steps: stateSteps, instance: z.string() });
export type RoleState = z.infer<typeof roleState>;

export const reachOf = ({ host, vmId, reach }: Pick<RoleInputs, "host" | "vmId" | "reach">): Reach => ({
  host,
  vmId,
  ...reach,
});
