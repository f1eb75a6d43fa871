import type { Plan } from "../../../src/plan/index.ts";
import { diffConfigs } from "../../../src/pfsense/proof/diff.ts";
import { proveRouters, type Proof } from "../../../src/pfsense/proof/index.ts";
import type { Endpoint } from "../../../src/pfsense/model/base.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import type { PfFilterRule } from "../../../src/pfsense/model/filter.ts";
import { intentOf } from "../../../src/policy/intent.ts";
import { isSame } from "../../../src/policy/diff/index.ts";

/** One wrong step that a person could make in a file. */
export interface Mutation {
  readonly name: string;
  readonly config: PfConfig;
}

const ANY: Endpoint = {
  isAny: true,
  network: undefined,
  address: undefined,
  port: undefined,
  hasPortText: false,
  isNot: false,
  isText: false,
};

const withRules = (config: PfConfig, rules: readonly PfFilterRule[]): PfConfig => ({
  ...config,
  filter: { ...config.filter, rules },
});

/** For each rule: deleted, swapped with the next, source or destination widened, ports widened, action flipped. */
export function mutationsOf(config: PfConfig): readonly Mutation[] {
  const { rules } = config.filter;
  return rules.flatMap((rule, i): readonly Mutation[] => {
    if (rule.type === "match") return [];
    const what = `${rule.tracker ?? i} (${rule.description ?? ""})`;
    const change = (name: string, put: readonly PfFilterRule[], count = 1): Mutation => ({
      name: `${name} ${what}`,
      config: withRules(config, [...rules.slice(0, i), ...put, ...rules.slice(i + count)]),
    });
    const next = rules[i + 1];
    const widened = (side: "source" | "destination"): readonly Mutation[] =>
      rule[side].isAny
        ? []
        : [
            change(`widen ${side} of`, [
              { ...rule, [side]: { ...ANY, port: rule[side].port, hasPortText: rule[side].hasPortText } },
            ]),
          ];
    const ports: readonly Mutation[] =
      rule.destination.port === undefined
        ? []
        : [
            change("widen ports of", [
              { ...rule, destination: { ...rule.destination, port: undefined, hasPortText: false } },
            ]),
          ];
    const flipped = rule.type === "pass" ? "block" : "pass";
    return [
      change("delete", []),
      ...(next ? [change("swap with its neighbour", [next, rule], 2)] : []),
      ...widened("source"),
      ...widened("destination"),
      ...ports,
      change("flip", [{ ...rule, type: flipped }]),
    ];
  });
}

/** `caught` with a witness or a wrong log, `equivalent` when no packet fares differently, or `missed`. */
export function judge(
  plan: Plan,
  router: string,
  before: PfConfig,
  mutation: Mutation,
): "caught" | "equivalent" | "missed" {
  const intent = intents.get(plan) ?? intentOf(plan);
  intents.set(plan, intent);
  const proof = proveRouters(plan, new Map([[router, mutation.config]]), { intent });
  if (hasWitness(proof)) return "caught";
  return isSame(diffConfigs(before, mutation.config)) ? "equivalent" : "missed";
}

const intents = new WeakMap<Plan, ReturnType<typeof intentOf>>();

const hasWitness = (proof: Proof): boolean =>
  proof.excess.length > 0 ||
  proof.rows.some((r) => r.witnesses.length > 0) ||
  proof.invariants.some((i) => i.witnesses.length > 0);
