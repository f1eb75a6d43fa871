import { rangeOf } from "../core/ip.ts";
import { isRoutersName } from "../plan/query.ts";
import type { Endpoint, Invariant, Plan } from "../plan/types.ts";
import { always, meets, subtractAll, type Box, type CompiledRules, type Meter, type Verdict } from "./engine/index.ts";
import { meetOf, unite, without, type Ranges } from "./ranges.ts";
import type { Intent } from "./intent.ts";
import {
  boxesBetween,
  clip,
  HOSTS_ANYWHERE,
  rangesOf,
  sanePart,
  SELF,
  tailsOf,
  type Ingress,
  type PlanSpace,
} from "./space.ts";

/** What an invariant says about one way in: the packets, without those that its exceptions allow. */
export interface Claim {
  readonly invariant: Invariant;
  readonly ingress: string;
  readonly boxes: readonly Box[];
  /** Packets of `boxes` that the named rows allow. */
  readonly excepted: readonly Box[];
}

/**
 * An invariant at each ingress that its sources enter by. What no router sees is left out: a zone's traffic with itself,
 * and sources that cannot come in there (whether a spoofed source passes is asked by the proof, for every source).
 */
export function claimsOf(intent: Intent, invariant: Invariant): readonly Claim[] {
  const { space } = intent;
  const to = targetsOf(space, invariant.to);
  const tails = tailsOf(space, invariant.services);
  return space.ingresses.flatMap((ingress): readonly Claim[] => {
    const from = meetOf(sourcesAt(space, ingress, invariant.from), ingress.enters);
    const all = boxesBetween(from, without(to, withinReach(space, ingress)), tails);
    const boxes = invariant.kind === "always" ? sanePart(space, ingress, all) : all;
    if (boxes.length === 0) return [];
    const shares = intent.shares.get(ingress.id) ?? [];
    const excepted = shares.filter((s) => invariant.except.includes(s.flow.id)).flatMap((s) => s.may);
    return [{ invariant, ingress: ingress.id, boxes, excepted }];
  });
}

// The routers speak for themselves only where an invariant names them: their legs lie in every zone, and their
// addresses on the WANs are part of the internet.
function sourcesAt(space: PlanSpace, ingress: Ingress, ends: readonly Endpoint[]): Ranges {
  const { plan } = space;
  const isRouters = (end: Endpoint): boolean =>
    end.kind === "firewall" || end.kind === "any" || isRoutersName(plan, end);
  if (ingress.id === SELF) return rangesOf(space, ends.filter(isRouters));
  const from = rangesOf(space, ends);
  return ingress.kind === "sync" ? from : without(from, space.firewall);
}

// A zone as a destination is its hosts: the routers' own addresses in it are the routers', as in the flow table, where the
// rows about them come first.
function targetsOf(space: PlanSpace, ends: readonly Endpoint[]): Ranges {
  const to = rangesOf(space, ends);
  const isNamed = ends.some((end) => end.kind === "firewall" || end.kind === "any" || end.kind === "network");
  const routers = ends.filter((end) => isRoutersName(space.plan, end));
  return isNamed ? to : unite(without(to, space.firewall), rangesOf(space, routers));
}

const withinReach = ({ plan, firewall }: PlanSpace, ingress: Ingress): Ranges => {
  const zone = plan.zones.get(ingress.id);
  return zone ? without([rangeOf(zone.subnet)], firewall) : [];
};

/** Asks a claim of a first-match list: the table's, or what a router really does at that ingress. */
export function judgeClaim(claim: Claim, compiled: CompiledRules, meter: Meter): Verdict {
  if (claim.invariant.kind === "always") return always(claim.boxes, compiled, ["pass"], { meter });
  const boxes = subtractAll(claim.boxes, claim.excepted);
  const verdict = always(boxes, compiled, ["block", "reject"], { meter });
  if (verdict.kind !== "refuted") return verdict;
  // A packet between addresses that hosts have says more than one from 0.0.0.1, where there is one.
  const real = always(clip(boxes, HOSTS_ANYWHERE, HOSTS_ANYWHERE), compiled, ["block", "reject"], { meter });
  return real.kind === "refuted" ? real : verdict;
}

/** Exceptions of an invariant that let nothing through which it forbids, at any ingress. */
export function idleExceptions(intent: Intent, plan: Plan, invariant: Invariant): readonly string[] {
  if (invariant.kind !== "never") return [];
  const claims = claimsOf(intent, invariant);
  return invariant.except.filter((id) => {
    const flow = plan.flows.find((f) => f.id === id);
    return !claims.some((claim) => {
      const share = intent.shares.get(claim.ingress)?.find((s) => s.flow === flow);
      return share !== undefined && claim.boxes.some((box) => share.may.some((may) => meets(box, may)));
    });
  });
}
