import { normalise } from "../../../core/intervals.ts";
import { formatAddress, maxOf, networksOfRange } from "../../../core/ip.ts";
import type { Family } from "../../../core/ip.ts";
import { mergeBoxes, realBoxes, SLICES } from "../../../policy/engine/index.ts";
import type { Box, Interval, Slice } from "../../../policy/engine/types.ts";

/** Packets of one family: every combination of a source, a destination and a service. */
interface Product {
  readonly family: Family;
  readonly src: readonly Interval[];
  readonly dst: readonly Interval[];
  /** By slice; within one slice every combination of its two sides. */
  readonly services: ReadonlyMap<Slice, Service>;
}

interface Service {
  readonly a: readonly Interval[];
  readonly b: readonly Interval[];
}

/**
 * Conditions of nftables in a table of family inet, the union of which is exactly the union of the boxes; the empty
 * text is "every packet". Each is one rule, with sets where pf has a table or a list.
 */
export function conditionsOf(boxes: readonly Box[]): readonly string[] {
  const products = ([4, 6] as const).flatMap((family) =>
    productsOf(
      boxes.filter((b) => b.family === family),
      family,
    ),
  );
  const lines = products.flatMap(conditionsOfProduct);
  return joinFamilies(lines);
}

interface Line {
  readonly family: Family;
  /** Neither addresses nor a protocol of one family: the other family may say the same. */
  readonly isNeutral: boolean;
  readonly text: string;
}

/** `tcp dport 80` of IPv4 and of IPv6 are one rule. */
function joinFamilies(lines: readonly Line[]): readonly string[] {
  const key = (l: Line, family: Family): string => `${family} ${l.text}`;
  const neutral = new Set(lines.filter((l) => l.isNeutral).map((l) => key(l, l.family)));
  return lines.flatMap((l) => {
    if (!l.isNeutral) return [l.text];
    if (!neutral.has(key(l, l.family === 4 ? 6 : 4))) return [`${nfproto(l.family)} ${l.text}`.trimEnd()];
    return l.family === 4 ? [l.text] : [];
  });
}

const nfproto = (family: Family): string => `meta nfproto ${family === 4 ? "ipv4" : "ipv6"}`;

function productsOf(boxes: readonly Box[], family: Family): readonly Product[] {
  const real = boxes.flatMap(realBoxes).filter((b) => b.src.lo <= b.src.hi && b.dst.lo <= b.dst.hi);
  if (real.length === 0) return [];
  // Rules come as all combinations of their sides; only then is a set of each side the same thing.
  const slices = new Map<
    string,
    { src: readonly Interval[]; dst: readonly Interval[]; services: Map<Slice, Service> }
  >();
  const odd: Box[] = [];
  for (const slice of SLICES) {
    const own = real.filter((b) => b.slice === slice);
    if (own.length === 0) continue;
    const [src, dst, a, b] = [distinct(own, "src"), distinct(own, "dst"), distinct(own, "a"), distinct(own, "b")];
    const combinations = new Set(own.map((x) => [x.src, x.dst, x.a, x.b].map(textOf).join(" ")));
    if (combinations.size !== src.length * dst.length * a.length * b.length) {
      odd.push(...own);
      continue;
    }
    const key = `${src.map(textOf).join()} ${dst.map(textOf).join()}`;
    const found = slices.get(key);
    if (found) found.services.set(slice, { a, b });
    else slices.set(key, { src, dst, services: new Map([[slice, { a, b }]]) });
  }
  const merged = mergeBoxes(odd).flatMap((p) =>
    p.services.map((s): Product => ({ ...p, services: new Map([[s.slice, { a: [s.a], b: [s.b] }]]) })),
  );
  return [...[...slices.values()].map((s) => ({ family, ...s })), ...merged];
}

const textOf = (i: Interval): string => `${i.lo}-${i.hi}`;

const distinct = (boxes: readonly Box[], side: "src" | "dst" | "a" | "b"): readonly Interval[] => [
  ...new Map(boxes.map((b) => [textOf(b[side]), b[side]])).values(),
];

function conditionsOfProduct(p: Product): readonly Line[] {
  const addresses = [addressText(p.family, "saddr", p.src), addressText(p.family, "daddr", p.dst)].filter(
    (t) => t !== "",
  );
  return serviceTexts(p).map(({ text, isNeutral }) => {
    const hasFamily = isNeutral || addresses.length > 0;
    // The protocol first: whoever reads the rules then has one kind of packet to look at, and not four.
    const parts = hasFamily ? [text, ...addresses] : [nfproto(p.family), text];
    return {
      family: p.family,
      isNeutral: isNeutral && addresses.length === 0,
      text: parts.filter((t) => t !== "").join(" "),
    };
  });
}

function addressText(family: Family, field: "saddr" | "daddr", intervals: readonly Interval[]): string {
  const whole = normalise(intervals);
  if (isWhole(whole, maxOf(family))) return "";
  return `${family === 4 ? "ip" : "ip6"} ${field} ${setOf(whole.flatMap((i) => addressesOf(family, i)))}`;
}

