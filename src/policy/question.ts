import { didYouMean } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { contains, formatAddress, networkOf, parseAddress, parseNetwork, rangeOf, type Address } from "../core/ip.ts";
import type { Plan } from "../plan/types.ts";
import type { Packet, Slice } from "./engine/index.ts";

/** "May `from` reach `to` on this protocol and port?", as typed. */
export interface Question {
  /** A host, zone, pool, `internet`, `firewall` or an address. */
  readonly from: string;
  readonly to: string;
  /** `tcp`, `udp`, `icmp`, or a protocol's number. */
  readonly protocol: string;
  /** Of the destination; for icmp the type (8 when left out). */
  readonly port?: number;
}

const CLIENT_PORT = 49152n;
const ECHO_REQUEST = 8;

/** Parses `udp/5060`, `tcp/443`, `icmp`, `icmp/8`, `240`, or a service of the plan with one port. */
export function parseProtocol(plan: Plan, text: string): Pick<Question, "protocol" | "port"> {
  const match = /^(tcp|udp|icmp|\d{1,3})(?:\/(\d{1,5}))?$/.exec(text.toLowerCase());
  const port = match?.[2] === undefined ? {} : { port: Number(match[2]) };
  if (match) return { protocol: match[1]!, ...port };
  const term = plan.services.get(text)?.terms[0];
  if (term && "ports" in term) return { protocol: term.protocol, port: term.ports[0]!.lo };
  if (term?.protocol === "icmp") return { protocol: "icmp", port: term.types?.[0] ?? ECHO_REQUEST };
  if (term?.protocol === "ip") return { protocol: String(term.number) };
  const near = didYouMean(text, [...plan.services.keys(), "tcp", "udp", "icmp"]);
  const hint =
    near === undefined ? "Write udp/5060, tcp/443, icmp, or a service of services.yaml" : `did you mean "${near}"?`;
  throw new Fault("POLICY_QUESTION_SERVICE", `"${text}" is no protocol with a port, and no service of the plan`, hint);
}

/**
 * The first packet of what is asked. A zone or pool is asked with one address of it that no machine has.
 * @throws Fault for a name that the plan does not have, with the nearest one that it has
 */
export function packetOf(plan: Plan, question: Question): Packet {
  const src = addressOf(plan, question.from);
  const dst = nearest(plan, question.to, src) ?? addressOf(plan, question.to);
  if (src.family !== dst.family) {
    throw new Fault(
      "POLICY_QUESTION_FAMILY",
      `${question.from} and ${question.to} are not of one IP family`,
      "Ask with two of one family",
    );
  }
  const family = src.family;
  const { slice, a, b } = tailOf(question, family);
  return { family, slice, src: src.value, dst: dst.value, a, b };
}

// A host with several legs is asked for by the one in the asker's zone, where there is one.
function nearest(plan: Plan, to: string, src: Address): Address | undefined {
  const nics = plan.hosts.get(to.replace(/^host:/, ""))?.nics ?? [];
  return nics.find((nic) => contains(networkOf(nic.address, nic.prefix), src))?.address;
}

function tailOf(q: Question, family: 4 | 6): { slice: Slice; a: bigint; b: bigint } {
  const number = Number(q.protocol);
  const isNumber = /^\d+$/.test(q.protocol);
  if (q.protocol === "icmp" || number === (family === 4 ? 1 : 58)) {
    const type = q.port ?? (family === 4 ? ECHO_REQUEST : 128);
    return { slice: "icmp", a: BigInt(Math.min(type, 255)), b: 0n };
  }
  const slice =
    q.protocol === "tcp" || number === 6 ? "tcp" : q.protocol === "udp" || number === 17 ? "udp" : undefined;
  if (slice === undefined) {
    if (isNumber && number <= 255) return { slice: "other", a: BigInt(number), b: 0n };
    throw new Fault(
      "POLICY_QUESTION_SERVICE",
      `"${q.protocol}" is no protocol`,
      "Write tcp, udp, icmp or a number up to 255",
    );
  }
  if (q.port === undefined || q.port < 1 || q.port > 65535) {
    throw new Fault("POLICY_QUESTION_SERVICE", `${slice} needs a port from 1 to 65535`, `Write ${slice}/443`);
  }
  return { slice, a: CLIENT_PORT, b: BigInt(q.port) };
}

function addressOf(plan: Plan, name: string): Address {
  const bare = name.replace(/^(host|zone|pool):/, "");
  const kind = name.includes(":") ? name.slice(0, name.indexOf(":")) : "";
  const host = kind === "" || kind === "host" ? plan.hosts.get(bare) : undefined;
  if (name === "internet") return outsideAddress(plan);
  if (host?.nics[0]) return host.nics[0].address;
  const zone = kind === "" || kind === "zone" ? plan.zones.get(bare) : undefined;
  if (zone) return freeAddress(plan, zone.subnet.family, rangeOf(zone.subnet));
  const pool = kind === "" || kind === "pool" ? plan.pools.get(bare) : undefined;
  if (pool) return freeAddress(plan, pool.network.family, rangeOf(pool.network));
  if (name === "firewall") {
    const vip = [...plan.zones.values()].find((z) => z.kind === "inside" && z.vip)?.vip;
    if (vip) return vip.address;
  }
  const address = parseAddress(name);
  if (address) return address;
  const known = [...plan.hosts.keys(), ...plan.zones.keys(), ...plan.pools.keys(), "internet", "firewall"];
  const near = didYouMean(bare, known);
  const hint =
    near === undefined
      ? "Name a host, zone or pool of the plan, internet, firewall, or an address"
      : `did you mean "${near}"?`;
  throw new Fault("POLICY_QUESTION_NAME", `"${name}" is no host, zone or pool, and no address`, hint);
}

function freeAddress(plan: Plan, family: 4 | 6, range: { lo: bigint; hi: bigint }): Address {
  const taken = new Set(
    [...plan.hosts.values()].flatMap((h) => h.nics.flatMap((n) => [n.address, ...n.aliases]).map(formatAddress)),
  );
  for (const z of plan.zones.values()) if (z.vip) taken.add(formatAddress(z.vip.address));
  for (let value = range.lo + 1n; value < range.hi; value++) {
    const address = { family, value };
    if (!taken.has(formatAddress(address))) return address;
  }
  return { family, value: range.lo };
}

// A host of the plan's scenery where there is one; else an address kept for documentation (RFC 5737).
function outsideAddress(plan: Plan): Address {
  const outside = [...plan.zones.values()].find((z) => z.kind === "outside");
  if (outside) return freeAddress(plan, outside.subnet.family, rangeOf(outside.subnet));
  return { family: 4, value: parseNetwork("203.0.113.0/24")!.network.base + 77n };
}
