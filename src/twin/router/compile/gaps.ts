import type { PfConfig } from "../../../pfsense/model/config.ts";
import type { PfRuleset } from "../../../pfsense/rules/types.ts";
import { gap } from "../services/types.ts";
import type { Gap } from "../services/types.ts";
import { userRule } from "./filter.ts";
import type { NatGap } from "./nat.ts";
import { isCard } from "./network.ts";

/** Everything in a file that the stand-in does not do, beside what services say of themselves: nothing is left unsaid. */
export function gapsOf(config: PfConfig, ruleset: PfRuleset, nat: readonly NatGap[]): readonly Gap[] {
  return [
    ...interfaces(config),
    ...addresses(config),
    ...tunnels(config),
    ...rules(config, ruleset),
    ...nat.map((g) => gap(`nat ${g.id}`, g.why)),
    ...sections(config),
    gap("system.webgui", "the web interface is not served: its port is closed whatever the rules say"),
    ...config.unknown.map((u) => gap(u.path, `not understood (line ${u.line}): it changes nothing here`)),
  ];
}

function interfaces(config: PfConfig): readonly Gap[] {
  return config.interfaces.flatMap((i) => {
    if (!i.isEnabled) return [];
    const path = `interfaces.${i.key}`;
    const device = i.device ?? "";
    const out: Gap[] = [];
    if (!isCard(device))
      out.push(
        gap(
          path,
          `${device === "" ? "no device" : device}: only the hypervisor's cards (vtnetN) are devices here; the interface does not exist`,
        ),
      );
    if (i.ipv4.kind === "dynamic" && i.ipv4.method !== "dhcp")
      out.push(gap(`${path}.ipaddr`, `no address by ${i.ipv4.method}`));
    if (i.ipv6.kind === "dynamic") out.push(gap(`${path}.ipaddrv6`, `no IPv6 address by ${i.ipv6.method}`));
    return out;
  });
}

function addresses(config: PfConfig): readonly Gap[] {
  const vips = config.virtualIps.flatMap((v, n) => {
    const path = `virtualip.vip[${n}]`;
    if (v.mode === "proxyarp" || v.mode === "other")
      return [gap(path, `a virtual address of kind ${v.mode}: nothing answers ARP for it`)];
    if (v.mode === "carp" && v.address?.family === 6) return [gap(path, "CARP over IPv6 is not spoken")];
    return [];
  });
  const six = config.gateways.items
    .filter((g) => g.ipProtocol === "inet6")
    .map((g) => gap(`gateways ${g.name}`, "no routes are made of IPv6 gateways"));
  const sticky = config.kept.some((k) => k.path === "system.lb_use_sticky")
    ? [gap("system.lb_use_sticky", "a group balances by flow, not by source")]
    : [];
  return [...vips, ...six, ...sticky];
}

function tunnels(config: PfConfig): readonly Gap[] {
  return [
    ...config.openVpn.flatMap((v, n) =>
      v.isDisabled ? [] : [gap(`openvpn.openvpn-${v.role}[${n}]`, "OpenVPN is not run on the router")],
    ),
    ...(config.ipsec.phase1.some((p) => !p.isDisabled) ? [gap("ipsec", "IPsec is not spoken")] : []),
    ...(config.l2tpServer?.mode === "server" ? [gap("l2tp", "no L2TP server")] : []),
    ...config.pppoeServers.filter((p) => p.mode === "server").map(() => gap("pppoes", "no PPPoE server")),
    ...config.captivePortals
      .filter((p) => p.isEnabled)
      .map((p) => gap(`captiveportal.${p.zone}`, "no captive portal: nobody is logged in")),
    ...(config.upnp.isEnabled ? [gap("installedpackages.miniupnpd", "no UPnP: its rules do not exist")] : []),
    ...config.packages.map((p) => gap(`installedpackages.package ${p.name}`, "packages of pfSense are not run")),
  ];
}

/** Options of rules that decide more than whether a packet passes. */
const RULE_OPTIONS: Readonly<Record<string, string>> = {
  dnpipe: "limiters do not exist here",
  pdnpipe: "limiters do not exist here",
  "max-src-nodes": "sources are not counted",
  "max-src-conn": "connections of a source are not counted",
  "max-src-conn-rate": "connections of a source are not counted",
  "max-src-states": "states of a source are not counted",
  max: "states of a rule are not counted",
};

function rules(config: PfConfig, ruleset: PfRuleset): readonly Gap[] {
  const out: Gap[] = [];
  for (const r of ruleset.rules) {
    const path = `rule ${r.id}`;
    if (r.mayBoxes) {
      const effect = r.action === "pass" ? "it passes only what surely matches" : "it blocks whatever may match";
      out.push(gap(path, `${r.uncertain.join(", ")} cannot be decided: ${effect}`));
    }
    const isOut = r.direction !== "in";
    if (r.action === "reject" && isOut)
      out.push(gap(path, "rejects outwards: such packets are dropped without an answer"));
    if (r.by !== "user") continue;
    if (r.gateway !== undefined && isOut)
      out.push(gap(path, "a gateway for packets on their way out: they keep the route they have"));
    if (!r.isStateful && r.action === "pass")
      out.push(gap(path, "it keeps no state on pfSense; here replies are admitted"));
    const user = userRule(config, r);
    if (user?.stateType?.startsWith("sloppy") || user?.stateType?.startsWith("synproxy"))
      out.push(gap(path, `${user.stateType}: an ordinary state is kept`));
    if (user?.allowsOptions) out.push(gap(path, "IP options are let through or not as the kernel does"));
    for (const [name, what] of Object.entries(RULE_OPTIONS)) {
      if (user?.options.has(name)) out.push(gap(`${path}.${name}`, what));
    }
  }
  if (config.limiters.length > 0) out.push(gap("dnshaper", "limiters do not exist here"));
  if (!config.system.isFilterOff) {
    out.push(gap("system.statepolicy", "states are not bound to an interface: a reply may come back by another one"));
  }
  if (
    ruleset.nat.redirects.some(
      (r) => r.id.endsWith(":reflection") && r.target.kind === "address" && r.target.address.value === 0x7f000001n,
    )
  ) {
    out.push(gap("system.disablenatreflection", "reflection by proxy leads to a proxy that is not run; use pure NAT"));
  }
  if (config.system.tftpInterfaces.length > 0) out.push(gap("system.tftpinterface", "no TFTP proxy"));
  return out;
}

/** Sections that the reader keeps without a word, because they decide nothing about packets, and that nothing here obeys. */
const SECTIONS: Readonly<Record<string, string>> = {
  cron: "pfSense's own jobs are not run",
  dyndnses: "no dynamic DNS",
  dnsupdates: "no RFC 2136 updates",
  igmpproxy: "no IGMP proxy",
  gifs: "no GIF tunnels",
  gres: "no GRE tunnels",
  laggs: "no link aggregation",
  ppps: "no PPP",
  qinqs: "no QinQ",
  vxlans: "no VXLAN",
  notifications: "no notifications",
  mailreports: "no reports by mail",
  wol: "no wake on LAN",
};

function sections(config: PfConfig): readonly Gap[] {
  const named = config.kept.filter((k) => k.path in SECTIONS && k.text.includes("</"));
  return [...new Set(named.map((k) => k.path))].map((path) => gap(path, SECTIONS[path]!));
}
