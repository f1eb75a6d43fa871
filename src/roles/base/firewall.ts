import { rangeOf, type Address, type Network } from "../../core/ip.ts";
import { addressesOf } from "../../plan/query.ts";
import type { Flow, Host, Plan, Service } from "../../plan/types.ts";
import type { Rule } from "../../policy/engine/index.ts";
import { EVERYWHERE, makeRanges, without, type Ranges } from "../../policy/ranges.ts";
import { boxesBetween, clip, spaceOf, tailsOfService, tailsOfTerm, type PlanSpace } from "../../policy/space.ts";
import { ruleOfFlow } from "../../policy/intent.ts";

/*
 * A host's own firewall, from the same flow table as the routers': what is let in is what some row lets through to the
 * host, plus what no router sees (its own zone). What the host sends is filtered by the routers.
 */

/** One of a first-match list; what none matches is dropped. `id` is a row's, `door` or `neighbours: SERVICE`. */
export interface HostRule extends Rule {
  readonly isLogged: boolean;
}

export interface FirewallFacts {
  /** Services that the host gives to its own zone. */
  readonly neighbours: readonly Service["id"][];
  /** From which its SSH is entered, whatever the table says: the bastion's. */
  readonly doors: readonly Address[];
  /** Networks from which it is entered beside: the operator's, on the bastion. */
  readonly operators: readonly Network[];
}

const SSH = { protocol: "tcp", ports: [{ lo: 22, hi: 22 }] } as const;
const ECHO = { protocol: "icmp", types: [8] } as const;

export const exactly = (addresses: readonly Address[]): Ranges =>
  makeRanges(addresses.map(({ family, value }) => ({ family, lo: value, hi: value })));

/** What the host lets in, by its first packet. */
export function incoming(plan: Plan, host: Host, { doors, operators, neighbours }: FirewallFacts): readonly HostRule[] {
  const space = spaceOf(plan);
  const own = exactly(addressesOf(host));
  // Whatever the table says, the way in for repairs stays: without it a mistake in a row could not be taken back.
  const sources = makeRanges([...exactly(doors), ...operators.map(rangeOf)]);
  const door = letIn("door", boxesBetween(sources, EVERYWHERE, tailsOfTerm(SSH)));
  return [
    door,
    ...fromNeighbours(space, host, own, neighbours),
    ...fromRows(space, (boxes) => clip(boxes, EVERYWHERE, own)),
  ];
}

/** What a gateway passes on: what rows say of its pools, and nothing else. Undefined for a host that is no gateway. */
export function passedOn(plan: Plan, host: Host): readonly HostRule[] | undefined {
  const pools = [...plan.pools.values()].filter((p) => p.via === host.id).map((p) => rangeOf(p.network));
  if (pools.length === 0) return undefined;
  const behind = makeRanges(pools);
  return fromRows(spaceOf(plan), (boxes) => [
    ...clip(boxes, behind),
    ...clip(boxes, without(EVERYWHERE, behind), behind),
  ]);
}

const letIn = (id: string, boxes: Rule["boxes"]): HostRule => ({ id, action: "pass", boxes, isLogged: false });

/** The host's own zone, without the routers: what they may reach is rows of the table. */
function fromNeighbours(
  space: PlanSpace,
  host: Host,
  own: Ranges,
  services: readonly Service["id"][],
): readonly HostRule[] {
  const zones = host.nics.map((nic) => rangeOf(space.plan.zones.get(nic.zone)!.subnet));
  const near = without(makeRanges(zones), space.firewall);
  const echoes = boxesBetween(
    near.filter((r) => r.family === 4),
    EVERYWHERE,
    tailsOfTerm(ECHO),
  );
  return [
    letIn("neighbours: echo", echoes),
    ...services.map((id) =>
      letIn(`neighbours: ${id}`, boxesBetween(near, own, tailsOfService(space.plan.services.get(id)))),
    ),
  ];
}

const fromRows = (space: PlanSpace, part: (boxes: Rule["boxes"]) => Rule["boxes"]): readonly HostRule[] =>
  space.plan.flows.map((flow: Flow) => {
    const rule = ruleOfFlow(space, flow);
    return { ...rule, boxes: part(rule.boxes), isLogged: flow.isLogged };
  });
