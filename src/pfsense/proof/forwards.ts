import { formatAddress } from "../../core/ip.ts";
import {
  compile,
  everything,
  formatPacket,
  holds,
  never,
  type Box,
  type Meter,
  type Rule,
} from "../../policy/engine/index.ts";
import type { Forward } from "../../plan/types.ts";
import { rangesOf, boxesBetween, sanePart, tailsOf, type PlanSpace } from "../../policy/space.ts";
import { redirectsOn } from "./effective.ts";
import type { ForwardProof } from "./types.ts";
import type { Ways } from "./ways.ts";

/**
 * The port forwards of the plan beside the redirects of a file: what comes to the VIP of a WAN reaches the host on the
 * same port; and nothing is redirected that the plan does not forward.
 */
export function proveForwards(space: PlanSpace, ways: Ways, meter: Meter): readonly ForwardProof[] {
  const planned = space.plan.forwards.flatMap((f) => f.wans.flatMap((wan) => proveForward(space, ways, f, wan, meter)));
  return [...planned, ...unplanned(space, ways, meter)];
}

function comingTo(space: PlanSpace, f: Forward, wan: string): readonly Box[] {
  const vip = space.plan.zones.get(wan)?.vip;
  const ingress = space.ingresses.find((i) => i.id === wan);
  if (!vip || !ingress) return [];
  const to = [{ family: vip.address.family, lo: vip.address.value, hi: vip.address.value }];
  return sanePart(space, ingress, boxesBetween(ingress.enters, to, tailsOf(space, [f.service])));
}

function proveForward(space: PlanSpace, ways: Ways, f: Forward, wan: string, meter: Meter): readonly ForwardProof[] {
  const key = ways.keyOf.get(wan);
  const host = space.plan.hosts.get(f.host);
  const target = host?.nics[0]?.address;
  if (key === undefined || !target) return [];
  const redirects = redirectsOn(ways.ruleset, key);
  const leadsThere = (r: (typeof redirects)[number]): boolean =>
    !r.isNo &&
    r.target.kind === "address" &&
    r.target.address.family === target.family &&
    r.target.address.value === target.value &&
    (r.port === undefined || (r.port.from === r.port.to && r.port.count >= 1));
  const rules = redirects.map((r): Rule => ({ id: r.id, action: leadsThere(r) ? "pass" : "block", boxes: r.boxes }));
  const verdict = holds(comingTo(space, f, wan), compile(rules), { meter });
  const where = { id: f.id, router: ways.router.id, wan, rules: redirects.filter(leadsThere).map((r) => r.id) };
  const to = `${f.host} (${formatAddress(target)})`;
  if (verdict.kind !== "refuted")
    return [{ ...where, verdict: verdict.kind, fact: `${f.service} on the VIP of ${wan} reaches ${to}` }];
  return [{ ...where, verdict: "refuted", fact: `${formatPacket(verdict.witness)} on ${wan} does not reach ${to}` }];
}

function unplanned(space: PlanSpace, ways: Ways, meter: Meter): readonly ForwardProof[] {
  return [...ways.keyOf].flatMap(([zone, key]): readonly ForwardProof[] => {
    const redirects = redirectsOn(ways.ruleset, key);
    if (redirects.length === 0) return [];
    const vip = space.plan.zones.get(zone)?.vip?.address;
    const forwards = space.plan.forwards.filter((f) => f.wans.includes(zone));
    const to = vip ? [{ family: vip.family, lo: vip.value, hi: vip.value }] : [];
    const planned = boxesBetween(
      rangesOf(space, [{ kind: "any" }]),
      to,
      tailsOf(
        space,
        forwards.map((f) => f.service),
      ),
    );
    const list: Rule[] = [
      { id: "planned", action: "block", boxes: planned },
      ...redirects.map((r): Rule => ({ id: r.id, action: r.isNo ? "block" : "pass", boxes: r.mayBoxes ?? r.boxes })),
    ];
    const verdict = never(everything(), compile(list), ["pass"], { meter });
    if (verdict.kind === "proven") return [];
    const where = {
      id: zone,
      router: ways.router.id,
      wan: zone,
      rules: redirects.map((r) => r.id),
      verdict: verdict.kind,
    };
    const what =
      verdict.kind === "refuted" ? `${formatPacket(verdict.witness)} is redirected` : "redirects are undecided";
    return [{ ...where, fact: `${what} on ${zone}, and no forward of the plan says so` }];
  });
}
