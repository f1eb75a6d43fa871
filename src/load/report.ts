import { isGood, SILENCE_MS, type Figures } from "./verdict.ts";
import { KINDS, type Kind } from "./script.ts";
import type { Day, FaultName } from "./run.ts";

type Language = "en" | "fr";

interface Words {
  readonly title: (users: number, minutes: number, seed: number) => string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly days: Readonly<Record<FaultName | "none", string>>;
  readonly header: readonly string[];
  readonly letters: (day: string, taken: number, lost: number, twice: number) => string;
  readonly calls: (day: string, stood: number, interrupted: number, longest: string) => string;
  readonly rows: string;
  readonly held: (day: string, held: string, late: string) => string;
  readonly good: string;
  readonly bad: string;
  readonly unshown: string;
  readonly brief: (kind: string, median: string, slowest: string) => string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: (users, minutes, seed) => `${users} people at work side by side for ${minutes} min (seed ${seed})`,
    kinds: {
      send: "mail sent",
      read: "mail read",
      web: "page behind the login",
      vpn: "VPN, then mail and page",
      call: "call answered",
    },
    days: { none: "without a fault", router: "router killed", dc: "controller stopped", wan: "access cut" },
    header: ["action", "day", "count", "failed", "tried again", "median s", "slowest s"],
    letters: (day, taken, lost, twice) => `${day}: ${taken} mails taken, ${lost} lost, ${twice} more than once`,
    calls: (day, stood, interrupted, longest) =>
      `${day}: ${stood} calls, ${interrupted} interrupted for longer than ${SILENCE_MS / 1000} s; the longest silence ${longest} s`,
    rows: "rows of eBrigade: not shown; the page behind the login is fetched, and no row is written",
    held: (day, held, late) =>
      `${day}: the machine held a program up for ${held} s at most, and an action began ${late} s late`,
    good: "All well: nothing lost, nobody cut off.",
    bad: "Not as it must be.",
    unshown: "Not shown: the machine was too busy to tell; run it again.",
    brief: (kind, median, slowest) => `${kind} ${median} / ${slowest} s`,
  },
  fr: {
    title: (users, minutes, seed) =>
      `${users} personnes au travail côte à côte pendant ${minutes} min (graine ${seed})`,
    kinds: {
      send: "courriel envoyé",
      read: "courriel lu",
      web: "page derrière la connexion",
      vpn: "VPN, puis courriel et page",
      call: "appel répondu",
    },
    days: { none: "sans panne", router: "routeur tué", dc: "contrôleur arrêté", wan: "accès coupé" },
    header: ["action", "journée", "nombre", "échecs", "reprises", "médiane s", "la plus lente s"],
    letters: (day, taken, lost, twice) => `${day} : ${taken} courriels acceptés, ${lost} perdus, ${twice} en double`,
    calls: (day, stood, interrupted, longest) =>
      `${day} : ${stood} appels, ${interrupted} interrompus plus de ${String(SILENCE_MS / 1000).replace(".", ",")} s ; le plus long silence ${longest} s`,
    rows: "lignes d'eBrigade : non montré ; la page derrière la connexion est demandée, aucune ligne n'est écrite",
    held: (day, held, late) =>
      `${day} : la machine a retenu un programme ${held} s au plus, et une action a commencé avec ${late} s de retard`,
    good: "Tout va bien : rien de perdu, personne de coupé.",
    bad: "Pas comme il faut.",
    unshown: "Non montré : la machine était trop occupée pour le dire ; recommencez.",
    brief: (kind, median, slowest) => `${kind} ${median} / ${slowest} s`,
  },
};

const seconds = (ms: number | null, language: Language): string => {
  const text = ms === null ? "-" : (ms / 1000).toFixed(1);
  return language === "fr" ? text.replace(".", ",") : text;
};

/** What a load came to, as it is kept. */
export interface Loaded {
  readonly seed: number;
  readonly minutes: number;
  readonly users: number;
  readonly days: readonly Day[];
}

const isWell = (day: Day): boolean => day.faults.length === 0 && isGood(day.verdict);

export const isLoadGood = ({ days }: Loaded): boolean => days.every(isWell);

/** In the order in which it is said; cells hold no `|`. */
export interface LoadReport {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly lines: readonly string[];
  readonly verdict: string;
}

export function reportOf(loaded: Loaded, language: Language): LoadReport {
  const w = WORDS[language];
  const name = (day: Day): string => w.days[day.fault ?? "none"];
  const figures = (day: Day, kind: Kind): Figures => day.verdict.figures.find((f) => f.kind === kind)!;
  const s = (ms: number | null): string => seconds(ms, language);
  return {
    title: w.title(loaded.users, loaded.minutes, loaded.seed),
    header: w.header,
    rows: KINDS.flatMap((kind) =>
      loaded.days.map((day) => {
        const f = figures(day, kind);
        return [
          ...[w.kinds[kind], name(day), String(f.count), String(f.failed), String(f.again)],
          ...[s(f.medianMs), s(f.slowestMs)],
        ];
      }),
    ),
    lines: [
      ...loaded.days.map(({ verdict: { letters }, ...day }) =>
        w.letters(w.days[day.fault ?? "none"], letters.taken, letters.lost, letters.twice),
      ),
      ...loaded.days.map((day) => {
        const { stood, interrupted, longestMs } = day.verdict.calls;
        return w.calls(name(day), stood, interrupted, s(longestMs));
      }),
      w.rows,
      ...loaded.days.map((day) => w.held(name(day), s(day.verdict.heldMs), s(day.verdict.lateMs))),
      ...loaded.days.flatMap((day) =>
        [...day.faults, ...day.verdict.faults, ...day.verdict.unshown].map((fault) => `✗ ${name(day)}: ${fault}`),
      ),
    ],
    verdict: isLoadGood(loaded) ? w.good : loaded.days.some(hasFault) ? w.bad : w.unshown,
  };
}

const hasFault = (day: Day): boolean => day.faults.length > 0 || day.verdict.faults.length > 0;

/** In some sentences, for whoever reads an acceptance. */
export function briefOf(loaded: Loaded, language: Language): readonly string[] {
  const report = reportOf(loaded, language);
  const w = WORDS[language];
  const times = loaded.days.map(
    (day) =>
      `${w.days[day.fault ?? "none"]}: ${day.verdict.figures.map((f) => w.brief(w.kinds[f.kind], seconds(f.medianMs, language), seconds(f.slowestMs, language))).join(", ")}`,
  );
  return [report.title, report.verdict, ...report.lines.slice(0, 2 * loaded.days.length + 1), ...times];
}
