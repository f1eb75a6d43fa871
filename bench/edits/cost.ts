import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { collectChanges, isGuest, restartOf, type Change } from "../../src/cli/changes.ts";
import { allLosses, lossesOfChanges, lossesOfPlan, refusalOf, smallCloneFault } from "../../src/cli/losses.ts";
import { plannedGuests } from "../../src/cli/make-way.ts";
import { checkRouters } from "../../src/cli/routers.ts";
import { Fault } from "../../src/core/fault.ts";
import { formatAddress } from "../../src/core/ip.ts";
import { smallClones, standingGuests, type StandingGuest } from "../../src/infra/displaced.ts";
import { VM, type Recorded } from "../../src/infra/recorded.ts";
import { DOCUMENT_NAMES, parsePlan } from "../../src/plan/index.ts";
import { releaseFindings } from "../../src/plan/hosts/releases.ts";
import type { Plan } from "../../src/plan/types.ts";
import { refuseStrangers, strangers, type ListedVm } from "../../src/provision/ownership.ts";
import { makeProvider } from "../../src/provision/provider.ts";
import { roleFindings } from "../../src/roles/findings.ts";
import { keptBy, vocabulary } from "../../src/roles/registry.ts";
import type { Program, Programs, Registered } from "./registered.ts";
import type { Texts } from "./singles.ts";

/** What an edit costs a lab that runs. */
export type Cost =
  /** Nothing is touched: by whom, and with which codes. */
  | {
      readonly kind: "refused";
      readonly by: "check" | "up";
      readonly codes: readonly string[];
      readonly hosts: readonly string[];
    }
  | { readonly kind: "done"; readonly parts: readonly Part[] };

/** What is done to something, and to whom. */
export interface Part {
  readonly what:
    | "created"
    | "deleted"
    | "restarted"
    | "next start"
    | "readdressed"
    | "cards"
    | "in place"
    | "file"
    | "steps"
    | "image"
    | "template";
  /** Hosts; of an image or a template its name. */
  readonly of: readonly string[];
}

/** The date of every judgement: what has expired by then is no matter of an edit. */
const TODAY = "2026-11-30";

const bytesOf = (texts: Texts): ReadonlyMap<string, Uint8Array> =>
  new Map(DOCUMENT_NAMES.map((name) => [`${name}.yaml`, Buffer.from(texts[name])] as const));

const unasked = (): never => {
  throw new Error("what differs is told without asking anybody");
};
/** The product's own, which says what of its resources differs. */
const provider = makeProvider({
  connect: unasked,
  secrets: unasked,
  reached: unasked,
  inTurn: unasked,
  console: unasked,
});

/**
 * The inputs of a VM that the provider cannot change, as it says itself (terraform-provider-proxmox 0.112, resource/vm:
 * ForceNew of the clone, and of number and node in its customised difference).
 */
const FOR_ANOTHER = ["nodeName", "vmId", "clone"];
/** What the program tells the engine to overlook (src/infra/guest.ts, template.ts). */
const OVERLOOKED: Readonly<Record<"guest" | "template", readonly string[]>> = {
  guest: ["cdrom"],
  template: ["disks"],
};

/** What neither the flow table nor the routers' rules are made of. */
const NOT_OF_POLICY: ReadonlySet<string> = new Set([
  ...["settings", "minimums", "coverage", "people", "probePeople", "departments", "authority", "place"],
  ...["number", "cores", "memoryMiB", "disksGiB", "node", "startOrder", "startDelaySeconds", "isProtected"],
]);

const FILE = "proxmoxve:download/file:File";
const SEED = "provision:index:Seed";
const ROUTER = "provision:index:Router";
const ROLE = "provision:index:Role";

const ORDER: readonly Part["what"][] = [
  "deleted",
  "created",
  "restarted",
  "readdressed",
  "cards",
  "next start",
  "in place",
  "file",
  "steps",
  "image",
  "template",
];

/** Prices edits of one lab that stands as its plan says. */
export class Costs {
  readonly #programs: Programs;
  readonly #nodes: number;
  readonly #before: Program;
  readonly #listed: readonly ListedVm[];
  readonly #standing: readonly StandingGuest[];
  /** Judgements by what they are of: most edits leave the routers' files as they are. */
  readonly #judged = new Map<string, readonly string[]>();

