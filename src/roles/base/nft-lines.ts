import {
  formatAddresses,
  formatNumbers,
  fullInterval,
  mergeBoxes,
  type Interval,
  type Product,
} from "../../policy/engine/index.ts";
import type { HostRule } from "./firewall.ts";

/* Rules of a host's firewall as nft(8) reads them. */

const VERDICTS: Readonly<Record<HostRule["action"], string>> = {
  pass: "accept",
  block: "drop",
  reject: "reject with icmpx admin-prohibited",
};

export function nftLines({ id, action, isLogged, boxes }: HostRule): readonly string[] {
  const verdict = `${VERDICTS[action]} comment "${id}"`;
  return mergeBoxes(boxes).flatMap((product) => {
    const said = linesOfProduct(product, verdict);
    // The routers log what they let through; here a refusal is what nobody else has seen.
    if (action === "pass" || !isLogged) return said;
    return linesOfProduct(product, `limit rate 10/minute log prefix "refused ${id}: "`).flatMap((line, n) => [
      line,
      said[n]!,
    ]);
  });
}

/** One statement a slice: nft(8) matches ports under one protocol at a time. */
function linesOfProduct(product: Product, verdict: string): readonly string[] {
  const { family, services } = product;
  const ends = address(family, "saddr", product.src) + address(family, "daddr", product.dst);
  const isWhole = (s: Product["services"][number]): boolean =>
    (["a", "b"] as const).every((d) => {
      const full = fullInterval(family, s.slice, d);
      return s[d].lo <= full.lo && s[d].hi >= full.hi;
    });
  const whole = new Set(services.filter(isWhole).map((s) => s.slice));
  // Without an address nothing in the rule says the family.
  const start = ends === "" ? `meta nfproto ipv${family} ` : ends;
  if (whole.size === 4) return [`${start}${verdict}`];
  const lines: string[] = [];
  for (const slice of ["tcp", "udp", "icmp", "other"] as const) {
    const own = services.filter((s) => s.slice === slice);
    if (own.length === 0) continue;
    const number = { tcp: "6", udp: "17", icmp: family === 4 ? "1" : "58", other: "" }[slice];
    if (whole.has(slice)) {
      const match =
        slice === "other" ? `meta l4proto != { 6, 17, ${family === 4 ? 1 : 58} }` : `meta l4proto ${number}`;
      lines.push(`${start}${match} ${verdict}`);
    } else if (slice === "other") {
      lines.push(`${start}meta l4proto ${set(own.map((s) => numbers(s.a)))} ${verdict}`);
    } else if (slice === "icmp") {
      const word = family === 4 ? "icmp" : "icmpv6";
      for (const codes of grouped(own, family, "b"))
        lines.push(`${start}${icmp(word, codes, fullInterval(family, "icmp", "b"))} ${verdict}`);
    } else {
      for (const ports of grouped(own, family, "a")) {
        const from = formatNumbers(ports[0]!.a, fullInterval(family, slice, "a"));
        const source = from === "" ? "" : `${slice} sport ${from} `;
        const to = ports.map((s) => numbers(s.b));
        lines.push(`${start}${source}${slice} dport ${set(to)} ${verdict}`);
      }
    }
  }
  return lines;
}

function icmp(word: string, services: Product["services"], allCodes: Interval): string {
  const code = formatNumbers(services[0]!.b, allCodes);
  return `${word} type ${set(services.map((s) => numbers(s.a)))}${code === "" ? "" : ` ${word} code ${code}`}`;
}

/** Services that share one interval of a dimension, so that the other is one set. */
function grouped(services: Product["services"], family: 4 | 6, by: "a" | "b"): readonly Product["services"][] {
  const groups = new Map<string, Product["services"][number][]>();
  for (const s of services) {
    const key = formatNumbers(s[by], fullInterval(family, s.slice, by));
    groups.set(key, [...(groups.get(key) ?? []), s]);
  }
  return [...groups.values()];
}

const numbers = ({ lo, hi }: Interval): string => (lo === hi ? String(lo) : `${lo}-${hi}`);

const set = (members: readonly string[]): string => (members.length === 1 ? members[0]! : `{ ${members.join(", ")} }`);

/** `ip saddr { … } `, or nothing for every address. */
function address(family: 4 | 6, side: "saddr" | "daddr", intervals: readonly Interval[]): string {
  const names = intervals.map((i) => formatAddresses(i, family));
  if (names.includes("any")) return "";
  return `ip${family === 6 ? "6" : ""} ${side} ${set(names)} `;
}
