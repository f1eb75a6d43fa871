import type { Family } from "../../core/ip.ts";
import type { Endpoint } from "../model/base.ts";
import { portRange } from "./aliases.ts";
import { ALL_PORTS } from "./boxes.ts";
import type { Boxes } from "./boxes.ts";
import { budgeted } from "./context.ts";
import type { Context } from "./context.ts";
import { hasPorts, protocolNumber } from "./protocols.ts";
import { ANYWHERE, exact, negated } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";
import { Unusable } from "./unusable.ts";

export type OrWhy<T> = T | Unusable;

/**
 * One end of a NAT rule as a set (`filter_generate_address`). An outbound rule writes an alias or a CIDR into `network`,
 * and pfSense hands it to pf as it stands; elsewhere `network` takes keywords only.
 */
export function natAddress(c: Context, e: Endpoint, family: Family, isOutbound = false): OrWhy<AddressSet> {
  if (e.isAny || (isOutbound && e.network === "any")) return ANYWHERE;
  if (e.network !== undefined) {
    const keyword = c.book.keyword(e.network, family, e.isNot);
    if (keyword) return keyword;
    if (!isOutbound) return new Unusable(`"${e.network}" is no keyword with an IPv${family} address`, e.isNot);
  }
  const text = e.network ?? e.address;
  if (text === undefined) return new Unusable("an address is empty");
  const resolved = c.aliases.addresses(text);
  // What pf cannot read stands in its list: the text of an outbound rule, or the lone "!" of a negation.
  const isWritten = (isOutbound && e.network !== undefined && !c.aliases.has(text)) || e.isNot;
  if (resolved.kind !== "set") return new Unusable(resolved.why, resolved.kind === "refused" || isWritten);
  return e.isNot ? negated(resolved.set) : resolved.set;
}

/**
 * `80`, `1000-2000`, `1000:2000` or an alias of ports (`filter_generate_port` for NAT). What is none of these is left out
 * of the rule, which then holds for every port.
 */
function natPorts(c: Context, text: string | undefined): OrWhy<Fuzzy> {
  if (text === undefined) return ALL_PORTS;
  const [first, second] = text.split("-");
  const from = c.aliases.has(first!) ? undefined : portRange(first!);
  if (!from) {
    const resolved = c.aliases.ports(first!);
    if (resolved.kind === "set") return resolved.set;
    return resolved.kind === "refused" ? new Unusable(resolved.why, true) : ALL_PORTS;
  }
  if (second === undefined || second === "" || second === "0" || second === first) return exact([from]);
  const both = portRange(`${first!}:${second}`);
  if (!both) return new Unusable(`"${text}" is not a range of ports`, true);
  return both.lo === 1n && both.hi === 65535n ? ALL_PORTS : exact([both]);
}

/** Whether a port of a NAT rule is given and pfSense leaves it out, because it is neither a port nor an alias. */
export function isLostPort(c: Context, text: string | undefined): boolean {
  const first = text?.split("-")[0];
  return first !== undefined && !c.aliases.has(first) && !portRange(first);
}

/** `tcp/udp`, a name, `any`, nothing, or 0, which is any to pf. */
function natProtocols(protocol: string | undefined): OrWhy<readonly number[] | undefined> {
  const name = protocol?.toLowerCase();
  if (name === undefined || name === "any") return undefined;
  if (name === "tcp/udp") return [6, 17];
  const number = protocolNumber(name);
  if (number === undefined) return new Unusable(`protocol "${name}" is not known to pf`, true);
  return number === 0 ? undefined : [number];
}

/** The boxes of a NAT rule in one family; ports count only where the protocol has them. */
export function natBoxes(
  c: Context,
  family: Family,
  protocol: string | undefined,
  source: Endpoint,
  destination: Endpoint,
  ports: { readonly source: string | undefined; readonly destination: string | undefined },
  isOutbound = false,
): OrWhy<Boxes> {
  const src = natAddress(c, source, family, isOutbound);
  if (src instanceof Unusable) return src;
  const dst = natAddress(c, destination, family, isOutbound);
  if (dst instanceof Unusable) return dst;
  const isPorted = hasPorts(protocol);
  const sourcePorts = natPorts(c, isPorted ? ports.source : undefined);
  if (sourcePorts instanceof Unusable) return sourcePorts;
  const destinationPorts = natPorts(c, isPorted ? ports.destination : undefined);
  if (destinationPorts instanceof Unusable) return destinationPorts;
  const protocols = natProtocols(protocol);
  if (protocols instanceof Unusable) return protocols;
  return budgeted(c, {
    families: [family],
    protocols,
    source: src,
    destination: dst,
    sourcePorts,
    destinationPorts,
    icmpTypes: undefined,
    isConditional: false,
  });
}
