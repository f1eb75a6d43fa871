import { basename } from "node:path";
import type { Plan } from "../../plan/types.ts";

/*
 * The part of a plan that packets depend on, as a text among a resource's inputs: whoever loads a router's file then
 * knows what it is for, and what the file before was for. JSON has neither maps nor numbers of addresses.
 */

const MAP = "$map";
const NUMBER = "$number";

/** What of a host, a flow or a zone is for people only stays out: it would make a change where no packet sees one. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(["description", "cores", "memoryMiB", "disksGiB", "image", "node"]);

export function declaredPlan(plan: Plan): string {
  const { name, kind, domain, authority, zones, pools, hosts, services, flows, forwards } = plan;
  const part = { name, kind, domain, authority, zones, pools, hosts, services, flows, forwards };
  return JSON.stringify(part, (key, value: unknown) => {
    if (typeof value === "bigint") return { [NUMBER]: value.toString() };
    if (value instanceof Map) return { [MAP]: [...value] };
    // Where a row stands is told by its document; in which folder that lies is this machine's affair.
    if (key === "file" && typeof value === "string") return basename(value);
    return FOR_PEOPLE.has(key) ? undefined : value;
  });
}

/** A plan whose policy is the declared one's; nothing else of it is there. Undefined where the text is no such plan. */
export function readDeclaredPlan(text: string): Plan | undefined {
  try {
    const part = JSON.parse(text, (_, value: unknown) => {
      if (typeof value !== "object" || value === null) return value;
      if (NUMBER in value) return BigInt(String(value[NUMBER]));
      return MAP in value ? new Map(value[MAP] as [string, unknown][]) : value;
    }) as Omit<Plan, keyof typeof NOTHING>;
    const isPlan = part.zones instanceof Map && part.hosts instanceof Map && Array.isArray(part.flows);
    return isPlan ? { ...NOTHING, ...part } : undefined;
  } catch {
    return undefined;
  }
}

const NOTHING = {
  images: new Map(),
  minimums: new Map(),
  settings: new Map(),
  endpointGroups: new Map(),
  invariants: [],
  waivers: [],
  groups: new Map(),
  departments: new Map(),
  people: new Map(),
  probePeople: new Map(),
  coverage: new Map(),
} satisfies Partial<Plan>;
