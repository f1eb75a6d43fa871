import { formatAddress, rangeOf } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import { everything, semanticDiff, type Rule, type SemanticDiff } from "../engine/index.ts";
import { intentOf, type Intent } from "../intent.ts";
import { labelsOf } from "../labels.ts";
import { unite, without } from "../ranges.ts";
import { boxesBetween, clip, SELF, tailsOfTerm } from "../space.ts";
import { changesOf, mergeDiffs, wordsOf, type ForwardChange, type PolicyDiff } from "./changes.ts";

/**
 * What a change of the plan changes for packets: flows that start and that stop passing, in the names of either plan.
 * Re-ordering rows or renaming things without effect gives nothing.
 */
export function diffPlans(before: Plan, after: Plan): PolicyDiff {
  const words = {
    before: wordsOf(labelsOf(before, after), [before, after]),
    after: wordsOf(labelsOf(after, before), [after, before]),
  };
  const [a, b] = [intentOf(before), intentOf(after)];
  const blind: Rule = { id: "inside one zone", action: "block", boxes: [...unseen(a), ...unseen(b)] };
  const listOf = (intent: Intent, ingress: string): readonly Rule[] => [blind, ...intent.listAt(ingress).rules];
  const anyZone = "";
  const arriving = changesOf(listOf(a, anyZone), listOf(b, anyZone), words, []);
  const own = changesOf(ownList(a), ownList(b), words, [SELF]);
  const flows = mergeDiffs([arriving, own]);
  return { ...flows, forwards: forwardChanges(before, after) };
}

/** The same as sets of packets: of what arrives, and of what the routers send themselves. */
export function diffPolicies(
  before: Intent,
  after: Intent,
): { readonly arriving: SemanticDiff; readonly own: SemanticDiff } {
  const blind: Rule = { id: "inside one zone", action: "block", boxes: [...unseen(before), ...unseen(after)] };
  const listOf = (intent: Intent): readonly Rule[] => [blind, ...intent.listAt("").rules];
  return {
    arriving: semanticDiff(listOf(before), listOf(after)),
    own: semanticDiff(ownList(before), ownList(after)),
  };
}

// What a zone says to itself, no router sees; only where both plans agree on it is it left out.
function unseen(intent: Intent): Rule["boxes"] {
  const { plan, firewall } = intent.space;
  return [...plan.zones.values()].flatMap((z) => {
    const hosts = without([rangeOf(z.subnet)], firewall);
    return boxesBetween(hosts, hosts, tailsOfTerm({ protocol: "any" }));
  });
}

// Only the routers' own addresses send here.
function ownList(intent: Intent): readonly Rule[] {
  const { firewall } = intent.space;
  const others = clip(
    everything(),
    without(
      unite([
        { family: 4, lo: 0n, hi: (1n << 32n) - 1n },
        { family: 6, lo: 0n, hi: (1n << 128n) - 1n },
      ]),
      firewall,
    ),
  );
  return [{ id: "not the firewall", action: "block", boxes: others }, ...intent.listAt(SELF).rules];
}

function forwardChanges(before: Plan, after: Plan): readonly ForwardChange[] {
  const textsOf = (plan: Plan): readonly string[] =>
    plan.forwards.flatMap((f) =>
      f.wans.map((wan) => {
        const vip = plan.zones.get(wan)?.vip;
        const host = plan.hosts.get(f.host)?.nics[0];
        const target = host ? ` (${formatAddress(host.address)})` : "";
        return `${f.service} on ${wan}${vip ? ` (${formatAddress(vip.address)})` : ""} -> ${f.host}${target}`;
      }),
    );
  const [old, now] = [textsOf(before), textsOf(after)];
  return [
    ...now.filter((t) => !old.includes(t)).map((text) => ({ kind: "starts", text }) as const),
    ...old.filter((t) => !now.includes(t)).map((text) => ({ kind: "stops", text }) as const),
  ];
}
