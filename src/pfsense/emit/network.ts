import { secret } from "../../core/secret-place.ts";
import { formatAddress, formatNetwork } from "../../core/ip.ts";
import type { Host } from "../../plan/index.ts";
import { fit } from "./alias-book.ts";
import { refuse } from "./fault.ts";
import { uniqueId } from "./identity.ts";
import { SECRETS, type Material } from "./material.ts";
import { WAN_GROUP } from "./rules.ts";
import { addressOn, isDynamic, type Leg, type Site } from "./site.ts";
import { branch, flag, leaf, type Xml } from "./xml.ts";

/** A WAN's gateway, by the name of its interface; pfSense itself names what DHCP gives (`etc/inc/gwlb.inc`). */
const gatewayOf = (leg: Leg): string => (isDynamic(leg) ? `${leg.label}_DHCP` : fit(`${leg.label}GW`));

const poolGateway = (pool: string): string => fit(`POOL_${pool.toUpperCase().replace(/[-.]/g, "_")}`);

/**
 * `interfaces`, in the order of the keys, which is that of the automatic rules and must be the same on both routers.
 * `blockpriv` and `blockbogons` are absent: a lab's operators use private or documentation networks, and bogons are these.
 */
export function interfacesSection(site: Site, router: Host, material: Material): Xml {
  const devices = material.devicesOf(router);
  if (devices.length < router.nics.length || new Set(devices).size < devices.length) {
    const message = `${router.id} has ${router.nics.length} NICs, and the devices named are ${devices.join(", ")}.`;
    refuse("PFSENSE_EMIT_DEVICES", message, "Name one device for each NIC, in the order of the plan.");
  }
  const one = (leg: Leg): Xml =>
    branch(
      leg.key,
      flag("enable"),
      leaf("if", devices[leg.position]!),
      leaf("descr", leg.label),
      leaf("spoofmac", ""),
      isDynamic(leg)
        ? leaf("ipaddr", "dhcp")
        : [leaf("ipaddr", formatAddress(addressOn(router, leg))), leaf("subnet", leg.zone.subnet.prefix)],
      // The presence of a gateway is what makes an interface a WAN: NAT, reply-to, no reflection. DHCP does so too.
      leg.zone.kind === "wan" && !isDynamic(leg) ? leaf("gateway", gatewayOf(leg)) : null,
    );
  return branch("interfaces", ...site.legs.map(one));
}

/** The id by which other sections mean a leg's CARP address: `_vip<id>`. */
export const vipOf = (leg: Leg): string => `_vip${vipId(leg)}`;
const vipId = (leg: Leg): string => uniqueId(`vip/${leg.zone.id}`);

/** `virtualip`: a CARP address in each zone that has one, with the network's real mask. XMLRPC adds 100 to the skew. */
export function virtualIpSection(site: Site, router: Host): Xml {
  const carp = site.legs.flatMap((leg) => {
    const { vip, subnet } = leg.zone;
    if (!vip) return [];
    return [
      branch(
        "vip",
        leaf("mode", "carp"),
        leaf("interface", leg.key),
        leaf("vhid", vip.vhid),
        leaf("advskew", router === site.primary ? 0 : 100),
        leaf("advbase", 1),
        leaf("password", secret("password", SECRETS.carp(vip.vhid), "xml")),
        leaf("uniqid", vipId(leg)),
        leaf("descr", `VIP ${leg.label}`),
        leaf("type", "single"),
        leaf("subnet_bits", subnet.prefix),
        leaf("subnet", formatAddress(vip.address)),
      ),
    ];
  });
  const aliases = site.legs.flatMap((leg) =>
    router.nics[leg.position]!.aliases.map((a) =>
      branch(
        "vip",
        leaf("mode", "ipalias"),
        leaf("interface", leg.key),
        leaf("uniqid", uniqueId(`alias/${router.id}/${formatAddress(a)}`)),
        leaf("descr", `${router.id} ${leg.label}`),
        leaf("type", "single"),
        leaf("subnet_bits", leg.zone.subnet.prefix),
        leaf("subnet", formatAddress(a)),
      ),
    ),
  );
  return branch("virtualip", ...carp, ...aliases);
}

/**
 * How a gateway is watched (dpinger, ms; `gateways.inc`): with pfSense's own 500, 2000, 60000 and 1000 an access that is
 * dead counts as down after some fourteen seconds; with these after some two and a half.
 */
const PROBES: readonly Xml[] = [
  leaf("interval", 250),
  leaf("loss_interval", 1000),
  leaf("time_period", 5000),
  leaf("alert_interval", 500),
];

/** `gateways`: each WAN's, monitored; each pool's, which is a host of a zone; the group of WANs by tier. */
export function gatewaysSection(site: Site): Xml {
  const stated = site.wans.filter((w) => !isDynamic(w));
  const wans = stated.map((leg) =>
    branch(
      "gateway_item",
      leaf("interface", leg.key),
      leaf("gateway", formatAddress(leg.zone.gateway!)),
      leaf("name", gatewayOf(leg)),
      leaf("weight", 1),
      leaf("ipprotocol", "inet"),
      leaf("descr", leg.zone.description),
      ...(leg.zone.wan === null ? [] : [leaf("monitor", formatAddress(leg.zone.wan.monitor)), ...PROBES]),
    ),
  );
  const pools = poolRoutes(site).map(({ id, leg, address, description }) =>
    branch(
      "gateway_item",
      leaf("interface", leg.key),
      leaf("gateway", formatAddress(address)),
      leaf("name", poolGateway(id)),
      leaf("weight", 1),
      leaf("ipprotocol", "inet"),
      leaf("descr", description),
      // The firewall may not ping inside (section 2), and a gateway that is "down" would lose its route.
      flag("monitor_disable"),
      flag("action_disable"),
    ),
  );
  const group = branch(
    "gateway_group",
    leaf("name", WAN_GROUP),
    // In the order of preference; pfSense knows tiers 1 to 5, whatever numbers the plan uses.
    ...site.wans.map((leg, i) => leaf("item", `${gatewayOf(leg)}|${i + 1}|address`)),
    leaf("trigger", "downloss"),
    leaf("descr", "Failover between the WANs"),
  );
  return branch("gateways", ...wans, ...pools, group, leaf("defaultgw4", WAN_GROUP), leaf("defaultgw6", "-"));
}

/** `staticroutes`: pools lie behind a host, which no connected network tells. */
export const staticRoutesSection = (site: Site): Xml =>
  branch(
    "staticroutes",
    ...poolRoutes(site).map(({ id, network, description }) =>
      branch("route", leaf("network", network), leaf("gateway", poolGateway(id)), leaf("descr", description)),
    ),
  );

interface PoolRoute {
  readonly id: string;
  readonly network: string;
  readonly leg: Leg;
  readonly address: Host["nics"][number]["address"];
  readonly description: string;
}

function poolRoutes(site: Site): readonly PoolRoute[] {
  return [...site.plan.pools.values()].flatMap((pool) => {
    const nic = site.plan.hosts.get(pool.via)?.nics[0];
    const leg = site.legs.find((l) => l.zone.id === nic?.zone);
    if (!nic || !leg) return [];
    const { id, description } = pool;
    return [{ id, network: formatNetwork(pool.network), leg, address: nic.address, description }];
  });
}
