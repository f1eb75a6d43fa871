import { networkOf, parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Family, Network } from "../../core/ip.ts";
import type { PfNpt, PfOneToOne } from "../model/nat.ts";
import { ALL_PORTS, boxesOf } from "./boxes.ts";
import { warn } from "./context.ts";
import type { Context } from "./context.ts";
import { hasGateway, ipOf, netOf } from "./interfaces.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { natAddress } from "./nat-match.ts";
import type { Binat, Redirect } from "./nat-types.ts";
import { ANYWHERE, ofNetworks } from "./sets.ts";
import type { AddressSet } from "./sets.ts";
import { reportUnusable, Unusable } from "./unusable.ts";

/** The 1:1 mappings, then the IPv6 prefix translations; reflections of the former come after every port forward. */
export function binats(c: Context): { binats: readonly Binat[]; reflections: readonly Redirect[] } {
  const mapped = c.config.nat.oneToOne.filter((r) => !r.isDisabled).flatMap((r) => oneToOne(c, r));
  const prefixes = c.config.nat.npt.filter((r) => !r.isDisabled).flatMap((r) => npt(c, r));
  return {
    binats: [...mapped.map((m) => m.binat), ...prefixes],
    reflections: mapped.flatMap((m) => m.reflections),
  };
}

function oneToOne(c: Context, r: PfOneToOne): readonly { binat: Binat; reflections: readonly Redirect[] }[] {
  const path = `nat.onetoone[${r.index}]`;
  const skip = (why: string | Unusable): readonly [] => {
    reportUnusable(c, "NAT", "1:1 mapping", r.place, path, typeof why === "string" ? new Unusable(why) : why);
    return [];
  };
  const i = c.interfaces.find((x) => x.key === (r.interface ?? "wan"));
  if (!i) return skip(`interface "${r.interface ?? "wan"}" is not an enabled interface or group`);
  const family: Family = r.ipProtocol === "inet6" || parseAddress(r.external ?? "")?.family === 6 ? 6 : 4;
  const destination = natAddress(c, r.destination, family);
  if (destination instanceof Unusable) return skip(destination);
  const internal = internalOf(c, r, family);
  if (!internal) return skip("its internal side is not one known address or network");
  const external = externalOf(c, r, internal);
  if (!external) return skip(`its external side "${r.external ?? ""}" is not a known address`);
  const binat = {
    id: `1:1[${r.index}]`,
    place: r.place,
    description: r.description ?? "",
    interfaces: [i.key],
    internal,
    external,
    outgoing: matching(family, ofNetworks([internal]), destination),
    incoming: matching(family, destination, ofNetworks([external])),
    isNo: r.isNoBinat,
  };
  return [{ binat, reflections: reflect(c, r, i, binat, destination) }];
}

/** On interfaces without a gateway, when `enablebinatreflection` or the mapping itself asks for it. */
function reflect(
  c: Context,
  r: PfOneToOne,
  i: FilterInterface,
  b: Binat,
  destination: AddressSet,
): readonly Redirect[] {
  const isWanted = c.config.system.isBinatReflection || r.natReflection === "enable";
  const interfaces = c.interfaces.filter((x) => x.key !== i.key && !hasGateway(x, 4)).map((x) => x.key);
  if (!isWanted || r.natReflection === "disable" || b.isNo || r.source.isNot || interfaces.length === 0) return [];
  return [
    {
      id: `${b.id}:reflection`,
      place: b.place,
      by: "pfsense",
      description: b.description,
      interfaces,
      boxes: matching(b.external.family, destination, ofNetworks([b.external])),
      mayBoxes: undefined,
      isNo: false,
      isPass: false,
      setsTag: undefined,
      target: { kind: "network", from: b.external, to: b.internal },
      port: undefined,
    },
  ];
}

const matching = (family: Family, source: AddressSet, destination: AddressSet): Binat["incoming"] =>
  boxesOf({
    families: [family],
    protocols: undefined,
    source,
    destination,
    sourcePorts: ALL_PORTS,
    destinationPorts: ALL_PORTS,
    icmpTypes: undefined,
    isConditional: false,
  }).boxes;

function internalOf(c: Context, r: PfOneToOne, family: Family): Network | undefined {
  const keyword = r.source.network;
  const i = keyword === undefined ? undefined : c.interfaces.find((x) => x.key === keyword.replace(/ip$/, ""));
  const held = i && ipOf(i, family);
  if (held) return keyword?.endsWith("ip") ? hostOf(held.address) : netOf(held);
  return textual(r.source.address);
}

/** As wide as the internal side. */
function externalOf(c: Context, r: PfOneToOne, internal: Network): Network | undefined {
  const text = r.external ?? "";
  const literal = textual(text);
  const key = /^(wan|lan|opt\d+)(ip)?$/.exec(text)?.[1];
  const i = key === undefined ? undefined : c.interfaces.find((x) => x.key === key);
  const address = literal ? { family: literal.family, value: literal.base } : i && ipOf(i, internal.family)?.address;
  return address?.family === internal.family ? networkOf(address, internal.prefix) : undefined;
}

function textual(text: string | undefined): Network | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  return address ? hostOf(address) : parseNetwork(text)?.network;
}

const hostOf = (a: { family: Family; value: bigint }): Network => networkOf(a, a.family === 4 ? 32 : 128);

function npt(c: Context, r: PfNpt): readonly Binat[] {
  const i = c.interfaces.find((x) => x.key === (r.interface ?? "wan"));
  const internal = textual(r.source.address ?? r.source.network);
  const external = textual(r.destination.address ?? r.destination.network);
  const isUsable = internal?.family === 6 && external?.family === 6 && internal.prefix === external.prefix;
  if (!i || !isUsable) {
    const why = "its interface or one of its prefixes is not known, or they differ in length";
    const hint = "The prefix translation takes no part in verdicts.";
    warn(c, "PFSENSE_NAT_SKIPPED", r.place, `nat.npt[${r.index}]`, why, hint);
    return [];
  }
  return [
    {
      id: `npt[${r.index}]`,
      place: r.place,
      description: r.description ?? "",
      interfaces: [i.key],
      internal,
      external,
      outgoing: matching(6, ofNetworks([internal]), ANYWHERE),
      incoming: matching(6, ANYWHERE, ofNetworks([external])),
      isNo: false,
    },
  ];
}
