import { secret } from "../../core/secret-place.ts";
import { formatAddress, parseAddress, type Address } from "../../core/ip.ts";
import type { Host } from "../../plan/index.ts";
import { SECRETS } from "./material.ts";
import { hostsOf } from "../../plan/query.ts";
import { asksRouters } from "./asks.ts";
import { contains, ofAddress } from "./ranges.ts";
import { arrivals, legOf, type Leg, type Site } from "./site.ts";
import { branch, flag, leaf, leafIf, type Xml } from "./xml.ts";

/** The remote log's host and the supervision's, if the plan has them. */
const firstOf = (site: Site, role: string): Host | undefined => hostsOf(site.plan, role)[0];

const NTP_PORT = 123;

/**
 * `ntpd`: a client of `system/timeservers`. It cannot be told to serve nobody: it listens where it asks from, which are the
 * interfaces that lead to its servers, and in each zone that the flow table lets ask a router for the time; what reaches it
 * there is the filter's business. Without `interface` it would listen everywhere (`system_ntp_configure`, `etc/inc/system.inc`).
 */
export function ntpSection(site: Site): Xml {
  const servers = site.plan.domain.ntp
    .map((server) => addressOf(site, server))
    .filter((a) => a === undefined || !contains(site.firewall, ofAddress(a)));
  // A name that is no host's is somebody's on the Internet.
  const isAsked = (l: Leg): boolean =>
    servers.some((a) => (a ? contains(arrivals(site, l), ofAddress(a)) : l.zone.kind === "wan"));
  const serves = (l: Leg): boolean => l.zone.kind === "inside" && asksRouters(site, l, NTP_PORT);
  const keys = site.legs.filter((l) => isAsked(l) || serves(l)).map((l) => l.key);
  return branch("ntpd", leaf("enable", "enabled"), leafIf("interface", keys.length === 0 ? null : keys.join(",")));
}

/** A server's address: its own, or that of the host with this name. */
function addressOf(site: Site, server: string): Address | undefined {
  const { hosts, domain } = site.plan;
  return parseAddress(server) ?? hosts.get(server.replace(`.${domain.name}`, ""))?.nics[0]?.address;
}

/**
 * `snmpd`, listening on the routers' own addresses in the supervision's zone only. No `bindip` would mean no UDP socket at
 * all, an empty one every address (`services_snmpd_configure`, `etc/inc/services.inc`).
 */
export function snmpSection(site: Site): Xml | null {
  const supervision = firstOf(site, "supervision");
  const leg = supervision && legOf(site, supervision);
  if (!leg) return null;
  return branch(
    "snmpd",
    flag("enable"),
    leaf("syslocation", site.plan.name),
    leaf("syscontact", `admin@${site.plan.domain.name}`),
    leaf("rocommunity", secret("password", SECRETS.snmp, "xml")),
    leaf("pollport", 161),
    leaf("trapserver", ""),
    leaf("trapserverport", 162),
    leaf("trapstring", ""),
    branch("modules", ...["mibii", "netgraph", "pf", "hostres", "ucd", "regex"].map(flag)),
    leaf("bindip", leg.key),
    leaf("ipprotocol", 4),
  );
}

/**
 * `syslog`: everything to the log's host over UDP, sent from the address in its zone. Default blocks stay logged; every row
 * says by itself whether it is.
 */
export function syslogSection(site: Site): Xml {
  const sink = firstOf(site, "backup");
  const leg = sink && legOf(site, sink);
  const remote = leg
    ? [
        flag("enable"),
        leaf("sourceip", leg.key),
        leaf("ipproto", "ipv4"),
        leaf("remoteserver", `${formatAddress(sink.nics[0]!.address)}:514`),
        leaf("remoteserver2", ""),
        leaf("remoteserver3", ""),
        flag("logall"),
      ]
    : [];
  return branch(
    "syslog",
    // Five fields of text a person can read, beside the rule's tracker.
    leaf("filterdescriptions", 1),
    leaf("nentries", 500),
    leaf("format", "rfc5424"),
    leaf("rotatecount", 7),
    remote,
  );
}

/** `cron` as pfSense ships it. */
export function cronSection(): Xml {
  const job = (minute: string, hour: string, mday: string, command: string): Xml =>
    branch(
      "item",
      leaf("minute", minute),
      leaf("hour", hour),
      leaf("mday", mday),
      leaf("month", "*"),
      leaf("wday", "*"),
      leaf("who", "root"),
      leaf("command", command),
    );
  return branch(
    "cron",
    job("*/1", "*", "*", "/usr/sbin/newsyslog"),
    job("1,31", "0-5", "*", "/usr/bin/nice -n20 adjkerntz -a"),
    job("1", "3", "1", "/usr/bin/nice -n20 /etc/rc.update_bogons.sh"),
    job("1", "1", "*", "/usr/bin/nice -n20 /etc/rc.dyndns.update"),
    job("*/60", "*", "*", "/usr/bin/nice -n20 /usr/local/sbin/expiretable -v -t 3600 virusprot"),
    job("30", "12", "*", "/usr/bin/nice -n20 /etc/rc.update_urltables"),
  );
}
