import type { Place } from "../../core/diagnostics.ts";
import type { PfConfig } from "../model/config.ts";
import type { Notes } from "./notes.ts";

/** What a firewall does beside filtering, listed whole. */
export function noteTheRest(config: PfConfig, notes: Notes): void {
  for (const v of config.openVpn.filter((x) => !x.isDisabled)) {
    const fact = `an OpenVPN ${v.role}${v.tunnelNetwork === undefined ? "" : ` for ${v.tunnelNetwork}`}`;
    notes.lost(
      "IMPORT_VPN",
      v.place,
      `openvpn.openvpn-${v.role}`,
      fact,
      "A plan's tunnel is a machine of its own, with a pool behind it.",
    );
  }
  for (const p of config.ipsec.phase1.filter((x) => !x.isDisabled))
    notes.lost(
      "IMPORT_VPN",
      p.place,
      "ipsec.phase1",
      `an IPsec tunnel to ${p.remoteGateway ?? "mobile clients"}`,
      "Keep it by hand.",
    );
  if (config.l2tpServer?.mode === "server")
    notes.lost("IMPORT_VPN", config.l2tpServer.place, "l2tp", "an L2TP server", "Keep it by hand.");
  for (const p of config.pppoeServers.filter((x) => x.mode === "server"))
    notes.lost("IMPORT_VPN", p.place, "pppoes.pppoe", "a PPPoE server", "Keep it by hand.");
  for (const p of config.captivePortals.filter((x) => x.isEnabled))
    notes.lost("IMPORT_PORTAL", p.place, `captiveportal.${p.zone}`, "a captive portal", "Keep it by hand.");
  if (config.upnp.isEnabled)
    notes.lost(
      "IMPORT_PORTAL",
      undefined,
      "installedpackages.miniupnpd",
      "UPnP opens ports by itself",
      "Write forwards instead.",
    );
  for (const b of config.bridges)
    notes.lost(
      "IMPORT_BRIDGE",
      b.place,
      "bridges.bridged",
      `a bridge of ${b.membersText}`,
      "Rules on its members are not carried.",
    );
  if (config.dhcpRelay4.isEnabled)
    notes.told(
      "IMPORT_DHCP",
      undefined,
      "dhcrelay",
      "a DHCP relay",
      "Keep it by hand; pfSense lets it through by itself.",
    );
  if (config.system.allowsIpv6 && config.interfaces.some((i) => i.isEnabled && i.ipv6.kind !== "none"))
    notes.lost(
      "IMPORT_IPV6",
      undefined,
      "system.ipv6allow",
      "the firewall speaks IPv6",
      "The plan speaks IPv4; nothing about IPv6 is carried or compared.",
    );
  noteSections(config, notes);
}

function noteSections(config: PfConfig, notes: Notes): void {
  const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
  const maps = config.dhcp4.flatMap((d) => d.staticMaps);
  const sections: readonly (readonly [boolean, Place | undefined, string, string])[] = [
    [
      config.shaperQueues.length > 0,
      config.shaperQueues[0]?.place,
      "shaper",
      count(config.shaperQueues.length, "queue root"),
    ],
    [config.limiters.length > 0, config.limiters[0]?.place, "dnshaper", count(config.limiters.length, "limiter")],
    [
      config.system.users.length > 0,
      config.system.users[0]?.place,
      "system.user",
      count(config.system.users.length, "account"),
    ],
    [
      config.system.authServers.length > 0,
      config.system.authServers[0]?.place,
      "authserver",
      count(config.system.authServers.length, "authentication server"),
    ],
    [
      config.authorities.length + config.certificates.length > 0,
      (config.authorities[0] ?? config.certificates[0])?.place,
      "cert",
      count(config.authorities.length + config.certificates.length, "certificate"),
    ],
    [
      config.haSync?.isPfsyncEnabled === true,
      config.haSync?.place,
      "hasync",
      "the other router of the pair, of which this file says little",
    ],
    [config.unbound?.isEnabled === true, config.unbound?.place, "unbound", "the DNS resolver"],
    [config.dnsmasq?.isEnabled === true, config.dnsmasq?.place, "dnsmasq", "the DNS forwarder"],
    [config.snmpd?.fields.has("enable") === true, config.snmpd?.place, "snmpd", "SNMP"],
    [config.syslog?.fields.has("enable") === true, config.syslog?.place, "syslog", "remote logging"],
    [maps.length > 0, maps[0]?.place, "dhcpd", count(maps.length, "DHCP reservation")],
    [
      config.packages.length > 0,
      config.packages[0]?.place,
      "installedpackages",
      count(config.packages.length, "package"),
    ],
  ];
  for (const [has, place, path, what] of sections)
    if (has) {
      const code = path === "shaper" || path === "dnshaper" ? "IMPORT_SHAPER" : "IMPORT_SECTION";
      notes.told(code, place, path, `${what}: not carried`, "It does not decide which packets pass.");
    }
  for (const u of config.unknown)
    notes.told(
      "IMPORT_SECTION",
      { file: config.file, line: u.line, column: u.column },
      u.path,
      "it is not understood",
      "It is not carried.",
    );
}
