import { formatAddress, type Address } from "../../core/ip.ts";
import { isRouter } from "../../plan/query.ts";
import type { Host, Zone } from "../../plan/index.ts";
import { contains, ofAddress } from "./ranges.ts";
import { addressOn, type Pair, type Site } from "./site.ts";
import { branch, flag, leaf, type Content, type Xml } from "./xml.ts";

/** Port of Kea's control agent between the pair (`kea_defaults('listenport')`, `etc/inc/services.inc`). */
export const KEA_PORT = 8765;

/**
 * `dhcpbackend`, `dhcpd` and `kea`: addresses for the zones that have a range, by Kea in hot standby over the sync link.
 * XMLRPC turns roles and addresses round by itself. pfSense passes DHCP on these interfaces without a row, but not what the
 * pair says to each other: that needs TCP 8765 in the rows about the sync zone.
 */
export function dhcpSections(site: Site, router: Host): readonly Xml[] {
  const servers = site.legs.flatMap(({ key, zone }) => (zone.dhcp === null ? [] : [server(site, key, zone)]));
  const { pair } = site;
  return [
    leaf("dhcpbackend", "kea"),
    branch("dhcpd", ...servers),
    branch("kea", servers.length > 0 && pair !== null ? standby(pair, router) : null),
  ];
}

function server(site: Site, key: string, zone: Zone): Xml {
  const { domain } = site.plan;
  const { range, leaseSeconds } = zone.dhcp!;
  const text = (value: bigint): string => formatAddress({ family: range.family, value });
  return branch(
    key,
    flag("enable"),
    branch("range", leaf("from", text(range.lo)), leaf("to", text(range.hi))),
    leaf("defaultleasetime", leaseSeconds),
    leaf("maxleasetime", leaseSeconds),
    // Never the router's own address, which pfSense takes when this is empty: it dies with the router.
    leaf("gateway", zone.gateway === null ? "" : formatAddress(zone.gateway)),
    leaf("domain", domain.name),
    ...domain.dns.map((a) => leaf("dnsserver", formatAddress(nearest(site, zone, a)))),
    ...domain.dns.map((a) => leaf("ntpserver", formatAddress(nearest(site, zone, a)))),
    reservations(site, zone),
  );
}

/** The router that is named as a server answers each zone by the address that the zone knows it by. */
const nearest = (site: Site, zone: Zone, server: Address): Address =>
  contains(site.firewall, ofAddress(server)) && zone.gateway !== null ? zone.gateway : server;

/** Hosts that the plan gives an address in the zone keep it when they ask by DHCP. */
function reservations(site: Site, zone: Zone): Content {
  return [...site.plan.hosts.values()]
    .filter((h) => !isRouter(h))
    .flatMap((h) =>
      h.nics
        .filter((n) => n.zone === zone.id)
        .map((n) =>
          branch(
            "staticmap",
            leaf("mac", n.mac.toLowerCase()),
            leaf("ipaddr", formatAddress(n.address)),
            leaf("hostname", h.id),
            leaf("descr", h.description),
          ),
        ),
    );
}

function standby({ primary, secondary, sync }: Pair, router: Host): Xml {
  const isPrimary = router === primary;
  const peer = isPrimary ? secondary : primary;
  return branch(
    "ha",
    flag("enable"),
    leaf("role", isPrimary ? "primary" : "standby"),
    leaf("localname", router.id),
    leaf("localip", formatAddress(addressOn(router, sync))),
    leaf("localport", KEA_PORT),
    leaf("remotename", peer.id),
    leaf("remoteip", formatAddress(addressOn(peer, sync))),
    leaf("remoteport", KEA_PORT),
    leaf("heartbeatdelay", 10_000),
    leaf("maxresponsedelay", 60_000),
    leaf("maxackdelay", 60_000),
    leaf("maxunackedclients", 0),
    leaf("maxrejectedleaseupdates", 10),
  );
}
