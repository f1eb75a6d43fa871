import { contains, formatAddress, formatNetwork, parseAddress } from "../../core/ip.ts";
import type { PfGateway } from "../model/network.ts";
import type { Leg } from "./legs.ts";
import { oneLine, type Notes } from "./notes.ts";
import type { Site } from "./site.ts";

interface Entry {
  readonly value: Record<string, unknown>;
  readonly comment: readonly string[];
}

/** A zone of addressing.yaml, and where it came from. */
export function zoneEntry(site: Site, leg: Leg, notes: Notes): Entry {
  const device = oneLine(leg.config.device ?? "?", 40);
  const origin = `interfaces.${leg.key} on ${device}${leg.vlan.isReal ? "" : "; it has no VLAN of its own, the number is a free one"}`;
  const comment = leg.isStandIn
    ? [origin, "Its address comes from elsewhere: a documentation network stands in."]
    : [origin];
  const description = oneLine(leg.config.description ?? leg.key.toUpperCase());
  const value: Record<string, unknown> = {
    kind: leg.kind,
    description: description === "" ? leg.key : description,
    vlan: leg.vlan.tag,
    subnet: formatNetwork(leg.subnet),
  };
  const vip = leg.vip && { address: formatAddress(leg.vip.address), vhid: leg.vip.vhid };
  if (leg.kind === "wan") {
    const gateway = gatewayOf(site, leg, notes);
    if (gateway !== undefined) value["gateway"] = gateway;
    if (vip) value["vip"] = vip;
    const wan = accessOf(site, leg);
    if (wan) value["wan"] = wan.value;
    return { value, comment: wan ? [...comment, wan.comment] : comment };
  }
  if (leg.kind === "inside") {
    if (vip) value["vip"] = vip;
    else value["gateway"] = formatAddress(leg.address);
  }
  const dhcp = dhcpOf(site, leg, notes);
  if (dhcp) value["dhcp"] = dhcp;
  return { value, comment };
}

const itemOf = (site: Site, leg: Leg): PfGateway | undefined =>
  site.config.gateways.items.find((g) => g.name === leg.config.gateway);

function gatewayOf(site: Site, leg: Leg, notes: Notes): string | undefined {
  const item = itemOf(site, leg);
  const address = parseAddress(item?.gateway ?? "");
  if (address?.family !== 4) return undefined;
  if (contains(leg.subnet, address)) return formatAddress(address);
  const fact = `gateway ${formatAddress(address)} is not in ${formatNetwork(leg.subnet)}`;
  notes.told(
    "IMPORT_GATEWAY_ADDRESS",
    item?.place,
    "gateways.gateway_item",
    fact,
    "The zone has no gateway in the plan, and asks for its address by DHCP in what is written of it.",
  );
  return undefined;
}

const RATE_KBPS = 1_000_000;

/** Order and monitoring matter where there are several accesses; one needs neither. */
function accessOf(
  site: Site,
  leg: Leg,
): { readonly value: Record<string, unknown>; readonly comment: string } | undefined {
  const wans = site.legs.filter((l) => l.kind === "wan");
  if (wans.length < 2 || wans.length > 5) return undefined;
  const monitors = wans.map((l) => itemOf(site, l)?.monitor ?? itemOf(site, l)?.gateway ?? formatAddress(l.address));
  const monitor = parseAddress(monitors[wans.indexOf(leg)]!);
  if (!monitor || new Set(monitors).size < monitors.length) return undefined;
  const value = {
    monitor: formatAddress(monitor),
    tier: tierOf(site, wans, leg),
    downKbps: RATE_KBPS,
    upKbps: RATE_KBPS,
  };
  return { value, comment: "The rates are not in the file: these limit nothing." };
}

/** By the group of gateways that holds all accesses in tiers of their own, else by the order of the file. */
function tierOf(site: Site, wans: readonly Leg[], leg: Leg): number {
  for (const group of site.config.gateways.groups) {
    const tiers = new Map(group.items.map((text) => [text.split("|")[0]!, Number(text.split("|")[1])]));
    const found = wans.map((l) => tiers.get(l.config.gateway ?? ""));
    const isWhole = found.every((t) => t !== undefined && t >= 1 && t <= 5) && new Set(found).size === wans.length;
    if (isWhole) return found[wans.indexOf(leg)]!;
  }
  return wans.indexOf(leg) + 1;
}

function dhcpOf(site: Site, leg: Leg, notes: Notes): Record<string, unknown> | undefined {
  const server = site.config.dhcp4.find((d) => d.interface === leg.key && d.isEnabled);
  if (!server) return undefined;
  const [from, to] = [parseAddress(server.rangeFrom ?? ""), parseAddress(server.rangeTo ?? "")];
  const fixed = [leg.address, ...leg.aliases, ...(leg.vip ? [leg.vip.address] : [])];
  const machines = site.hosts.all.filter((h) => h.leg === leg).map((h) => h.address);
  const isGood =
    from?.family === 4 &&
    to?.family === 4 &&
    from.value <= to.value &&
    contains(leg.subnet, from) &&
    contains(leg.subnet, to);
  const taken = isGood ? [...fixed, ...machines].find((a) => from.value <= a.value && a.value <= to.value) : undefined;
  const why = !isGood
    ? `its range ${server.rangeFrom ?? "?"} to ${server.rangeTo ?? "?"} is not one of the zone`
    : taken
      ? `its range holds ${formatAddress(taken)}, which a machine of the plan has`
      : leg.kind !== "inside"
        ? `a zone of kind ${leg.kind} leases nothing in the plan`
        : undefined;
  if (why !== undefined || !from || !to) {
    notes.told("IMPORT_DHCP", server.place, `dhcpd.${leg.key}`, why ?? "", "Write a range by hand.");
    return undefined;
  }
  const lease = Number(server.fields.get("defaultleasetime"));
  const leaseSeconds = Number.isInteger(lease) && lease >= 60 && lease <= 604_800 ? lease : 7200;
  return { from: formatAddress(from), to: formatAddress(to), leaseSeconds };
}
