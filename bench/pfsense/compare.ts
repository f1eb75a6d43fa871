import { formatAddress } from "../../src/core/ip.ts";
import type { Plan } from "../../src/plan/index.ts";
import type { Box, Packet } from "../../src/policy/engine/index.ts";
import { isSame } from "../../src/policy/diff/index.ts";
import type { Intent } from "../../src/policy/intent.ts";
import { SELF } from "../../src/policy/space.ts";
import type { PfConfig } from "../../src/pfsense/model/config.ts";
import { diffConfigs } from "../../src/pfsense/proof/diff.ts";
import { proveRouters } from "../../src/pfsense/proof/index.ts";
import { walk, type Journey } from "../../src/pfsense/proof/replay.ts";
import { waysOfFile, type Ways } from "../../src/pfsense/proof/ways.ts";
import { makeSender } from "../../src/pfsense/rules/forwarding.ts";
import { flowOf, makePacketDecider, type PacketDecider } from "../../src/pfsense/rules/decide.ts";

/** A packet and where it comes in: an interface's key or `self`. */
interface Sample {
  readonly place: string;
  readonly packet: Packet;
}

/** An hour for schedules: all that are asked must know the same one. */
const NOW = new Date("2026-11-30T10:00:00Z");

export const deciderOf = (config: PfConfig): PacketDecider => makePacketDecider(config, { now: NOW });

/**
 * Packets at the corners of the rules' boxes and one beside them, and between: where verdicts change.
 * @param random in [0, 1)
 */
export function samplesOf(deciders: readonly PacketDecider[], random: () => number, count: number): readonly Sample[] {
  const sets = deciders.map((d) => d.ruleset);
  const boxes = sets.flatMap((s) => s.rules.flatMap((r) => r.mayBoxes ?? r.boxes)).filter((b) => b.family === 4);
  const own = sets[0]!.routes.flatMap((r) =>
    r.interface === undefined && r.network.family === 4 ? [r.network.base] : [],
  );
  const places = [SELF_PLACE, ...sets[0]!.interfaces.filter((i) => i.kind === "interface").map((i) => i.key)];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const corner = ({ lo, hi }: Box["src"], most: bigint): bigint => {
    const inside = lo + BigInt(Math.floor(random() * Number(hi - lo + 1n)));
    const value = pick([lo, hi, lo - 1n, hi + 1n, inside]);
    return value < 0n ? 0n : value > most ? most : value;
  };
  return Array.from({ length: count }, () => {
    // Ends of several rules, so that packets stand where rules cross.
    const [one, other] = [pick(boxes), pick(boxes)];
    const most = one.slice === "tcp" || one.slice === "udp" ? 65_535n : 255n;
    const packet: Packet = {
      family: 4,
      slice: one.slice,
      src: corner(one.src, 0xffff_ffffn),
      dst: corner(random() < 0.5 ? one.dst : other.dst, 0xffff_ffffn),
      a: corner(one.a, most),
      b: one.slice === "other" ? 0n : corner(one.b, most),
    };
    const place = pick(places);
    // What the firewall sends has an address of its own.
    return { place, packet: place === SELF_PLACE ? { ...packet, src: pick(own) } : packet };
  });
}

const SELF_PLACE = "self";

const textOf = ({ place, packet: p }: Sample): string => {
  const ip = (value: bigint): string => formatAddress({ family: 4, value });
  return `${place} ${p.slice} ${ip(p.src)}:${p.a} > ${ip(p.dst)}:${p.b}`;
};

/** What goes to everybody leaves where its source is at home; what only the default route leads to, by the first access. */
function walkOf(ways: Ways, s: Sample): Journey {
  const flow = flowOf(s.packet);
  if (s.place !== SELF_PLACE) return walk(ways, s.place, flow, ways.wans[0]);
  return walk(ways, SELF, flow, makeSender(ways.ruleset)(4, flow.src, flow.dst) ?? ways.wans[0]);
}

/** Places where the batch decider and the interpreter, which walks rule by rule, do not say the same of a file. */
export function decidersApart(decider: PacketDecider, samples: readonly Sample[]): readonly string[] {
  const ways = waysOfFile(decider.ruleset);
  return samples.flatMap((s) => {
    if (!decider.isPlace(s.place)) return [];
    const said = decider.decide({ in: s.place, flow: flowOf(s.packet) });
    const walked = walkOf(ways, s);
    // What a rule sends by a gateway although it is near passes the filter, and never arrives: the proof counts arrivals.
    const isSteered = walked.action === "block" && walked.rule?.action === "pass";
    if (said.verdict === walked.action || isSteered || (said.unsure ?? walked.unsure) !== undefined) return [];
    return [
      `${textOf(s)}: decider ${said.verdict} (${said.rule}), interpreter ${walked.action} (${walked.rule?.id ?? "-"})`,
    ];
  });
}

/** Packets of which one more or one less arrives, walked rule by rule, under two files of which the proof says "the same". */
export function differencesMissed(
  [before, after]: readonly [PfConfig, PfConfig],
  [old, now]: readonly [PacketDecider, PacketDecider],
  samples: readonly Sample[],
): readonly string[] {
  if (!isSame(diffConfigs(before, after))) return [];
  const ways = [waysOfFile(old.ruleset), waysOfFile(now.ruleset)] as const;
  return samples.flatMap((s) => {
    if (!old.isPlace(s.place) || !now.isPlace(s.place)) return [];
    const [a, b] = ways.map((w) => walkOf(w, s));
    if ((a!.action === "pass") === (b!.action === "pass") || (a!.unsure ?? b!.unsure) !== undefined) return [];
    const by = (j: Journey): string => `${j.action} (${j.rule?.id ?? "-"})`;
    return [`${textOf(s)}: ${by(a!)}, then ${by(b!)}; the proof sees no difference`];
  });
}

/** Witnesses of a refuted proof that the batch decider does not confirm. */
export function witnessesDenied(
  plan: Plan,
  router: string,
  config: PfConfig,
  decider: PacketDecider,
  intent: Intent,
): readonly string[] {
  const proof = proveRouters(plan, new Map([[router, config]]), { intent });
  const ways = waysOfFile(decider.ruleset);
  const witnesses = [
    ...proof.excess,
    ...proof.rows.flatMap((r) => r.witnesses),
    ...proof.invariants.flatMap((i) => i.witnesses),
  ];
  return witnesses.flatMap((w) => {
    const place = w.ingress === SELF ? SELF_PLACE : (ways.keyOf.get(w.ingress) ?? w.ingress);
    if (!decider.isPlace(place)) return [];
    const said = decider.decide({ in: place, flow: flowOf(w.packet) });
    // Sent by a gateway although it is near: it passes the filter, and never arrives.
    const rule = decider.ruleset.rules.find((r) => r.id === w.rule);
    const isSteered = w.action === "block" && rule?.action === "pass" && rule.gateway !== undefined;
    if (said.verdict === w.action || isSteered || said.unsure !== undefined) return [];
    return [
      `${w.ingress} ${w.text}: the proof's witness is ${w.action} by ${w.rule ?? "-"}, the decider says ${said.verdict} (${said.rule})`,
    ];
  });
}
