import { equalBoxes, everything, fullBox, interval, type Box, type Rule } from "../../policy/engine/index.ts";
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

/** Packets that are on no wire, or that no plan speaks of: IPv6, loopback and link-local addresses, port 0. */
export function beyondPlans(): readonly Box[] {
  const off = makeRanges([...LOOPBACK, ...LINK_LOCAL]);
  const ends = off.flatMap((r) =>
    everything(4).flatMap((box) => [
      { ...box, src: interval(r.lo, r.hi) },
      { ...box, dst: interval(r.lo, r.hi) },
    ]),
  );
  const zero = (["tcp", "udp"] as const).flatMap((slice) => [
    { ...fullBox(4, slice), a: interval(0) },
    { ...fullBox(4, slice), b: interval(0) },
  ]);
  return [...everything(6), ...ends, ...zero];
}

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

/**
 * A rule to put before two lists of one way in, so that they are only compared about packets that come there.
 * @param from the sources that belong there
 * @param notTo destinations that are another way's business
 */
export function headOf(settled: readonly Box[], from: Ranges, notTo: Ranges): Rule {
  const strangers = without(EVERYTHING, from);
  const boxes = everything(4).flatMap((box) => [
    ...strangers.map((r) => ({ ...box, src: interval(r.lo, r.hi) })),
    ...notTo.map((r) => ({ ...box, dst: interval(r.lo, r.hi) })),
  ]);
  return { id: "not compared", action: "block", boxes: [...beyondPlans(), ...settled, ...boxes] };
}

/** The part of boxes that goes to some destinations. */
export const clipTo = (boxes: readonly Box[], to: Ranges): readonly Box[] =>
  to === EVERYTHING
    ? boxes
    : boxes.flatMap((b) =>
        to.flatMap((r) => {
          const lo = b.dst.lo > r.lo ? b.dst.lo : r.lo;
          const hi = b.dst.hi < r.hi ? b.dst.hi : r.hi;
          return b.family === r.family && lo <= hi ? [{ ...b, dst: { lo, hi } }] : [];
        }),
      );
