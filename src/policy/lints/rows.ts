import { formatNetwork, networksOverlap, parseNetwork, rangeOf, type Network } from "../../core/ip.ts";
import type { Endpoint, Flow, ServiceTerm } from "../../plan/types.ts";
import { isWithin, meetOf, without, type Ranges } from "../ranges.ts";
import { boxesBetween, isFirewall, rangesOf, SELF, tailsOf, type PlanSpace } from "../space.ts";
import { ofFlow, type Lint } from "./lint.ts";

const isWide = (end: Endpoint): boolean => end.kind === "any" || (end.kind === "network" && end.network.prefix === 0);

const termsOf = (space: PlanSpace, flow: Flow): readonly ServiceTerm[] =>
  flow.services.flatMap((id) => space.plan.services.get(id)?.terms ?? []);

/** Rows that allow more than a firewall is for. */
export const wideRows: Lint = function* (context) {
  const { space } = context.intent;
  for (const flow of space.plan.flows) {
    if (flow.action !== "allow") continue;
    const terms = termsOf(space, flow);
    const isAnyService = terms.some((t) => t.protocol === "any");
    if (flow.from.some(isWide) && flow.to.some(isWide)) {
      yield ofFlow(
        context,
        "POLICY_ANY_ANY",
        flow,
        "allows anything to anything",
        "Name the zones or hosts that need it",
      );
    } else if (isAnyService) {
      yield ofFlow(
        context,
        "POLICY_ANY_SERVICE",
        flow,
        "allows every protocol",
        "Name the services that are needed",
        "services",
      );
    }
    const open = terms.find((t) => "ports" in t && t.ports.some((p) => p.lo <= 1 && p.hi === 65535));
    if (open && !isAnyService) {
      const fact = `allows every port of ${open.protocol}`;
      yield ofFlow(context, "POLICY_ANY_PORT", flow, fact, "Name the ports that are needed", "services");
    }
  }
};

const PRIVATE: readonly Network[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map(
  (text) => parseNetwork(text)!.network,
);

/** Literal networks: a supernet that swallows zones, or private addresses that the plan knows nothing of. */
export const literalNetworks: Lint = function* (context) {
  const { plan } = context.intent.space;
  const places = [
    ...[...plan.zones.values()].map((z) => ({ name: z.id, network: z.subnet })),
    ...[...plan.pools.values()].map((p) => ({ name: p.id, network: p.network })),
  ];
  for (const flow of plan.flows) {
    for (const [key, ends] of [
      ["from", flow.from],
      ["to", flow.to],
    ] as const) {
      for (const end of ends) {
        if (end.kind !== "network" || end.network.prefix === 0) continue;
        const { network } = end;
        const met = places.filter((p) => networksOverlap(p.network, network));
        const home = met.find((p) => p.network.prefix <= network.prefix);
        if (!home && met.length > 0) {
          const fact = `names ${formatNetwork(network)}, which swallows ${met.map((m) => m.name).join(", ")}`;
          yield ofFlow(
            context,
            "POLICY_SUPERNET",
            flow,
            fact,
            "Name the zones that are meant, so that a new one is not let in unseen",
            key,
          );
        } else if (!home && PRIVATE.some((p) => networksOverlap(p, network))) {
          const fact = `names ${formatNetwork(network)}, which is in no zone and no pool`;
          yield ofFlow(context, "POLICY_OUTSIDE_PLAN", flow, fact, "Declare it in addressing.yaml, or correct it", key);
        }
      }
    }
  }
};

/** Rows about packets that no router sees: they look like protection and are none. */
export const unenforceableRows: Lint = function* (context) {
  const { space } = context.intent;
  for (const flow of space.plan.flows) {
    const seen = flow.from.flatMap((from) =>
      flow.to.map((to) => ({ from, to, isSeen: isSeen(space, from, to, flow) })),
    );
    if (seen.length === 0) continue;
    if (seen.every((pair) => !pair.isSeen)) {
      const fact = "matches nothing that a router sees: source and destination are in one place";
      yield ofFlow(
        context,
        "POLICY_UNENFORCEABLE",
        flow,
        fact,
        "Remove it; what stays inside a zone is the hosts' own firewall's work",
      );
      continue;
    }
    const blind = seen.find((pair) => !pair.isSeen);
    if (!blind) continue;
    const fact = `pairs ${nameOf(blind.from)} with ${nameOf(blind.to)}, between which no router stands`;
    yield ofFlow(
      context,
      "POLICY_PARTLY_UNENFORCEABLE",
      flow,
      fact,
      "Split the row, so that what it names is what it does",
    );
  }
};

function isSeen(space: PlanSpace, from: Endpoint, to: Endpoint, flow: Flow): boolean {
  const source = rangesOf(space, [from]);
  const target = rangesOf(space, [to]);
  if (boxesBetween(source, target, tailsOf(space, flow.services)).length === 0) return true;
  if (isFirewall(space, from) || isFirewall(space, to)) return true;
  // A network that holds a router's address is no zone's hosts alone.
  if ([from, to].some((end) => end.kind === "network" && meetOf(rangesOf(space, [end]), space.firewall).length > 0))
    return true;
  return space.ingresses.some((i) => {
    if (i.id === SELF) return false;
    const entering = meetOf(source, i.enters);
    if (entering.length === 0) return false;
    const zone = space.plan.zones.get(i.id);
    const near: Ranges = zone ? [rangeOf(zone.subnet)] : [];
    // On a WAN sources and destinations beyond the operators meet each other out there.
    const beyond = i.kind === "wan" && isWithin(target, space.internet) && !isWide(to);
    return !beyond && without(target, near).length > 0;
  });
}

function nameOf(end: Endpoint): string {
  switch (end.kind) {
    case "zone":
      return `zone ${end.zone}`;
    case "host":
      return end.host;
    case "pool":
      return end.pool;
    case "network":
      return formatNetwork(end.network);
    default:
      return end.kind;
  }
}

const EMPTY_WORDS = /^(todo|tbd|fixme|xxx|test|temp(oraire)?|à (faire|compléter)|a definir|à définir|\W*)$/i;

/** Descriptions that an auditor cannot use. The schema asks for one, and for an owner and a waiver's expiry. */
export const emptyDescriptions: Lint = function* (context) {
  for (const flow of context.intent.space.plan.flows) {
    const text = flow.description.trim();
    const letters = text.replace(/[^\p{L}]/gu, "").length;
    if (letters >= 3 && !EMPTY_WORDS.test(text) && text !== flow.id) continue;
    yield ofFlow(context, "POLICY_DESCRIPTION", flow, `is described as "${text}"`, "Say what it is for", "description");
  }
};
