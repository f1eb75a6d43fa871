import { z } from "zod";

import { Fault } from "../../../core/fault.ts";
import { readNft, rulesFor } from "../../../policy/engine/index.ts";
import type { Box, Rule } from "../../../policy/engine/types.ts";
import { hex, REPLY_MASK, ROUTE_MASK, TAG_MASK } from "../compile/marks.ts";
import { TABLE } from "../compile/table.ts";

/** A rule and what it does to a packet, marks and translations included, in one text that can be compared. */
export interface Labelled {
  readonly id: string;
  readonly label: string;
  readonly boxes: readonly Box[];
}

/** Which packets: through one base chain of the table, by one device, with a tag. */
export interface KernelQuestion {
  /** `filter_in`, `filter_out`, `nat_in` or `nat_out`. */
  readonly base: string;
  readonly device: string;
  /** The number of the tag that the packets bring; 0 is none. */
  readonly tag: number;
}

export interface KernelRules {
  readonly rules: readonly Labelled[];
  /** What could not be read in the chains that these packets may meet; nothing is proven while this is not empty. */
  readonly unreadable: readonly string[];
}

type Statement = Readonly<Record<string, unknown>>;

interface RawRule {
  readonly chain: string;
  readonly handle: number;
  readonly expr: readonly Statement[];
  readonly body: Readonly<Record<string, unknown>>;
}

const Document = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const Named = z.looseObject({ family: z.string(), table: z.string(), name: z.string() });
const RuleBody = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number(),
  expr: z.array(z.record(z.string(), z.unknown())),
});

/** Answers questions about the table as the kernel holds it; the reader of the policy engine does the reading. */
export class Kernel {
  readonly #chains = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #rules = new Map<string, RawRule[]>();

