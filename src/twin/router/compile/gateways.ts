import { formatAddress, parseAddress } from "../../../core/ip.ts";
import type { PfConfig } from "../../../pfsense/model/config.ts";
import type { PfGateway } from "../../../pfsense/model/network.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import { keptNumber, keptText } from "./kept.ts";

/** A gateway of the file, as far as routes are made of it; IPv4. */
export interface Gateway {
  readonly name: string;
  /** The interface's key and the kernel's device. */
  readonly key: string;
  readonly device: string;
  readonly address: string;
  readonly isForcedDown: boolean;
  /** False: `action_disable`, a gateway whose failure changes nothing. */
  readonly isActedOn: boolean;
  readonly monitor: Monitor | undefined;
}

/** What is pinged, and when that counts as dead: the file's values, else pfSense's (`return_dpinger_defaults`, gwlb.inc). */
export interface Monitor {
  readonly address: string;
  readonly source: string;
  /** A route to it by this gateway, unless the file says not to. */
  readonly hasRoute: boolean;
  readonly intervalMs: number;
  readonly lossIntervalMs: number;
  readonly timePeriodMs: number;
  readonly alertIntervalMs: number;
  readonly latencyHighMs: number;
  readonly lossHighPercent: number;
}

export type GatewayState = "up" | "down";
export type GatewayStates = Readonly<Record<string, GatewayState>>;

/** The gateways that the stand-in can use, in the order of the file. */
export function gatewaysOf(
  config: PfConfig,
  interfaces: readonly FilterInterface[],
  leased: LeasedGateways = {},
): readonly Gateway[] {
  const items = [...config.gateways.items.map((g, n) => ({ g, n })), ...impliedGateways(config, interfaces)];
  return items.flatMap(({ g, n }): readonly Gateway[] => {
    const on = interfaces.find((i) => i.key === g.interface);
    const isLeased = g.gateway === "dynamic" && on !== undefined;
    const address = parseAddress((isLeased ? leased[on.key] : g.gateway) ?? "");
    if (g.isDisabled || !on?.ip4 || address?.family !== 4) return [];
    const path = `gateways.gateway_item[${n}]`;
    const has = (name: string): boolean => keptText(config, `${path}.${name}`) !== undefined;
    const number = (name: string, otherwise: number, least = 1): number =>
      keptNumber(config, `${path}.${name}`, least) ?? otherwise;
    const monitored = parseAddress(g.monitor ?? "") ?? address;
    const monitor: Monitor = {
      address: formatAddress(monitored),
      source: formatAddress(on.ip4.address),
      hasRoute: !g.hasNoMonitorRoute && monitored.value !== address.value,
      intervalMs: number("interval", 500, 20),
      lossIntervalMs: number("loss_interval", 2000),
      timePeriodMs: number("time_period", 60_000),
      alertIntervalMs: number("alert_interval", 1000),
      latencyHighMs: number("latencyhigh", 500),
      lossHighPercent: number("losshigh", 20),
    };
    return [
      {
        name: g.name,
        key: on.key,
        device: on.device,
        address: formatAddress(address),
        isForcedDown: g.isForcedDown,
        isActedOn: !has("action_disable"),
        monitor: g.isMonitorOff || monitored.family !== 4 ? undefined : monitor,
      },
    ];
  });
}

/** Addresses of gateways that came with a lease, by the interface's key. */
export type LeasedGateways = Readonly<Record<string, string>>;

/** `WAN_DHCP`: the gateway of an interface by DHCP that the file has no item for (`get_gateways`, gwlb.inc). */
function impliedGateways(
  config: PfConfig,
  interfaces: readonly FilterInterface[],
): readonly { readonly g: PfGateway; readonly n: number }[] {
  return interfaces.flatMap((i) => {
    const isNamed = config.gateways.items.some((g) => g.interface === i.key && g.gateway === "dynamic");
    if (i.type4 !== "dhcp" || isNamed || !i.config) return [];
    const g: PfGateway = {
      place: i.config.place,
      name: `${i.label}_DHCP`,
      interface: i.key,
      gateway: "dynamic",
      ipProtocol: "inet",
      monitor: undefined,
      isMonitorOff: false,
      isForcedDown: false,
      isDisabled: false,
      hasNoMonitorRoute: false,
      weight: undefined,
      description: undefined,
    };
    return [{ g, n: -1 }];
  });
}

/** The members of a group's lowest tier that has any up, each with its weight; none when all are down. */
export function groupMembers(
  config: PfConfig,
  gateways: readonly Gateway[],
  group: string,
  states: GatewayStates,
): readonly { readonly gateway: Gateway; readonly weight: number }[] {
  const items = config.gateways.groups.find((g) => g.name === group)?.items ?? [];
  const members = items.flatMap((text) => {
    const [name, tier] = text.split("|");
    const gateway = gateways.find((g) => g.name === name);
    const isUp = gateway !== undefined && !gateway.isForcedDown && states[gateway.name] !== "down";
    if (!isUp) return [];
    const weight = Number(config.gateways.items.find((g) => g.name === name)?.weight ?? "1") || 1;
    return [{ gateway, weight, tier: Number(tier ?? "5") || 5 }];
  });
  const lowest = Math.min(...members.map((m) => m.tier));
  return members.filter((m) => m.tier === lowest);
}

/**
 * The gateways of the default route (`fixup_default_gateway`, gwlb.inc): `defaultgw4`, a gateway or a group; without
 * one the first gateway of the file on an interface that names it, that is up; `-` is none. A group with all its
 * members down keeps the best of them, as pfSense does.
 */
export function defaultGateways(
  config: PfConfig,
  gateways: readonly Gateway[],
  states: GatewayStates,
): readonly { readonly gateway: Gateway; readonly weight: number }[] {
  const name = config.gateways.default4;
  if (name === "-") return [];
  if (name !== undefined && config.gateways.groups.some((g) => g.name === name)) {
    const up = groupMembers(config, gateways, name, states);
    // pfSense puts one gateway of the tier on the default route; only rules balance.
    return up.length > 0 ? up.slice(0, 1) : groupMembers(config, gateways, name, {}).slice(0, 1);
  }
  const named = gateways.find((g) => g.name === name);
  if (named) return [{ gateway: named, weight: 1 }];
  const isOfInterface = (g: Gateway): boolean => {
    const i = config.interfaces.find((x) => x.key === g.key);
    return i?.gateway === g.name || (i?.ipv4.kind === "dynamic" && i.gateway === undefined);
  };
  const candidates = gateways.filter(isOfInterface);
  const chosen = candidates.find((g) => !g.isForcedDown && states[g.name] !== "down") ?? candidates[0];
  return chosen ? [{ gateway: chosen, weight: 1 }] : [];
}
