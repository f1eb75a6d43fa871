import type { Diagnostic, Outcome } from "../../core/diagnostics.ts";
import type { PfConfig } from "../model/config.ts";
import { decodeBytes } from "./bytes.ts";
import { Cursor, names } from "./cursor.ts";
import { readAliases, readFilter, readSchedules } from "./filter.ts";
import { Findings, quote } from "./findings.ts";
import { checkRepetition, checkSecondLine } from "./laws.ts";
import { readNat } from "./nat.ts";
import {
  readBridges,
  readGateways,
  readHaSync,
  readInterfaceGroups,
  readInterfaces,
  readStaticRoutes,
  readVirtualIps,
  readVlans,
} from "./network.ts";
import {
  readCaptivePortals,
  readDhcp,
  readDhcpRelay,
  readKea,
  readPackages,
  readQueues,
  readResolver,
  readService,
} from "./services.ts";
import { checkStops } from "./stops.ts";
import { readAuthServer, readCertificate, readSystem } from "./system.ts";
import { readIpsec, readOpenVpn, readPppServer } from "./vpn.ts";
import { parseXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/**
 * Reads any config.xml: bytes → text → tree → the parser's laws → model. Never throws; every finding has a place.
 * Errors are what pfSense itself would refuse or what is no config.xml at all; the rest are warnings.
 * @param input the file's content
 * @param options.file the name that diagnostics show
 */
export function readConfig(input: Uint8Array | string, options: { readonly file: string }): Outcome<PfConfig> {
  const findings = new Findings(options.file);
  const text = decodeBytes(input, findings);
  if (text === undefined) return failed(findings);
  const root = parseXml(text, findings);
  if (!root) return failed(findings);
  if (!checkRoot(root, findings)) return failed(findings);
  checkSecondLine(text, findings);
  checkRepetition(root, findings);
  const cursor = new Cursor(root, "", findings);
  const read = readRoot(cursor, findings);
  checkMeaning(read, findings);
  checkStops(root, read, findings);
  cursor.finish();
  if (findings.hasErrors) return failed(findings);
  return { ok: true, value: { ...read, kept: findings.kept, unknown: findings.unknown }, warnings: findings.warnings };
}

const failed = (f: Findings): { ok: false; errors: readonly Diagnostic[]; warnings: readonly Diagnostic[] } => ({
  ok: false,
  errors: f.errors,
  warnings: f.warnings,
});

function checkRoot(root: XmlElement, findings: Findings): boolean {
  if (root.name === "pfsense") return true;
  const hint =
    root.name === "opnsense"
      ? "This is an OPNsense configuration; its rules and options differ, and it is not read."
      : root.name === "m0n0wall"
        ? "This is a m0n0wall configuration; upgrade it with pfSense first."
        : "A pfSense configuration comes from Diagnostics, Backup & Restore, unencrypted.";
  findings.error("PFSENSE_ROOT", root, "", `the root element is <${root.name}>, not <pfsense>`, hint);
  return false;
}

/** Sections that are known and decide nothing about packets. */
const NO_CONSEQUENCE = names(`
  crl cron diag dnsupdates dyndns dyndnses ezshaper gifs gres igmpproxy kea6 laggs lastchange load_balancer
  mailreports notifications ppps pptpd proxyarp qinqs radius revision rrd rrddata sshdata sysctl theme voucher
  vxlans widgets wireless wizardtemp wol
`);

function readRoot(c: Cursor, findings: Findings): Omit<PfConfig, "kept" | "unknown"> {
  const { packages, upnp } = readPackages(c.child("installedpackages"));
  const l2tp = c.child("l2tp");
  const system = c.child("system");
  const empty: XmlElement = { name: "system", line: c.element.line, column: c.element.column, children: [], text: "" };
  const interfaces = c.child("interfaces");
  const read: Omit<PfConfig, "kept" | "unknown"> = {
    file: findings.file,
    version: c.text("version")?.trim(),
    dhcpBackend: c.text("dhcpbackend"),
    system: readSystem(system ?? new Cursor(empty, "system", findings), c.list("authserver").map(readAuthServer)),
    interfaces: interfaces ? readInterfaces(interfaces) : [],
    vlans: readVlans(c.child("vlans")),
    bridges: readBridges(c.child("bridges")),
    interfaceGroups: readInterfaceGroups(c.child("ifgroups")),
    gateways: readGateways(c.child("gateways")),
    staticRoutes: readStaticRoutes(c.child("staticroutes")),
    virtualIps: readVirtualIps(c.child("virtualip")),
    isCarpInMaintenance: c.flag("virtualip_carp_maintenancemode"),
    haSync: readHaSync(c.child("hasync")),
    aliases: readAliases(c.child("aliases")),
    schedules: readSchedules(c.child("schedules")),
    filter: readFilter(c.child("filter")),
    nat: readNat(c.child("nat")),
    shaperQueues: readQueues(c.child("shaper")),
    limiters: readQueues(c.child("dnshaper")),
    unbound: readResolver(c.child("unbound")),
    dnsmasq: readResolver(c.child("dnsmasq")),
    dhcp4: readDhcp(c.child("dhcpd")),
    dhcp6: readDhcp(c.child("dhcpdv6")),
    dhcpRelay4: readDhcpRelay(c.child("dhcrelay")),
    dhcpRelay6: readDhcpRelay(c.child("dhcrelay6")),
    kea: readKea(c.child("kea")),
    openVpn: readOpenVpn(c.child("openvpn")),
    ipsec: readIpsec(c.child("ipsec")),
    l2tpServer: l2tp ? readPppServer(l2tp) : undefined,
    pppoeServers: (c.child("pppoes")?.list("pppoe") ?? []).map(readPppServer),
    ntpd: readService(c.child("ntpd")),
    snmpd: readService(c.child("snmpd")),
    syslog: readService(c.child("syslog")),
    authorities: c.list("ca").map(readCertificate),
    certificates: c.list("cert").map(readCertificate),
    packages,
    captivePortals: readCaptivePortals(c.child("captiveportal")),
    upnp,
  };
  c.keep(...NO_CONSEQUENCE);
  return read;
}

const NEWEST = 24;
const VERY_OLD = 15;

/** What is well-formed but cannot be, or may not be, what a pfSense runs. */
function checkMeaning(config: Omit<PfConfig, "kept" | "unknown">, findings: Findings): void {
  const at = { line: 1, column: 1 };
  checkVersion(config.version, findings);
  if (config.interfaces.length === 0) {
    const hint = "pfSense stops at its console until interfaces are assigned; there is nothing to judge.";
    findings.error("PFSENSE_NO_INTERFACES", at, "interfaces", "there are no interfaces", hint);
  }
  const names = new Map<string, string>();
  for (const i of config.interfaces) names.set((i.description ?? i.key).toLowerCase(), `interface ${i.key}`);
  const seen = new Set<string>();
  for (const alias of config.aliases) {
    const owner = names.get(alias.name.toLowerCase());
    if (owner) {
      const fact = `alias ${quote(alias.name)} has the name of ${owner}`;
      const hint = "Both become macros of pf, which keeps the last one: rename the alias.";
      findings.error("PFSENSE_ALIAS_NAME", alias.place, "aliases.alias", fact, hint);
    }
    if (seen.has(alias.name)) {
      const fact = `alias ${quote(alias.name)} is defined twice`;
      findings.warn("PFSENSE_ALIAS_TWICE", alias.place, "aliases.alias", fact, "pfSense uses the last definition.");
    }
    seen.add(alias.name);
  }
  checkNames(config, findings);
}

/** What pfSense makes a macro of, and pf reads to its first other sign (parse.y, `yylex`). */
function checkNames(config: Omit<PfConfig, "kept" | "unknown">, findings: Findings): void {
  const named = [
    ...config.interfaces
      .filter((i) => i.isEnabled)
      .map((i) => ({ at: i.place, path: `interfaces.${i.key}.descr`, name: i.description ?? i.key })),
    ...config.aliases
      .filter((a) => a.isThere && !/^\d+$/.test(a.name))
      .map((a) => ({ at: a.place, path: "aliases.alias.name", name: a.name })),
  ];
  for (const { at, path, name } of named.filter((n) => !/^[A-Za-z_]\w*$/.test(n.name))) {
    const fact = `${quote(name)} is not a name to pf, which refuses every rule of the file because of it`;
    findings.warn("PFSENSE_NAME", at, path, fact, "Letters, digits and _ make a name, and no digit begins it.");
  }
}

function checkVersion(version: string | undefined, findings: Findings): void {
  const at = { line: 1, column: 1 };
  const number = version !== undefined && /^\d{1,3}(\.\d{1,3})?$/.test(version) ? Number(version) : undefined;
  if (number === undefined) {
    const fact = version === undefined ? "<version> is missing" : `${quote(version)} is not a configuration version`;
    const hint = "pfSense 2.8.0 writes 24.0; without it every upgrade step would run at boot.";
    findings.warn("PFSENSE_VERSION", at, "version", fact, hint);
  } else if (number > NEWEST) {
    const hint = "It is read as 24.0 (pfSense 2.8.0); what a newer pfSense does differently is not known here.";
    findings.warn("PFSENSE_VERSION_NEW", at, "version", `version ${version} is newer than ${NEWEST}.0`, hint);
  } else if (number < VERY_OLD) {
    const hint = "It is read as 24.0; pfSense would upgrade it at boot, and elements may move.";
    findings.warn("PFSENSE_VERSION_OLD", at, "version", `version ${version} is very old`, hint);
  }
}
