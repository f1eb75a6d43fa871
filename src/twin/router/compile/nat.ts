import { formatAddress, formatNetwork } from "../../../core/ip.ts";
import type { Box } from "../../../policy/engine/types.ts";
import { isOn } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import type { Binat, Redirect, SourceNat } from "../../../pfsense/rules/nat-types.ts";
import type { PfRuleset } from "../../../pfsense/rules/types.ts";
import { chain, quoted } from "./filter.ts";
import { hex, PASSED_BIT } from "./marks.ts";
import type { Marks } from "./marks.ts";
import { conditionsOf } from "./matches.ts";

/** One translation of an interface's list: what it matches, and what it does in nft's words; the first match decides. */
export interface NatStep {
  readonly id: string;
  readonly boxes: readonly Box[];
  /** `accept` leaves the packet as it is. */
  readonly action: string;
}

/** What of the file's translations the kernel cannot hold, one sentence each. */
export interface NatGap {
  readonly id: string;
  readonly why: string;
}

export interface NatLists {
  readonly inbound: readonly NatStep[];
  readonly outbound: readonly NatStep[];
  readonly gaps: readonly NatGap[];
}

/** A redirect of more ports than this would make a map that says nothing to a reader. */
const MAX_SHIFTED_PORTS = 4096;

/** The translations of one interface in pf's order: redirects, then 1:1, inwards; 1:1, then outbound NAT, outwards. */
export function natLists(ruleset: PfRuleset, marks: Marks, i: FilterInterface): NatLists {
  const { nat, interfaces } = ruleset;
  const gaps: NatGap[] = [];
  const here = <T extends Redirect | Binat | SourceNat>(all: readonly T[]): readonly T[] =>
    all.filter((n) => isOn(n.interfaces, i, interfaces));
  const inbound = [
    ...here(nat.redirects).flatMap((r) => redirectStep(r, marks, gaps)),
    ...here(nat.binats).map((b): NatStep => ({
      id: b.id,
      boxes: b.incoming,
      action: b.isNo ? "accept" : `dnat ${prefixText(b.internal, b.external)}`,
    })),
  ];
  const outbound = [
    // `no nat proto carp` stands first in pfSense's rules.
    { id: "no-nat-carp", boxes: CARP, action: "accept" },
    ...here(nat.binats).map((b): NatStep => ({
      id: b.id,
      boxes: b.outgoing,
      action: b.isNo ? "accept" : `snat ${prefixText(b.external, b.internal)}`,
    })),
    ...here(nat.sources).flatMap((s) => sourceStep(s, gaps)),
  ];
  return { inbound, outbound, gaps };
}

const CARP: readonly Box[] = ([4, 6] as const).map((family) => ({
  family,
  slice: "other",
  src: { lo: 0n, hi: family === 4 ? 0xffffffffn : (1n << 128n) - 1n },
  dst: { lo: 0n, hi: family === 4 ? 0xffffffffn : (1n << 128n) - 1n },
  a: { lo: 112n, hi: 112n },
  b: { lo: 0n, hi: 0n },
}));

const familyText = (family: 4 | 6): string => (family === 4 ? "ip" : "ip6");

/** From a network to one of the same length, host part for host part; one address needs no prefix. */
function prefixText(to: Binat["internal"], from: Binat["external"]): string {
  const isHost = to.prefix === (to.family === 4 ? 32 : 128) && from.prefix === to.prefix;
  return isHost
    ? `${familyText(to.family)} to ${formatAddress({ family: to.family, value: to.base })}`
    : `${familyText(to.family)} prefix to ${formatNetwork(to)}`;
}

