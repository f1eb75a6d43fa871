import type { DcDrillResult } from "./dc.ts";

interface Words {
  readonly header: readonly string[];
  readonly lost: string;
  readonly back: string;
  readonly good: (what: string, answers: string, caughtUp: string) => string;
  readonly bad: (what: string) => string;
}

const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["", "question", "asked", "failed", "longest gap ms", "slowest ms", "answered by"],
    lost: "lost",
    back: "put back",
    good: (what, answers, caughtUp) =>
      `${what}: all came back; it answered ${answers} s after power, and had what was written meanwhile after ${caughtUp} s.`,
    bad: (what) => `${what}: not as it must be.`,
  },
  fr: {
    header: ["", "question", "posées", "échouées", "plus long trou ms", "plus lente ms", "répondu par"],
    lost: "perdu",
    back: "remis",
    good: (what, answers, caughtUp) =>
      `${what} : tout est revenu ; il répond ${answers} s après le courant, et a ce qui fut écrit entre-temps après ${caughtUp} s.`,
    bad: (what) => `${what} : pas comme il faut.`,
  },
};

const seconds = (ms: number | undefined): string => (ms === undefined ? "?" : (ms / 1000).toFixed(1));

export function dcTableOf(
  result: DcDrillResult,
  language: "en" | "fr",
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const w = words[language];
  const rows = result.phases.flatMap(({ name, questions }) =>
    questions.map((q) => [
      name === "lost" ? w.lost : w.back,
      q.question,
      String(q.asked),
      String(q.failed),
      String(q.longestGapMs),
      String(q.slowestMs),
      Object.entries(q.by)
        .map(([server, n]) => `${server} ${n}`)
        .join(", "),
    ]),
  );
  return { header: w.header, rows };
}

export function dcSummaryOf(result: DcDrillResult, language: "en" | "fr"): string {
  const w = words[language];
  const faults = [
    ...result.faults,
    ...result.phases.flatMap((p) => p.questions.flatMap((q) => q.faults.map((f) => `${q.question}: ${f}`))),
  ];
  return [
    ...faults.map((f) => `  ${f}`),
    result.isGood
      ? w.good(result.what, seconds(result.answersAfterMs), seconds(result.caughtUpAfterMs))
      : w.bad(result.what),
  ].join("\n");
}
