import { parseAddress } from "../../core/ip.ts";
import type { Family } from "../../core/ip.ts";
import type { Slice } from "../../policy/engine/types.ts";
import type { PfConfig } from "../model/config.ts";
import { makePacketDecider } from "./decide.ts";
import type { ArrivingFlow, PacketDecider, PacketVerdict } from "./decide.ts";
import { protocolNumber } from "./protocols.ts";
import type { Circumstances } from "./types.ts";

/** A line that is no packet: its number from 1, and what is wrong. */
export interface PacketLineError {
  readonly line: number;
  readonly fact: string;
}

export type PacketLine =
  { readonly ok: true; readonly packet: ArrivingFlow } | { readonly ok: false; readonly error: PacketLineError };

/** Lines longer than this are not packets, and are not parsed. */
const MAX_LINE = 4_096;

/**
 * Parses one line: `{"in":"lan","src":"…","dst":"…","proto":"udp","sport":40000,"dport":5060}`; ICMP has `type` and
 * `code` instead of ports, other protocols neither. `proto` is a name or a number.
 * @param isPlace tells the interfaces that packets may come in by
 */
export function parsePacketLine(text: string, line: number, isPlace: (key: string) => boolean): PacketLine {
  if (text.length > MAX_LINE) return fail(line, `the line has more than ${MAX_LINE} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fail(line, "the line is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return fail(line, "the line is not an object");
  const fields = parsed as Readonly<Record<string, unknown>>;
  const key = fields["in"];
  if (typeof key !== "string") return fail(line, '"in" is not an interface\'s key');
  if (!isPlace(key)) return fail(line, `"in": ${JSON.stringify(key)} is no enabled interface of the file, nor "self"`);
  const src = addressOf(fields["src"]);
  const dst = addressOf(fields["dst"]);
  if (src === undefined) return fail(line, '"src" is not an IP address');
  if (dst === undefined) return fail(line, '"dst" is not an IP address');
  if (typeof src !== typeof dst) return fail(line, '"src" and "dst" are not of one family');
  const family: Family = typeof src === "number" ? 4 : 6;
  const protocol = protocolOf(fields["proto"], family);
  if (protocol === undefined) return fail(line, '"proto" is not a protocol\'s name or number');
  const slice = sliceOf(protocol, family);
  if (slice === "other") return { ok: true, packet: { in: key, flow: { family, slice, src, dst, a: protocol, b: 0 } } };
  const isIcmp = slice === "icmp";
  const [nameA, nameB, max] = isIcmp ? (["type", "code", 255] as const) : (["sport", "dport", 65535] as const);
  const a = fields[nameA];
  const b = fields[nameB] ?? (isIcmp ? 0 : undefined);
  if (!isWithin(a, max)) return fail(line, `"${nameA}" is not a whole number from 0 to ${max}`);
  if (!isWithin(b, max)) return fail(line, `"${nameB}" is not a whole number from 0 to ${max}`);
  return { ok: true, packet: { in: key, flow: { family, slice, src, dst, a, b } } };
}

const fail = (line: number, fact: string): PacketLine => ({ ok: false, error: { line, fact } });

const isWithin = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;

function protocolOf(value: unknown, family: Family): number | undefined {
  if (value === "tcp") return 6;
  if (value === "udp") return 17;
  if (value === "icmp") return family === 4 ? 1 : 58;
  if (typeof value === "number") return isWithin(value, 255) ? value : undefined;
  return typeof value === "string" ? protocolNumber(value) : undefined;
}

function sliceOf(protocol: number, family: Family): Slice {
  if (protocol === 6) return "tcp";
  if (protocol === 17) return "udp";
  return protocol === (family === 4 ? 1 : 58) ? "icmp" : "other";
}

const MAX_CACHED = 50_000;
const cache6 = new Map<string, bigint>();

/** IPv4 as a number, IPv6 as a bigint. IPv6 text is slow to parse, and flows repeat their addresses. */
function addressOf(value: unknown): number | bigint | undefined {
  if (typeof value !== "string") return undefined;
  const four = ipv4Of(value);
  if (four >= 0) return four;
  const cached = cache6.get(value);
  if (cached !== undefined) return cached;
  const parsed = parseAddress(value);
  if (parsed?.family !== 6) return undefined;
  if (cache6.size >= MAX_CACHED) cache6.clear();
  cache6.set(value, parsed.value);
  return parsed.value;
}

/** Dotted quad without leading zeros, in one pass; -1 for anything else. */
function ipv4Of(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57) {
      if (octet === 0) return -1;
      octet = octet < 0 ? c - 48 : octet * 10 + c - 48;
      if (octet > 255) return -1;
    } else if (c === 46 && octet >= 0 && dots < 3) {
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else return -1;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

/**
 * Decides packets one a line. Each line gives one line: `{"verdict":"pass","rule":"…"}`, with `"unsure"` when something
 * that the file does not hold bears on it, or `{"error":"…","line":3}`. Empty lines give none.
 */
export async function* auditPackets(
  config: PfConfig,
  lines: AsyncIterable<string> | Iterable<string>,
  circumstances: Circumstances = {},
): AsyncIterable<string> {
  const judge = makeLineJudge(config, circumstances);
  let line = 0;
  for await (const text of lines) {
    const answer = judge(text, ++line);
    if (answer !== undefined) yield answer;
  }
}

/**
 * The same a line at a time, for whoever has many lines at once: awaiting each would cost as much as deciding it.
 * @returns a function of a line's text and its number from 1; undefined for a blank line
 */
export function makeLineJudge(
  config: PfConfig,
  circumstances: Circumstances = {},
): (text: string, line: number) => string | undefined {
  const decider = makePacketDecider(config, circumstances);
  return (text, line) => answerLine(decider, text, line);
}

function answerLine(decider: PacketDecider, text: string, line: number): string | undefined {
  if (text.trim() === "") return undefined;
  const parsed = parsePacketLine(text, line, decider.isPlace);
  return parsed.ok ? render(decider.decide(parsed.packet)) : JSON.stringify({ error: parsed.error.fact, line });
}

/** As `JSON.stringify`, which is slow for what is nearly always two short words. */
function render(v: PacketVerdict): string {
  if (v.unsure !== undefined || !/^[\w:./[\]-]*$/.test(v.rule)) return JSON.stringify(v);
  return `{"verdict":"${v.verdict}","rule":"${v.rule}"}`;
}
