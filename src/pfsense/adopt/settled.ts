import { intersect } from "../../core/intervals.ts";
import { equalBoxes, type Box, type Rule } from "../../policy/engine/index.ts";
import { rulesOn } from "../rules/flatten.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import { EVERYTHING, LINK_LOCAL, LOOPBACK, makeRanges, without, type Ranges } from "./sets.ts";

/*
 * What pfSense does by itself wherever it runs, whatever its rules: no row of a plan says it, and an emitted file gets it
 * again. All of it stands before the rules of the user and is quick, so that it is the same packets on both sides.
 */

const BY_ITSELF =
  /^(block-linklocal4|block-port0|block-snort2c|block-own-carp|pass-carp|dhcp-client|dhcp-server|dhcp-failover|dhcp-relay|dhcp6-|slaac|icmp6-|block-ipv6|pass-loopback|sshguard|virusprot|block-dhcp-routing|gateway-monitoring)/;

/** Automatic rules that no row says and that are the same on both sides. */
export const isSettled = (r: PfRule): boolean => r.by !== "user" && r.isQuick && BY_ITSELF.test(r.id);

/** Automatic rules that only block what is blocked anyway, or sources that cannot come. */
export const isIdle = (r: PfRule): boolean => r.by !== "user" && /^(default-deny|antispoof)/.test(r.id);

/** The packets of one interface that pfSense settles by itself. */
export const settledBoxes = (ruleset: PfRuleset, key: string, direction: "in" | "out"): readonly Box[] =>
  rulesOn(ruleset, key, direction)
    .filter(isSettled)
    .flatMap((r) => r.mayBoxes ?? r.boxes);

/**
 * The part of a rule set that an import looks at: IPv4, without rules that ask for a tag which nothing gives, and without
 * the pass for reflected packets, which go to a proxy on loopback.
 */
export function reduced(ruleset: PfRuleset): PfRuleset {
  const given = new Set([...ruleset.rules, ...ruleset.nat.redirects].flatMap((r) => r.setsTag ?? []));
  const rules = ruleset.rules.flatMap((r): readonly PfRule[] => {
    if (r.by === "pfsense" && r.id === "pass-reflection") return [];
    if (!r.tagged || given.has(r.tagged.tag)) return [inIpv4(r)];
    return r.tagged.isNot ? [inIpv4({ ...r, tagged: undefined })] : [];
  });
  return { ...ruleset, rules };
}

function inIpv4(r: PfRule): PfRule {
  const boxes = r.boxes.filter((b) => b.family === 4);
  const mayBoxes = r.mayBoxes?.filter((b) => b.family === 4);
  const isSure = mayBoxes?.length === boxes.length && mayBoxes.every((b, n) => equalBoxes(b, boxes[n]!));
  return { ...r, boxes, mayBoxes: isSure ? undefined : mayBoxes };
}

/** What a comparison is about. */
export interface Scope {
  /** Sources that belong there. */
  readonly from: Ranges;
  /** Destinations that are another way's business. */
  readonly notTo: Ranges;
  /** What pfSense settles by itself. */
  readonly settled: readonly Box[];
}

/**
 * A list as far as it is about packets that come there: IPv4, sources that belong, no loopback or link-local address, no
 * port 0; what pfSense settles by itself is taken out in front. Rules that say the same there become the same, so that a
 * comparison only has to look at the others.
 */
export function scoped(rules: readonly Rule[], { from, notTo, settled }: Scope): readonly Rule[] {
  const off = makeRanges([...LOOPBACK, ...LINK_LOCAL]);
  const [sources, targets] = [without(from, off), without(EVERYTHING, [...off, ...notTo])];
  const head: Rule = { id: "not compared", action: "block", boxes: settled };
  return [head, ...rules].flatMap((rule) => {
    const boxes = rule.boxes
      .filter((b) => b.family === 4)
      .flatMap((b) => intersect([b.src], sources).map((src) => ({ ...b, src })))
      .flatMap((b) => intersect([b.dst], targets).map((dst) => ({ ...b, dst })))
      .flatMap(withoutPortZero);
    return boxes.length > 0 ? [{ ...rule, boxes }] : [];
  });
}

function withoutPortZero(box: Box): readonly Box[] {
  if (box.slice !== "tcp" && box.slice !== "udp") return [box];
  const [a, b] = [box.a, box.b].map((i) => ({ lo: i.lo === 0n ? 1n : i.lo, hi: i.hi }));
  return a!.lo <= a!.hi && b!.lo <= b!.hi ? [{ ...box, a: a!, b: b! }] : [];
}

/** The part of boxes that goes to some destinations. */
export const clipTo = (boxes: readonly Box[], to: Ranges): readonly Box[] =>
  boxes.filter((b) => b.family === 4).flatMap((b) => intersect([b.dst], to).map((dst) => ({ ...b, dst })));
