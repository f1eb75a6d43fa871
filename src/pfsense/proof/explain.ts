import { formatAddress } from "../../core/ip.ts";
import type { Flow as Row, Host, Plan } from "../../plan/types.ts";
import { formatPacket, type Packet, type Rule } from "../../policy/engine/index.ts";
import { intentOf } from "../../policy/intent.ts";
import { placeOf, serviceOfPacket } from "../../policy/labels.ts";
import { packetOf, type Question } from "../../policy/question.ts";
import { rangeOf } from "../../core/ip.ts";
import { holdsAddress } from "../../policy/ranges.ts";
import { decide, type Decision } from "../../policy/engine/index.ts";
import { addressesOf, isSame, routersOf } from "../../plan/query.ts";
import { SELF, type Ingress, type PlanSpace } from "../../policy/space.ts";
import type { PfConfig } from "../model/config.ts";
import { flowOf } from "../rules/decide.ts";
import type { Flow } from "../rules/lanes.ts";
import { rulesOf } from "../rules/ruleset.ts";
import { settleTags } from "./effective.ts";
import { walk, type Journey, type Station } from "./replay.ts";
import { waysOf } from "./ways.ts";

export interface ExplainStep {
  readonly kind: "redirect" | "in" | "route" | "nat" | "out";
  readonly interface: string | null;
  /** Tracker or name of an automatic rule; null where the step has none. */
  readonly rule: string | null;
  readonly by: "pfsense" | "user" | "package" | null;
  readonly text: string;
}

export interface RouterAnswer {
  readonly router: string;
  readonly action: "pass" | "block" | "reject";
  readonly steps: readonly ExplainStep[];
  /** Why it may be otherwise in reality. */
  readonly unsure: string | null;
}

export interface Explanation {
  readonly question: Question;
  /** As it is sent. */
  readonly packet: string;
  readonly from: string;
  readonly to: string;
  readonly service: string;
  /** The way in: a zone, `firewall`, or null when no router sees the packet. */
  readonly ingress: string | null;
  /** What the flow table says; null when no router sees it. */
  readonly table: {
    readonly action: "allow" | "deny" | "reject";
    readonly row: string | null;
    readonly description: string;
  } | null;
  readonly routers: readonly RouterAnswer[];
  /** What the firewall of the host itself does that is asked; null where nobody knows of one. */
  readonly host: {
    readonly host: string;
    readonly action: "pass" | "block" | "reject";
    readonly by: string | null;
  } | null;
  /** `direct`: no router stands between them, and the host lets it in. */
  readonly verdict: "allowed" | "refused" | "direct" | "differs";
  readonly reply: string;
}

/**
 * May `from` reach `to` on this protocol and port, and why: the row of the table, and on each router the redirect, the
 * rule on the way in, the route, outbound NAT and the rule on the way out.
 * @param configs by router id; without them only the table answers
 * @param firewallOf a host's own firewall, a first-match list that ends in a refusal
 * @throws Fault for a name that the plan does not have
 */
export function explain(
  plan: Plan,
  configs: ReadonlyMap<string, PfConfig>,
  question: Question,
  firewallOf: (host: Host) => readonly Rule[] | undefined = () => undefined,
): Explanation {
  const intent = intentOf(plan);
  const packet = packetOf(plan, question);
  const { space } = intent;
  const ingress = ingressOf(space, packet);
  const common = {
    question,
    packet: formatPacket(packet),
    from: named(plan, packet, "src"),
    to: named(plan, packet, "dst"),
    service: serviceOfPacket(packet, plan.services.values()),
  };
  if (!ingress) {
    const host = hostAnswer(plan, packet, firewallOf);
    const isLetIn = host === null || host.action === "pass";
    const reply = isLetIn ? "The reply does not cross a router either." : NO_REPLY;
    const verdict = isLetIn ? "direct" : "refused";
    return { ...common, ingress: null, table: null, routers: [], host, verdict, reply };
  }
  const seen = forwarded(plan, ingress, packet);
  const host = hostAnswer(plan, seen, firewallOf);
  const decision = decide(intent.listAt(ingress.id).rules, seen, "block");
  const table = { ...actionOf(plan, decision) };
  const routers = routersOf(plan).flatMap((router): readonly RouterAnswer[] => {
    const config = configs.get(router.id);
    if (!config) return [];
    const ways = waysOf(plan, router, settleTags(rulesOf(config)));
    const exits = ways.wans.length > 0 ? ways.wans.slice(0, 1) : [undefined];
    const journey = walk(ways, ingress.id, flowOf(packet), exits[0]);
    const zoneOf = (key: string): string => [...ways.keyOf].find(([, k]) => k === key)?.[0] ?? key;
    const steps = journey.stations.map((s) => stepOf(s, journey, zoneOf, plan));
    return [{ router: router.id, action: journey.action, steps, unsure: journey.unsure ?? null }];
  });
  const isAllowed = table.action === "allow";
  const agree = routers.every((r) => (r.action === "pass") === isAllowed);
  const isLetIn = isAllowed && (host === null || host.action === "pass");
  return {
    ...common,
    ingress: ingress.id,
    table,
    routers,
    host,
    verdict: !agree ? "differs" : isLetIn ? "allowed" : "refused",
    reply: isLetIn ? "Replies pass by the state that the first packet opened; no rule is asked." : NO_REPLY,
  };
}

const NO_REPLY = "There is no state, so there is no reply.";

