import { bitsOf, parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Address, Family } from "../../core/ip.ts";
import type { AddressForm } from "../model/base.ts";
import type {
  PfBridge,
  PfGateways,
  PfHaSync,
  PfInterface,
  PfInterfaceGroup,
  PfRoute,
  PfVirtualIp,
  PfVlan,
} from "../model/network.ts";
import { names } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { quote } from "./findings.ts";

const DYNAMIC_4 = new Set(["dhcp", "pppoe", "ppp", "pptp", "l2tp"]);
const DYNAMIC_6 = new Set(["dhcp6", "slaac", "track6", "6rd", "6to4"]);

/** Reads `interfaces`: every child is one, named by its key, in the order of the file. */
export function readInterfaces(c: Cursor): readonly PfInterface[] {
  return c.children().map((i) => {
    const read: PfInterface = {
      place: i.place,
      key: i.element.name,
      device: i.text("if"),
      description: i.text("descr"),
      isEnabled: i.flag("enable"),
      ipv4: readAddressForm(i, 4),
      ipv6: readAddressForm(i, 6),
      gateway: i.text("gateway"),
      gatewayV6: i.text("gatewayv6"),
      blocksPrivate: i.flag("blockpriv"),
      blocksBogons: i.flag("blockbogons"),
      relay6rd: i.text("gateway-6rd"),
    };
    i.keep(...NO_CONSEQUENCE);
    return read;
  });
}

/** How an address is obtained in detail, and the layers below IP. */
const NO_CONSEQUENCE = names(`
  adv_dhcp6_config_advanced adv_dhcp6_config_file_override adv_dhcp6_config_file_override_path adv_dhcp6_debug
  adv_dhcp6_interface_statement_request_options adv_dhcp6_interface_statement_script
  adv_dhcp6_interface_statement_send_options adv_dhcp_config_advanced adv_dhcp_config_file_override
  adv_dhcp_config_file_override_path adv_dhcp_option_modifiers adv_dhcp_pt_backoff_cutoff
  adv_dhcp_pt_initial_interval adv_dhcp_pt_reboot adv_dhcp_pt_retry adv_dhcp_pt_select_timeout adv_dhcp_pt_timeout
  adv_dhcp_pt_values adv_dhcp_request_options adv_dhcp_required_options adv_dhcp_send_options alias-address
  alias-subnet dhcp6-duid dhcp6-ia-pd-len dhcp6-ia-pd-send-hint dhcp6cvpt dhcp6debug dhcp6norelease dhcp6prefixonly
  dhcp6usev4iface dhcp6vlanenable dhcp6withoutra dhcpcvpt dhcphostname dhcprejectfrom dhcpvlanenable ipaddr_static
  ipv6usev4iface media mediaopt mss mtu nonat prefix-6rd prefix-6rd-v4plen slaacusev4iface spoofmac track6-interface
  track6-prefix-id track6-prefix-id--hex wireless
`);

function readAddressForm(i: Cursor, family: Family): AddressForm {
  const [addressName, prefixName] = family === 4 ? ["ipaddr", "subnet"] : ["ipaddrv6", "subnetv6"];
  const text = i.text(addressName)?.trim();
  const prefixText = i.text(prefixName)?.trim();
  if (text === undefined || text === "" || text === "none") return { kind: "none" };
  if ((family === 4 ? DYNAMIC_4 : DYNAMIC_6).has(text)) return { kind: "dynamic", method: text };
  const address = parseAddress(text);
  const prefix = prefixText === undefined ? undefined : readPrefix(prefixText, family);
  if (address?.family === family && prefix !== undefined) return { kind: "static", address, prefix };
  const fact =
    address?.family === family
      ? `${quote(prefixText ?? "")} is not a prefix length from 1 to ${bitsOf(family)}`
      : `${quote(text)} is neither an IPv${family} address nor a way to obtain one`;
  const hint = "pfSense would give this interface no address; its rules would match nothing.";
  i.warn("PFSENSE_INTERFACE_ADDRESS", address?.family === family ? prefixName : addressName, fact, hint);
  return { kind: "invalid", text };
}

function readPrefix(text: string, family: Family): number | undefined {
  return /^[1-9]\d{0,2}$/.test(text) && Number(text) <= bitsOf(family) ? Number(text) : undefined;
}

export function readVlans(c: Cursor | undefined): readonly PfVlan[] {
  return (c?.list("vlan") ?? []).map((v) => {
    v.skip("pcp");
    return {
      place: v.place,
      parent: v.text("if"),
      tag: v.text("tag"),
      device: v.text("vlanif"),
      description: v.text("descr"),
    };
  });
}

export function readBridges(c: Cursor | undefined): readonly PfBridge[] {
  return (c?.list("bridged") ?? []).map((b) => {
    const bridge = { place: b.place, device: b.text("bridgeif"), membersText: b.text("members") ?? "" };
    b.keepRest();
    return bridge;
  });
}

