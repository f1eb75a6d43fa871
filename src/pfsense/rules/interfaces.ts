import { networkOf, parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Address, Family, Network } from "../../core/ip.ts";
import type { AddressForm } from "../model/base.ts";
import type { PfConfig } from "../model/config.ts";
import type { PfInterface, PfVirtualIp } from "../model/network.ts";
import type { FilterInterface, Held, HeldVip } from "./filter-interface.ts";
import type { Circumstances } from "./types.ts";

/** Builds the list. Disabled interfaces are not in it: rules on them are skipped. */
export function filterInterfaces(config: PfConfig, circumstances: Circumstances = {}): readonly FilterInterface[] {
  const out: FilterInterface[] = config.interfaces
    // One without a device does not exist to pfSense, on or off.
    .filter((i) => i.isEnabled && i.device !== undefined)
    .map((i) => real(config, i, circumstances));
  const byKey = new Map(out.map((i) => [i.key, i]));
  if (config.l2tpServer?.mode === "server") out.push(virtual("l2tp", "l2tp", "L2TP", held(config.l2tpServer)));
  const pppoe = config.pppoeServers.find((p) => p.mode === "server");
  if (pppoe) out.push(virtual("pppoe", "pppoe", "pppoe", held(pppoe)));
  if (isIpsecEnabled(config)) out.push({ ...virtual("enc0", "ipsec", "IPsec", undefined), type4: "none" });
  if (config.openVpn.length > 0) out.push({ ...virtual("openvpn", "openvpn", "OpenVPN", undefined), type4: "none" });
  for (const group of config.interfaceGroups) {
    const members = group.members.flatMap((m) => byKey.get(m) ?? []);
    const vips = members.flatMap((m) => [
      ...m.vips,
      ...[m.ip4, m.ip6].flatMap((h) => (h ? [{ ...h, mode: "other" }] : [])),
    ]);
    out.push({
      ...virtual(group.name, "group", group.name, undefined),
      vips,
      members: group.members,
      isUnknown4: members.some((m) => m.isUnknown4),
      isUnknown6: members.some((m) => m.isUnknown6),
    });
  }
  return out;
}

/** At least one phase 1 that is not disabled (`ipsec_enabled`, `etc/inc/ipsec.inc`). */
export const isIpsecEnabled = (config: PfConfig): boolean => config.ipsec.phase1.some((p) => !p.isDisabled);

function real(config: PfConfig, i: PfInterface, circumstances: Circumstances): FilterInterface {
  const told = (circumstances.addresses?.[i.key] ?? []).flatMap((text) => {
    const parsed = parseNetwork(text);
    return parsed ? [{ address: parsed.address, prefix: parsed.network.prefix }] : [];
  });
  const ip4 = heldBy(i.ipv4) ?? told.find((h) => h.address.family === 4);
  const ip6 = heldBy(i.ipv6) ?? told.find((h) => h.address.family === 6);
  const hasUnknownTunnel = !ip4 && !ip6 && isTunnel(i.device);
  return {
    key: i.key,
    device: i.device ?? i.key,
    label: (i.description ?? i.key).toUpperCase(),
    kind: "interface",
    type4: typeOf(i.ipv4),
    type6: typeOf(i.ipv6),
    ip4,
    ip6,
    isUnknown4: ip4 === undefined && (i.ipv4.kind === "dynamic" || hasUnknownTunnel),
    isUnknown6: ip6 === undefined && (i.ipv6.kind === "dynamic" || hasUnknownTunnel),
    vips: config.virtualIps.filter((v) => vipInterface(config, v) === i.key).flatMap(heldVip),
    members: [],
    config: i,
  };
}

/** Tunnels get their addresses from what carries them, not from `interfaces`. */
const isTunnel = (device: string | undefined): boolean => /^(ovpn|ipsec|gif|gre|tun_wg|wg)/.test(device ?? "");

