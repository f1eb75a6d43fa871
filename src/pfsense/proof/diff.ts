import { formatAddress } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import {
  changesOf,
  mergeDiffs,
  wordsOf,
  type FlowChange,
  type ForwardChange,
  type PolicyDiff,
} from "../../policy/diff/index.ts";
import { everything, type AddressLabel, type Rule } from "../../policy/engine/index.ts";
import { labelsOf } from "../../policy/labels.ts";
import { EVERYWHERE, without } from "../../policy/ranges.ts";
import { clip, SELF } from "../../policy/space.ts";
import type { PfConfig } from "../model/config.ts";
import type { Bound } from "../rules/flatten.ts";
import type { Redirect } from "../rules/nat-types.ts";
import { rulesOf } from "../rules/ruleset.ts";
import { denialsOf, effectiveAt, settleTags } from "./effective.ts";
import { waysOfFile, type Ways } from "./ways.ts";

/**
 * What changes for packets between two files of one router: each way in on its own, from the filter on the way in to the
 * filter on the way out. Interfaces are matched by key, named by their description.
 * @param plans whose names to use; without them the files' own interface names
 */
export function diffConfigs(before: PfConfig, after: PfConfig, plans: readonly Plan[] = []): PolicyDiff {
  const [a, b] = [settledWays(before), settledWays(after)];
  const words = {
    before: wordsOf([...labelsOf(...plans), ...labelsOfFile(a), ...labelsOfFile(b)], plans),
    after: wordsOf([...labelsOf(...plans), ...labelsOfFile(b), ...labelsOfFile(a)], plans),
  };
  const names = [...new Set([...a.keyOf.keys(), ...b.keyOf.keys()])];
  const exitOf = (ways: Ways): string | undefined => ways.wans[0];
  const changes = (bound: Bound): readonly PolicyDiff[] => {
    const [refusedBefore, refusedAfter] = [denialsOf(a, exitOf(a), bound), denialsOf(b, exitOf(b), bound)];
    return [...names, SELF].map((name) => {
      const old = effectiveAt(a, name, refusedBefore, bound)?.rules ?? [];
      const now = effectiveAt(b, name, refusedAfter, bound)?.rules ?? [];
      return changesOf(ownOnly(old, a, name), ownOnly(now, b, name), words, [name]);
    });
  };
  const merged = mergeDiffs(changes("certain"));
  const isOpen = [a, b].some((w) => w.ruleset.rules.some((r) => r.mayBoxes));
  const open = isOpen ? (["most", "least"] as const).flatMap((bound) => mergeDiffs(changes(bound)).changes) : [];
  return {
    ...merged,
    undecided: [...merged.undecided, ...openChanges(open, merged), ...otherDoubts([before, a], [after, b])],
    forwards: forwardChanges(a, b),
  };
}

/** What changes only if rules match that hang on what the files do not hold: the hour, a name, an address by DHCP. */
function openChanges(open: readonly FlowChange[], sure: PolicyDiff): readonly string[] {
  const key = (c: FlowChange): string => JSON.stringify([c.at, c.from, c.to, c.services]);
  const known = new Set(sure.changes.map(key));
  const left = open.filter((c) => !known.has(key(c)));
  const text = (c: FlowChange): string => {
    const rules = [...c.before, ...c.after].filter((id) => id !== null);
    return `${c.at.join(", ")}: ${c.example} may fare otherwise: ${[...new Set(rules)].join(", ")} hang on what the files do not hold`;
  };
  return [...new Set(left.map(text))];
}

type Read = readonly [PfConfig, Ways];

/** What rules hang on in one file and not in the other: another name to look up, other hours. */
function otherDoubts(before: Read, after: Read): readonly string[] {
  const doubts = ([config, { ruleset }]: Read): readonly string[] => {
    const hours = new Map(config.schedules.map((s) => [`schedule ${s.name}`, `: ${JSON.stringify(s.ranges)}`]));
    const all = ruleset.rules.filter((r) => r.by === "user").flatMap((r) => r.uncertain);
    return all.map((what) => `${what}${hours.get(what) ?? ""}`);
  };
  const [old, now] = [new Set(doubts(before)), new Set(doubts(after))];
  return [
    ...[...old].filter((what) => !now.has(what)).map((what) => `only before, rules hang on ${what}`),
    ...[...now].filter((what) => !old.has(what)).map((what) => `only after, rules hang on ${what}`),
  ];
}

const settledWays = (config: PfConfig): Ways => waysOfFile(settleTags(rulesOf(config)));

function ownOnly(rules: readonly Rule[], ways: Ways, name: string): readonly Rule[] {
  if (name !== SELF) return rules;
  const others = clip(everything(), without(EVERYWHERE, ways.own));
  return [{ id: "not the firewall", action: "block", boxes: others }, ...rules];
}

const labelsOfFile = (ways: Ways): readonly AddressLabel[] =>
  ways.regions.flatMap((region) => {
    const name = [...ways.keyOf].find(([, key]) => key === region.key)?.[0];
    return name === undefined || region.to.length !== 1 ? [] : [{ name, ...region.to[0]! }];
  });

function forwardChanges(a: Ways, b: Ways): readonly ForwardChange[] {
  const textOf = (r: Redirect): string => {
    const target = r.target.kind === "address" ? formatAddress(r.target.address) : r.target.kind;
    const box = r.boxes[0];
    const to = box ? formatAddress({ family: box.family, value: box.dst.lo }) : "nothing";
    const port = box ? `${box.slice} ${box.b.lo}${box.b.hi > box.b.lo ? `-${box.b.hi}` : ""}` : "";
    return `${port} on ${r.interfaces.join(", ")} (${to}) -> ${target}${r.port ? ` port ${r.port.to}` : ""}${r.isNo ? " (exempt)" : ""}`;
  };
  const [old, now] = [a.ruleset.nat.redirects.map(textOf), b.ruleset.nat.redirects.map(textOf)];
  return [
    ...now.filter((t) => !old.includes(t)).map((text) => ({ kind: "starts", text }) as const),
    ...old.filter((t) => !now.includes(t)).map((text) => ({ kind: "stops", text }) as const),
  ];
}
