import { availableParallelism, loadavg } from "node:os";
import { makeDecider } from "../../src/policy/engine/decider.ts";
import { everything } from "../../src/policy/engine/boxes.ts";
import { compile } from "../../src/policy/engine/compile.ts";
import { equivalent, semanticDiff } from "../../src/policy/engine/diff.ts";
import { excess, holds, never } from "../../src/policy/engine/questions.ts";
import { findRedundant } from "../../src/policy/engine/redundant.ts";
import { findShadows } from "../../src/policy/engine/shadows.ts";
import type { Packet, Rule } from "../../src/policy/engine/types.ts";
import { comparePeer } from "./aerleon.ts";
import { makeRandom, makeRules, type Family } from "./classbench.ts";
import { makeLab } from "./lab.ts";
import { plant } from "./planted.ts";
import { makeTangle } from "./tangled.ts";
import { cold, proofs, type Spent } from "./whole-lab.ts";

/*
 * npm run bench policy -- [--quick] [--no-peer] [--tangle]
 * Times are medians on one thread, after one run that is not counted; see README.md beside this file.
 */

const isQuick = process.argv.includes("--quick");

function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[sorted.length >> 1]!;
}

/** `ms` is time on the wall, `cpu` what the process used of it: they part when the machine is shared. */
function timed<T>(runs: number, work: () => T): { ms: number; cpu: number; value: T } {
  let value = work();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    const before = process.cpuUsage();
    value = work();
    const used = process.cpuUsage(before);
    return { ms: performance.now() - start, cpu: (used.user + used.system) / 1000 };
  });
  return { ms: median(times.map((t) => t.ms)), cpu: median(times.map((t) => t.cpu)), value };
}