const typeOf = (form: AddressForm): string | undefined =>
  form.kind === "dynamic" ? form.method : form.kind === "invalid" ? form.text : undefined;

const heldBy = (form: AddressForm): Held | undefined =>
  form.kind === "static" ? { address: form.address, prefix: form.prefix } : undefined;

function virtual(key: string, kind: FilterInterface["kind"], label: string, ip4: Held | undefined): FilterInterface {
  return {
    key,
    device: key,
    label,
    kind,
    type4: undefined,
    type6: undefined,
    ip4,
    ip6: undefined,
    isUnknown4: false,
    isUnknown6: false,
    vips: [],
    members: [],
    config: undefined,
  };
}

function held(server: { localAddress: string | undefined; prefix: string | undefined }): Held | undefined {
  const address = server.localAddress === undefined ? undefined : parseAddress(server.localAddress);
  const prefix = Number(server.prefix ?? "32");
  return address?.family === 4 && prefix >= 1 && prefix <= 32 ? { address, prefix } : undefined;
}

const heldVip = (v: PfVirtualIp): readonly HeldVip[] =>
  v.address && v.prefix !== undefined ? [{ address: v.address, prefix: v.prefix, mode: v.mode }] : [];

/** An IP alias may sit on a CARP address: `_vip<uniqid>` leads to that address's interface. */
function vipInterface(config: PfConfig, vip: PfVirtualIp): string {
  let name = vip.interface;
  for (let hops = 0; name.startsWith("_vip") && hops < 4; hops++) {
    const id = name.slice("_vip".length);
    name = config.virtualIps.find((v) => v.uniqueId === id)?.interface ?? "";
  }
  return name;
}

export const ipOf = (i: FilterInterface, family: Family): Held | undefined => (family === 4 ? i.ip4 : i.ip6);

export const isUnknown = (i: FilterInterface, family: Family): boolean => (family === 4 ? i.isUnknown4 : i.isUnknown6);

export const netOf = (h: Held): Network => networkOf(h.address, h.prefix);

/** VIPs that the firewall answers for itself; proxy ARP and "other" are never an address of its own. */
export const ownVips = (i: FilterInterface): readonly HeldVip[] =>
  i.vips.filter((v) => v.mode === "carp" || v.mode === "ipalias");

/**
 * Whether a rule on `keys` sees packets of an interface: by its own key, by a group it is a member of,
 * and on `openvpn` for any assigned OpenVPN device (pf knows them as members of that group).
 */
export function isOn(keys: readonly string[], i: FilterInterface, all: readonly FilterInterface[]): boolean {
  if (keys.includes(i.key)) return true;
  if (keys.includes("openvpn") && i.device.startsWith("ovpn")) return true;
  return all.some((g) => g.kind === "group" && keys.includes(g.key) && g.members.includes(i.key));
}

/** `interface_has_gateway` of `etc/inc/interfaces.inc`: what pfSense takes for a WAN. */
export function hasGateway(i: FilterInterface, family: Family): boolean {
  const form = family === 4 ? i.config?.ipv4 : i.config?.ipv6;
  if (!i.config || !form) return false;
  if (form.kind === "dynamic") return form.method !== "track6";
  if (/^(ovpn|ipsec)/.test(i.device)) return true;
  if (/^(gif|gre)/.test(i.device) && (ipOf(i, family) !== undefined || isUnknown(i, family))) return true;
  return (family === 4 ? i.config.gateway : i.config.gatewayV6) !== undefined;
}

/** The address of the interface's gateway when the file holds it (`get_interface_gateway`, `etc/inc/gwlb.inc`). */
export function gatewayAddress(config: PfConfig, i: FilterInterface, family: Family): Address | undefined {
  const name = family === 4 ? i.config?.gateway : i.config?.gatewayV6;
  if (name === undefined) return undefined;
  const text = config.gateways.items.find((g) => g.name === name)?.gateway;
  const address = text === undefined ? undefined : parseAddress(text);
  return address?.family === family ? address : undefined;
}
