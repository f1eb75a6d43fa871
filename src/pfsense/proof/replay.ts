import { EngineDefect, formatPacket, type Packet } from "../../policy/engine/index.ts";
import { SELF } from "../../policy/space.ts";
import { flowOf } from "../rules/decide.ts";
import { rulesOn } from "../rules/flatten.ts";
import { makeRouter, makeSender } from "../rules/forwarding.ts";
import { interpret } from "../rules/lists.ts";
import { makeInbound, makeOutbound } from "../rules/translate.ts";
import type { Flow } from "../rules/lanes.ts";
import type { PfRule } from "../rules/types.ts";
import { holdsAddress } from "../../policy/ranges.ts";
import { nearOf } from "./effective.ts";
import { TO_ALL, type Ways } from "./ways.ts";

/** One station of a packet's way through a router. */
export type Station =
  | { readonly kind: "redirect"; readonly key: string; readonly before: Flow; readonly after: Flow }
  | {
      readonly kind: "in";
      readonly key: string;
      readonly rule: PfRule | undefined;
      readonly passedBy: string | undefined;
    }
  | { readonly kind: "route"; readonly key: string | undefined }
  | { readonly kind: "nat"; readonly key: string; readonly before: Flow; readonly after: Flow }
  | { readonly kind: "out"; readonly key: string; readonly rule: PfRule | undefined };

export interface Journey {
  readonly action: "pass" | "block" | "reject";
  /** The rule that decided: the one that refused, else the one on the way in. */
  readonly rule: PfRule | undefined;
  readonly stations: readonly Station[];
  readonly unsure: string | undefined;
}

/**
 * Walks one packet through a router rule by rule, by pf's own law (the last match holds, `quick` ends), without any of
 * the proof's boxes: redirects, the filter on the way in, routing, outbound NAT, the filter on the way out.
 * @param exit the access that is the default route
 */
export function walk(ways: Ways, ingress: string, arriving: Flow, exit: string | undefined): Journey {
  const { ruleset } = ways;
  const stations: Station[] = [];
  let flow = arriving;
  let tag: string | undefined;
  let unsure: string | undefined;
  let entry: PfRule | undefined;
  if (ingress !== SELF) {
    const key = ways.keyOf.get(ingress) ?? ingress;
    const moved = makeInbound(ruleset, key)(flow);
    if (moved.flow !== flow) stations.push({ kind: "redirect", key, before: flow, after: moved.flow });
    flow = moved.flow;
    unsure = moved.unsure;
    const said = interpret(rulesOn(ruleset, key, "in"), flow, moved.tag);
    entry = moved.passedBy === undefined ? said.rule : undefined;
    tag = said.tag;
    unsure ??= said.unsure;
    stations.push({ kind: "in", key, rule: entry, passedBy: moved.passedBy });
    const action = actionOf(entry);
    if (action !== "pass") return { action, rule: entry, stations, unsure };
  }
  // A rule with a gateway sends the packet there, whatever its destination; what is inside is then never reached.
  const isSteered = entry?.gateway !== undefined;
  if (isSteered && holdsAddress(nearOf(ways), flow.family, BigInt(flow.dst))) {
    return { action: "block", rule: entry, stations, unsure };
  }
  const out = isSteered ? (exit ?? exitOf(ways, flow, exit, false)) : exitOf(ways, flow, exit, ingress === SELF);
  stations.push({ kind: "route", key: out });
  if (out === undefined && ingress !== SELF) return { action: "pass", rule: entry, stations, unsure };
  const key = out ?? "lo0";
  const left = makeOutbound(ruleset, key)(flow);
  if (left.flow !== flow) stations.push({ kind: "nat", key, before: flow, after: left.flow });
  const said = interpret(rulesOn(ruleset, key, "out"), left.flow, tag);
  stations.push({ kind: "out", key, rule: said.rule });
  const action = actionOf(said.rule);
  const decider = action === "pass" && ingress !== SELF ? entry : said.rule;
  return { action, rule: decider, stations, unsure: unsure ?? left.unsure ?? said.unsure };
}

const actionOf = (r: PfRule | undefined): Journey["action"] =>
  r?.action === "block" || r?.action === "reject" ? r.action : "pass";

// Where only the default route leads, the access that is asked about is taken instead of the one in the file.
function exitOf(ways: Ways, flow: Flow, exit: string | undefined, isOwn: boolean): string | undefined {
  if (exit !== undefined && holdsAddress(ways.beyond, flow.family, BigInt(flow.dst))) return exit;
  // What a router sends to everybody goes by no route.
  if (isOwn && exit !== undefined && holdsAddress(TO_ALL, flow.family, BigInt(flow.dst))) return exit;
  // The broadcast of a connected network is the router's own only when it comes from elsewhere.
  const sent = isOwn ? makeSender(ways.ruleset)(flow.family, flow.src, flow.dst) : undefined;
  if (sent !== undefined) return sent;
  const hop = makeRouter(ways.ruleset)(flow.family, flow.dst);
  return hop.kind === "out" ? hop.key : undefined;
}

/**
 * The same for a witness of the proof, whose destination is what stands after port forwarding: a redirect that would
 * take it is passed over.
 */
function replay(ways: Ways, ingress: string, packet: Packet, exit: string | undefined): Journey {
  const bare: Ways = { ...ways, ruleset: { ...ways.ruleset, nat: { ...ways.ruleset.nat, redirects: [], binats: [] } } };
  return walk(bare, ingress, flowOf(packet), exit);
}

/** @throws EngineDefect when pf's own way ends otherwise than the proof says */
export function confirm(
  ways: Ways,
  ingress: string,
  packet: Packet,
  exit: string | undefined,
  isExpected: (action: Journey["action"]) => boolean,
): Journey {
  const journey = replay(ways, ingress, packet, exit);
  if (!isExpected(journey.action))
    throw new EngineDefect(
      `${formatPacket(packet)} at ${ingress} of ${ways.router.id} fares ${journey.action} when replayed`,
    );
  return journey;
}
