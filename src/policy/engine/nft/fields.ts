import { parseAddress, parseNetwork, rangeOf, type Family } from "../../../core/ip.ts";
import {
  fullInterval,
  icmpProtocol,
  interval,
  makeBox,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  realBoxes,
  SLICES,
} from "../boxes.ts";
import type { Box, Interval, Slice } from "../types.ts";
import { ICMP6_CODES, ICMP6_TYPES, ICMP_CODES, ICMP_TYPES, PROTOCOLS } from "./names.ts";
import type { Key, Value } from "./schema.ts";

/** Why something could not be read; caught where the rule is known, and listed as unsupported. */
export class Unsupported extends Error {}

/** A field of the packet that the engine has a dimension for. */
export interface Field {
  readonly full: Interval;
  /** The interval of one value that is not a set. */
  parse(value: Value): Interval;
  /** All packets in which the field lies in the interval (and exists). */
  boxes(i: Interval): readonly Box[];
}

const FAMILIES: readonly Family[] = [4, 6];

/** The field that a key names; undefined for keys that are no field of the packet (interfaces, states). */
export function fieldOf(key: Key): Field | undefined {
  if ("payload" in key) return payloadField(key.payload.protocol, key.payload.field);
  if (!("meta" in key)) return undefined;
  switch (key.meta.key) {
    case "l4proto":
      return protocolField(FAMILIES);
    case "nfproto":
    case "protocol":
      return familyField();
    default:
      return undefined;
  }
}

function payloadField(protocol: string, field: string): Field | undefined {
  const name = `${protocol} ${field}`;
  switch (name) {
    case "ip saddr":
      return addressField(4, "src");
    case "ip daddr":
      return addressField(4, "dst");
    case "ip6 saddr":
      return addressField(6, "src");
    case "ip6 daddr":
      return addressField(6, "dst");
    case "ip protocol":
      return protocolField([4]);
    case "ip6 nexthdr":
      return protocolField([6]);
    case "tcp sport":
    case "udp sport":
      return portField([protocol as Slice], "a");
    case "tcp dport":
    case "udp dport":
      return portField([protocol as Slice], "b");
    case "th sport":
      return portField(["tcp", "udp"], "a");
    case "th dport":
      return portField(["tcp", "udp"], "b");
    case "icmp type":
      return icmpField(4, "a", ICMP_TYPES);
    case "icmp code":
      return icmpField(4, "b", ICMP_CODES);
    case "icmpv6 type":
      return icmpField(6, "a", ICMP6_TYPES);
    case "icmpv6 code":
      return icmpField(6, "b", ICMP6_CODES);
    default:
      return undefined;
  }
}

function addressField(family: Family, side: "src" | "dst"): Field {
  const single = (value: Value): bigint => {
    const address = typeof value === "string" ? parseAddress(value) : undefined;
    if (address?.family !== family) throw new Unsupported(`address ${JSON.stringify(value)}`);
    return address.value;
  };
  return {
    full: fullInterval(family, "tcp", side),
    parse(value) {
      if (typeof value === "object" && "prefix" in value) {
        const network = parseNetwork(`${value.prefix.addr}/${value.prefix.len}`)?.network;
        if (network?.family !== family) throw new Unsupported(`prefix ${JSON.stringify(value)}`);
        const { lo, hi } = rangeOf(network);
        return { lo, hi };
      }
      return rangeOr(value, single);
    },
    boxes: (i) => SLICES.map((slice) => makeBox(family, slice, { [side]: i })),
  };
}

function rangeOr(value: Value, single: (value: Value) => bigint): Interval {
  if (typeof value === "object" && "range" in value) return { lo: single(value.range[0]), hi: single(value.range[1]) };
  const n = single(value);
  return { lo: n, hi: n };
}

function numberOf(value: Value, names: Readonly<Record<string, number>>, what: string): bigint {
  const n = typeof value === "string" ? names[value] : value;
  if (typeof n !== "number") throw new Unsupported(`${what} ${JSON.stringify(value)}`);
  return BigInt(n);
}

function portField(slices: readonly Slice[], side: "a" | "b"): Field {
  return {
    full: interval(0, 65535),
    parse: (value) => rangeOr(value, (v) => numberOf(v, {}, "port")),
    boxes: (i) => FAMILIES.flatMap((family) => slices.map((slice) => makeBox(family, slice, { [side]: i }))),
  };
}

function icmpField(family: Family, side: "a" | "b", names: Readonly<Record<string, number>>): Field {
  return {
    full: interval(0, 255),
    parse: (value) => rangeOr(value, (v) => numberOf(v, names, side === "a" ? "ICMP type" : "ICMP code")),
    boxes: (i) => [makeBox(family, "icmp", { [side]: i })],
  };
}

function protocolField(families: readonly Family[]): Field {
  const holds = (i: Interval, n: bigint): boolean => i.lo <= n && n <= i.hi;
  return {
    full: interval(0, 255),
    parse: (value) => rangeOr(value, (v) => numberOf(v, PROTOCOLS, "protocol")),
    boxes: (i) =>
      families.flatMap((family) => [
        ...(holds(i, PROTOCOL_TCP) ? [makeBox(family, "tcp", {})] : []),
        ...(holds(i, PROTOCOL_UDP) ? [makeBox(family, "udp", {})] : []),
        ...(holds(i, icmpProtocol(family)) ? [makeBox(family, "icmp", {})] : []),
        // Without the numbers that have a slice: those boxes would hold no packet.
        ...realBoxes(makeBox(family, "other", { a: i })),
      ]),
  };
}

const FAMILY_NAMES: Readonly<Record<string, number>> = { ipv4: 4, ip: 4, ipv6: 6, ip6: 6 };

function familyField(): Field {
  return {
    full: interval(0, 15),
    parse: (value) => rangeOr(value, (v) => numberOf(v, FAMILY_NAMES, "family")),
    boxes: (i) =>
      FAMILIES.filter((f) => i.lo <= BigInt(f) && BigInt(f) <= i.hi).flatMap((f) =>
        SLICES.map((slice) => makeBox(f, slice, {})),
      ),
  };
}
