import { normalise } from "../../core/intervals.ts";
import type { Box, Interval, Slice } from "../../policy/engine/index.ts";
import { Names } from "./names.ts";

/** A term of a service as the plan writes it. */
export type Term =
  | { readonly protocol: "any" }
  | { readonly protocol: "tcp" | "udp"; readonly ports: readonly (number | string)[] }
  | { readonly protocol: "icmp"; readonly types?: readonly number[] }
  | { readonly protocol: "ip"; readonly number: number };

/** The last two dimensions of boxes. */
export interface Tail {
  readonly slice: Slice;
  readonly a: Interval;
  readonly b: Interval;
}

/** Names that people know, by what {@link keyOfTerms} says. */
const KNOWN: Readonly<Record<string, readonly [id: string, description: string]>> = {
  any: ["any", "Every protocol"],
  "tcp 22": ["ssh", "SSH"],
  "tcp 25": ["smtp", "Mail transport"],
  "udp 53": ["dns-udp", "DNS over UDP"],
  "tcp 53": ["dns-tcp", "DNS over TCP"],
  "tcp 53+udp 53": ["dns", "DNS"],
  "tcp 80": ["http", "HTTP"],
  "tcp 443": ["https", "HTTPS"],
  "tcp 80,443": ["web", "HTTP and HTTPS"],
  "udp 123": ["ntp", "Time"],
  "tcp 110": ["pop3", "POP3"],
  "tcp 143": ["imap", "IMAP"],
  "udp 161": ["snmp", "SNMP"],
  "udp 500": ["isakmp", "IKE"],
  "udp 514": ["syslog", "Syslog"],
  "tcp 587": ["submission", "Mail submission"],
  "tcp 993": ["imaps", "IMAP over TLS"],
  "udp 1194": ["openvpn", "OpenVPN"],
  "tcp 3389": ["rdp", "Remote Desktop"],
  "udp 4500": ["ipsec-nat-t", "IPsec NAT traversal"],
  "udp 5060": ["sip", "SIP"],
  "tcp 1-65535": ["tcp", "All of TCP"],
  "udp 1-65535": ["udp", "All of UDP"],
  "tcp 1-65535+udp 1-65535": ["tcp-udp", "All of TCP and UDP"],
  icmp: ["icmp", "All of ICMP"],
  "icmp 8": ["icmp-echo", "ICMP echo (ping)"],
  "ip 2": ["igmp", "IGMP"],
  "ip 47": ["gre", "GRE"],
  "ip 50": ["esp", "IPsec ESP"],
  "ip 51": ["ah", "IPsec AH"],
  "ip 89": ["ospf", "OSPF"],
  "ip 112": ["carp", "CARP"],
  "ip 240": ["pfsync", "States between routers"],
};

export interface Service {
  readonly id: string;
  readonly description: string;
  readonly terms: readonly Term[];
}

/** The distinct last two dimensions of IPv4 boxes. */
export function tailsOf(boxes: readonly Box[]): readonly Tail[] {
  const out = new Map<string, Tail>();
  for (const { family, slice, a, b } of boxes)
    if (family === 4) out.set(`${slice} ${a.lo}-${a.hi} ${b.lo}-${b.hi}`, { slice, a, b });
  return [...out.values()];
}

/** Why no service says it. */
export type Unsaid = "source port" | "protocol";

/** The tails as terms; what a plan's service cannot say otherwise. */
export function termsOf(tails: readonly Tail[]): readonly Term[] | Unsaid {
  const of = (slice: Slice): readonly Tail[] => tails.filter((t) => t.slice === slice);
  const isWhole = (slice: Slice): boolean =>
    of(slice).some(
      (t) =>
        isFull(t.a, slice === "icmp" || slice === "other" ? 255n : 65535n) &&
        isFull(t.b, slice === "icmp" ? 255n : slice === "other" ? 0n : 65535n),
    );
  if ((["tcp", "udp", "icmp", "other"] as const).every(isWhole)) return [{ protocol: "any" }];
  const terms: Term[] = [];
  for (const slice of ["tcp", "udp"] as const) {
    const own = of(slice);
    if (own.some((t) => !isFull(t.a, 65535n) && !(t.a.lo <= 1n && t.a.hi === 65535n))) return "source port";
    // Port 0 is blocked before any rule.
    const ports = normalise(own.map((t) => ({ lo: t.b.lo === 0n ? 1n : t.b.lo, hi: t.b.hi })));
    if (ports.length > 0)
      terms.push({ protocol: slice, ports: ports.map((p) => (p.lo === p.hi ? Number(p.lo) : `${p.lo}-${p.hi}`)) });
  }
  const icmp = of("icmp");
  if (icmp.length > 0) {
    const types = [
      ...new Set(
        icmp.flatMap((t) => Array.from({ length: Number(t.a.hi - t.a.lo) + 1 }, (_, n) => Number(t.a.lo) + n)),
      ),
    ];
    terms.push(types.length === 256 ? { protocol: "icmp" } : { protocol: "icmp", types: types.sort((x, y) => x - y) });
  }
  for (const t of of("other")) {
    if (t.a.lo !== t.a.hi || t.a.lo === 58n) return "protocol";
    terms.push({ protocol: "ip", number: Number(t.a.lo) });
  }
  return terms;
}

const isFull = (i: Interval, max: bigint): boolean => i.lo === 0n && i.hi === max;

/** One text for one list of terms. */
export const keyOfTerms = (terms: readonly Term[]): string => terms.map(keyOfTerm).join("+");

function keyOfTerm(t: Term): string {
  switch (t.protocol) {
    case "any":
      return "any";
    case "icmp":
      return t.types ? `icmp ${t.types.join(",")}` : "icmp";
    case "ip":
      return `ip ${t.number}`;
    default:
      return `${t.protocol} ${t.ports.join(",")}`;
  }
}

/** Services by what they say; the first name of a content stays. */
export class Services {
  readonly #byKey = new Map<string, Service>();
  readonly #names = new Names([]);

  get all(): readonly Service[] {
    return [...this.#byKey.values()];
  }

  /** @param called the name of the file's port alias, when there is one */
  idOf(terms: readonly Term[], called: { readonly name: string; readonly description: string } | undefined): string {
    const key = keyOfTerms(terms);
    const known = this.#byKey.get(key);
    if (known) return known.id;
    const [id, description] = KNOWN[key] ?? [];
    const chosen = this.#names.take([id ?? "", called?.name ?? "", key]);
    this.#byKey.set(key, { id: chosen, description: description ?? called?.description ?? key, terms });
    return chosen;
  }
}
