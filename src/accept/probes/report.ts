import type { Coverage, Plan } from "../../plan/types.ts";
import { BASE, type Probe } from "../../roles/role.ts";
import type { ProbeResult } from "./run.ts";

interface Words {
  readonly header: readonly string[];
  readonly uncovered: string;
  readonly outOfScope: (why: string) => string;
  readonly noProbe: string;
  readonly good: (probes: number, needs: number, seconds: string) => string;
  readonly bad: (red: number, probes: number, seconds: string) => string;
}

const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["need", "", "probe", "from", "expected", "seen", "ms"],
    uncovered: "No probe covers yet:",
    outOfScope: (why) => `not to be shown by the mock-up: ${why}`,
    noProbe: "no probe yet",
    good: (probes, needs, seconds) => `${probes} probes, all green, for ${needs} needs and objectives; ${seconds} s.`,
    bad: (red, probes, seconds) => `${red} of ${probes} probes are red; ${seconds} s.`,
  },
  fr: {
    header: ["besoin", "", "sonde", "depuis", "attendu", "vu", "ms"],
    uncovered: "Sans sonde à ce jour :",
    outOfScope: (why) => `hors de portée de la maquette : ${why}`,
    noProbe: "pas encore de sonde",
    good: (probes, needs, seconds) =>
      `${probes} sondes, toutes vertes, pour ${needs} besoins et objectifs ; ${seconds} s.`,
    bad: (red, probes, seconds) => `${red} sondes sur ${probes} sont rouges ; ${seconds} s.`,
  },
};

/** What a report is divided by: a need, an objective, or what all of them stand on. */
export type Asked = Pick<Coverage, "id" | "text" | "outOfScope">;

const FOUNDATION: Asked = {
  id: BASE,
  text: "Ce sur quoi tout repose : noms, heure, journaux, mises à jour",
  outOfScope: null,
};

/** What of a plan's needs was asked, and what became of it. */
export interface Accepted {
  /** Needs and objectives that were asked for, in the plan's order. */
  readonly needs: readonly Asked[];
  readonly results: readonly ProbeResult[];
  readonly seconds: number;
}

export const isAccepted = ({ results }: Accepted): boolean => results.every((r) => r.isGood);

const of = (results: readonly ProbeResult[], need: string): readonly ProbeResult[] =>
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

/** A row for each need and probe; the need's own words stand above its probes. */
export function tableOf(
  accepted: Accepted,
  language: "en" | "fr",
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const rows = accepted.needs.flatMap((need) =>
    of(accepted.results, need.id).map(({ probe, isGood, seen, ms }, n) => [
      n === 0 ? need.id : "",
      isGood ? "✓" : "✗",
      probe.title[language],
      probe.from,
      probe.expected,
      seen,
      String(ms),
    ]),
  );
  return { header: words[language].header, rows };
}

export function summaryOf(accepted: Accepted, language: "en" | "fr"): string {
  const w = words[language];
  const { results, needs } = accepted;
  const red = results.filter((r) => !r.isGood).length;
  const without = uncoveredIn(accepted);
  const seconds = accepted.seconds.toFixed(1);
  return [
    ...(without.length === 0 ? [] : [w.uncovered]),
    ...without.map((n) => `  ${n.id}  ${n.text}\n      ${whyNone(n, language)}`),
    ...(without.length === 0 ? [] : [""]),
    red === 0
      ? w.good(results.length, needs.filter((n) => n.id !== BASE).length - without.length, seconds)
      : w.bad(red, results.length, seconds),
  ].join("\n");
}

const whyNone = (need: Asked, language: "en" | "fr"): string =>
  need.outOfScope === null ? words[language].noProbe : words[language].outOfScope(need.outOfScope);

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

/** XML 1.0 §2.2 and §2.4: what may not stand at all is left out, the rest is escaped. */
const xml = (text: string): string =>
  text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      "",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
