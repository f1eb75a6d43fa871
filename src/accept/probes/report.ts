import { escapeMarkup } from "../../core/markup.ts";
import { wrapped } from "../../core/wrap.ts";
import type { Coverage, Plan } from "../../plan/types.ts";
import { BASE, type Probe } from "../../roles/role.ts";
import type { ProbeResult } from "./run.ts";

interface Words {
  readonly expected: string;
  readonly seen: string;
  readonly from: (host: string, ms: number) => string;
  readonly uncovered: string;
  readonly switchedOff: (what: string) => string;
  readonly outOfScope: (why: string) => string;
  readonly noProbe: string;
  readonly good: (probes: number, needs: number, seconds: string) => string;
  readonly bad: (red: number, probes: number, seconds: string) => string;
}

const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    expected: "expected",
    seen: "seen",
    from: (host, ms) => `(${host},\u00a0${ms}\u00a0ms)`,
    uncovered: "No probe covers yet:",
    switchedOff: (what) => `not shown: switched off by the plan (${what})`,
    outOfScope: (why) => `not to be shown by the mock-up: ${why}`,
    noProbe: "no probe yet",
    good: (probes, needs, seconds) => `${probes} probes, all green, for ${needs} needs and objectives; ${seconds} s.`,
    bad: (red, probes, seconds) => `${red} of ${probes} probes are red; ${seconds} s.`,
  },
  fr: {
    expected: "attendu",
    seen: "vu",
    from: (host, ms) => `(${host},\u00a0${ms}\u00a0ms)`,
    uncovered: "Sans sonde à ce jour :",
    switchedOff: (what) => `non montré : désactivé par le plan (${what})`,
    outOfScope: (why) => `hors de portée de la maquette : ${why}`,
    noProbe: "pas encore de sonde",
    good: (probes, needs, seconds) =>
      `${probes} sondes, toutes vertes, pour ${needs} besoins et objectifs ; ${seconds} s.`,
    bad: (red, probes, seconds) => `${red} sondes sur ${probes} sont rouges ; ${seconds} s.`,
  },
};

/** What a report is divided by: a need, an objective, or what all of them stand on. */
export type Asked = Pick<Coverage, "id" | "text" | "switchedOff" | "outOfScope">;

const FOUNDATION: Asked = {
  id: BASE,
  text: "Ce sur quoi tout repose : noms, heure, journaux, mises à jour",
  switchedOff: [],
  outOfScope: null,
};

/** What of a plan's needs was asked, and what became of it. */
export interface Accepted {
  /** Needs and objectives that were asked for, in the plan's order. */
  readonly needs: readonly Asked[];
  readonly results: readonly ProbeResult[];
  readonly seconds: number;
  /** By need: what another command has measured of it, in the report's language. */
  readonly measured?: ReadonlyMap<Asked["id"], readonly string[]>;
}

export const isAccepted = ({ results }: Accepted): boolean => results.every((r) => r.isGood);

export const of = (results: readonly ProbeResult[], need: string): readonly ProbeResult[] =>
  results.filter((r) => r.probe.needs.includes(need));

const uncoveredIn = ({ needs, results }: Accepted): readonly Asked[] =>
  needs.filter((n) => of(results, n.id).length === 0);

/** The probes that answer some of these needs, and the needs in the plan's order. */
export function selected(
  plan: Plan,
  probes: readonly Probe[],
  ids: ReadonlySet<string> | undefined,
): { readonly needs: readonly Asked[]; readonly probes: readonly Probe[] } {
  const isFounded = probes.some((p) => p.needs.includes(BASE));
  const needs = [...(isFounded ? [FOUNDATION] : []), ...plan.coverage.values()].filter(
    (n) => ids === undefined || ids.has(n.id),
  );
  return {
    needs,
    probes: ids === undefined ? probes : probes.filter((p) => p.needs.some((n) => ids.has(n))),
  };
}

export interface TextOptions {
  readonly language: "en" | "fr";
  /** Characters a line. */
  readonly width: number;
  /** What was expected and seen of green probes too. */
  readonly isLong: boolean;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly strong: (text: string) => string;
}

