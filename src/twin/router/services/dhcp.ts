import { formatAddress, formatNetwork, parseAddress } from "../../../core/ip.ts";
import type { PfDhcpServer } from "../../../pfsense/model/services.ts";
import { netOf } from "../../../pfsense/rules/interfaces.ts";
import { isCard } from "../compile/network.ts";
import { gap } from "./types.ts";
import type { Gap, Service, ServiceInput } from "./types.ts";

const PATH = "/etc/kea/kea-dhcp4.conf";
const HOOKS = "libdhcp_";

/**
 * `dhcpd`, whichever backend the file names, by Kea: pfSense's own kea-dhcp4.conf (`services_kea4_configure`,
 * etc/inc/services.inc), with the hot-standby that `kea/ha` describes.
 */
export function dhcp(input: ServiceInput): Service {
  const { config, interfaces } = input;
  const gaps: Gap[] = [];
  const servers = config.dhcp4.flatMap((d, n) => {
    if (!d.isEnabled) return [];
    const i = interfaces.find((x) => x.key === d.interface);
    const from = parseAddress(d.rangeFrom ?? "");
    const to = parseAddress(d.rangeTo ?? "");
    if (!i?.ip4 || !isCard(i.device) || from?.family !== 4 || to?.family !== 4) {
      gaps.push(gap(`dhcpd.${d.interface}`, "its interface has no address, or the range is none: no leases are given"));
      return [];
    }
    gaps.push(...unread(d));
    return [{ device: i.device, subnet: subnet(d, i.ip4, n + 1, { from, to }) }];
  });
  if (config.dhcpBackend !== "kea" && servers.length > 0) {
    gaps.push(gap("dhcpbackend", "the file asks for ISC dhcpd; Kea serves the same leases"));
  }
  if (config.dhcp4.some((d) => d.isEnabled && d.failoverPeer !== undefined)) {
    gaps.push(
      gap("dhcpd.failover_peerip", "the failover of ISC dhcpd is not spoken; each router gives leases by itself"),
    );
  }
  if (config.dhcp6.some((d) => d.isEnabled))
    gaps.push(gap("dhcpdv6", "DHCPv6 and router advertisements are not served"));
  if (config.dhcpRelay4.isEnabled || config.dhcpRelay6.isEnabled) gaps.push(gap("dhcrelay", "DHCP is not relayed"));
  const text = JSON.stringify({ Dhcp4: dhcp4(input, servers, gaps) }, null, 2);
  return {
    name: "DHCP",
    unit: "kea-dhcp4-server.service",
    isWanted: servers.length > 0,
    files: servers.length === 0 ? [] : [{ path: PATH, text: `${text}\n`, mode: 0o640, owner: "_kea" }],
    check: ["kea-dhcp4", "-t", PATH],
    onChange: "restart",
    gaps,
  };
}

function dhcp4(
  input: ServiceInput,
  servers: readonly { readonly device: string; readonly subnet: object }[],
  gaps: Gap[],
): object {
  const ha = highAvailability(input, gaps);
  return {
    "interfaces-config": {
      interfaces: servers.map((s) => s.device),
      // The link may come later, and with CARP the address of the server is the router's own.
      "service-sockets-max-retries": 60,
      "service-sockets-retry-wait-time": 1000,
    },
    "lease-database": { type: "memfile", persist: true, "lfc-interval": 3600, name: "/var/lib/kea/kea-leases4.csv" },
    "control-socket": { "socket-type": "unix", "socket-name": "/run/kea/kea4-ctrl-socket" },
    "hooks-libraries": ha ? [{ library: `${HOOKS}lease_cmds.so` }, { library: `${HOOKS}ha.so`, parameters: ha }] : [],
    authoritative: true,
    "match-client-id": false,
    "reservations-in-subnet": true,
    subnet4: servers.map((s) => s.subnet),
    loggers: [{ name: "kea-dhcp4", "output-options": [{ output: "syslog" }], severity: "INFO" }],
  };
}

const seconds = (d: PfDhcpServer, name: string): number | undefined => {
  const text = d.fields.get(name) ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
};

