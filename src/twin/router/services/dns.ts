import { parseAddress } from "../../../core/ip.ts";
import { formatNetwork } from "../../../core/ip.ts";
import type { PfResolver } from "../../../pfsense/model/services.ts";
import { hasGateway, netOf } from "../../../pfsense/rules/interfaces.ts";
import { addressesOf, gap, oneLine } from "./types.ts";
import type { ConfigFile, Gap, Service, ServiceInput } from "./types.ts";

const NAME = /^(?=.{1,253}\.?$)([a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.?$/i;

/** `unbound`, as pfSense writes its unbound.conf (`unbound_generate_config`, etc/inc/unbound.inc). */
export function dns(input: ServiceInput): Service {
  const { config } = input;
  const resolver = config.unbound;
  const gaps: Gap[] = [];
  if (config.dnsmasq?.isEnabled)
    gaps.push(gap("dnsmasq", "the DNS forwarder (dnsmasq) is not run; the resolver (unbound) is"));
  const isWanted = resolver?.isEnabled ?? false;
  const files = resolver && isWanted ? [configuration(input, resolver, gaps)] : [];
  return {
    name: "DNS",
    unit: "unbound.service",
    isWanted,
    files,
    check: ["unbound-checkconf", PATH],
    onChange: "restart",
    gaps,
  };
}

const PATH = "/etc/unbound/unbound.conf";

function configuration(input: ServiceInput, r: PfResolver, gaps: Gap[]): ConfigFile {
  const { config } = input;
  const field = (name: string): string | undefined => r.fields.get(name);
  const port = /^\d{1,5}$/.test(field("port") ?? "") ? field("port")! : "53";
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    "server:",
    '  username: "unbound"',
    '  directory: "/etc/unbound"',
    '  chroot: ""',
    "  use-syslog: yes",
    "  ip-freebind: yes",
    "  do-ip6: no",
    `  port: ${port}`,
    ...listening(input, r).map((a) => `  interface: ${a}`),
    "  access-control: 127.0.0.0/8 allow",
    ...insideNetworks(input).map((n) => `  access-control: ${n} allow`),
    `  hide-identity: ${r.fields.has("hideidentity") ? "yes" : "no"}`,
    `  hide-version: ${r.fields.has("hideversion") ? "yes" : "no"}`,
    // The validator needs the root's key, which a lab without the Internet never gets.
    `  module-config: "${r.isDnssec ? "validator iterator" : "iterator"}"`,
    ...(r.isDnssec ? ['  auto-trust-anchor-file: "/var/lib/unbound/root.key"'] : []),
    ...outgoing(input, r).map((a) => `  outgoing-interface: ${a}`),
    ...ownZone(input, r),
    ...r.hosts.flatMap((h) => hostLines(h.host, h.domain, h.addresses)),
    ...overrideServerLines(r),
    ...customLines(r, gaps),
    ...overrideZones(r, gaps),
    ...forwarding(input, r, gaps),
    "remote-control:",
    "  control-enable: yes",
    '  control-interface: "/run/unbound.ctl"',
    "",
  ];
  if (config.kept.some((k) => k.path.startsWith("unbound.acls"))) {
    gaps.push(gap("unbound.acls", "access lists of the resolver are not read: inside networks may ask, others not"));
  }
  for (const name of ["enablessl", "regdhcp", "regdhcpstatic", "python"]) {
    if (r.fields.has(name)) gaps.push(gap(`unbound.${name}`, `the resolver's option ${name} is not imitated`));
  }
  return { path: PATH, text: lines.join("\n"), mode: 0o644 };
}

/** Nothing or `all` is every address; else those of the interfaces and virtual addresses that are named. */
function listening(input: ServiceInput, r: PfResolver): readonly string[] {
  const names = r.activeInterfaces;
  if (names.length === 0 || names.includes("all")) return ["0.0.0.0"];
  const named = names.flatMap((n) => addressesOf(input, n));
  return [...new Set(["127.0.0.1", ...named])];
}

function outgoing(input: ServiceInput, r: PfResolver): readonly string[] {
  const names = r.outgoingInterfaces;
  return names.includes("all") ? [] : [...new Set(names.flatMap((n) => addressesOf(input, n)))];
}

/** `unbound_acls_config`: networks of interfaces without a gateway. */
const insideNetworks = ({ interfaces }: ServiceInput): readonly string[] => [
  ...new Set(
    interfaces.flatMap((i) =>
      i.kind === "interface" && i.ip4 && !hasGateway(i, 4) ? [formatNetwork(netOf(i.ip4))] : [],
    ),
  ),
];

const ZONE_TYPES = new Set([
  "deny",
  "refuse",
  "static",
  "transparent",
  "typetransparent",
  "redirect",
  "inform",
  "nodefault",
]);

/** The system's own domain, and its own name. */
function ownZone({ config, interfaces }: ServiceInput, r: PfResolver): readonly string[] {
  const { hostname, domain } = config.system;
  const type = r.fields.get("system_domain_local_zone_type") ?? "transparent";
  if (domain === undefined || !NAME.test(domain)) return [];
  const lan = interfaces.find((i) => i.key === "lan") ?? interfaces.find((i) => i.ip4);
  const [own] = lan ? addressesOf({ config, interfaces }, lan.key) : [];
  const isNamed = r.hosts.some((h) => h.host === hostname && h.domain === domain);
  return [
    `  local-zone: "${domain}." ${ZONE_TYPES.has(type) ? type : "transparent"}`,
    ...(own !== undefined && hostname !== undefined && !isNamed ? hostLines(hostname, domain, [own]) : []),
  ];
}

function hostLines(
  host: string | undefined,
  domain: string | undefined,
  addresses: readonly string[],
): readonly string[] {
  const name = [host, domain].filter((p) => p !== undefined && p !== "").join(".");
  if (!NAME.test(name)) return [];
  return addresses.flatMap((text) => {
    const address = parseAddress(text.trim());
    if (!address) return [];
    return [
      `  local-data: "${name}. ${address.family === 4 ? "A" : "AAAA"} ${text.trim()}"`,
      `  local-data-ptr: "${text.trim()} ${name}"`,
    ];
  });
}

/** Private zones that another server knows must not be answered by unbound's own empty ones. */
const overrideServerLines = (r: PfResolver): readonly string[] =>
  [...new Set(r.domainOverrides.flatMap((o) => o.domain ?? []))]
    .filter((d) => NAME.test(d))
    .flatMap((domain) => [
      `  private-domain: "${domain}."`,
      `  domain-insecure: "${domain}."`,
      ...(domain.endsWith(".arpa") ? [`  local-zone: "${domain}." nodefault`] : []),
    ]);

/** One zone for each domain, with all the servers that the file names for it. */
function overrideZones(r: PfResolver, gaps: Gap[]): readonly string[] {
  const servers = new Map<string, string[]>();
  for (const [n, o] of r.domainOverrides.entries()) {
    const [host = "", port = ""] = (o.address ?? "").split("@");
    if (o.domain === undefined || !NAME.test(o.domain) || !parseAddress(host)) {
      gaps.push(gap(`unbound.domainoverrides[${n}]`, "it names no domain, or no address: left out"));
      continue;
    }
    servers.set(o.domain, [...(servers.get(o.domain) ?? []), /^\d+$/.test(port) ? `${host}@${port}` : host]);
  }
  return [...servers].flatMap(([domain, hosts]) => [
    "forward-zone:",
    `  name: "${domain}."`,
    ...hosts.map((h) => `  forward-addr: ${h}`),
  ]);
}

function forwarding({ config }: ServiceInput, r: PfResolver, gaps: Gap[]): readonly string[] {
  if (!r.isForwarding) return [];
  const servers = config.system.dnsServers.filter((s) => parseAddress(s));
  if (servers.length === 0) {
    gaps.push(
      gap("unbound.forwarding", "forwarding is on and the system names no DNS server: names resolve from the root"),
    );
    return [];
  }
  if (r.fields.has("forward_tls_upstream"))
    gaps.push(gap("unbound.forward_tls_upstream", "questions go to the DNS servers without TLS"));
  return ["forward-zone:", '  name: "."', ...servers.map((s) => `  forward-addr: ${s}`)];
}

/** `custom_options`, base64: clauses of unbound.conf, put where pfSense puts them. */
function customLines(r: PfResolver, gaps: Gap[]): readonly string[] {
  if (r.customOptions === undefined || r.customOptions === "") return [];
  const text = Buffer.from(r.customOptions, "base64").toString("utf8");
  const lines = text.split(/\r?\n/).filter((l) => l.trim() !== "");
  const includes = lines.filter((l) => /^\s*include/.test(l));
  if (includes.length > 0)
    gaps.push(gap("unbound.custom_options", `${oneLine(includes[0]!)}: files of pfSense's are not there; left out`));
  return lines.filter((l) => !includes.includes(l));
}
