import type { Diagnostic, Place } from "../core/diagnostics.ts";
import { addressesOf, isSame } from "../plan/query.ts";
import type { Endpoint, Flow, Host, Plan } from "../plan/types.ts";
import {
  always,
  compile,
  decide,
  formatPacket,
  never,
  type Box,
  type CompiledRules,
  type Packet,
} from "../policy/engine/index.ts";
import { intentOf, type Intent } from "../policy/intent.ts";
import { placeOf } from "../policy/labels.ts";
import { holdsAddress, isWithin, makeRanges, type Ranges } from "../policy/ranges.ts";
import { boxesBetween, rangesOf, tailsOf } from "../policy/space.ts";
import { rangeOf } from "../core/ip.ts";
import { exactly } from "./base/firewall.ts";
import { firewallOf, type HostWork } from "./render.ts";
import type { Need } from "./role.ts";

/*
 * What the roles of a plan need of its network, asked of the flow table and of the firewall of the host that is asked.
 * A need stands where the work stands that has it (`needs` of a role's work): nothing here knows of any.
 */

/** Who refuses a need: a row of the table (null: none matches), or the peer by itself. */
interface Refusal {
  readonly host: Host;
  readonly need: Need;
  readonly service: string;
  readonly packet: Packet;
  readonly by: { readonly kind: "table"; readonly row: Flow | null } | { readonly kind: "host"; readonly peer: Host };
}

/** A host's own firewall; undefined where it has none of ours. */
type Firewalls = (peer: Host) => CompiledRules | undefined;