const row = (...cells: readonly (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);
const head = (title: string, ...cells: readonly string[]): void => {
  console.log(`\n### ${title}\n`);
  row(...cells);
  row(...cells.map(() => "---"));
};

function analyse(rules: readonly Rule[]): { union: number; shadows: number; redundant: number; undecided: number } {
  const compiled = compile(rules);
  const shadows = findShadows(compiled);
  const redundant = findRedundant(compiled, { shadows });
  return {
    shadows: shadows.shadows.length,
    union: shadows.shadows.filter((s) => s.cover.length > 1).length,
    redundant: redundant.redundant.length,
    undecided: new Set([...shadows.undecided, ...redundant.undecided]).size,
  };
}

function reportSet(name: string, rules: readonly Rule[], runs: number): void {
  const { ms, cpu, value } = timed(runs, () => analyse(rules));
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  row(
    name,
    rules.length,
    ms.toFixed(0),
    cpu.toFixed(0),
    value.shadows,
    value.union,
    value.redundant,
    value.undecided,
    memory,
  );
}

const SET_HEAD = [
  "set",
  "rules",
  "ms",
  "CPU ms",
  "shadowed",
  "of these by unions",
  "redundant",
  "undecided",
  "RSS MiB",
] as const;

function sets(): void {
  head("Compile, shadows and redundant rules", ...SET_HEAD);
  const families: readonly Family[] = ["acl1", "ipc1", "fw1", "fw4"];
  for (const [count, runs] of isQuick
    ? [[1000, 5]]
    : [
        [1000, 9],
        [10_000, 5],
        [100_000, 3],
      ]) {
    for (const family of families) reportSet(family, makeRules(family, count!), runs!);
  }
  head("The same rules in random order: most are shadowed", ...SET_HEAD);
  for (const [count, runs] of isQuick
    ? [[1000, 5]]
    : [
        [1000, 9],
        [10_000, 3],
      ]) {
    for (const family of families) reportSet(family, shuffled(makeRules(family, count!)), runs!);
  }
}

function shuffled(rules: readonly Rule[]): readonly Rule[] {
  const random = makeRandom(3);
  return rules
    .map((rule) => ({ rule, at: random() }))
    .sort((x, y) => x.at - y.at)
    .map(({ rule }) => rule);
}

function tangles(): void {
  head("A tangle of random ranges in all fields (no such list exists)", ...SET_HEAD);
  for (const count of isQuick ? [300] : [1000, 3000, 10_000]) reportSet("tangle", makeTangle(count), 1);
}

function labProofs(): number {
  const [a, b] = [makeLab("a"), makeLab("b")];
  let proofs = 0;
  for (const router of [a, b]) {
    for (const { rules, rows } of router.lists) {
      const compiled = compile(rules);
      for (const boxes of rows) proofs += holds(boxes, compiled).kind === "proven" ? 1 : 0;
      proofs += excess(rules, rows.flat()).kind === "proven" ? 1 : 0;
      proofs += never(everything(6), compiled).kind === "proven" ? 1 : 0;
      findRedundant(compiled, { shadows: findShadows(compiled) });
    }
  }
  a.lists.forEach((list, k) => (proofs += equivalent(list.rules, b.lists[k]!.rules).kind === "proven" ? 1 : 0));
  return proofs;
}

async function wholeLab(): Promise<void> {
  head("stacks/lab: both routers, the whole proof, from parsed config.xml to verdict", "", "ms", "CPU ms", "verdict");
  const show = (name: string, spent: readonly Spent[]): void =>
    row(
      name,
      median(spent.map((s) => s.ms)).toFixed(0),
      median(spent.map((s) => s.cpu)).toFixed(0),
      [...new Set(spent.map((s) => s.verdict))].join(),
    );
  show("first of a process", cold(isQuick ? 3 : 9));
  show("later ones", (await proofs(isQuick ? 10 : 30)).slice(5));
}

function lab(): void {
  const start = performance.now();
  labProofs();
  const first = performance.now() - start;
  const { ms, value } = timed(9, labProofs);
  head(
    "A stand-in for the lab: 2 routers x 8 interfaces, 150 rows",
    "ms, first in the process",
    "ms, median",
    "proofs",
  );
  row(first.toFixed(0), ms.toFixed(1), value);
  const a = makeLab("a");
  const edited = a.lists.map(({ rules }) => rules.toSpliced(5, 1));
  const diff = timed(9, () => a.lists.map((list, k) => semanticDiff(list.rules, edited[k]!).stops.length));
  head("Semantic difference: one row gone from each of 8 lists", "ms", "rows");
  row(
    diff.ms.toFixed(1),
    diff.value.reduce((x, y) => x + y, 0),
  );
}

function deciding(): void {
  const rules = makeRules("fw1", 150);
  const decide = makeDecider(rules);
  const random = makeRandom(9);
  const address = (): bigint => BigInt(Math.floor(random() * 2 ** 32));
  const port = (): bigint => BigInt(Math.floor(random() * 65536));
  const packets = Array.from({ length: 200_000 }, (): Packet => {
    const aim = rules[Math.floor(random() * rules.length)]!.boxes[0]!;
    return {
      family: 4,
      slice: "tcp",
      src: random() < 0.5 ? aim.src.lo : address(),
      dst: aim.dst.hi,
      a: port(),
      b: port(),
    };
  });
  const { ms } = timed(5, () => packets.reduce((n, p) => n + (decide(p).action === "pass" ? 1 : 0), 0));
  head("The batch decider, 150 rules", "packets/s");
  row(Math.round((packets.length / ms) * 1000));
}

function planted(): void {
  head(
    "Planted shadows: 20 contained in one rule, 20 covered by two together",
    "set",
    "rules",
    "tool",
    "ms",
    "contained found",
    "unions found",
  );
  for (const family of ["acl1", "fw1"] as const) {
    for (const count of isQuick ? [150] : [150, 1000]) {
      const { rules, contained, united } = plant(makeRules(family, count), 20);
      const ours = timed(5, () => new Set(findShadows(compile(rules)).shadows.map((s) => s.rule)));
      const found = (names: ReadonlySet<string>, ids: readonly string[]): string =>
        `${ids.filter((id) => names.has(id)).length}/${ids.length}`;
      row(
        family,
        rules.length,
        "maquette",
        ours.ms.toFixed(0),
        found(ours.value, contained),
        found(ours.value, united),
      );
      if (process.argv.includes("--no-peer")) continue;
      const peer = comparePeer(rules);
      if (typeof peer === "string") row(family, rules.length, "aerleon", peer, "-", "-");
      else
        row(
          family,
          rules.length,
          `aerleon ${peer.version}`,
          peer.ms.toFixed(0),
          found(peer.shaded, contained),
          found(peer.shaded, united),
        );
    }
  }
}

const [load] = loadavg();
console.log(`Load ${load!.toFixed(1)} on ${availableParallelism()} cores as this begins`);
await wholeLab();
lab();
deciding();
planted();
sets();
if (process.argv.includes("--tangle")) tangles();
