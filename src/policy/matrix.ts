import type { Plan, Section } from "../plan/types.ts";
import { meets, subtractAll } from "./engine/index.ts";
import type { Intent } from "./intent.ts";
import { without, type Ranges } from "./ranges.ts";
import { boxesBetween, clip, rangesOf, SELF, tailsOfService } from "./space.ts";

/** One kind of traffic that a cell lets through: a service, by which row, and whether for all of both ends. */
export interface CellEntry {
  readonly service: string;
  readonly row: string;
  /** Only some addresses of the source or of the destination. */
  readonly isPartial: boolean;
  readonly isLogged: boolean;
}

export interface Cell {
  readonly from: string;
  readonly to: string;
  /** `self`: one zone with itself, which no router sees; `none`: nothing passes. */
  readonly kind: "self" | "none" | "some";
  readonly entries: readonly CellEntry[];
}

export interface Matrix {
  /** Zones in the plan's order (WANs are one: the internet), pools, the internet, the routers. */
  readonly ends: readonly string[];
  readonly cells: readonly (readonly Cell[])[];
}

interface End {
  readonly id: string;
  readonly ranges: Ranges;
  /** The ingress by which it comes in. */
  readonly ingress: string;
}

function endsOf(intent: Intent): readonly End[] {
  const { plan, firewall, internet, ingresses } = intent.space;
  const inside = [...plan.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync");
  const zones = inside.map((z): End => {
    const ranges = rangesOf(intent.space, [{ kind: "zone", zone: z.id }]);
    // On the routers' own link there is nobody else.
    return { id: z.id, ranges: z.kind === "sync" ? ranges : without(ranges, firewall), ingress: z.id };
  });
  const pools = [...plan.pools.values()].map((p): End => {
    const ingress = plan.hosts.get(p.via)?.nics[0]?.zone ?? "";
    return { id: p.id, ranges: rangesOf(intent.space, [{ kind: "pool", pool: p.id }]), ingress };
  });
  const wan = ingresses.find((i) => i.kind === "wan")?.id ?? "";
  return [
    ...zones,
    ...pools,
    { id: "internet", ranges: without(internet, firewall), ingress: wan },
    { id: SELF, ranges: firewall, ingress: SELF },
  ];
}

/** What the flow table lets pass between each pair of ends: the first row that matches decides, as always. */
export function matrixOf(intent: Intent): Matrix {
  const ends = endsOf(intent);
  const cells = ends.map((from) => ends.map((to) => cellOf(intent, from, to)));
  return { ends: ends.map((e) => e.id), cells };
}

function cellOf(intent: Intent, from: End, to: End): Cell {
  const common = { from: from.id, to: to.id };
  const isBlind =
    from.id === to.id || (from.ingress === to.id && from.id !== to.id) || (to.ingress === from.id && to.id !== from.id);
  // A pool and its gateway's zone meet inside the gateway.
  if (isBlind) return { ...common, kind: "self", entries: [] };
  const shares = intent.shares.get(from.ingress) ?? [];
  // The routers' addresses are in the last column, whichever zone they lie in; only what they send reaches each other.
  const target = to.id === SELF || from.id === SELF ? to.ranges : without(to.ranges, intent.space.firewall);
  const entries = shares.flatMap((share): readonly CellEntry[] => {
    if (share.flow.action !== "allow") return [];
    const here = clip(share.may, from.ranges, target);
    if (here.length === 0) return [];
    return share.flow.services.flatMap((id) => {
      const tails = tailsOfService(intent.space.plan.services.get(id));
      const whole = boxesBetween(from.ranges, target, tails);
      const met = whole.filter((w) => here.some((h) => meets(h, w)));
      if (met.length === 0) return [];
      const isPartial = subtractAll(met, here).length > 0;
      return [{ service: id, row: share.flow.id, isPartial, isLogged: share.flow.isLogged }];
    });
  });
  return { ...common, kind: entries.length === 0 ? "none" : "some", entries };
}

/** A row of the table as people read it. */
export interface TableRow {
  readonly id: string;
  readonly section: Section;
  readonly from: string;
  readonly to: string;
  readonly services: string;
  /** `udp 5060; udp 10000-20000`. */
  readonly ports: string;
  readonly action: "allow" | "deny" | "reject";
  readonly isLogged: boolean;
  readonly owner: string;
  readonly description: string;
}

/** The flow table in the order of ANSSI's sections; rows of one section keep their order. */
export function tableOf(plan: Plan): readonly TableRow[] {
  const rows = plan.flows.map((f): TableRow => {
    const ports = f.services.map((id) => portsOf(plan, id));
    return {
      id: f.id,
      section: f.section,
      from: f.fromNames.join(", "),
      to: f.toNames.join(", "),
      services: f.services.join(", "),
      ports: [...new Set(ports)].join("; "),
      action: f.action,
      isLogged: f.isLogged,
      owner: plan.departments.get(f.owner)?.name ?? f.owner,
      description: f.description,
    };
  });
  return rows.sort((x, y) => x.section - y.section);
}

function portsOf(plan: Plan, id: string): string {
  const terms = plan.services.get(id)?.terms ?? [];
  return terms
    .map((t) => {
      if (t.protocol === "any") return "*";
      if (t.protocol === "ip") return `IP ${t.number}`;
      if (t.protocol === "icmp") return t.types ? `icmp ${t.types.join(", ")}` : "icmp";
      return `${t.protocol} ${t.ports.map((p) => (p.lo === p.hi ? `${p.lo}` : `${p.lo}-${p.hi}`)).join(", ")}`;
    })
    .join(", ");
}
