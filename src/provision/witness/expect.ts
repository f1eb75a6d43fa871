import type { PfConfig } from "../../pfsense/model/config.ts";
import { settleTags } from "../../pfsense/proof/effective.ts";
import { walk } from "../../pfsense/proof/replay.ts";
import { waysOf, type Ways } from "../../pfsense/proof/ways.ts";
import { flowOf, makePacketDecider } from "../../pfsense/rules/decide.ts";
import type { Flow } from "../../pfsense/rules/lanes.ts";
import { rulesOf } from "../../pfsense/rules/ruleset.ts";
import type { Circumstances } from "../../pfsense/rules/types.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { decide, type Action, type Packet } from "../../policy/engine/index.ts";
import type { Intent } from "../../policy/intent.ts";
import { holdsAddress } from "../../policy/ranges.ts";
import { SELF } from "../../policy/space.ts";

/** What a router's own file says becomes of a packet. */
export interface Expectation {
  readonly verdict: Action;
  /** The tracker of the deciding rule, or the name of an automatic one. */
  readonly rule: string;
  /** pfSense does it by itself, whatever the table says. */
  readonly isPfsenses: boolean;
  /** The zone by which it leaves; null when the router keeps it, or drops it. */
  readonly exit: string | null;
  /** As it leaves: after port forwarding and outbound NAT. */
  readonly after: Packet;
  readonly isTranslated: boolean;
}

/** What the flow table says: the row, null when none matches; `allow` is the only action that lets pass. */
export interface TableAnswer {
  readonly action: "allow" | "deny" | "reject";
  readonly row: string | null;
}

/** Two readers of the same file, or the file and the table, that disagree about a packet: a defect, not a test. */
export interface Disagreement {
  readonly ingress: string;
  readonly packet: Packet;
  readonly fact: string;
}

/** One router as its file has it, while some accesses are down. */
export interface Oracle {
  readonly router: Host;
  readonly ways: Ways;
  /** The kernel's name of the interface in each zone. */
  readonly deviceOf: ReadonlyMap<string, string>;
  /** WAN zones whose access is down. */
  readonly downZones: readonly string[];
  expect(ingress: string, packet: Packet): Expectation | Disagreement;
  table(ingress: string, packet: Packet): TableAnswer;
}

export const isDisagreement = (x: Expectation | Disagreement): x is Disagreement => "fact" in x;

/**
 * @param config the router's own file
 * @param downZones WAN zones whose access is down
 */
export function makeOracle(intent: Intent, router: Host, config: PfConfig, downZones: readonly string[] = []): Oracle {
  const { plan } = intent.space;
  const known = waysOf(plan, router, rulesOf(config));
  const circumstances = circumstancesOf(config, downZones, known);
  const decider = makePacketDecider(config, circumstances);
  const ways = waysOf(plan, router, settleTags(rulesOf(config, circumstances)));
  const zoneOf = new Map([...ways.keyOf].map(([zone, key]) => [key, zone]));
  const deviceOf = new Map(
    [...ways.keyOf].flatMap(([zone, key]) => {
      const device = ways.ruleset.interfaces.find((i) => i.key === key)?.device;
      return device === undefined ? [] : [[zone, device] as const];
    }),
  );
  const exit = exitOf(plan, ways, downZones);
  // pfSense routes a monitored address through its own gateway, which no file says (gwlb.inc).
  const monitored = new Map(
    [...ways.keyOf].flatMap(([zone, key]) => {
      const monitor = plan.zones.get(zone)?.wan?.monitor;
      return monitor === undefined ? [] : [[monitor.value, key] as const];
    }),
  );
  return {
    router,
    ways,
    deviceOf,
    downZones,
    expect(ingress, packet) {
      const flow = flowOf(packet);
      const key = ingress === SELF ? "self" : (ways.keyOf.get(ingress) ?? ingress);
      const decided = decider.decide({ in: key, flow });
      const journey = walk(ways, ingress, flow, (ingress === SELF ? monitored.get(packet.dst) : undefined) ?? exit);
      const fault = (fact: string): Disagreement => ({ ingress, packet, fact });
      const unsure = decided.unsure ?? journey.unsure;
      if (unsure !== undefined) return fault(`the file does not tell for sure what becomes of it: ${unsure}`);
      if (decided.verdict !== journey.action)
        return fault(`the file's decision is ${decided.verdict}, walked rule by rule it is ${journey.action}`);
      const left = journey.stations.find((s) => s.kind === "out");
      const moved = journey.stations.filter((s) => s.kind === "redirect" || s.kind === "nat").at(-1);
      const isOut = journey.action === "pass" && left !== undefined && left.key !== "lo0";
      return {
        verdict: journey.action,
        rule: decided.rule,
        isPfsenses: journey.rule?.by === "pfsense",
        exit: isOut ? (zoneOf.get(left.key) ?? left.key) : null,
        after: moved === undefined ? packet : packetOf(moved.after),
        isTranslated: moved !== undefined,
      };
    },
    table(ingress, packet) {
      const space = intent.space;
      const place = space.ingresses.find((i) => i.id === ingress);
      // A source that has no place there is meant by no row.
      if (!place || !holdsAddress(place.enters, packet.family, packet.src)) return { action: "deny", row: null };
      const decision = decide(intent.listAt(ingress).rules, forwarded(plan, ingress, packet), "block");
      const row = plan.flows.find((f) => f.id === decision.rule);
      return { action: row?.action ?? "deny", row: row?.id ?? null };
    },
  };
}

/** The gateways of the accesses that are down, by the names that the file gives them. */
function circumstancesOf(config: PfConfig, downZones: readonly string[], ways: Ways): Circumstances {
  const keys = new Set(downZones.map((zone) => ways.keyOf.get(zone)));
  const down = config.gateways.items.filter((g) => keys.has(g.interface ?? ""));
  return { now: new Date(), gatewayStates: Object.fromEntries(down.map((g) => [g.name, "down" as const])) };
}

/** The access that is the default route: of those that are up, the one that the plan prefers. */
function exitOf(plan: Plan, ways: Ways, downZones: readonly string[]): string | undefined {
  const tierOf = (zone: string): number => plan.zones.get(zone)?.wan?.tier ?? Infinity;
  const up = [...ways.keyOf].filter(([zone, key]) => ways.wans.includes(key) && !downZones.includes(zone));
  return up.sort(([x], [y]) => tierOf(x) - tierOf(y))[0]?.[1];
}

const packetOf = (f: Flow): Packet => ({
  family: f.family,
  slice: f.slice,
  src: BigInt(f.src),
  dst: BigInt(f.dst),
  a: BigInt(f.a),
  b: BigInt(f.b),
});

/** The table speaks of destinations after port forwarding. */
export function forwarded(plan: Plan, ingress: string, packet: Packet): Packet {
  const vip = plan.zones.get(ingress)?.vip?.address;
  if (vip?.value !== packet.dst || vip.family !== packet.family) return packet;
  for (const f of plan.forwards) {
    const target = plan.hosts.get(f.host)?.nics[0]?.address;
    if (!f.wans.includes(ingress) || target?.family !== packet.family) continue;
    const isMet = (plan.services.get(f.service)?.terms ?? []).some(
      (t) =>
        "ports" in t &&
        t.protocol === packet.slice &&
        t.ports.some((p) => BigInt(p.lo) <= packet.b && packet.b <= BigInt(p.hi)),
    );
    if (isMet) return { ...packet, dst: target.value };
  }
  return packet;
}