function hostAnswer(
  plan: Plan,
  packet: Packet,
  firewallOf: (host: Host) => readonly Rule[] | undefined,
): Explanation["host"] {
  const address = { family: packet.family, value: packet.dst };
  const host = [...plan.hosts.values()].find((h) => addressesOf(h).some((a) => isSame(a, address)));
  const rules = host && firewallOf(host);
  if (!rules) return null;
  const { action, rule } = decide(rules, packet, "block");
  return { host: host.id, action, by: rule };
}

function ingressOf(space: PlanSpace, packet: Packet): Ingress | undefined {
  const { plan } = space;
  if (holdsAddress(space.firewall, packet.family, packet.src)) return space.ingresses.find((i) => i.id === SELF);
  const ingress = space.ingresses.find((i) => i.id !== SELF && holdsAddress(i.enters, packet.family, packet.src));
  const isOutside = (value: bigint): boolean => holdsAddress(space.internet, packet.family, value);
  const toFirewall = holdsAddress(space.firewall, packet.family, packet.dst);
  const zone = ingress && plan.zones.get(ingress.id);
  const isNear = zone && holdsAddress([rangeOf(zone.subnet)], packet.family, packet.dst);
  if (!ingress || (!toFirewall && (isNear || (isOutside(packet.src) && isOutside(packet.dst))))) return undefined;
  return ingress;
}

// The table speaks of destinations after port forwarding.
function forwarded(plan: Plan, ingress: Ingress, packet: Packet): Packet {
  const vip = plan.zones.get(ingress.id)?.vip?.address;
  if (ingress.kind !== "wan" || vip?.value !== packet.dst) return packet;
  for (const f of plan.forwards) {
    const terms = plan.services.get(f.service)?.terms ?? [];
    const isMet = terms.some(
      (t) =>
        "ports" in t &&
        t.protocol === packet.slice &&
        t.ports.some((p) => BigInt(p.lo) <= packet.b && packet.b <= BigInt(p.hi)),
    );
    const target = plan.hosts.get(f.host)?.nics[0]?.address;
    if (f.wans.includes(ingress.id) && isMet && target) return { ...packet, dst: target.value };
  }
  return packet;
}

function actionOf(plan: Plan, decision: Decision): NonNullable<Explanation["table"]> {
  const row: Row | undefined = plan.flows.find((f) => f.id === decision.rule);
  if (!row) return { action: "deny", row: null, description: "no row matches" };
  return { action: row.action, row: row.id, description: row.description };
}

const named = (plan: Plan, packet: Packet, side: "src" | "dst"): string =>
  `${placeOf(plan, packet.family, packet[side])} (${formatAddress({ family: packet.family, value: packet[side] })})`;

const addressText = (flow: Flow, value: number | bigint): string =>
  formatAddress({ family: flow.family, value: BigInt(value) });

function stepOf(s: Station, journey: Journey, zoneOf: (key: string) => string, plan: Plan): ExplainStep {
  const base = { interface: s.key ?? null, rule: null, by: null };
  switch (s.kind) {
    case "redirect": {
      const target = addressText(s.after, s.after.dst);
      const name = placeOf(plan, s.after.family, BigInt(s.after.dst));
      return {
        ...base,
        kind: "redirect",
        text: `port forward on ${zoneOf(s.key)}: to ${name} (${target}) port ${s.after.b}`,
      };
    }
    case "nat":
      return {
        ...base,
        kind: "nat",
        text: `outbound NAT on ${zoneOf(s.key)}: leaves as ${addressText(s.after, s.after.src)}`,
      };
    case "route": {
      const isMisled = journey.action === "block" && s.key === undefined;
      return {
        ...base,
        kind: "route",
        text: s.key === undefined ? (isMisled ? "no route" : "for the router itself") : `leaves by ${zoneOf(s.key)}`,
      };
    }
    default: {
      const way = s.kind === "in" ? "in" : "out";
      if (s.kind === "in" && s.passedBy !== undefined) {
        return {
          ...base,
          kind: way,
          rule: s.passedBy,
          by: "user",
          text: `in by ${zoneOf(s.key)}: the redirect lets it pass by itself`,
        };
      }
      const rule = s.rule;
      const text = rule
        ? `${way} by ${zoneOf(s.key)}: ${rule.action} by ${rule.by === "pfsense" ? `pfSense's ${rule.id}` : `rule ${rule.id}`} (${rule.description})`
        : `${way} by ${zoneOf(s.key)}: no rule matches, and pf passes`;
      return { ...base, kind: way, rule: rule?.id ?? null, by: rule?.by ?? null, text };
    }
  }
}

const VERDICTS: Readonly<Record<Explanation["verdict"], string>> = {
  allowed: "ALLOWED",
  refused: "REFUSED",
  direct: "DIRECT: no router stands between them",
  differs: "DIFFERS: a router does not do what the table says",
};

/** An explanation as lines for a terminal. */
export function formatExplanation(e: Explanation): string {
  const lines = [`${e.from} -> ${e.to}, ${e.service}: ${VERDICTS[e.verdict]}`, `  packet  ${e.packet}`];
  if (e.table) {
    const row = e.table.row ?? "no row";
    lines.push(`  table   ${e.table.action} by ${row}: ${e.table.description}`);
  }
  for (const r of e.routers) {
    lines.push(`  ${r.router}   ${r.action}`);
    for (const step of r.steps) lines.push(`    ${step.text}`);
    if (r.unsure !== null) lines.push(`    unsure: ${r.unsure}`);
  }
  if (e.host) {
    const by = e.host.by === null ? "nothing lets it in" : `by ${e.host.by}`;
    lines.push(`  ${e.host.host}   ${e.host.action}, its own firewall: ${by}`);
  }
  lines.push(`  reply   ${e.reply}`);
  return `${lines.join("\n")}\n`;
}