/** A network where the interval is one, else the range: nft's sets take both. */
function addressesOf(family: Family, i: Interval): readonly string[] {
  const networks = networksOfRange({ family, lo: i.lo, hi: i.hi });
  const [first] = networks;
  if (networks.length === 1 && first) {
    const address = formatAddress({ family, value: first.base });
    return [i.lo === i.hi ? address : `${address}/${first.prefix}`];
  }
  return [`${formatAddress({ family, value: i.lo })}-${formatAddress({ family, value: i.hi })}`];
}

interface ServiceText {
  readonly text: string;
  readonly isNeutral: boolean;
}

const ICMP = { 4: 1n, 6: 58n } as const;
const PORTS = 65535n;
const BYTE = 255n;

/** What is asked of the protocol and of ports or types: as few texts as say it. */
function serviceTexts(p: Product): readonly ServiceText[] {
  const full = (slice: Slice): boolean => {
    const s = p.services.get(slice);
    if (!s) return false;
    if (slice === "other") return isWhole(withPhantoms(s.a, p.family), BYTE);
    const most = slice === "icmp" ? BYTE : PORTS;
    return isWhole(normalise(s.a), most) && isWhole(normalise(s.b), most);
  };
  if (SLICES.every(full)) return [{ text: "", isNeutral: true }];
  const out: ServiceText[] = [];
  const whole: Interval[] = [];
  if (full("tcp")) whole.push({ lo: 6n, hi: 6n });
  if (full("udp")) whole.push({ lo: 17n, hi: 17n });
  if (full("icmp")) whole.push({ lo: ICMP[p.family], hi: ICMP[p.family] });
  const other = p.services.get("other");
  if (other) whole.push(...other.a);
  if (whole.length > 0) {
    // Protocol numbers mean the same in both families, but for those of the two ICMP.
    const isNeutral = !whole.some((i) => [1n, 58n].some((n) => i.lo <= n && n <= i.hi));
    out.push({ text: wholeProtocols(normalise(whole), p.family), isNeutral });
  }
  out.push(...portTexts(p, full));
  const icmp = p.services.get("icmp");
  if (icmp && !full("icmp")) {
    const name = p.family === 4 ? "icmp" : "icmpv6";
    const proto = `meta l4proto ${ICMP[p.family].toString()}`;
    const type = fieldText(`${name} type`, icmp.a, BYTE);
    const code = fieldText(`${name} code`, icmp.b, BYTE);
    out.push({ text: [proto, type, code].filter((t) => t !== "").join(" "), isNeutral: false });
  }
  return out;
}

/** ICMP alone by its types, all of them: nft would print `meta l4proto icmp` without the family that is asked for. */
function wholeProtocols(numbers: readonly Interval[], family: Family): string {
  const [only] = numbers;
  const isIcmp = numbers.length === 1 && only?.lo === ICMP[family] && only.hi === ICMP[family];
  if (isIcmp) return `${family === 4 ? "icmp" : "icmpv6"} type 0-255`;
  return `meta l4proto ${setOf(numbers.map(numberText))}`;
}

function portTexts(p: Product, full: (slice: Slice) => boolean): readonly ServiceText[] {
  const texts = (["tcp", "udp"] as const).flatMap((slice) => {
    const s = p.services.get(slice);
    if (!s || full(slice)) return [];
    const ports = [fieldText("th sport", s.a, PORTS), fieldText("th dport", s.b, PORTS)];
    return [{ slice, text: ports.filter((t) => t !== "").join(" ") }];
  });
  const [first, second] = texts;
  if (first && second && first.text === second.text) {
    return [{ text: `meta l4proto { 6, 17 } ${first.text}`, isNeutral: true }];
  }
  return texts.map((t) => ({ text: `meta l4proto ${t.slice === "tcp" ? 6 : 17} ${t.text}`, isNeutral: true }));
}

function fieldText(field: string, intervals: readonly Interval[], most: bigint): string {
  const whole = normalise(intervals);
  return isWhole(whole, most) ? "" : `${field} ${setOf(whole.map(numberText))}`;
}

const numberText = (i: Interval): string => (i.lo === i.hi ? i.lo.toString() : `${i.lo}-${i.hi}`);

const setOf = (elements: readonly string[]): string =>
  elements.length === 1 ? elements[0]! : `{ ${elements.join(", ")} }`;

/** The numbers of TCP, UDP and ICMP are never in `other`: adding them back shows whether it is everything else. */
const withPhantoms = (a: readonly Interval[], family: Family): readonly Interval[] =>
  normalise([...a, { lo: 6n, hi: 6n }, { lo: 17n, hi: 17n }, { lo: ICMP[family], hi: ICMP[family] }]);

const isWhole = (i: readonly Interval[], most: bigint): boolean =>
  i.length === 1 && i[0]!.lo === 0n && i[0]!.hi >= most;
