import type { Diagnostic } from "../core/diagnostics.ts";
import { voiceShares, type WanShare } from "../pfsense/emit/shaper.ts";
import { siteOf } from "../pfsense/emit/site.ts";
import { hostsOf, routersOf, seatOf } from "../plan/query.ts";
import type { Host, Plan, Zone } from "../plan/types.ts";
import type { Codec } from "./codecs.ts";
import { kbpsOf, packetSize, packetsPerSecond } from "./load.ts";

/*
 * Which wires of the plan a call crosses, and what it costs there. Voice goes by the exchange (direct_media is off), so a
 * call is two legs: from each telephone to the exchange, and each leg is as much in both directions.
 */

/** Who calls whom. */
export const SCENARIOS = ["desk-desk", "field-desk", "field-field"] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Of a link to a zone: towards it, or from it; of an access: down to the lab, or up from it. */
export type Direction = "up" | "down";

export interface LinkLoad {
  readonly link: Zone["id"];
  readonly kind: "wan" | "vlan";
  readonly direction: Direction;
  /** How many packets of a call's one direction cross it: one a leg, those of a tunnel apart. */
  readonly plain: number;
  readonly tunnelled: number;
  /** Of one call, on the wire: tag, preamble and gap too. */
  readonly kbps: number;
  readonly packetsPerSecond: number;
  /** What the plan says the link carries; null where it says nothing. */
  readonly rateKbps: number | null;
  /** Calls by arithmetic alone: with the link to themselves, and while it is full of other traffic. */
  readonly limit: { readonly alone: number | null; readonly full: number | null };
}

export interface VoiceLoad {
  readonly scenario: Scenario;
  readonly codec: Codec;
  readonly links: readonly LinkLoad[];
}

/** What the plan gives to voice: who telephones from where, and what the routers put first. */
export interface VoicePlan {
  readonly wans: readonly Zone[];
  readonly exchange: Zone;
  readonly desks: Zone | null;
  /** Where the VPN's gateway stands; null in a plan without one. */
  readonly gateway: Zone | null;
  readonly shares: readonly WanShare[];
}

/** @returns what is missing for any of it, as findings; `value` null where there is nothing to compute */
export function voicePlanOf(plan: Plan): {
  readonly value: VoicePlan | null;
  readonly findings: readonly Diagnostic[];
} {
  const findings: Diagnostic[] = [];
  const zoneOf = (host: Host | undefined): Zone | null =>
    host === undefined ? null : (plan.zones.get(host.nics[0]!.zone) ?? null);
  const exchange = zoneOf(hostsOf(plan, "pbx")[0]);
  if (exchange === null)
    findings.push({
      code: "VOICE_NO_EXCHANGE",
      severity: "error",
      path: "",
      fact: "no host of the plan plays pbx, so nobody telephones",
      hint: "Give a host the role pbx in hosts.yaml",
    });
  const wans = [...plan.zones.values()].filter((z) => z.kind === "wan");
  for (const zone of wans.filter((z) => z.wan === null))
    findings.push({
      code: "VOICE_NO_RATE",
      severity: "error",
      place: zone.place,
      path: `zones.${zone.id}.wan`,
      fact: "nobody says how fast this access is, so how many calls it carries cannot be said",
      hint: "Write downKbps and upKbps, as the operator's contract has them",
    });
  if (findings.length > 0 || exchange === null) return { value: null, findings };
  const shares = routersOf(plan).length === 0 ? [] : voiceShares(siteOf(plan));
  return {
    value: {
      wans,
      exchange,
      desks: zoneOf(seatOf(plan)),
      gateway: zoneOf(hostsOf(plan, "vpn")[0]),
      shares,
    },
    findings,
  };
}

/** How often one direction of one call crosses links, a leg each. */
type Crossings = Map<string, { zone: Zone; direction: Direction; plain: number; tunnelled: number }>;

function cross(found: Crossings, zone: Zone, direction: Direction, how: "plain" | "tunnelled"): void {
  const key = `${zone.id}/${direction}`;
  const seen = found.get(key) ?? { zone, direction, plain: 0, tunnelled: 0 };
  seen[how] += 1;
  found.set(key, seen);
}

/** Between a desk and the exchange: into and out of both zones, by the router; within one zone it never meets the router. */
function deskLeg(found: Crossings, { desks, exchange }: VoicePlan): void {
  if (desks === null || desks.id === exchange.id) return;
  for (const zone of [desks, exchange]) for (const direction of DIRECTIONS) cross(found, zone, direction, "plain");
}

/** Between a traveller and the exchange: by an access in the tunnel, to the gateway and back out of it, to the exchange. */
function fieldLeg(found: Crossings, { gateway, exchange }: VoicePlan, wan: Zone): void {
  if (gateway === null) return;
  for (const direction of DIRECTIONS) {
    cross(found, wan, direction, "tunnelled");
    cross(found, gateway, direction, "tunnelled");
    if (gateway.id === exchange.id) continue;
    cross(found, gateway, direction, "plain");
    cross(found, exchange, direction, "plain");
  }
}

const DIRECTIONS = ["up", "down"] as const;

/** The load of one call on each link, and how many fit. @param wan the access that travellers come in by */
export function loadOf(voice: VoicePlan, scenario: Scenario, codec: Codec, wan: Zone): VoiceLoad {
  const found: Crossings = new Map();
  for (const end of scenario.split("-")) {
    if (end === "desk") deskLeg(found, voice);
    else fieldLeg(found, voice, wan);
  }
  const links = [...found.values()].map((c): LinkLoad => {
    const kind = c.zone.kind === "wan" ? "wan" : "vlan";
    const size = (isTunnelled: boolean): ReturnType<typeof packetSize> =>
      packetSize(codec, { isTunnelled, isTagged: kind === "vlan" });
    const sum = (bytes: "wire" | "queued"): number =>
      kbpsOf(codec, c.plain * size(false)[bytes] + c.tunnelled * size(true)[bytes]);
    const { wan: access } = c.zone;
    const rateKbps = access === null ? null : c.direction === "up" ? access.upKbps : access.downKbps;
    const share = voice.shares.find((s) => s.wan === c.zone.id);
    const fit = (kbps: number): number => Math.floor(kbps / sum("queued"));
    return {
      link: c.zone.id,
      kind,
      direction: c.direction,
      plain: c.plain,
      tunnelled: c.tunnelled,
      kbps: sum("wire"),
      packetsPerSecond: packetsPerSecond(codec) * (c.plain + c.tunnelled),
      rateKbps,
      limit: {
        alone: rateKbps === null ? null : fit(rateKbps),
        // Down, the queue that fills up is the operator's, which puts nothing first.
        full: rateKbps === null ? null : c.direction === "up" && share !== undefined ? fit(share.voiceKbps) : 0,
      },
    };
  });
  return { scenario, codec, links };
}
