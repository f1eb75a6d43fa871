import { formatAddress } from "../../../core/ip.ts";
import type { PfConfig } from "../../../pfsense/model/config.ts";
import type { PfVirtualIp } from "../../../pfsense/model/network.ts";
import type { Circumstances } from "../../../pfsense/rules/types.ts";
import { filterInterfaces } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import { keptNumber, keptText } from "./kept.ts";

/** A device that the file uses, and what it holds apart from CARP's addresses. */
export interface Link {
  readonly key: string;
  readonly device: string;
  /** `198.51.100.2/24`: the interface's own, then its IP aliases. */
  readonly addresses: readonly string[];
  readonly mtu: number | undefined;
  readonly mac: string | undefined;
  readonly isDhcp: boolean;
}

/** One virtual host as carpd.py takes it. */
export interface CarpHost {
  readonly id: string;
  readonly device: string;
  readonly vhid: number;
  readonly advbase: number;
  readonly advskew: number;
  readonly password: string;
  readonly addresses: readonly string[];
  readonly source: string;
}

export interface Network {
  readonly links: readonly Link[];
  readonly carp: readonly CarpHost[];
}

/** pfSense's `virtualip_carp_maintenancemode` is this skew on every host. */
const MAINTENANCE_SKEW = 254;

/** Devices that a hypervisor's card is: what the file calls otherwise is made by software that the stand-in has not. */
export const isCard = (device: string): boolean => /^vtnet\d+$/.test(device);

export function networkOfFile(config: PfConfig, circumstances: Circumstances): Network {
  const interfaces = filterInterfaces(config, circumstances).filter((i) => i.kind === "interface" && isCard(i.device));
  return {
    links: interfaces.map((i) => linkOf(config, i)),
    carp: config.virtualIps.flatMap((v) => carpHost(config, interfaces, v)),
  };
}

function linkOf(config: PfConfig, i: FilterInterface): Link {
  const aliases = config.virtualIps.filter((v) => v.mode === "ipalias" && v.interface === i.key && v.address);
  const own = [i.ip4, i.ip6].flatMap((h) => (h ? [`${formatAddress(h.address)}/${h.prefix}`] : []));
  const more = aliases.map((v) => `${formatAddress(v.address!)}/${v.prefix ?? 32}`);
  const mac = keptText(config, `interfaces.${i.key}.spoofmac`);
  return {
    key: i.key,
    device: i.device,
    addresses: [...own, ...more],
    mtu: keptNumber(config, `interfaces.${i.key}.mtu`, 576),
    mac: mac !== undefined && /^([\da-f]{2}:){5}[\da-f]{2}$/i.test(mac) ? mac.toLowerCase() : undefined,
    isDhcp: i.type4 === "dhcp",
  };
}

/** A CARP address with the aliases that stand on it, which one advert covers; IPv4 only. */
function carpHost(config: PfConfig, interfaces: readonly FilterInterface[], v: PfVirtualIp): readonly CarpHost[] {
  const on = interfaces.find((i) => i.key === v.interface);
  const vhid = Number(v.vhid);
  if (v.mode !== "carp" || !on?.ip4 || v.address?.family !== 4 || !(vhid >= 1 && vhid <= 255)) return [];
  const stacked = config.virtualIps.filter(
    (o) => o.mode === "ipalias" && v.uniqueId !== undefined && o.interface === `_vip${v.uniqueId}`,
  );
  const addresses = [v, ...stacked].flatMap((o) => (o.address?.family === 4 ? [formatAddress(o.address)] : []));
  return [
    {
      id: `${on.key}/${vhid}`,
      device: on.device,
      vhid,
      advbase: Math.max(1, Number(v.advbase ?? "1") || 1),
      advskew: config.isCarpInMaintenance ? MAINTENANCE_SKEW : Number(v.advskew ?? "0") || 0,
      password: v.password ?? "",
      addresses: [...new Set(addresses)],
      source: formatAddress(on.ip4.address),
    },
  ];
}

/**
 * What the kernel is told of routing as such. Forwarding is not among it: it comes last, when the rules are proven.
 * Addresses answer only on their own card, and routes may be asymmetric between two routers of a pair.
 */
export const sysctlsOf = (config: PfConfig, network: Network): ReadonlyMap<string, string> =>
  new Map([
    ["net.ipv4.conf.all.rp_filter", "0"],
    ["net.ipv4.conf.default.rp_filter", "0"],
    ["net.ipv4.conf.all.arp_ignore", "1"],
    ["net.ipv4.conf.all.arp_announce", "2"],
    ["net.ipv4.conf.all.send_redirects", "0"],
    ["net.ipv4.conf.default.send_redirects", "0"],
    ["net.ipv4.conf.all.accept_redirects", "0"],
    ["net.ipv4.conf.all.accept_source_route", "0"],
    // A socket of a service may wait on an address that the other router holds.
    ["net.ipv4.ip_nonlocal_bind", "1"],
    ["net.ipv4.fib_multipath_hash_policy", "1"],
    // A state starts with SYN (`flags S/SA`); one taken over from the other router may have moved on since.
    ["net.netfilter.nf_conntrack_tcp_loose", "0"],
    ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
    ["net.ipv6.conf.all.accept_ra", "0"],
    ["net.ipv6.conf.default.accept_ra", "0"],
    ...network.links.flatMap(({ device }): readonly (readonly [string, string])[] => [
      [`net.ipv4.conf.${device}.rp_filter`, "0"],
      [`net.ipv4.conf.${device}.send_redirects`, "0"],
      [`net.ipv6.conf.${device}.accept_ra`, "0"],
      [`net.ipv6.conf.${device}.disable_ipv6`, config.system.allowsIpv6 ? "0" : "1"],
    ]),
  ]);