  /**
   * @param json what `nft -j list table inet maquette`, or `list ruleset`, prints
   * @throws Fault ROUTER_NO_TABLE when the table is not there
   */
  constructor(json: unknown) {
    for (const object of Document.parse(json).nftables) {
      const chain = Named.safeParse(object["chain"]);
      if (chain.success && isOurs(chain.data)) {
        this.#chains.set(chain.data.name, chain.data);
        this.#rules.set(chain.data.name, []);
      }
      const rule = RuleBody.safeParse(object["rule"]);
      if (!rule.success || !isOurs(rule.data)) continue;
      const { chain: name, handle, expr } = rule.data;
      this.#rules.get(name)?.push({ chain: name, handle, expr, body: rule.data });
    }
    if (this.#chains.size > 0) return;
    const hint = "Load the configuration again: maquette-load /cf/conf/config.xml.";
    throw new Fault("ROUTER_NO_TABLE", `The kernel has no table inet ${TABLE}`, hint);
  }

  /** The first-match list that the packets meet, each rule with its label. */
  rules(question: KernelQuestion): KernelRules {
    const isIn = question.base.endsWith("_in");
    const labels = new Map<number, string>();
    const chains: object[] = [];
    const rules: object[] = [];
    const pending = [question.base];
    for (const seen = new Set<string>(); pending.length > 0;) {
      const name = pending.pop()!;
      const chain = this.#chains.get(name);
      if (!chain || seen.has(name)) continue;
      seen.add(name);
      // Where the chain hangs is the question's business; for the reader it is a filter on the way in or out.
      const isBase = name === question.base;
      chains.push({ chain: isBase ? { ...chain, type: "filter", hook: isIn ? "input" : "output" } : chain });
      for (const raw of this.#rules.get(name) ?? []) {
        const read = specialise(raw, question);
        if (!read) continue;
        labels.set(raw.handle, read.label);
        rules.push({ rule: { ...raw.body, expr: read.expr } });
        pending.push(...targetsOf(read.expr));
      }
    }
    const parsed = readNft({ nftables: [...chains, ...rules] });
    const asked = isIn
      ? ({ hook: "input", iif: question.device } as const)
      : ({ hook: "output", oif: question.device } as const);
    const { rules: list, unsupported } = rulesFor(parsed, asked);
    return {
      rules: list.map((r) => labelled(r, labels, question.base.startsWith("filter") ? POLICY_ACCEPT : UNCHANGED)),
      unreadable: unsupported.map((u) => `${u.where}${u.handle === null ? "" : ` handle ${u.handle}`}: ${u.what}`),
    };
  }
}

const isOurs = (o: { readonly family: string; readonly table: string }): boolean =>
  o.family === "inet" && o.table === TABLE;

function labelled(r: Rule, labels: ReadonlyMap<number, string>, accepted: string): Labelled {
  const handle = Number(/#(\d+)$/.exec(r.id)?.[1] ?? "-1");
  // The chain's policy has no handle; what a jump back would leave is not there, since every chain is gone to.
  const label = labels.get(handle) ?? accepted;
  return { id: r.id, label: r.action === "pass" ? label : r.action, boxes: r.boxes };
}

/** What a packet gets that passes without any mark being touched. */
const POLICY_ACCEPT = passLabel({ tag: undefined, route: 0, reply: 0 });

/** The label of a passed packet. */
export function passLabel(e: {
  readonly tag: number | undefined;
  readonly route: number;
  readonly reply: number;
}): string {
  return `pass tag ${e.tag ?? "kept"} route ${e.route} reply ${e.reply}`;
}

function targetsOf(expr: readonly Statement[]): readonly string[] {
  return expr.flatMap((s) => {
    const body = s["goto"] ?? s["jump"];
    return isRecord(body) && typeof body["target"] === "string" ? [body["target"]] : [];
  });
}

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === "object" && v !== null;

/**
 * A rule as it stands for the packets of a question, first packets of their flows: tests on marks and on the device are
 * decided, marks and translations are taken into the label. Anything else stays for the reader, which refuses what it does not know.
 * @returns undefined when no such packet satisfies the rule
 */
function specialise(
  raw: RawRule,
  question: KernelQuestion,
): { readonly expr: readonly Statement[]; readonly label: string } | undefined {
  const expr: Statement[] = [];
  const effects: { tag: number | undefined; route: number; reply: number } = { tag: undefined, route: 0, reply: 0 };
  let kept = 0;
  let translation: string | undefined;
  for (const statement of raw.expr) {
    const [kind, body] = Object.entries(statement)[0] ?? ["", null];
    if (kind === "match" && isRecord(body)) {
      const holds =
        deviceTest(body, question) ?? statusTest(body) ?? markTest(body, question, raw.chain === question.base);
      if (holds === false) return undefined;
      if (holds === undefined) expr.push(statement);
      continue;
    }
    if (kind === "mangle" && isRecord(body)) {
      const change = markChange(body);
      if (!change) expr.push({ unreadable: body });
      else if (change.of === "meta") {
        if (change.mask & TAG_MASK) effects.tag = change.bits & TAG_MASK;
        effects.route = change.bits & ROUTE_MASK;
      } else {
        effects.reply = change.bits & REPLY_MASK;
        kept |= change.bits;
      }
      continue;
    }
    if (kind === "dnat" || kind === "snat" || kind === "masquerade" || kind === "redirect") {
      translation = translationText(kind, body);
      if (translation === undefined) expr.push(statement);
      else expr.push({ accept: null });
      continue;
    }
    if (kind !== "counter" && kind !== "log") expr.push(statement);
  }
  if (question.base.startsWith("filter")) return { expr, label: passLabel(effects) };
  return { expr, label: translation === undefined ? UNCHANGED : natLabel(translation, kept) };
}

/** The label of a packet that no translation touches. */
export const UNCHANGED = "unchanged";

/**
 * The label of a translated packet.
 * @param to `dnat 10.0.0.1`, `dnat 10.0.0.1 port 81`, `snat 10.0.0.0/24`
 * @param bits what stays in the connection's mark
 */
export const natLabel = (to: string, bits: number): string => `${to} mark ${hex(bits)}`;

/** What `dnat` or `snat` do, in the words of a label; undefined for forms that the compiler does not write. */
function translationText(kind: string, body: unknown): string | undefined {
  if (!isRecord(body)) return undefined;
  const { addr, port, flags } = body;
  const prefix = isRecord(addr) ? addr["prefix"] : undefined;
  if (isRecord(prefix)) {
    const isMap = flags === "netmap" || (Array.isArray(flags) && flags.length === 1 && flags[0] === "netmap");
    return isMap && port === undefined ? `${kind} ${String(prefix["addr"])}/${String(prefix["len"])}` : undefined;
  }
  if (typeof addr !== "string" || flags !== undefined) return undefined;
  if (port === undefined) return `${kind} ${addr}`;
  if (typeof port === "number") return `${kind} ${addr} port ${port}`;
  const shifts = portMap(port);
  return shifts && `${kind} ${addr} ports ${shifts}`;
}

// nft prints `th dport` by the name of the protocol where the rule matches only one.
const DESTINATION_PORT = /^\{"payload":\{"protocol":"(th|tcp|udp)","field":"dport"\}\}$/;

/** `80>90 81>91` of `th dport map { 80 : 90, 81 : 91 }`. */
function portMap(port: unknown): string | undefined {
  const map = isRecord(port) ? port["map"] : undefined;
  if (!isRecord(map) || !DESTINATION_PORT.test(JSON.stringify(map["key"]))) return undefined;
  const pairs = z.object({ set: z.array(z.tuple([z.number(), z.number()])) }).safeParse(map["data"]);
  if (!pairs.success) return undefined;
  return [...pairs.data.set]
    .sort(([a], [b]) => a - b)
    .map(([from, to]) => `${from}>${to}`)
    .join(" ");
}

/** `ct status confirmed`: never of a first packet, whose connection is confirmed when it has come through. */
function statusTest(match: Readonly<Record<string, unknown>>): boolean | undefined {
  const { op, left, right } = match;
  const key = isRecord(left) && isRecord(left["ct"]) ? left["ct"]["key"] : undefined;
  return key === "status" && op === "in" && right === "confirmed" ? false : undefined;
}

/** A test for one device by name, decided; undefined when it is none. */
function deviceTest(match: Readonly<Record<string, unknown>>, q: KernelQuestion): boolean | undefined {
  const { op, left, right } = match;
  const key = isRecord(left) && isRecord(left["meta"]) ? left["meta"]["key"] : undefined;
  if (key !== (q.base.endsWith("_in") ? "iifname" : "oifname") || typeof right !== "string") return undefined;
  if (right.endsWith("*") || (op !== "==" && op !== "!=")) return undefined;
  return (right === q.device) === (op === "==");
}

/**
 * A test on a mark, decided: true, false, or undefined when it is none. In the base chain a packet's mark holds its
 * tag; the connection's mark is that of a new connection, in which a redirect's tag has already been moved to the packet.
 */
function markTest(match: Readonly<Record<string, unknown>>, q: KernelQuestion, isBase: boolean): boolean | undefined {
  const { op, left, right } = match;
  if (!isRecord(left) || !Array.isArray(left["&"])) return undefined;
  const [key, mask] = left["&"] as readonly unknown[];
  const of = markOf(key);
  if (!of || typeof mask !== "number" || typeof right !== "number" || !isBase) return undefined;
  const value = of === "meta" ? q.tag & mask : 0;
  if (of === "meta" && mask !== TAG_MASK) return undefined;
  if (op === "==") return value === right;
  return op === "!=" ? value !== right : undefined;
}

function markOf(key: unknown): "meta" | "ct" | undefined {
  if (!isRecord(key)) return undefined;
  for (const of of ["meta", "ct"] as const) {
    const inner = key[of];
    if (isRecord(inner) && inner["key"] === "mark" && Object.keys(inner).length === 1) return of;
  }
  return undefined;
}

/** `mark set mark and MASK or BITS`: which bits are replaced, and by what. */
function markChange(
  mangle: Readonly<Record<string, unknown>>,
): { readonly of: "meta" | "ct"; readonly mask: number; readonly bits: number } | undefined {
  const of = markOf(mangle["key"]);
  if (!of) return undefined;
  let value = mangle["value"];
  let bits = 0;
  if (isRecord(value) && Array.isArray(value["|"])) {
    const [inner, number] = value["|"] as readonly unknown[];
    if (typeof number !== "number") return undefined;
    bits = number;
    value = inner;
  }
  if (isRecord(value) && Array.isArray(value["&"])) {
    const [inner, number] = value["&"] as readonly unknown[];
    if (typeof number !== "number" || markOf(inner) === undefined) return undefined;
    return { of, mask: ~number, bits };
  }
  return markOf(value) === undefined ? undefined : { of, mask: bits, bits };
}