/** Needs that the plan refuses, a finding for each host, kind of need and refusing row. */
export function refusedNeeds(plan: Plan, works: ReadonlyMap<Host["id"], HostWork>): readonly Diagnostic[] {
  const intent = intentOf(plan);
  const known = new Map<Host["id"], CompiledRules | undefined>();
  // Every need of every neighbour asks the same few.
  const firewalls = (peer: Host): CompiledRules | undefined => {
    if (!known.has(peer.id)) {
      const rules = firewallOf(plan, peer, works.get(peer.id));
      known.set(peer.id, rules && compile(rules));
    }
    return known.get(peer.id);
  };
  const refusals = [...works].flatMap(([id, work]) => {
    const host = plan.hosts.get(id)!;
    // No row speaks of the scenery.
    if (host.isOutside) return [];
    const needs = [work.base, ...work.served.map((s) => s.work), ...work.own.map((o) => o.work)];
    return needs.flatMap((w) => w.needs ?? []).flatMap((need) => refusalOf(intent, firewalls, host, need) ?? []);
  });
  const groups = new Map<string, Refusal[]>();
  for (const r of refusals) {
    const by = r.by.kind === "table" ? (r.by.row?.id ?? "") : `:${r.by.peer.id}`;
    const key = [r.host.id, r.need.what, by].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  return [...groups.values()].map((group) => findingOf(plan, group));
}

/** Undefined where the need is met, or asks for a service that the plan does not know, which is another finding. */
function refusalOf(intent: Intent, firewalls: Firewalls, host: Host, need: Need): Refusal | undefined {
  const { space } = intent;
  const { plan } = space;
  let first: Refusal | undefined;
  for (const service of need.services) {
    if (!plan.services.has(service)) return undefined;
    const refusal = ofService(intent, firewalls, host, need, service);
    if (refusal === undefined) return undefined;
    first ??= refusal;
  }
  return first;
}

function ofService(intent: Intent, firewalls: Firewalls, host: Host, need: Need, service: string): Refusal | undefined {
  const { space } = intent;
  const { plan } = space;
  const nic = host.nics[0]!;
  const to = targetsOf(plan, host, need.to) ?? rangesOf(space, [need.to]);
  const boxes = boxesBetween(exactly([nic.address]), to, tailsOf(space, [service]));
  const refused = (packet: Packet, by: Refusal["by"]): Refusal => ({ host, need, service, packet, by });
  const zone = makeRanges([rangeOf(plan.zones.get(nic.zone)!.subnet)]);
  const isNear = isWithin(to, zone) && !to.some((r) => holdsAddress(space.firewall, r.family, r.lo));
  if (!isNear) {
    const list = intent.listAt(nic.zone);
    const packet = need.to.kind === "internet" ? noneOf(boxes, list) : witness(always(boxes, list, ["pass"]));
    if (packet !== undefined) {
      const { rule } = decide(list.rules, packet, "block");
      return refused(packet, { kind: "table", row: plan.flows.find((f) => f.id === rule) ?? null });
    }
  }
  for (const peer of plan.hosts.values()) {
    const own = boxes.filter((b) => addressesOf(peer).some((a) => a.family === b.family && b.dst.lo === a.value));
    const rules = own.length === 0 || peer === host ? undefined : firewalls(peer);
    const packet = rules && witness(always(own, rules, ["pass"]));
    if (packet !== undefined) return refused(packet, { kind: "host", peer });
  }
  return undefined;
}

/** A host is asked by its leg in the asker's zone, where it has one, else by the one that it is known by. */
function targetsOf(plan: Plan, from: Host, to: Endpoint): Ranges | undefined {
  const peer = to.kind === "host" ? plan.hosts.get(to.host) : undefined;
  if (peer === undefined) return undefined;
  const nic = peer.nics.find((n) => n.zone === from.nics[0]!.zone) ?? peer.nics[0]!;
  return exactly([nic.address]);
}

const witness = (verdict: ReturnType<typeof always>): Packet | undefined =>
  verdict.kind === "refuted" ? verdict.witness : undefined;

/** A packet of the boxes where not one of them passes. */
function noneOf(boxes: readonly Box[], list: Parameters<typeof always>[1]): Packet | undefined {
  return never(boxes, list).kind === "proven" ? witness(always(boxes, list, ["pass"])) : undefined;
}

function findingOf(plan: Plan, group: readonly Refusal[]): Diagnostic {
  const [{ host, need, by, packet }] = group as [Refusal];
  const peers = [...new Set(group.map((r) => peerName(plan, r)))];
  const services = [...new Set(group.map((r) => r.need.services.join(" or ")))];
  const asked = `${host.id} ${need.what} (${services.join(", ")} to ${peers.join(", ")})`;
  const common = { severity: "error", place: host.place, path: `hosts.${host.id}` } as const;
  if (by.kind === "host") {
    const { peer } = by;
    return {
      ...common,
      code: "ROLE_NEED_REFUSED_BY_HOST",
      fact: `${asked}, and the firewall of ${peer.id} (${at(peer.place)}) refuses it; no router stands between them, and no role of ${peer.id} gives it to its zone`,
      hint: `Name ${services.join(", ")} among the \`neighbours\` of a role of ${peer.id} (${peer.roles.map((r) => `src/roles/${r}`).join(", ")}), or put ${host.id} into another zone and add a row. It refuses ${formatPacket(packet)}.`,
    };
  }
  const { row } = by;
  const refusal = row === null ? "no row of the flow table lets it" : `${row.id} refuses it (${at(row.place)})`;
  const others = plan.flows.filter((f) => f.section === 4 && f.action === "allow" && allows(plan, f, group));
  // A row for whole zones is more likely meant than a named exception.
  const wider = others.find((f) => f.from.some((end) => end.kind === "zone")) ?? others[0];
  const way =
    wider === undefined
      ? `Add a row from ${host.id} to ${peers.join(", ")} for ${services.join(", ")} to flows.yaml${row === null ? "" : `, above ${row.id}`}`
      : `Add ${host.id} or its zone ${host.nics[0]!.zone} to \`from\` of ${wider.id} (${at(wider.place)}), which allows it to others`;
  return {
    ...common,
    code: "ROLE_NEED_REFUSED",
    fact: `${asked}, and ${refusal}`,
    hint: `${way}; \`maquette explain ${host.id} ${peers[0]!} ${group[0]!.service}\` shows why.`,
  };
}

const at = (place: Place): string => `${place.file}:${place.line}`;

function peerName(plan: Plan, { need: { to }, packet }: Refusal): string {
  switch (to.kind) {
    case "host":
      return to.host;
    case "zone":
      return to.zone;
    case "pool":
      return to.pool;
    case "network":
      return placeOf(plan, packet.family, packet.dst);
    default:
      return to.kind;
  }
}

/** Whether a row allows to others what these refusals are about. */
function allows(plan: Plan, flow: Flow, group: readonly Refusal[]): boolean {
  return group.every(({ packet, service }) => {
    if (!flow.services.includes(service)) return false;
    return flow.to.some((end) => {
      if (end.kind === "host")
        return addressesOf(plan.hosts.get(end.host)!).some((a) =>
          isSame(a, { family: packet.family, value: packet.dst }),
        );
      if (end.kind === "internet") return group[0]!.need.to.kind === "internet";
      if (end.kind === "zone") {
        const { lo, hi, family } = rangeOf(plan.zones.get(end.zone)!.subnet);
        return family === packet.family && lo <= packet.dst && packet.dst <= hi;
      }
      return false;
    });
  });
}
