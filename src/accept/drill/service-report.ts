import { words } from "./report.ts";
import type { ServiceDrillResult } from "./service.ts";

interface Words {
  readonly header: readonly string[];
  readonly lost: string;
  readonly back: string;
  readonly good: (what: string, answers: string, caughtUp: string | null) => string;
  readonly bad: (what: string) => string;
  readonly unshown: (what: string) => string;
}

const serviceWords: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["", "question", "asked", "failed", "longest gap ms", "slowest ms", "answered by"],
    lost: "lost",
    back: "put back",
    good: (what, answers, caughtUp) =>
      `${what}: all came back; it answered ${answers} s after power${caughtUp === null ? "" : `, and had what was written meanwhile after ${caughtUp} s`}.`,
    bad: (what) => `${what}: not as it must be.`,
    unshown: words.en.unshown,
  },
  fr: {
    header: ["", "question", "posées", "échouées", "plus long trou ms", "plus lente ms", "répondu par"],
    lost: "perdu",
    back: "remis",
    good: (what, answers, caughtUp) =>
      `${what} : tout est revenu ; il répond ${answers} s après le courant${caughtUp === null ? "" : `, et a ce qui fut écrit entre-temps après ${caughtUp} s`}.`,
    bad: (what) => `${what} : pas comme il faut.`,
    unshown: words.fr.unshown,
  },
};

const seconds = (ms: number | undefined): string => (ms === undefined ? "?" : (ms / 1000).toFixed(1));

export function serviceTableOf(
  result: ServiceDrillResult,
  language: "en" | "fr",
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const w = serviceWords[language];
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

export function serviceSummaryOf(result: ServiceDrillResult, language: "en" | "fr"): string {
  const w = serviceWords[language];
  const questions = result.phases.flatMap((p) => p.questions);
  const faults = [...result.faults, ...questions.flatMap((q) => q.faults.map((f) => `${q.question}: ${f}`))];
  const unshown = questions.flatMap((q) => q.unshown.map((u) => `${q.question}: ${u}`));
  return [
    ...[...faults, ...unshown].map((f) => `  ${f}`),
    result.isGood
      ? w.good(
          result.what,
          seconds(result.answersAfterMs),
          result.caughtUpAfterMs === null ? null : seconds(result.caughtUpAfterMs),
        )
      : faults.length > 0
        ? w.bad(result.what)
        : w.unshown(result.what),
  ].join("\n");
}