export function readInterfaceGroups(c: Cursor | undefined): readonly PfInterfaceGroup[] {
  return (c?.list("ifgroupentry") ?? []).map((g) => ({
    place: g.place,
    name: g.text("ifname") ?? "",
    members: g.words("members", /\s+/),
    description: g.text("descr"),
  }));
}

/** Reads `gateways`; defaults of monitoring stay with dpinger and are kept only. */
export function readGateways(c: Cursor | undefined): PfGateways {
  const items = (c?.list("gateway_item") ?? []).map((g) => {
    const item = {
      place: g.place,
      name: g.text("name") ?? "",
      interface: g.text("interface"),
      gateway: g.text("gateway"),
      ipProtocol: g.text("ipprotocol"),
      monitor: g.text("monitor"),
      isMonitorOff: g.flag("monitor_disable"),
      isForcedDown: g.flag("force_down"),
      isDisabled: g.flag("disabled"),
      hasNoMonitorRoute: g.flag("dpinger_dont_add_static_route"),
      weight: g.text("weight"),
      description: g.text("descr"),
    };
    if (item.gateway !== undefined && item.gateway !== "dynamic" && !parseAddress(item.gateway)) {
      const hint = "pfSense takes it for a gateway without an address: write one, or dynamic.";
      g.warn("PFSENSE_GATEWAY_ADDRESS", "gateway", `${quote(item.gateway)} is not an address`, hint);
    }
    g.keepRest();
    return item;
  });
  const groups = (c?.list("gateway_group") ?? []).map((g) => {
    const group = {
      place: g.place,
      name: g.text("name") ?? "",
      items: g.texts("item"),
      trigger: g.text("trigger"),
      description: g.text("descr"),
    };
    g.keepRest();
    return group;
  });
  return { items, groups, default4: c?.text("defaultgw4"), default6: c?.text("defaultgw6") };
}

export function readStaticRoutes(c: Cursor | undefined): readonly PfRoute[] {
  return (c?.list("route") ?? []).map((r) => {
    const network = r.text("network") ?? "";
    // A name is an alias; whether there is one is seen later.
    if (!parseNetwork(network) && !/^[A-Za-z_]\w*$/.test(network)) {
      const hint = "pfSense makes no route of it: write a network, such as 10.9.0.0/16, or an alias.";
      r.warn("PFSENSE_ROUTE_NETWORK", "network", `${quote(network)} is not a network`, hint);
    }
    return {
      place: r.place,
      network,
      gateway: r.text("gateway"),
      isDisabled: r.flag("disabled"),
      description: r.text("descr"),
    };
  });
}

export function readVirtualIps(c: Cursor | undefined): readonly PfVirtualIp[] {
  return (c?.list("vip") ?? []).map((v) => {
    const text = v.text("subnet")?.trim();
    const address = text === undefined ? undefined : parseAddress(text);
    const bits = v.text("subnet_bits")?.trim();
    if (text !== undefined && !address) {
      const hint = "A virtual IP holds one address in <subnet> and its length in <subnet_bits>.";
      v.warn("PFSENSE_VIP_ADDRESS", "subnet", `${quote(text)} is not an address`, hint);
    }
    const vip = {
      place: v.place,
      mode: v.text("mode") ?? "",
      interface: v.text("interface") ?? "",
      uniqueId: v.text("uniqid"),
      vhid: v.text("vhid"),
      advskew: v.text("advskew"),
      advbase: v.text("advbase"),
      password: v.text("password"),
      type: v.text("type"),
      address,
      addressText: text,
      prefix: address ? readVipPrefix(v, bits, address) : undefined,
      description: v.text("descr"),
    };
    v.keepRest();
    return vip;
  });
}

/** Missing bits mean one host (`filter_generate_optcfg_array`). */
function readVipPrefix(v: Cursor, bits: string | undefined, address: Address): number {
  const prefix = bits === undefined ? undefined : readPrefix(bits, address.family);
  if (prefix === undefined && bits !== undefined) {
    const fact = `${quote(bits)} is not a prefix length from 1 to ${bitsOf(address.family)}`;
    v.warn("PFSENSE_VIP_ADDRESS", "subnet_bits", fact, "Use the real network's length for a CARP address.");
  }
  return prefix ?? bitsOf(address.family);
}

export function readHaSync(c: Cursor | undefined): PfHaSync | undefined {
  if (!c) return undefined;
  const names = c.element.children
    .map((e) => e.name)
    .filter((n) => n.startsWith("synchronize") && n !== "synchronizetoip");
  const ha: PfHaSync = {
    place: c.place,
    isPfsyncEnabled: c.flag("pfsyncenabled"),
    pfsyncInterface: c.text("pfsyncinterface"),
    pfsyncPeer: c.text("pfsyncpeerip"),
    hostId: c.text("pfhostid"),
    synchronizeTo: c.text("synchronizetoip"),
    username: c.text("username"),
    password: c.text("password"),
    synchronizes: names.filter((n) => c.flag(n)),
  };
  c.keepRest();
  return ha;
}
