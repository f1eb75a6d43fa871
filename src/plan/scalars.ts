import * as z from "zod";
import { parseAddress, parseNetwork, formatNetwork } from "../core/ip.ts";
import { parseSshKey } from "../core/ssh-key.ts";
import type { PlanCode } from "./codes.ts";

/*
 * Scalars of the documents. Schemas only judge: they change nothing and fill in nothing, so that the YAML, its JSON
 * Schema and what the resolver reads are one thing. Descriptions are what an editor shows and what hints quote.
 */

/** What is wrong with one value, before it has a place. Travels in the issue's `params`. */
export interface Complaint {
  readonly code: PlanCode;
  readonly fact: string;
  readonly hint: string;
}

/** Text that `judge` finds no fault with. */
export const judged = (judge: (value: string) => Complaint | undefined): z.ZodString =>
  z.string().check((ctx) => {
    const complaint = judge(ctx.value);
    if (complaint) ctx.issues.push({ code: "custom", input: ctx.value, message: complaint.fact, params: complaint });
  });

/** Keys of maps: zones, services, groups … */
export const id = (): z.ZodString =>
  z
    .string()
    .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/)
    .max(63)
    .register(z.globalRegistry, {
      description: "At most 63 lower-case letters and digits, parts joined by hyphens or dots, a letter first",
    });

/** What a text may be the name of; an `end` is one of a flow, a `member` one of a group of ends, a `cover` answers a need. */
export type NameKind =
  | "role"
  | "zone"
  | "host"
  | "image"
  | "service"
  | "flow"
  | "department"
  | "group"
  | "end"
  | "member"
  | "cover"
  | "switch";

/** Of a schema whose texts are names of something: of what. The resolver judges them, an editor completes them. */
export const naming = z.registry<{ readonly kind: NameKind }>();

/** Of a map whose keys are words that the program knows: what is said of a key that is none of them. */
export const keysOf = z.registry<{ readonly code: PlanCode; readonly what: string }>();

/** A reference to something that is declared elsewhere; the resolver knows whether it exists. */
export const reference = (description: string, kind: NameKind): z.ZodString =>
  word(kind).register(z.globalRegistry, { description });

const word = (kind: NameKind): z.ZodString => z.string().min(1).max(200).register(naming, { kind });

// Descriptions end in config.xml, LDAP, DNS and documents: one line each (shape.ts), so that none can carry a second
// directive.
export const line = (description: string, longest = 200): z.ZodString =>
  z.string().min(1).max(longest).register(z.globalRegistry, { description });

export const address = (description: string): z.ZodString =>
  judged((value) =>
    parseAddress(value)
      ? undefined
      : { code: "PLAN_BAD_ADDRESS", fact: `"${value}" is not an IP address`, hint: addressHint(value) },
  ).register(z.globalRegistry, { description, examples: ["10.20.20.11"] });

export function addressHint(value: string): string {
  if (value.includes("/")) return "Leave out the prefix: it stands once, in the zone's subnet";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(value)) return "Four numbers from 0 to 255, without leading zeros";
  return "Write four numbers such as 10.20.20.11, or an IPv6 address";
}

/** What is wrong with a network in CIDR form, or undefined. */
export function judgeNetwork(value: string): Complaint | undefined {
  const parsed = parseNetwork(value);
  if (!parsed)
    return { code: "PLAN_BAD_NETWORK", fact: `"${value}" is not a network`, hint: "Write it as 10.20.20.0/24" };
  if (!parsed.hostBits) return undefined;
  const fixed = formatNetwork(parsed.network);
  return { code: "PLAN_HOST_BITS", fact: `"${value}" has host bits set`, hint: `The network is ${fixed}` };
}

export const network = (description: string): z.ZodString =>
  judged(judgeNetwork).register(z.globalRegistry, { description, examples: ["10.20.20.0/24"] });

export const sshKey = (description: string): z.ZodString =>
  judged((value) => {
    const parsed = parseSshKey(value);
    return "fact" in parsed ? { code: "PLAN_BAD_SSH_KEY", ...parsed } : undefined;
  })
    .max(8192)
    .register(z.globalRegistry, { description, examples: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5… elise@portable"] });

export const whole = (lo: number, hi: number, description: string): z.ZodInt =>
  z.int().min(lo).max(hi).register(z.globalRegistry, { description });

export const names = (description: string, kind: NameKind): z.ZodArray<z.ZodString> =>
  z.array(word(kind)).min(1).register(z.globalRegistry, { description });

/** A date of the calendar; zod's own accepts the form, this the day too. */
export const date = (description: string): z.ZodString =>
  judged((value) =>
    isDate(value)
      ? undefined
      : { code: "PLAN_BAD_DATE", fact: `"${value}" is not a date`, hint: "Write it as 2025-04-25" },
  ).register(z.globalRegistry, { description, examples: ["2025-04-25"] });

function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
