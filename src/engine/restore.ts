import { z } from "zod";
import { Fault } from "../core/fault.ts";

/*
 * A stack's state after its guests went back to a snapshot. What is inside guests went back with them, so the state of
 * then tells of it: the guests themselves, their seeds, what was done in them. What is outside (bridges, pools, images,
 * templates) did not, so the state of now does. Pure.
 */

const record = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  deletedWith: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});
type Kept = z.infer<typeof record>;

const deploymentSchema = z.looseObject({
  resources: z.array(record).nullish(),
  pending_operations: z.array(z.unknown()).nullish(),
});
/** `deployment` of `pulumi stack export`, `checkpoint.latest` of a file of a `file://` backend. */
export type Deployment = z.infer<typeof deploymentSchema>;

export const parseDeployment = (value: unknown): Deployment => deploymentSchema.parse(value ?? {});

const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const INSIDE = "provision:";

/**
 * @param vmIds the guests that went back
 * @throws Fault SNAPSHOT_STATE when what the guests of then stood on is not there any more
 */
export function stateAfterReset(then: Deployment, now: Deployment, vmIds: ReadonlySet<number>): Deployment {
  const isInside = (r: Kept): boolean =>
    r.type.startsWith(INSIDE) || (r.type === VM && vmIds.has(Number(r.inputs?.["vmId"])));
  const [before, after] = [then.resources ?? [], now.resources ?? []];
  const unfinished = [...before, ...after].find((r) => r.delete === true);
  if (unfinished) throw notWhole(`the replacement of ${nameOf(unfinished.urn)} is not finished`);
  const outside = after.filter((r) => !isInside(r));
  const known = new Set(outside.map((r) => r.urn));
  // Components have no state of their own; the program makes them anew, those of guests of then among them.
  const inside = before.filter((r) => isInside(r) || (r.custom !== true && !known.has(r.urn)));
  const providers = new Map(outside.filter((r) => r.type.startsWith("pulumi:providers:")).map((r) => [r.urn, r.id]));
  const renewed = inside.map((r) => {
    if (r.provider === undefined) return r;
    const urn = r.provider.slice(0, r.provider.lastIndexOf("::"));
    const id = providers.get(urn);
    return id === undefined ? r : { ...r, provider: `${urn}::${id}` };
  });
  return { ...now, resources: inOrder([...outside, ...renewed]), pending_operations: [] };
}

const needsOf = (r: Kept): readonly string[] => [
  ...(r.parent === undefined || r.parent === "" ? [] : [r.parent]),
  ...(r.provider === undefined || r.provider === "" ? [] : [r.provider.slice(0, r.provider.lastIndexOf("::"))]),
  ...(r.dependencies ?? []),
  ...Object.values(r.propertyDependencies ?? {}).flatMap((urns) => urns ?? []),
  ...(r.deletedWith === undefined || r.deletedWith === "" ? [] : [r.deletedWith]),
];

/** Pulumi's own rule: whatever a resource needs stands before it. */
function inOrder(resources: readonly Kept[]): Kept[] {
  const byUrn = new Map(resources.map((r) => [r.urn, r]));
  const placed = new Set<string>();
  const ordered: Kept[] = [];
  const place = (r: Kept): void => {
    if (placed.has(r.urn)) return;
    placed.add(r.urn);
    for (const urn of needsOf(r)) {
      const needed = byUrn.get(urn);
      if (!needed) throw notWhole(`${nameOf(r.urn)} stood on ${nameOf(urn)}, which is gone`);
      place(needed);
    }
    ordered.push(r);
  };
  for (const r of resources) place(r);
  return ordered;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

const notWhole = (why: string): Fault =>
  new Fault(
    "SNAPSHOT_STATE",
    `Pulumi's state cannot go back with the guests: ${why}.`,
    "Run `maquette up` with the plan of then, so that what stood outside the guests is there again; or take a new snapshot.",
  );