function subnet(
  d: PfDhcpServer,
  held: Parameters<typeof netOf>[0],
  id: number,
  range: {
    readonly from: NonNullable<ReturnType<typeof parseAddress>>;
    readonly to: NonNullable<ReturnType<typeof parseAddress>>;
  },
): object {
  const option = (name: string, data: string): object => ({ name, data });
  const own = formatAddress(held.address);
  const options = [
    ...(d.gateway === "none" ? [] : [option("routers", d.gateway ?? own)]),
    option("domain-name-servers", (d.dnsServers.length > 0 ? d.dnsServers : [own]).join(", ")),
    ...(d.domain === undefined ? [] : [option("domain-name", d.domain), option("domain-search", d.domain)]),
    ...(d.ntpServers.length === 0 ? [] : [option("ntp-servers", d.ntpServers.join(", "))]),
  ];
  return {
    id,
    subnet: formatNetwork(netOf(held)),
    // pfSense's defaults are those of ISC dhcpd.
    "valid-lifetime": seconds(d, "defaultleasetime") ?? 7200,
    "max-valid-lifetime": Math.max(seconds(d, "maxleasetime") ?? 86_400, seconds(d, "defaultleasetime") ?? 7200),
    pools: [{ pool: `${formatAddress(range.from)} - ${formatAddress(range.to)}` }],
    "option-data": options,
    reservations: d.staticMaps.flatMap((m) => {
      if (m.mac === undefined && m.clientId === undefined) return [];
      return [
        {
          ...(m.mac !== undefined ? { "hw-address": m.mac.toLowerCase() } : { "client-id": `'${m.clientId ?? ""}'` }),
          ...(m.address === undefined ? {} : { "ip-address": m.address }),
          ...(m.hostname === undefined ? {} : { hostname: m.hostname }),
        },
      ];
    }),
  };
}

/** `kea/ha`: always hot-standby; primary and standby as the role says. */
function highAvailability({ config }: ServiceInput, gaps: Gap[]): object | undefined {
  const { isHaEnabled, ha } = config.kea;
  if (!isHaEnabled) return undefined;
  const text = (name: string, otherwise: string): string => {
    const value = ha.get(name);
    return value === undefined || value === "" ? otherwise : value;
  };
  const number = (name: string, otherwise: number): number => Number(text(name, String(otherwise))) || otherwise;
  if (ha.has("tls")) gaps.push(gap("kea.ha.tls", "the two DHCP servers speak without TLS"));
  const isPrimary = text("role", "primary") === "primary";
  const own = {
    name: text("localname", config.system.hostname ?? "local"),
    ip: text("localip", ""),
    port: number("localport", 8765),
  };
  const peer = { name: text("remotename", "remote"), ip: text("remoteip", ""), port: number("remoteport", 8765) };
  if (!parseAddress(own.ip) || !parseAddress(peer.ip)) {
    gaps.push(gap("kea.ha", "localip or remoteip is no address: the servers do not know of each other"));
    return undefined;
  }
  const entry = (p: typeof own, role: string): object => ({
    name: p.name,
    url: `http://${p.ip}:${p.port}/`,
    role,
    "auto-failover": true,
  });
  return {
    "high-availability": [
      {
        "this-server-name": own.name,
        mode: "hot-standby",
        "heartbeat-delay": number("heartbeatdelay", 10_000),
        "max-response-delay": number("maxresponsedelay", 60_000),
        "max-ack-delay": number("maxackdelay", 60_000),
        "max-unacked-clients": Number(text("maxunackedclients", "0")) || 0,
        "max-rejected-lease-updates": number("maxrejectedleaseupdates", 10),
        "multi-threading": { "enable-multi-threading": true, "http-dedicated-listener": true },
        peers: [entry(own, isPrimary ? "primary" : "standby"), entry(peer, isPrimary ? "standby" : "primary")],
      },
    ],
  };
}

/** Elements of a server that leases depend on, and that are not served. */
function unread(d: PfDhcpServer): readonly Gap[] {
  const names = [
    "denyunknown",
    "ddnsdomain",
    "tftp",
    "nextserver",
    "filename",
    "winsserver",
    "mac_allow",
    "mac_deny",
    "staticarp",
  ];
  return names
    .filter((n) => (d.fields.get(n) ?? "") !== "")
    .map((n) => gap(`dhcpd.${d.interface}.${n}`, `the DHCP option ${n} is not served`));
}
