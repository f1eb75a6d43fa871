import { formatAddress } from "../../core/ip.ts";
import { addressesOf, routersOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { PfConfig } from "../model/config.ts";
import { rulesOf } from "../rules/ruleset.ts";
import { waysOf } from "./ways.ts";

/** What the numbers of a router's filter log mean in the plan. */
export interface LogNames {
  /** By tracker: the row, null where pfSense or the plan as a whole has the rule, and the rule's description. */
  readonly rules: Readonly<Record<string, readonly [row: string | null, rule: string]>>;
  /** The kernel's interfaces by router: their zones. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Hosts, shared addresses of zones and what routers have in each, by address. */
  readonly addresses: Readonly<Record<string, string>>;
  /** `tcp/443` → `https`; only what one service alone means. */
  readonly services: Readonly<Record<string, string>>;
}

/** @param configs by router id, as the plan renders them: trackers are made from rows' names, so older lines keep theirs */
export function logNames(plan: Plan, configs: ReadonlyMap<string, PfConfig>): LogNames {
  const rules: Record<string, readonly [string | null, string]> = {};
  const devices: Record<string, Record<string, string>> = {};
  const addresses: Record<string, string> = {};
  const flows = new Set(plan.flows.map((f) => f.id));
  for (const router of routersOf(plan)) {
    for (const nic of router.nics) addresses[formatAddress(nic.address)] = `${router.id}@${nic.zone}`;
    const config = configs.get(router.id);
    if (config === undefined) continue;
    const ruleset = rulesOf(config);
    for (const rule of ruleset.rules) {
      if (rule.tracker === undefined) continue;
      const [first] = rule.description.split(" ");
      const row = rule.by === "user" && first !== undefined && flows.has(first) ? first : null;
      rules[rule.tracker] = [row, rule.by === "user" ? rule.description : rule.id];
    }
    const { keyOf } = waysOf(plan, router, ruleset);
    devices[router.id] = Object.fromEntries(
      [...keyOf].flatMap(([zone, key]) => {
        const device = ruleset.interfaces.find((i) => i.key === key)?.device;
        return device === undefined ? [] : [[device, zone]];
      }),
    );
  }
  for (const zone of plan.zones.values())
    if (zone.vip) addresses[formatAddress(zone.vip.address)] = `routers@${zone.id}`;
  for (const host of plan.hosts.values())
    if (host.role !== "router") for (const address of addressesOf(host)) addresses[formatAddress(address)] = host.id;
  return { rules, devices, addresses, services: servicesOf(plan) };
}

function servicesOf(plan: Plan): Record<string, string> {
  const named = new Map<string, string | null>();
  for (const service of plan.services.values())
    for (const term of service.terms) {
      if (!("ports" in term)) continue;
      for (const { lo, hi } of term.ports) {
        if (lo !== hi) continue;
        const key = `${term.protocol}/${lo}`;
        named.set(key, named.has(key) && named.get(key) !== service.id ? null : service.id);
      }
    }
  return Object.fromEntries([...named].filter((entry): entry is [string, string] => entry[1] !== null));
}
