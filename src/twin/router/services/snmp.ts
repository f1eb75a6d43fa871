import { parseAddress } from "../../../core/ip.ts";
import { addressesOf, gap, oneLine } from "./types.ts";
import type { ConfigFile, Gap, Service, ServiceInput } from "./types.ts";

/** Where net-snmp hears its subagents: the folder is the unit's own (`RuntimeDirectory=agentx`), root's alone. */
const AGENTX = "/run/agentx/master";

/**
 * `snmpd` by net-snmp, where pfSense has FreeBSD's bsnmpd; without an element `bindip` pfSense opens no socket at all. PF's
 * own MIB comes from a subagent, pfmibd.py, where the file has the module.
 */
export function snmp(input: ServiceInput): Service {
  const { config } = input;
  const fields = config.snmpd?.fields ?? new Map<string, string>();
  const gaps: Gap[] = [];
  const community = oneLine(fields.get("rocommunity") ?? "");
  const hasSocket = fields.has("bindip");
  const isAsked = fields.has("enable");
  const bind = (fields.get("bindip") ?? "").split(",").filter((n) => n !== "" && n !== "all");
  const port = /^\d{1,5}$/.test(fields.get("pollport") ?? "") ? fields.get("pollport")! : "161";
  const addresses =
    bind.length === 0 ? ["0.0.0.0"] : bind.flatMap((n) => (parseAddress(n) ? [n] : addressesOf(input, n)));
  if (isAsked && !hasSocket)
    gaps.push(gap("snmpd.bindip", "without this element pfSense listens nowhere, and so nothing is run"));
  if (fields.has("trapenable")) gaps.push(gap("snmpd.trapenable", "no traps are sent"));
  if (isAsked) {
    const text =
      "net-snmp serves MIB-II, host resources and UCD; of PF's MIB there is what this kernel counts, no source tracking, labels, time-outs or queues; no netgraph";
    gaps.push(gap("snmpd.modules", text));
  }
  const isWanted = isAsked && hasSocket && community !== "" && addresses.length > 0;
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    `agentaddress ${addresses.map((a) => `udp:${a}:${port}`).join(",")}`,
    `rocommunity ${community.replace(/\s/g, "")}`,
    `sysLocation ${oneLine(fields.get("syslocation") ?? "")}`,
    `sysContact ${oneLine(fields.get("syscontact") ?? "")}`,
    `sysName ${oneLine([config.system.hostname, config.system.domain].filter((p) => p !== undefined).join("."))}`,
    "dontLogTCPWrappersConnects yes",
    ...(hasPfModule(input) ? ["master agentx", `agentXSocket ${AGENTX}`, "agentXTimeout 3"] : []),
    "",
  ];
  // The community is a secret: only the daemon's user reads it.
  const file: ConfigFile = { path: "/etc/snmp/snmpd.conf", text: lines.join("\n"), mode: 0o600, owner: "Debian-snmp" };
  return { name: "SNMP", unit: "snmpd.service", isWanted, files: isWanted ? [file] : [], onChange: "restart", gaps };
}

/** Where PF's own MIB is to be served; null where the file does not ask for it. */
export const pfMibSocket = (input: ServiceInput): string | null =>
  snmp(input).isWanted && hasPfModule(input) ? AGENTX : null;

/** `modules/pf`, a flag (`services_snmpd_configure`, etc/inc/services.inc). */
const hasPfModule = ({ config }: ServiceInput): boolean =>
  /<pf\b/.test(config.kept.find((k) => k.path === "snmpd.modules")?.text ?? "");
