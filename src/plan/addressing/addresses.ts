import { broadcastOf, contains, formatAddress, formatNetwork, type Address } from "../../core/ip.ts";
import type { Draft } from "../draft.ts";
import { below, problem, type Where } from "../problem.ts";
import type { Zone } from "../types.ts";
import type { Rule } from "../rule.ts";

/** A fixed address of the plan, and who has it. */
interface Holding {
  readonly address: Address;
  readonly zone: Zone;
  readonly owner: string;
  readonly where: Where;
}

/** Every address that somebody holds for good: VIPs first, then hosts in order. */
function* holdings(draft: Draft): Generator<Holding> {
  for (const zone of draft.zones.values())
    if (zone.vip) {
      const where = below(draft.origin(zone), "vip", "address");
      yield { address: zone.vip.address, zone, owner: `the VIP of "${zone.id}"`, where };
    }
  for (const host of draft.hosts.values())
    for (const [index, nic] of host.nics.entries()) {
      const zone = draft.zones.get(nic.zone);
      if (!zone) continue;
      const where = below(draft.origin(host), "nics", index);
      const owner = `host "${host.id}"`;
      yield { address: nic.address, zone, owner, where: below(where, "address") };
      for (const [i, address] of nic.aliases.entries())
        yield { address, zone, owner, where: below(where, "aliases", i) };
    }
}

export const addressesDiffer: Rule = function* (draft) {
  const seen = new Map<string, Holding>();
  for (const holding of holdings(draft)) {
    const text = formatAddress(holding.address);
    const first = seen.get(text);
    if (first) {
      const fact = `${text} is already the address of ${first.owner}`;
      yield problem("PLAN_ADDRESS_DUPLICATE", holding.where, fact, "Choose a free address");
    } else seen.set(text, holding);
  }
};

export const addressesAreInTheirZone: Rule = function* (draft) {
  for (const { address, zone, where } of holdings(draft)) {
    // A VIP has a rule of its own.
    if (contains(zone.subnet, address) || where.path.includes("vip")) continue;
    const fact = `${formatAddress(address)} is not in ${formatNetwork(zone.subnet)} of zone "${zone.id}"`;
    const home = [...draft.zones.values()].find((z) => contains(z.subnet, address));
    const hint = home ? `It is in zone "${home.id}"` : "Choose an address of the zone";
    yield problem("PLAN_ADDRESS_OUTSIDE_ZONE", where, fact, hint);
  }
};

/** In IPv4 the first address of a network is its own and the last its broadcast (RFC 919); not so for /31 and /32. */
export const addressesAreUsable: Rule = function* (draft) {
  for (const { address, zone, where } of holdings(draft)) {
    const { subnet } = zone;
    if (subnet.family !== 4 || subnet.prefix > 30 || address.family !== 4) continue;
    const isNetwork = address.value === subnet.base;
    if (!isNetwork && address.value !== broadcastOf(subnet).value) continue;
    const fact = `${formatAddress(address)} is the ${isNetwork ? "network's own" : "broadcast"} address of ${formatNetwork(subnet)}`;
    yield problem("PLAN_ADDRESS_RESERVED", where, fact, "Choose an address between the first and the last");
  }
};

export const leasesLeaveFixedAddressesAlone: Rule = function* (draft) {
  for (const { address, zone, owner, where } of holdings(draft)) {
    const range = zone.dhcp?.range;
    if (!range || range.family !== address.family || address.value < range.lo || address.value > range.hi) continue;
    const text = (value: bigint): string => formatAddress({ family: range.family, value });
    const fact = `${formatAddress(address)} of ${owner} is in the DHCP range ${text(range.lo)} to ${text(range.hi)}`;
    yield problem("PLAN_DHCP_TAKES_ADDRESS", where, fact, "Choose an address outside the range, or shorten the range");
  }
};
