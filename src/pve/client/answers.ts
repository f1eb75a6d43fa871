import { z } from "zod";

/** Answers of the API that somebody reads: what is not named is dropped. Sizes in bytes, times in seconds. */

export const envelope = z.object({
  data: z.unknown(),
  message: z.string().optional(),
  errors: z.record(z.string(), z.string()).nullish(),
});

export const nothing = z.unknown().transform(() => undefined);
export const upid = z.string().startsWith("UPID:");

export const version = z.object({ version: z.string(), release: z.string(), repoid: z.string() });

const tags = z
  .string()
  .default("")
  .transform((text) => text.split(/[;,\s]+/).filter((tag) => tag !== ""));
/** Proxmox writes truth as 1 and 0. */
const truth = z
  .union([z.number(), z.string(), z.boolean()])
  .default(0)
  .transform((value) => value === true || Number(value) === 1);

export const listedVm = z.object({
  vmid: z.number().int(),
  name: z.string().default(""),
  node: z.string(),
  status: z.string().default("unknown"),
  tags,
  template: truth,
  pool: z.string().optional(),
  lock: z.string().optional(),
});
export type ListedVm = z.infer<typeof listedVm>;
/** With `type=vm`: containers are in the same list and are not ours. */
export const vmList = z
  .array(listedVm.extend({ type: z.string() }))
  .transform((rows): ListedVm[] => rows.filter(({ type }) => type === "qemu"));

/** What a node says of its own guests (`GET /nodes/{node}/qemu`), of this moment. */
export const guestsNow = z.array(
  listedVm.pick({ vmid: true, name: true, status: true, template: true, lock: true, tags: true }),
);
export type GuestNow = z.infer<typeof guestsNow>[number];

/** Privileges by path; their values say whether they reach further down. */
export const permissions = z.record(z.string(), z.record(z.string(), z.unknown()));

export const storageStatus = z.object({ type: z.string(), content: z.string().default("") });

export const volumes = z.array(
  z.object({ volid: z.string(), content: z.string().optional(), size: z.number().optional() }),
);

export const taskStatus = z.object({
  status: z.enum(["running", "stopped"]),
  exitstatus: z.string().optional(),
  type: z.string(),
  id: z.string().default(""),
});
export const taskLog = z.array(z.object({ n: z.number(), t: z.string() }));
