import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { shown, textFrom } from "../core/text.ts";

type OpType = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"]["op"];

/** One property that differs; values are as Pulumi shows them, secrets already replaced by it. */
export interface PropertyChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** This property is why the resource is replaced. */
  readonly forcesReplacement: boolean;
}

/** What the engine would do, or did, to one resource. */
export interface Change {
  readonly op: "create" | "update" | "replace" | "delete";
  readonly name: string;
  /** `proxmoxve:index/vmLegacy:VmLegacy`. */
  readonly type: string;
  readonly urn: string;
  readonly properties: readonly PropertyChange[];
  /** Of a guest: false where it is never restarted for a change, because another one of it must carry meanwhile. */
  readonly mayRestart?: boolean;
}

const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const ROUTER = "provision:index:Router";
const SEED = "provision:index:Seed";

/** What a guest gets at a start alone, of all that the plan says of it (the provider's own list, resource/vm). */
const AT_A_START = /^(cpu|memory|operatingSystem)\b/;

/**
 * What a change costs that a boot alone brings: a guest's cores and memory (src/infra/guest.ts), a router's cards
 * (src/provision/router-config.ts), a host's address (src/provision/seed.ts); undefined for all others.
 */
export function restartOf({
  type,
  op,
  properties,
  mayRestart,
}: Pick<Change, "type" | "op" | "properties" | "mayRestart">): string | undefined {
  if (op !== "update") return undefined;
  if (type === VM && mayRestart !== undefined && properties.some((p) => AT_A_START.test(p.path)))
    return mayRestart ? "restarted" : "has it from its next start: one of a pair is not restarted unasked";
  if (type === ROUTER && properties.some((p) => /^cards\b/.test(p.path)))
    return "restarted for its cards, while the other router carries";
  if (type === SEED && properties.some((p) => p.path === "network" && p.before !== undefined && p.before !== ""))
    return "its guest is restarted with its new address";
  return undefined;
}

/** By what a router's file is tried is no part of it, and its file says the same. */
const isOfTrial = (path: string): boolean => /^(policy|guests|next|witness)\b/.test(path);

export const isGuest = (c: Pick<Change, "type" | "urn">): boolean =>
  c.type === VM && c.urn.includes("maquette:lab:Guest$");

const kinds: Partial<Record<OpType, Change["op"]>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
};

/** The change that an event announces; undefined for what stays as it is, and for the halves of a replacement. */
function changeOf(event: EngineEvent): Change | undefined {
  const m = event.resourcePreEvent?.metadata;
  const op = m ? kinds[m.op] : undefined;
  if (!m || !op || m.type === "pulumi:pulumi:Stack" || m.type.startsWith("maquette:lab:")) return undefined;
  // A provider comes and goes with its resources; that it changes (another certificate is accepted) is worth a line.
  if (m.type.startsWith("pulumi:providers:") && op !== "update" && op !== "replace") return undefined;
  const isChange = op === "update" || op === "replace";
  const reboots = inputsOf(m.new)["rebootAfterUpdate"];
  return {
    op,
    name: m.urn.split("::").pop()!,
    type: m.type,
    urn: m.urn,
    ...(op === "update" && isGuest(m) && typeof reboots === "boolean" ? { mayRestart: reboots } : {}),
    properties: !isChange
      ? []
      : m.detailedDiff
        ? detailedProperties(m, m.detailedDiff)
        : differingInputs(m.old, m.new).filter((p) => m.type !== ROUTER || !isOfTrial(p.path)),
  };
}

function detailedProperties(
  { old, new: now }: { readonly old?: unknown; readonly new?: unknown },
  detailed: Record<string, { readonly diffKind: string; readonly inputDiff?: boolean }>,
): PropertyChange[] {
  return Object.entries(detailed).map(([path, d]) => {
    const [before, after] = narrowed(at(old, path, d), at(now, path, d));
    return { path, before, after, forcesReplacement: d.diffKind.endsWith("replace") };
  });
}

/**
 * A provider in TypeScript reports no detail: the inputs that differ, down to the value. Members of lists go by their
 * `name` where they have one, so that one more step in a role is one more step and not a change of all after it.
 */