  private constructor(programs: Programs, nodes: number, before: Program) {
    this.#programs = programs;
    this.#nodes = nodes;
    this.#before = before;
    this.#listed = listedOf(before);
    this.#standing = standingGuests(recordOf(before), this.#listed, before.mark);
  }

  /** @param texts the documents by which the lab was brought up */
  static async of(programs: Programs, nodes: number, texts: Texts): Promise<Costs> {
    const parsed = parsePlan(bytesOf(texts), { nodes, roles: vocabulary });
    if (!parsed.ok) throw new Error(`the lab's plan is not sound: ${parsed.errors.map((e) => e.fact).join("; ")}`);
    return new Costs(programs, nodes, await programs.of(parsed.value));
  }

  /** What it costs that the lab's documents become these. */
  async of(texts: Texts): Promise<Cost> {
    const parsed = parsePlan(bytesOf(texts), { nodes: this.#nodes, roles: vocabulary });
    if (!parsed.ok) return refusedByCheck(parsed.errors.map((e) => e.code));
    const plan = parsed.value;
    const faults = this.#faultsOf(plan);
    if (faults.length > 0) return refusedByCheck(faults);
    try {
      return await this.#priceOf(await this.#programs.of(plan));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { kind: "refused", by: "up", codes: [error.code], hosts: [] };
    }
  }

  #faultsOf(plan: Plan): readonly string[] {
    const key = JSON.stringify(plan, (name, value: unknown) => {
      if (NOT_OF_POLICY.has(name)) return undefined;
      return value instanceof Map ? [...value] : typeof value === "bigint" ? String(value) : value;
    });
    let policy = this.#judged.get(key);
    if (policy === undefined) {
      const { diagnostics, proof } = checkRouters(plan, TODAY);
      const codes = diagnostics.filter((d) => d.severity === "error").map((d) => d.code);
      policy = codes.length > 0 || proof?.verdict === "proven" ? codes : ["(not proven)"];
      this.#judged.set(key, policy);
    }
    const others = [...roleFindings(plan), ...releaseFindings(plan, TODAY)].filter((d) => d.severity === "error");
    return [...policy, ...others.map((d) => d.code)];
  }

  async #priceOf(after: Program): Promise<Cost> {
    const ids = new Set([...after.plan.hosts.values()].map((h) => after.naming.vmId(h)));
    refuseStrangers(strangers(this.#listed, after.mark, ids), after.mark);
    const changes = collectChanges(await announcedBetween(this.#before, after));
    const planned = plannedGuests(after.plan, after.naming, this.#programs.settings);
    const small = smallCloneFault(smallClones(recordOf(this.#before), this.#standing, planned));
    if (small !== undefined) throw small;
    const displaced = lossesOfPlan(this.#standing, planned);
    const losses = allLosses(displaced, lossesOfChanges(changes, this.#standing));
    const refusal = refusalOf(losses, new Set(), "");
    if (refusal !== undefined)
      return { kind: "refused", by: "up", codes: [refusal.code], hosts: losses.map((l) => l.guest.host) };
    return { kind: "done", parts: partsOf(changes) };
  }
}

const refusedByCheck = (codes: readonly string[]): Cost => ({
  kind: "refused",
  by: "check",
  codes: [...new Set(codes)].sort(),
  hosts: [],
});

/** A program that was carried out, as the engine has it on record. */
function recordOf({ resources, plan, mark }: Program): readonly Recorded[] {
  const guests = Object.fromEntries(
    [...plan.hosts.values()].map((h) => [
      h.id,
      { role: h.role, addresses: h.nics.map((n) => formatAddress(n.address)), keeps: keptBy(plan, h) },
    ]),
  );
  return [
    { type: "pulumi:pulumi:Stack", outputs: { mark, guests } },
    ...[...resources.values()].map((r) => ({ type: r.type, urn: r.urn, inputs: r.inputs, outputs: r.inputs })),
  ];
}

/** Its guests, all of which run. */
const listedOf = ({ plan, naming, mark }: Program): readonly ListedVm[] =>
  [...plan.hosts.values()].map((h) => ({
    vmid: naming.vmId(h),
    name: naming.guestName(h),
    node: "",
    status: "running",
    tags: [mark],
  }));

/** What the engine would announce of one program after another. */
async function announcedBetween(before: Program, after: Program): Promise<readonly EngineEvent[]> {
  const found: EngineEvent[] = [];
  for (const urn of new Set([...before.resources.keys(), ...after.resources.keys()])) {
    const [old, now] = [before.resources.get(urn), after.resources.get(urn)];
    if (old === undefined || now === undefined) {
      found.push(announced(old === undefined ? "create" : "delete", old, now));
    } else if (JSON.stringify(old.inputs) !== JSON.stringify(now.inputs)) {
      found.push(...(await difference(old, now)));
    }
  }
  return found;
}

async function difference(old: Registered, now: Registered): Promise<readonly EngineEvent[]> {
  if (now.type.startsWith("provision:")) {
    // What a role was done on is none of its inputs.
    const olds = now.type === "provision:index:Role" ? { ...old.inputs, instance: "" } : old.inputs;
    const { changes, replaces } = await provider.diff!(now.name, now.urn, olds, now.inputs);
    return changes === true ? [announced((replaces ?? []).length > 0 ? "replace" : "update", old, now)] : [];
  }
  const isVm = now.type === VM;
  const overlooked = isVm ? OVERLOOKED[isGuest(now) ? "guest" : "template"] : [];
  const differing = [...new Set([...Object.keys(old.inputs), ...Object.keys(now.inputs)])].filter(
    (k) => !overlooked.includes(k) && JSON.stringify(old.inputs[k]) !== JSON.stringify(now.inputs[k]),
  );
  if (differing.length === 0) return [];
  // A file that is downloaded from elsewhere is another one.
  const forces = (k: string): boolean => (isVm ? FOR_ANOTHER.includes(k) : now.type === FILE && k !== "checksum");
  const detailedDiff = Object.fromEntries(
    differing.map((k) => [k, { diffKind: forces(k) ? "update-replace" : "update", inputDiff: true }]),
  );
  return [announced(differing.some(forces) ? "replace" : "update", old, now, detailedDiff)];
}

function announced(
  op: Change["op"],
  old: Registered | undefined,
  now: Registered | undefined,
  detailedDiff?: object,
): EngineEvent {
  const { type, urn } = (now ?? old)!;
  const state = (r: Registered | undefined): object | undefined => r && { inputs: r.inputs, outputs: r.inputs };
  const metadata = { op, urn, type, old: state(old), new: state(now), ...(detailedDiff && { detailedDiff }) };
  return { sequence: 0, timestamp: 0, resourcePreEvent: { metadata } } as unknown as EngineEvent;
}

/** What the changes that a preview shows come to, the dearest first. */
function partsOf(changes: readonly Change[]): readonly Part[] {
  const parts = new Map<Part["what"], Set<string>>();
  const add = (what: Part["what"], of: string): void => void parts.set(what, (parts.get(what) ?? new Set()).add(of));
  const made = new Set(changes.filter((c) => isGuest(c) && c.op !== "update").map((c) => c.name));
  for (const change of changes) {
    const { name, type, op, mayRestart } = change;
    // What goes or comes with its guest.
    const host = isGuest(change) ? name : name.replace(/-(seed|config|[a-z]+)$/, "");
    const restart = restartOf(change);
    if (isGuest(change)) {
      if (op === "create" || op === "delete") add(op === "create" ? "created" : "deleted", name);
      else if (restart === undefined) add("in place", name);
      else add(mayRestart === true ? "restarted" : "next start", name);
    } else if (type === VM) add("template", name);
    else if (type === FILE) add("image", name);
    else if (made.has(host)) continue;
    else if (type === SEED) {
      if (restart !== undefined) add("readdressed", host);
    } else if (type === ROUTER) add(restart === undefined ? "file" : "cards", host);
    else if (type === ROLE) add("steps", host);
  }
  return ORDER.flatMap((what) => {
    const of = parts.get(what);
    return of === undefined ? [] : [{ what, of: [...of].sort() }];
  });
}
