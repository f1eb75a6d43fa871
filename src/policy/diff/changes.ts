import { isSame as isSameSet } from "../../core/intervals.ts";
import { parseNetwork, rangeOf } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import {
  describeProduct,
  formatPacket,
  semanticDiff,
  type AddressLabel,
  type Box,
  type DiffRow,
  type Interval,
  type Rule,
} from "../engine/index.ts";
import { serviceNames } from "../labels.ts";
import { makeRanges, without, type Ranges } from "../ranges.ts";
import { spaceOf } from "../space.ts";

/** Flows that fare alike before and alike after. */
export interface FlowChange {
  readonly kind: "starts" | "stops" | "changes";
  /** The ways in where it shows; empty for a difference of tables, which knows them by the sources. */
  readonly at: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly services: readonly string[];
  /** One packet that fares differently. */
  readonly example: string;
  /** Rows or rules that decide it; null is the default, which refuses. */
  readonly before: readonly (string | null)[];
  readonly after: readonly (string | null)[];
}

/** A port forward that is there on one side only. */
export interface ForwardChange {
  readonly kind: "starts" | "stops";
  readonly text: string;
}

export interface PolicyDiff {
  readonly changes: readonly FlowChange[];
  readonly forwards: readonly ForwardChange[];
  /** Regions whose comparison ended without an answer; empty when the difference is complete. */
  readonly undecided: readonly string[];
}

/** True when no packet fares differently, and nothing was left open. */
export const isSame = (diff: PolicyDiff): boolean =>
  diff.changes.length === 0 && diff.forwards.length === 0 && diff.undecided.length === 0;

/** How a difference is put into words. */
export interface Words {
  readonly labels: readonly AddressLabel[];
  /** Sets that have a name as a whole, such as the internet. */
  readonly sets: readonly { readonly name: string; readonly ranges: Ranges }[];
  readonly services: readonly Parameters<typeof serviceNames>[1][];
}

export const wordsOf = (labels: readonly AddressLabel[], plans: readonly Plan[]): Words => ({
  labels,
  sets: plans.flatMap((plan) => {
    const space = spaceOf(plan);
    return [
      { name: "internet", ranges: space.internet },
      // As the rows leave it: the routers' addresses go to section 3, and pfSense drops link-local addresses by itself.
      { name: "internet", ranges: without(space.internet, space.firewall) },
      { name: "internet", ranges: without(space.internet, [...space.firewall, ...LINK_LOCAL]) },
      { name: "firewall", ranges: space.firewall },
    ];
  }),
  services: plans.map((p) => [...p.services.values()]),
});

const LINK_LOCAL: Ranges = [rangeOf(parseNetwork("169.254.0.0/16")!.network)];

/** What stops passing is named by what it was, all else by what it is: an address may have gone to another host. */
export interface BothWords {
  readonly before: Words;
  readonly after: Words;
}

/** The difference of two lists in words, at one way in. */
export function changesOf(
  before: readonly Rule[],
  after: readonly Rule[],
  words: BothWords,
  at: readonly string[],
): PolicyDiff {
  const diff = semanticDiff(before, after);
  const rows = (kind: FlowChange["kind"]): readonly FlowChange[] =>
    diff[kind].map((row) => changeOf(row, kind, kind === "stops" ? words.before : words.after, at));
  return {
    changes: [...rows("starts"), ...rows("stops"), ...rows("changes")],
    forwards: [],
    undecided: diff.undecided.map((box) => `${at.join(", ")}: ${describeBox(box)}`),
  };
}

const describeBox = (box: Box): string =>
  describeProduct({ family: box.family, src: [box.src], dst: [box.dst], services: [box] }, []);

function changeOf(row: DiffRow, kind: FlowChange["kind"], words: Words, at: readonly string[]): FlowChange {
  const candidates = words.services.map((services) => serviceNames(row, services));
  return {
    kind,
    at,
    from: namesOf(row.src, row.family, words),
    to: namesOf(row.dst, row.family, words),
    services: candidates.sort((x, y) => x.join().length - y.join().length)[0] ?? serviceNames(row, []),
    example: formatPacket(row.example),
    before: row.rulesBefore,
    after: row.rulesAfter,
  };
}

/** Names for a set of addresses: as a whole, else piece by piece, else as numbers. */
function namesOf(intervals: readonly Interval[], family: 4 | 6, words: Words): readonly string[] {
  const ranges = makeRanges(intervals.map((i) => ({ family, lo: i.lo, hi: i.hi })));
  const whole = words.sets.find((s) =>
    isSameSet(
      s.ranges.filter((r) => r.family === family),
      ranges,
    ),
  );
  if (whole && ranges.length > 0) return [whole.name];
  const pieces = ranges.map((r) => pieceNames(r, family, words.labels));
  if (pieces.every((p) => p !== undefined)) return pieces.flat();
  // Wide sets with holes read better as "any except", which is said for the set as a whole.
  return textOf(ranges, family, words.labels).split(", ");
}

const textOf = (ranges: Ranges, family: 4 | 6, labels: readonly AddressLabel[]): string =>
  describeProduct({ family, src: ranges, dst: [], services: [] }, labels).split(" -> ")[0] ?? "";

// Neighbouring networks are one interval to the engine; their names are put side by side again.
function pieceNames(range: Interval, family: 4 | 6, labels: readonly AddressLabel[]): readonly string[] | undefined {
  const names: string[] = [];
  for (let at = range.lo; at <= range.hi;) {
    const fitting = labels.filter((l) => l.family === family && l.lo === at && l.hi <= range.hi);
    const widest = fitting.reduce<AddressLabel | undefined>(
      (best, l) => (best && best.hi >= l.hi ? best : l),
      undefined,
    );
    if (!widest) return undefined;
    names.push(widest.name);
    at = widest.hi + 1n;
  }
  return names;
}

/** Puts differences of several ways in together; equal rows are told once, with all their places. */
export function mergeDiffs(diffs: readonly PolicyDiff[]): PolicyDiff {
  const rows = new Map<string, FlowChange>();
  for (const change of diffs.flatMap((d) => d.changes)) {
    const key = JSON.stringify([change.kind, change.from, change.to, change.services, change.before, change.after]);
    const known = rows.get(key);
    rows.set(key, known ? { ...known, at: [...new Set([...known.at, ...change.at])] } : change);
  }
  const order = { starts: 0, stops: 1, changes: 2 } as const;
  return {
    changes: [...rows.values()].sort((x, y) => order[x.kind] - order[y.kind]),
    forwards: diffs.flatMap((d) => d.forwards),
    undecided: [...new Set(diffs.flatMap((d) => d.undecided))],
  };
}