function differingInputs(before: unknown, after: unknown): PropertyChange[] {
  const found: PropertyChange[] = [];
  const compare = (o: unknown, n: unknown, path: string): void => {
    if (JSON.stringify(o) === JSON.stringify(n)) return;
    const [x, y] = isTextAt(path) ? [] : [named(o), named(n)];
    if (x && y) {
      for (const key of new Set([...Object.keys(x), ...Object.keys(y)]))
        if (!key.startsWith("__")) compare(x[key], y[key], path === "" ? key : `${path}["${key}"]`);
      if (Array.isArray(o) && Array.isArray(n)) {
        // Steps are done in their order: that alone may be what differs.
        const [b, a] = [Object.keys(x).filter((k) => k in y), Object.keys(y).filter((k) => k in x)];
        if (b.join("\n") !== a.join("\n")) found.push({ path, before: b, after: a, forcesReplacement: false });
      }
      return;
    }
    const [b, a] = isTextAt(path) ? narrowed(inWords(o), inWords(n)) : narrowed(o, n);
    found.push({ path, before: b, after: a, forcesReplacement: false });
  };
  compare(inputsOf(before), inputsOf(after), "");
  return found;
}

function inputsOf(state: unknown): Record<string, unknown> {
  const inputs = isRecord(state) ? state["inputs"] : undefined;
  return isRecord(inputs) ? inputs : {};
}

/** Where texts stand that may have places for secrets: a seed's files, and what steps write and hand over. */
const isTextAt = (path: string): boolean => /\["(?:content|input)"\]$|^files\["[^"]*"\]$/.test(path);

/** Such a text as people read it, each place by its name. */
function inWords(value: unknown): unknown {
  const text = textFrom(value);
  return text === undefined ? value : shown(text);
}

/** A record as it is; a list of things with names as a record of them. */
function named(value: unknown): Record<string, unknown> | undefined {
  if (isRecord(value)) return value;
  if (!Array.isArray(value) || !value.every((v) => isRecord(v) && typeof v["name"] === "string")) return undefined;
  const byName = Object.fromEntries(value.map((v: { name: string }) => [v.name, v]));
  return Object.keys(byName).length === value.length ? byName : undefined;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

/** Of two texts of several lines only the first that differs, so that a change of a file can be read in one line. */
function narrowed(before: unknown, after: unknown): readonly [unknown, unknown] {
  if (typeof before !== "string" || typeof after !== "string" || !`${before}${after}`.includes("\n"))
    return [before, after];
  const [x, y] = [before.split("\n"), after.split("\n")];
  const at = Array.from({ length: Math.max(x.length, y.length) }).findIndex((_, i) => x[i] !== y[i]);
  if (at < 0) return [before, after];
  const [o, n] = [x[at] ?? "", y[at] ?? ""];
  // Blanks around a line are noise, unless they are what differs.
  return o.trim() === n.trim() ? [o, n] : [o.trim(), n.trim()];
}

/** Everything that a run announces, in the order of the plan's guests first, then names. */
export function collectChanges(events: readonly EngineEvent[]): readonly Change[] {
  const byUrn = new Map<string, Change>();
  for (const event of events) {
    const change = changeOf(event);
    // A replacement announces itself three times; "replace" says most.
    if (change && byUrn.get(change.urn)?.op !== "replace") byUrn.set(change.urn, change);
  }
  const changes = [...byUrn.values()];
  const routers = new Set(changes.filter((c) => c.type === ROUTER).map((c) => c.name.replace(/-config$/, "-seed")));
  // A router's seed has the same file once more, for one that would be made again.
  const isTold = (c: Change): boolean => c.type === SEED && c.op === "update" && routers.has(c.name);
  return changes
    .filter((c) => !isTold(c))
    .sort((a, b) => Number(isGuest(b)) - Number(isGuest(a)) || a.name.localeCompare(b.name, "en"));
}

/**
 * The value at a path such as `networkDevices[1].vlanId` or `files["user-data"]`: of the inputs where those differ,
 * else of what the provider recorded.
 */
function at(state: unknown, path: string, diff: { readonly inputDiff?: boolean }): unknown {
  const { inputs, outputs } = (state ?? {}) as { inputs?: unknown; outputs?: unknown };
  const keys = [...path.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([^.[\]]+)/g)].map((k) => k[1] ?? k[2] ?? k[3]!);
  const walk = (root: unknown): unknown =>
    keys.reduce<unknown>(
      (v, k) => (typeof v === "object" && v !== null ? (v as Record<string, unknown>)[k] : undefined),
      root,
    );
  return diff.inputDiff === false ? (walk(outputs) ?? walk(inputs)) : (walk(inputs) ?? walk(outputs));
}

/** A value in one line, at most `width` characters. */
export function brief(value: unknown, width = 60): string {
  if (value === undefined) return "(none)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll(/\s*\n\s*/g, " ⏎ ");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
