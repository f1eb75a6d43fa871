import { normalise } from "../../core/intervals.ts";
import type { Plan, PortMatch, ServiceTerm } from "../../plan/index.ts";

/** What one rule can say about protocol and ports; a row's services become as few of these as pfSense can hold. */
export interface Match {
  /** Stable within a row, part of the rule's tracker. */
  readonly part: string;
  /** `<protocol>`; null is any protocol, where the element is absent. */
  readonly protocol: string | null;
  /** Null is every port. */
  readonly ports: readonly PortMatch[] | null;
  readonly icmpTypes: readonly number[] | null;
  /** The services that are in it, for the name of a port alias. */
  readonly services: readonly string[];
  /** Such packets carry IP options by their nature, which pf drops unless told not to. */
  readonly hasOptions: boolean;
}

const match = (part: string, protocol: string | null, rest: Partial<Match> = {}): Match => ({
  part,
  protocol,
  ports: null,
  icmpTypes: null,
  services: [],
  hasOptions: false,
  ...rest,
});

/** Names that pfSense's list of protocols has (`get_ipprotocols`, `etc/inc/globals.inc`); pf takes others as numbers. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [2, "igmp"],
  [47, "gre"],
  [50, "esp"],
  [51, "ah"],
  [89, "ospf"],
  [103, "pim"],
  [112, "carp"],
  [240, "pfsync"],
]);
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const IGMP = 2;

/** A row's services: TCP and UDP together where they have the same ports, one for each other protocol. */
export function matchesOf(plan: Plan, services: readonly string[]): readonly Match[] {
  const terms = services.flatMap((id) => plan.services.get(id)!.terms.map((term) => ({ id, term })));
  if (terms.some((t) => t.term.protocol === "any")) return [match("any", null)];
  const tcp = transport(terms, "tcp", TCP);
  const udp = transport(terms, "udp", UDP);
  const out: Match[] = [];
  if (tcp && udp && portsKey(tcp.ports) === portsKey(udp.ports)) {
    const names = [...new Set([...tcp.services, ...udp.services])];
    out.push(match("tcp-udp", "tcp/udp", { ports: tcp.ports, services: names }));
  } else {
    if (tcp) out.push(match("tcp", "tcp", tcp));
    if (udp) out.push(match("udp", "udp", udp));
  }
  const icmp = icmpTypes(terms.map((t) => t.term));
  if (icmp !== undefined) out.push(match("icmp", "icmp", { icmpTypes: icmp }));
  const others = new Set(terms.flatMap(({ term }) => (term.protocol === "ip" ? [term.number] : [])));
  for (const number of [...others].filter((n) => ![TCP, UDP, ICMP].includes(n)).sort((a, b) => a - b)) {
    out.push(match(`ip${number}`, PROTOCOLS.get(number) ?? `${number}`, { hasOptions: number === IGMP }));
  }
  return out;
}

type Named = { readonly id: string; readonly term: ServiceTerm };

function transport(
  terms: readonly Named[],
  protocol: "tcp" | "udp",
  number: number,
): Pick<Match, "ports" | "services"> | undefined {
  const isWhole = terms.some(({ term }) => term.protocol === "ip" && term.number === number);
  const own = terms.flatMap(({ id, term }) => (term.protocol === protocol ? [{ id, ports: term.ports }] : []));
  if (own.length === 0 && !isWhole) return undefined;
  const ports = mergePorts(own.flatMap((o) => o.ports));
  const isAll = isWhole || (ports.length === 1 && ports[0]!.lo <= 1 && ports[0]!.hi === 65535);
  return { ports: isAll ? null : ports, services: [...new Set(own.map((o) => o.id))] };
}

/** Sorted, without overlaps or neighbours. */
const mergePorts = (ports: readonly PortMatch[]): readonly PortMatch[] =>
  normalise(ports.map(({ lo, hi }) => ({ lo: BigInt(lo), hi: BigInt(hi) }))).map(({ lo, hi }) => ({
    lo: Number(lo),
    hi: Number(hi),
  }));

const portsKey = (ports: readonly PortMatch[] | null): string =>
  ports?.map((p) => `${p.lo}-${p.hi}`).join(",") ?? "all";

/** Null is every type; undefined none. */
function icmpTypes(terms: readonly ServiceTerm[]): readonly number[] | null | undefined {
  const all = terms.flatMap((t) => (t.protocol === "icmp" ? [t.types] : []));
  const isWhole = terms.some((t) => t.protocol === "ip" && t.number === ICMP);
  if (isWhole || all.includes(null)) return null;
  const types = [...new Set(all.flatMap((t) => t ?? []))].sort((a, b) => a - b);
  return types.length > 0 ? types : undefined;
}

/** pf's names for the ICMP types that pfSense's form offers (`$icmptypes`, `etc/inc/filter.inc`); others as numbers. */
const ICMP_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "echorep"],
  [3, "unreach"],
  [4, "squench"],
  [5, "redir"],
  [8, "echoreq"],
  [9, "routeradv"],
  [10, "routersol"],
  [11, "timex"],
  [12, "paramprob"],
  [13, "timereq"],
  [14, "timerep"],
]);

export const icmpText = (types: readonly number[]): string => types.map((t) => ICMP_NAMES.get(t) ?? `${t}`).join(",");
