import { addressesOf, gap, oneLine } from "./types.ts";
import type { ConfigFile, Gap, Service, ServiceInput } from "./types.ts";

/** `ntpd` by chrony: pfSense's ntpd.conf as far as both can say it (`system_ntp_configure`, etc/inc/system.inc). */
export function ntp(input: ServiceInput): Service {
  const { config } = input;
  const fields = config.ntpd?.fields ?? new Map<string, string>();
  // On pfSense the server runs unless it is switched off.
  const isWanted = fields.get("enable") !== "disabled";
  const names = (fields.get("interface") ?? "").split(",").filter((n) => n !== "");
  const addresses = [...new Set(names.flatMap((n) => addressesOf(input, n)))];
  const gaps: Gap[] = [gap("ntpd", "the clock is the host's: chrony serves it and never sets it")];
  if (addresses.length > 1)
    gaps.push(gap("ntpd.interface", "it listens on every address, not only on those of the interfaces named"));
  const servers = config.system.timeServers.filter((s) => /^[\w.:-]+$/.test(s));
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    ...servers.map((s) => `${/pool\./.test(s) ? "pool" : "server"} ${s} iburst`),
    ...(addresses.length === 1 ? [`bindaddress ${addresses[0]!}`] : []),
    "allow 0.0.0.0/0",
    // `tos orphan 12`: without any server it still serves its own clock.
    "local stratum 12 orphan",
    "driftfile /var/lib/chrony/chrony.drift",
    "",
  ];
  const files: readonly ConfigFile[] = [
    { path: "/etc/chrony/chrony.conf", text: lines.join("\n"), mode: 0o644 },
    { path: "/etc/default/chrony", text: 'DAEMON_OPTS="-x -F 1"\n', mode: 0o644 },
    {
      // Debian's unit wants the right to set the clock, which a guest that shares its host's has not.
      path: "/etc/systemd/system/chrony.service.d/10-maquette.conf",
      text: "[Unit]\nConditionCapability=\n",
      mode: 0o644,
    },
  ];
  return { name: "NTP", unit: "chrony.service", isWanted, files: isWanted ? files : [], onChange: "restart", gaps };
}

/** `syslog` by rsyslog: up to three servers, everything or what is ticked (`system_syslogd_start`, etc/inc/syslog.inc). */
export function syslog(input: ServiceInput): Service {
  const { config } = input;
  const fields = config.syslog?.fields ?? new Map<string, string>();
  const gaps: Gap[] = [];
  const servers = ["remoteserver", "remoteserver2", "remoteserver3"].flatMap((name) => {
    const text = fields.get(name) ?? "";
    const m = /^\[?([^\]\s]+?)\]?(?::(\d{1,5}))?$/.exec(text);
    return text === "" || !m?.[1] ? [] : [{ host: m[1], port: m[2] ?? "514" }];
  });
  const isRemote = fields.has("enable") && servers.length > 0;
  const ticked = [
    "filter",
    "system",
    "auth",
    "dhcp",
    "vpn",
    "resolver",
    "ppp",
    "routing",
    "ntpd",
    "portalauth",
    "hostapd",
    "dpinger",
  ];
  const chosen = ticked.filter((n) => fields.has(n));
  const isAll = fields.has("logall") || chosen.length === ticked.length;
  if (isRemote && !isAll)
    gaps.push(gap("syslog", `only some logs are to be sent (${chosen.join(", ")}): all of them are`));
  const [source] = addressesOf(input, fields.get("sourceip") ?? "");
  const template =
    fields.get("format") === "rfc5424" ? "RSYSLOG_SyslogProtocol23Format" : "RSYSLOG_TraditionalForwardFormat";
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    'module(load="imuxsock")',
    ':programname, isequal, "filterlog" /var/log/filter.log',
    "*.*;auth,authpriv.none -/var/log/system.log",
    "auth,authpriv.* /var/log/auth.log",
    ...(isRemote
      ? servers.map(({ host, port }) => {
          const from = source === undefined ? "" : ` Address="${source}"`;
          return `*.* action(type="omfwd" target="${oneLine(host)}" port="${port}" protocol="udp" template="${template}"${from})`;
        })
      : []),
    "",
  ];
  return {
    name: "syslog",
    unit: "rsyslog.service",
    isWanted: true,
    files: [{ path: "/etc/rsyslog.conf", text: lines.join("\n"), mode: 0o644 }],
    check: ["rsyslogd", "-N1", "-f", "/etc/rsyslog.conf"],
    onChange: "restart",
    gaps,
  };
}