function redirectStep(r: Redirect, marks: Marks, gaps: NatGap[]): readonly NatStep[] {
  if (r.mayBoxes)
    gaps.push({ id: r.id, why: "it may match more than the file tells; only what surely matches is redirected" });
  if (r.boxes.length === 0) return [];
  if (r.isNo) return [{ id: r.id, boxes: r.boxes, action: "accept" }];
  if (r.target.kind === "unknown") {
    gaps.push({ id: r.id, why: `${r.target.why}; nothing is redirected by it` });
    return [];
  }
  const to =
    r.target.kind === "network" ? prefixText(r.target.to, r.target.from) : addressText(r, r.target.address, gaps);
  if (to === undefined) return [];
  // The second packet of a flow does not come here again: what it needs later stays with the connection.
  const bits = (r.isPass ? PASSED_BIT : 0) | marks.tag(r.setsTag);
  const mark = bits === 0 ? "" : `ct mark set ct mark or ${hex(bits)} `;
  return [{ id: r.id, boxes: r.boxes, action: `${mark}dnat ${to}` }];
}

function addressText(r: Redirect, address: { family: 4 | 6; value: bigint }, gaps: NatGap[]): string | undefined {
  const text = formatAddress(address);
  const family = familyText(address.family);
  if (!r.port) return `${family} to ${text}`;
  const host = address.family === 4 ? text : `[${text}]`;
  if (r.port.count === 1) return `${family} to ${host}:${r.port.to}`;
  if (r.port.count > MAX_SHIFTED_PORTS) {
    gaps.push({ id: r.id, why: `it moves ${r.port.count} ports; at most ${MAX_SHIFTED_PORTS} are` });
    return undefined;
  }
  const { from, to, count } = r.port;
  const map = Array.from({ length: count }, (_, n) => `${from + n} : ${to + n}`).join(", ");
  return `${family} to ${host}:th dport map { ${map} }`;
}

function sourceStep(s: SourceNat, gaps: NatGap[]): readonly NatStep[] {
  if (s.mayBoxes)
    gaps.push({ id: s.id, why: "it may match more than the file tells; only what surely matches is translated" });
  if (s.boxes.length === 0) return [];
  if (s.isNo) return [{ id: s.id, boxes: s.boxes, action: "accept" }];
  if (!s.target) {
    // The automatic rule of an interface without an address of that family translates nothing.
    if (s.by === "user")
      gaps.push({ id: s.id, why: "the address it gives is not one known address; nothing is translated by it" });
    return [];
  }
  return [{ id: s.id, boxes: s.boxes, action: `snat ${familyText(s.target.family)} to ${formatAddress(s.target)}` }];
}

/** NAT's chains, before the filter on the way in and before the filter on the way out. */
export function natChains(
  ruleset: PfRuleset,
  marks: Marks,
): { readonly text: string; readonly gaps: readonly NatGap[] } {
  const gaps: NatGap[] = [];
  const chains: string[] = [];
  const dispatch = { in: [] as string[], out: [] as string[] };
  for (const i of ruleset.interfaces.filter((x) => x.kind === "interface")) {
    const lists = natLists(ruleset, marks, i);
    gaps.push(...lists.gaps);
    for (const [direction, steps] of [
      ["in", lists.inbound],
      ["out", lists.outbound],
    ] as const) {
      if (steps.length === 0) continue;
      const name = natName(direction, i.key);
      dispatch[direction].push(`${direction === "in" ? "iifname" : "oifname"} "${i.device}" goto ${name}`);
      const lines = steps.flatMap((s) =>
        conditionsOf(s.boxes).map((c) => `${c} counter ${s.action} comment "${quoted(s.id, 120)}"`.trimStart()),
      );
      chains.push(chain(name, lines));
    }
  }
  const text = [
    chain("nat_in", ["type nat hook prerouting priority -100; policy accept;", ...dispatch.in]),
    chain("nat_out", ["type nat hook postrouting priority 100; policy accept;", ...dispatch.out]),
    ...chains,
  ].join("\n");
  return { text, gaps: gaps.filter((g, n) => gaps.findIndex((o) => o.id === g.id && o.why === g.why) === n) };
}

const natName = (direction: "in" | "out", key: string): string => `nat_${direction}_${key.replace(/\W/g, "_")}`;
