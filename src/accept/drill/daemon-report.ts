import type { DaemonDrillResult } from "./daemon.ts";

interface Words {
  readonly header: readonly string[];
  readonly back: string;
  readonly never: string;
  readonly sessions: (before: number, lost: readonly string[]) => string;
  readonly good: (what: string, seconds: string) => string;
  readonly bad: (what: string) => string;
}

const daemonWords: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["", "after s", "seen"],
    back: "back by itself",
    never: "never",
    sessions: (before, lost) =>
      lost.length === 0 ? `${before} open, none lost` : `${before} open, lost: ${lost.join(", ")}`,
    good: (what, seconds) => `${what}: back by itself, its users were answered ${seconds} s after the kill.`,
    bad: (what) => `${what}: not as it must be.`,
  },
  fr: {
    header: ["", "après s", "vu"],
    back: "revenu de lui-même",
    never: "jamais",
    sessions: (before, lost) =>
      lost.length === 0 ? `${before} ouvertes, aucune perdue` : `${before} ouvertes, perdues : ${lost.join(", ")}`,
    good: (what, seconds) => `${what} : revenu de lui-même, les usagers ont réponse ${seconds} s après.`,
    bad: (what) => `${what} : pas comme il faut.`,
  },
};

export function daemonTableOf(
  { units, questions }: DaemonDrillResult,
  language: "en" | "fr",
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const w = daemonWords[language];
  const seconds = (ms: number | undefined): string => (ms === undefined ? w.never : (ms / 1000).toFixed(1));
  return {
    header: w.header,
    rows: [
      ...units.map((u) => [u.unit, seconds(u.backAfterMs), u.backAfterMs === undefined ? "" : w.back]),
      ...questions.map((q) => [q.title[language], seconds(q.answeredAfterMs), q.seen]),
    ],
  };
}

export function daemonSummaryOf(result: DaemonDrillResult, language: "en" | "fr"): string {
  const w = daemonWords[language];
  const last = Math.max(...result.questions.map((q) => q.answeredAfterMs ?? 0));
  return [
    ...(result.sessions === null ? [] : [`  ${w.sessions(result.sessions.before.length, result.sessions.lost)}`]),
    ...result.faults.map((f) => `  ${f}`),
    result.isGood ? w.good(result.what, (last / 1000).toFixed(1)) : w.bad(result.what),
  ].join("\n");
}
