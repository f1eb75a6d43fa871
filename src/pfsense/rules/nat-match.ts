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

/** Text says why pfSense leaves the rule out. */
export type OrWhy<T> = T | string;

/** One end of a NAT rule as a set; `network` may hold an alias or a CIDR there, as outbound rules write it. */
export function natAddress(c: Context, e: Endpoint, family: Family): OrWhy<AddressSet> {
  const text = e.network ?? e.address;
  if (e.isAny || e.network === "any") return ANYWHERE;
  if (text === undefined) return "an address is empty";
  const keyword = e.network === undefined ? undefined : c.book.keyword(e.network, family, e.isNot);
  if (keyword) return keyword;
  const resolved = c.aliases.addresses(text);
  if (resolved.kind !== "set") return resolved.why;
  return e.isNot ? negated(resolved.set) : resolved.set;
}

/** `80`, `1000-2000`, `1000:2000` or an alias of ports. */
export function natPorts(c: Context, text: string | undefined): OrWhy<Fuzzy> {
  if (text === undefined) return ALL_PORTS;
  const range = portRange(text) ?? portRange(text.replace("-", ":"));
  if (range) return exact([range]);
  const resolved = c.aliases.ports(text);
  return resolved.kind === "set" ? resolved.set : resolved.why;
}

/** `tcp/udp`, a name, `any` or nothing. */
export function natProtocols(protocol: string | undefined): OrWhy<readonly number[] | undefined> {
  const name = protocol?.toLowerCase();
  if (name === undefined || name === "any") return undefined;
  if (name === "tcp/udp") return [6, 17];
  const number = protocolNumber(name);
  return number === undefined ? `protocol "${name}" is not known to pf` : [number];
}

/** The boxes of a NAT rule in one family; ports count only where the protocol has them. */
export function natBoxes(
  c: Context,
  family: Family,
  protocol: string | undefined,
  source: Endpoint,
  destination: Endpoint,
  ports: { readonly source: string | undefined; readonly destination: string | undefined },
): OrWhy<Boxes> {
  const src = natAddress(c, source, family);
  if (typeof src === "string") return src;
  const dst = natAddress(c, destination, family);
  if (typeof dst === "string") return dst;
  const isPorted = hasPorts(protocol);
  const sourcePorts = natPorts(c, isPorted ? ports.source : undefined);
  if (typeof sourcePorts === "string") return sourcePorts;
  const destinationPorts = natPorts(c, isPorted ? ports.destination : undefined);
  if (typeof destinationPorts === "string") return destinationPorts;
  const protocols = natProtocols(protocol);
  if (typeof protocols === "string") return protocols;
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