/** Each need in its own words, and below it its probes; of a red one also what was expected and what was seen. */
export function textOf(accepted: Accepted, options: TextOptions): string {
  const { language, width, isLong, good, bad, strong } = options;
  const w = words[language];
  const label = Math.max(w.expected.length, w.seen.length) + 2;
  const below = (name: string, text: string): readonly string[] =>
    wrapped(text, width, `        ${`${name}:`.padEnd(label)}`, " ".repeat(8 + label));
  return accepted.needs
    .flatMap((need) => {
      const own = of(accepted.results, need.id);
      if (own.length === 0) return [];
      const [head, ...more] = wrapped(need.text, width, need.id.padEnd(6), " ".repeat(6));
      const probes = own.flatMap(({ probe, isGood, seen, ms }) => {
        const title = `${probe.title[language]} ${w.from(probe.from, ms)}`;
        const [first, ...rest] = wrapped(title, width, "      ", " ".repeat(8));
        return [
          `    ${isGood ? good("✓") : bad("✗")} ${isGood ? first!.trim() : bad(first!.trim())}`,
          ...rest.map((line) => (isGood ? line : bad(line))),
          ...(isGood && !isLong ? [] : [...below(w.expected, probe.expected), ...below(w.seen, seen)]),
        ];
      });
      const measured = (accepted.measured?.get(need.id) ?? []).flatMap((line) =>
        wrapped(line, width, "      ", " ".repeat(8)),
      );
      return [[strong(head!), ...more.map(strong), ...probes, ...measured].join("\n")];
    })
    .join("\n\n");
}

export function summaryOf(accepted: Accepted, language: "en" | "fr", width: number): string {
  const w = words[language];
  const { results, needs } = accepted;
  const red = results.filter((r) => !r.isGood).length;
  const without = uncoveredIn(accepted);
  const seconds = accepted.seconds.toFixed(1);
  return [
    ...(without.length === 0 ? [] : [w.uncovered]),
    ...without.flatMap((n) => [
      ...wrapped(n.text, width, `  ${n.id.padEnd(4)}`, " ".repeat(6)),
      ...wrapped(whyNone(n, language), width, " ".repeat(6)),
    ]),
    ...(without.length === 0 ? [] : [""]),
    red === 0
      ? w.good(results.length, needs.filter((n) => n.id !== BASE).length - without.length, seconds)
      : w.bad(red, results.length, seconds),
  ].join("\n");
}

export const whyNone = (need: Asked, language: "en" | "fr"): string =>
  need.switchedOff.length > 0
    ? words[language].switchedOff(need.switchedOff.join(", "))
    : need.outOfScope === null
      ? words[language].noProbe
      : words[language].outOfScope(need.outOfScope);

/** A JSON document for each need and probe; a need without any has null for `probe` and `ok`. */
export const linesOf = (accepted: Accepted, language: "en" | "fr"): readonly string[] =>
  accepted.needs.flatMap((need) => {
    const own = of(accepted.results, need.id);
    const lines =
      own.length === 0
        ? [
            {
              need: need.id,
              probe: null,
              from: null,
              expected: null,
              seen: whyNone(need, language),
              ms: null,
              ok: null,
            },
          ]
        : own.map(({ probe, isGood, seen, ms }) => ({
            need: need.id,
            probe: probe.id,
            from: probe.from,
            expected: probe.expected,
            seen,
            ms,
            ok: isGood,
          }));
    return lines.map((l) => JSON.stringify(l));
  });

/**
 * JUnit's XML as CI servers read it: a suite for each need, a case for each probe, a need without any is skipped with
 * the reason.
 */
export function junitOf(accepted: Accepted, language: "en" | "fr"): string {
  const suites = accepted.needs.map((need) => {
    const own = of(accepted.results, need.id);
    const failures = own.filter((r) => !r.isGood).length;
    const seconds = own.reduce((sum, r) => sum + r.ms, 0) / 1000;
    const cases = own.map(({ probe, isGood, seen, ms }) => {
      const head = `    <testcase classname="${xml(need.id)}" name="${xml(`${probe.id}: ${probe.title[language]}`)}" time="${(ms / 1000).toFixed(3)}"`;
      if (isGood) return `${head}/>`;
      const said = `from ${probe.from}; expected ${probe.expected}; seen ${seen}`;
      return `${head}>\n      <failure message="${xml(seen)}">${xml(said)}</failure>\n    </testcase>`;
    });
    if (own.length === 0)
      cases.push(
        `    <testcase classname="${xml(need.id)}" name="${xml(need.id)}" time="0">\n      <skipped message="${xml(whyNone(need, language))}"/>\n    </testcase>`,
      );
    const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${own.length === 0 ? 1 : 0}"`;
    return `  <testsuite name="${xml(`${need.id} ${need.text}`)}" ${counts} time="${seconds.toFixed(3)}">\n${cases.join("\n")}\n  </testsuite>`;
  });
  const pairs = accepted.needs.flatMap((n) => of(accepted.results, n.id));
  const without = uncoveredIn(accepted).length;
  const counts = `tests="${pairs.length + without}" failures="${pairs.filter((r) => !r.isGood).length}" errors="0" skipped="${without}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="maquette accept" ${counts} time="${accepted.seconds.toFixed(3)}">\n${suites.join("\n")}\n</testsuites>\n`;
}

/** Also in an attribute, where a line's end would be a space (XML 1.0 §3.3.3). */
const xml = (text: string): string => escapeMarkup(text).replace(/[\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
