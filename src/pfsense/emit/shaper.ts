import type { AliasBook } from "./alias-book.ts";
import { ofAddress, union } from "./ranges.ts";
import { partOf } from "./alias-book.ts";
import { matchesOf } from "./matches.ts";
import { plainRule, type RuleDraft } from "./rules.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Zone } from "../../plan/types.ts";
import { type Leg, type Site } from "./site.ts";
import { branch, leaf, type Xml } from "./xml.ts";

/*
 * Priority for voice on what is narrow: the way out of each WAN. HFSC rather than PRIQ, since a strict priority would let a
 * busy tunnel starve CARP's announcements, which pfSense passes before any rule that could queue them, so that they are in
 * the default queue: both queues have a share that the other cannot take. Voice of road warriors is inside the tunnel, one
 * UDP flow whose DSCP is read once, when its state is made: the whole tunnel is in the queue for voice.
 */

const VOICE_QUEUE = "qVoice";
const DEFAULT_QUEUE = "qDefault";
/** Below the access' own rate, or the queue would build up in the operator's box, which knows no priorities. */
const USABLE_PERCENT = 95;
/** One leg of G.722 or G.711 at 20 ms inside OpenVPN. */
const LEG_KBPS = 108;
/** Guarantees together must stay under 80 % of the link (`altq(9)`, pfSense's own check). */
const MAX_GUARANTEE_PERCENT = 60;
/** Of the queue for voice while both are full. */
const VOICE_PERCENT = 60;
const VOICE_PACKETS = 50;
const DEFAULT_PACKETS = 500;

/** `shaper`: an HFSC root with two leaves on each WAN. */
export const shaperSection = (site: Site): Xml =>
  branch("shaper", ...(isShaped(site) ? site.wans.map((leg) => root(site, leg)) : []));

/** Alone, a router without a tunnel to put first is not limited; nor is an access whose rate nobody says. */
const isShaped = (site: Site): boolean =>
  (site.pair !== null || hostsOf(site.plan, "vpn").length > 0) && site.wans.every((w) => w.zone.wan !== null);

/** What the way out of a WAN is given, kbit/s: as the shaper is told, and so as it counts, frames without check sums. */
export interface WanShare {
  readonly wan: Zone["id"];
  readonly interface: string;
  /** What leaves at most: below the access' own rate. */
  readonly kbps: number;
  /** Voice has it at once, whatever else wants to leave. */
  readonly realtimeKbps: number;
  /** Voice has it while everything is full, as a share and in kbit/s. */
  readonly voicePercent: number;
  readonly voiceKbps: number;
  /** Packets that may wait. */
  readonly voicePackets: number;
  readonly defaultPackets: number;
}

/** The shaper's figures, a WAN each; none where the plan's routers shape nothing. */
export const voiceShares = (site: Site): readonly WanShare[] =>
  isShaped(site) ? site.wans.map((leg) => shareOf(site, leg)) : [];

function shareOf(site: Site, leg: Leg): WanShare {
  const kbps = Math.max(64, Math.floor((leg.zone.wan!.upKbps * USABLE_PERCENT) / 100));
  const legs = Math.max(1, [...site.plan.people.values()].filter((p) => p.hasVpn && p.extension !== null).length);
  return {
    wan: leg.zone.id,
    interface: leg.key,
    kbps,
    realtimeKbps: Math.min(legs * LEG_KBPS, Math.floor((kbps * MAX_GUARANTEE_PERCENT) / 100)),
    voicePercent: VOICE_PERCENT,
    voiceKbps: Math.floor((kbps * VOICE_PERCENT) / 100),
    voicePackets: VOICE_PACKETS,
    defaultPackets: DEFAULT_PACKETS,
  };
}

function root(site: Site, leg: Leg): Xml {
  const { kbps, realtimeKbps } = shareOf(site, leg);
  const queue = (name: string, share: number, rest: readonly Xml[]): Xml =>
    branch(
      "queue",
      leaf("name", name),
      leaf("interface", leg.key),
      leaf("qlimit", name === VOICE_QUEUE ? VOICE_PACKETS : DEFAULT_PACKETS),
      leaf("enabled", "on"),
      leaf("bandwidth", share),
      leaf("bandwidthtype", "%"),
      leaf("linkshare", "on"),
      leaf("linkshare3", `${share}%`),
      ...rest,
    );
  return branch(
    "queue",
    leaf("interface", leg.key),
    leaf("name", leg.key),
    leaf("scheduler", "HFSC"),
    leaf("bandwidth", kbps),
    leaf("bandwidthtype", "Kb"),
    leaf("enabled", "on"),
    queue(VOICE_QUEUE, VOICE_PERCENT, [leaf("realtime", "on"), leaf("realtime3", `${realtimeKbps}Kb`)]),
    // Without a queue that is `default` pfSense leaves the interface's shaping out. An empty switch of a queue is off
    // (`!empty` in `read_from_config`, `etc/inc/shaper.inc`).
    queue(DEFAULT_QUEUE, 100 - VOICE_PERCENT, [leaf("default", "default"), leaf("ecn", "on")]),
  );
}

/** Rules of type match, which queue and decide nothing: the tunnels that come in by a WAN, and so their way back out. */
export function queueRules(site: Site, book: AliasBook): readonly RuleDraft[] {
  if (!isShaped(site)) return [];
  const gateways = hostsOf(site.plan, "vpn").map((h) => h.id);
  const tunnels = [...site.plan.forwards.values()].filter((f) => gateways.includes(f.host));
  return tunnels.flatMap((f) => {
    const part = partOf(site, { kind: "host", host: f.host })!;
    const target = site.plan.hosts.get(f.host)!.nics[0]!.address;
    const interfaces = site.wans.filter((w) => f.wans.includes(w.zone.id)).map((w) => w.key);
    return matchesOf(site.plan, [f.service]).flatMap((match) =>
      (match.ports ?? []).map((port) =>
        plainRule({
          key: `queue/${f.id}/${match.part}/${port.lo}-${port.hi}`,
          description: `Voice first: ${f.description}`,
          type: "match",
          interfaces,
          floating: "in",
          destination: book.addresses(union([ofAddress(target)]), [part]),
          match,
          port: { literal: port.lo === port.hi ? `${port.lo}` : `${port.lo}-${port.hi}` },
          queue: VOICE_QUEUE,
        }),
      ),
    );
  });
}
