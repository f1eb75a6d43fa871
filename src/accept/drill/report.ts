import { HELD_UP_US } from "./evaluate.ts";
import type { DrillResult } from "./run.ts";

interface Words {
  readonly header: readonly string[];
  readonly lost: string;
  readonly back: string;
  readonly alive: string;
  readonly ended: string;
  readonly good: (what: string, recovered: string) => string;
  readonly bad: (what: string) => string;
  readonly unshown: (what: string) => string;
  readonly of: (n: number) => string;
  readonly paused: (path: string, ms: number) => string;
}

export const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["", "path", "probes", "lost", "longest gap ms", "back after ms", "session", "its silence ms"],
    lost: "lost",
    back: "put back",
    alive: "alive",
    ended: "ended",
    good: (what, recovered) => `${what}: all came back; as before ${recovered} s after it was put back.`,
    bad: (what) => `${what}: not as it must be.`,
    unshown: (what) => `${what}: not shown; the machine was too busy to tell: run it again.`,
    of: (n) => `${n} times`,
    paused: (path, ms) => `${path}: no probe was sent for ${ms} ms: the machine is busy, and figures are that coarse`,
  },
  fr: {
    header: ["", "chemin", "sondes", "perdues", "plus long trou ms", "revenu après ms", "session", "son silence ms"],
    lost: "perdu",
    back: "remis",
    alive: "vivante",
    ended: "finie",
    good: (what, recovered) => `${what} : tout est revenu ; comme avant ${recovered} s après la remise en place.`,
    bad: (what) => `${what} : pas comme il faut.`,
    unshown: (what) => `${what} : non montré ; la machine était trop occupée pour le dire : recommencez.`,
    of: (n) => `${n} fois`,
    paused: (path, ms) =>
      `${path} : aucune sonde pendant ${ms} ms : la machine est occupée, les chiffres ont cette finesse`,
  },
};

type Table = { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] };

export function tableOf(result: DrillResult, w: Words): Table {
  const rows = result.phases.flatMap(({ name, paths }) =>
    paths.map(({ path, figures: f }) => [
      name === "lost" ? w.lost : w.back,
      path,
      String(f.probes),
      String(f.lost),
      f.longestGapMs.toFixed(0),
      f.backAfterMs.toFixed(0),
      f.session.isAlive ? w.alive : `${w.ended}${f.session.end === undefined ? "" : ` (${f.session.end})`}`,
      f.session.longestSilenceMs.toFixed(0),
    ]),
  );
  return { header: w.header, rows };
}

export function summaryOf(result: DrillResult, w: Words): string {
  const paths = result.phases.flatMap((p) => p.paths);
  const pauses = paths.filter((p) => p.figures.longestPauseMs > HELD_UP_US / 1000);
  const faults = [...result.faults, ...paths.flatMap((p) => p.faults.map((f) => `${p.path}: ${f}`))];
  const unshown = paths.flatMap((p) => p.unshown.map((u) => `${p.path}: ${u}`));
  const recovered = result.recoveredMs === undefined ? "?" : (result.recoveredMs / 1000).toFixed(1);
  return [
    ...[...faults, ...unshown].map((f) => `  ${f}`),
    ...pauses.map((p) => `  ${w.paused(p.path, p.figures.longestPauseMs)}`),
    result.isGood ? w.good(result.what, recovered) : faults.length > 0 ? w.bad(result.what) : w.unshown(result.what),
  ].join("\n");
}

/** Least, middle and most of the longest gaps of many drills, for each path and phase. */
export function spreadOf(results: readonly DrillResult[], w: Words): Table {
  const gaps = new Map<string, number[]>();
  for (const result of results)
    for (const { name, paths } of result.phases)
      for (const { path, figures } of paths) {
        const key = `${name === "lost" ? w.lost : w.back}\t${path}`;
        gaps.set(key, [...(gaps.get(key) ?? []), figures.longestGapMs]);
      }
  return {
    header: [w.of(results.length), w.header[1]!, "min ms", "p50 ms", "max ms"],
    rows: [...gaps].map(([key, all]) => {
      const sorted = all.toSorted((x, y) => x - y);
      const figures = [sorted[0]!, sorted[Math.floor((sorted.length - 1) / 2)]!, sorted.at(-1)!];
      return [...key.split("\t"), ...figures.map((f) => f.toFixed(0))];
    }),
  };
}
