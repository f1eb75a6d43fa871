import { formatAddress, formatNetwork, parseNetwork } from "../../../core/ip.ts";
import type { Network } from "../../../core/ip.ts";
import type { PfConfig } from "../../../pfsense/model/config.ts";
import { ownVips } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import { defaultGateways, groupMembers } from "./gateways.ts";
import type { Gateway, GatewayStates } from "./gateways.ts";
import { hex, REPLY_MASK, ROUTE_MASK } from "./marks.ts";
import type { Marks } from "./marks.ts";

/** One route, in the words of ip-route(8) without its verb; `proto` tells ours from others. */
export type RouteText = string;
/** One rule of the policy database, in the words of ip-rule(8) without its verb. */
export type RuleText = string;

export interface Routing {
  readonly routes: readonly RouteText[];
  readonly rules: readonly RuleText[];
  /** The name of the gateway that the default route leads to. */
  readonly active: string | undefined;
}

/** The protocol number that marks the stand-in's routes (`proto` of ip-route(8)); nobody has it in rt_protos. */
export const ROUTE_PROTOCOL = 93;
/** Tables of gateways and groups begin here; their number in the marks is added. */
const FIRST_TABLE = 1000;
const REPLY_PRIORITY = 10_000;
const ROUTE_PRIORITY = 10_300;
const SOURCE_PRIORITY = 10_600;
export const PRIORITIES = { first: 10_000, last: 19_999 } as const;

export function routingOf(
  config: PfConfig,
  interfaces: readonly FilterInterface[],
  gateways: readonly Gateway[],
  marks: Marks,
  states: GatewayStates,
): Routing {
  const routes: RouteText[] = [];
  const chosen = defaultGateways(config, gateways, states);
  if (chosen.length > 0) routes.push(route("default", "main", chosen));
  for (const g of gateways) {
    if (g.monitor?.hasRoute) routes.push(route(`${g.monitor.address}/32`, "main", [{ gateway: g, weight: 1 }]));
  }
  routes.push(...staticRoutes(config, gateways));
  const rules: RuleText[] = [];
  const tableOf = (name: string): number => FIRST_TABLE + marks.gateway(name);
  const targets = [
    ...gateways.map((g) => ({ name: g.name, members: [{ gateway: g, weight: 1 }] })),
    ...config.gateways.groups.map((g) => ({ name: g.name, members: groupMembers(config, gateways, g.name, states) })),
  ];
  for (const { name, members } of targets.filter((t) => t.members.length > 0 && marks.gateway(t.name) > 0)) {
    const number = marks.gateway(name);
    routes.push(route("default", String(tableOf(name)), members));
    rules.push(markRule(REPLY_PRIORITY + number, marks.replyBits(name), REPLY_MASK, tableOf(name)));
    rules.push(markRule(ROUTE_PRIORITY + number, marks.routeBits(name), ROUTE_MASK, tableOf(name)));
  }
  rules.push(...sourceRules(interfaces, gateways, tableOf));
  return { routes, rules, active: chosen[0]?.gateway.name };
}

function route(to: string, table: string, members: readonly { gateway: Gateway; weight: number }[]): RouteText {
  const own = `proto ${ROUTE_PROTOCOL}`;
  const [only] = members;
  if (members.length === 1 && only) {
    return `${to} via ${only.gateway.address} dev ${only.gateway.device} table ${table} ${own}`;
  }
  const hops = members.map((m) => `nexthop via ${m.gateway.address} dev ${m.gateway.device} weight ${m.weight}`);
  return `${to} table ${table} ${own} ${hops.join(" ")}`;
}

const markRule = (priority: number, bits: number, mask: number, table: number): RuleText =>
  `priority ${priority} fwmark ${hex(bits)}/${hex(mask)} lookup ${table}`;

/** `staticroutes/route`: a network or an alias, by a gateway; one that the file disables is not there. */
function staticRoutes(config: PfConfig, gateways: readonly Gateway[]): readonly RouteText[] {
  return config.staticRoutes.flatMap((r) => {
    const gateway = gateways.find((g) => g.name === r.gateway);
    if (r.isDisabled || !gateway) return [];
    const own = parseNetwork(r.network)?.network;
    const networks = own ? [own] : networksOfAlias(config, r.network);
    return networks.filter((n) => n.family === 4).map((n) => route(formatNetwork(n), "main", [{ gateway, weight: 1 }]));
  });
}

const networksOfAlias = (config: PfConfig, name: string): readonly Network[] =>
  (config.aliases.find((a) => a.name === name)?.entries ?? []).flatMap(
    (e) => parseNetwork(e.includes("/") ? e : `${e}/32`)?.network ?? [],
  );

/**
 * What the router itself sends from an address of a WAN leaves by that WAN's gateway (`pass out route-to`, after the
 * interfaces' own rules), but for what a more specific route knows.
 */
function sourceRules(
  interfaces: readonly FilterInterface[],
  gateways: readonly Gateway[],
  tableOf: (name: string) => number,
): readonly RuleText[] {
  let priority = SOURCE_PRIORITY;
  return interfaces.flatMap((i) => {
    const gateway = gateways.find((g) => g.name === i.config?.gateway);
    if (!gateway) return [];
    const held = [i.ip4, ...ownVips(i)].flatMap((h) => (h?.address.family === 4 ? [formatAddress(h.address)] : []));
    return [...new Set(held)].flatMap((address) => [
      `priority ${priority++} from ${address} lookup main suppress_prefixlength 0`,
      `priority ${priority++} from ${address} lookup ${tableOf(gateway.name)}`,
    ]);
  });
}
