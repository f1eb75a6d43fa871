import { escapeMarkup, htmlPage } from "../../core/markup.ts";
import { BASE } from "../../roles/role.ts";
import { of, whyNone, type Accepted, type Asked } from "./report.ts";
import type { ProbeResult } from "./run.ts";

/** What an earlier whole acceptance saw of a need by a probe; both null where nothing asks for it. */
export interface Earlier {
  readonly at: Date;
  readonly version: string;
  /** Digests of the plan's documents, by file name. */
  readonly plan: Readonly<Record<string, string>>;
  readonly lines: readonly { readonly probe: string | null; readonly ok: boolean | null }[];
}

/** When a probe was red, and what it saw then. */
export interface SeenRed {
  readonly at: Date;
  readonly seen: string;
}

/** What stands in for something that is not there, and what that leaves unshown, in French. */
export interface StandIn {
  readonly name: string;
  readonly hosts: string;
  readonly standsIn: string;
  readonly notShown: string;
}

export interface PageFacts {
  readonly lab: string;
  readonly accepted: Accepted;
  readonly at: Date;
  readonly version: string;
  readonly plan: Readonly<Record<string, string>>;
  /** The machine that asked, in words. */
  readonly machine: string;
  /** Whether the routers' files are proven equal to the flow table. */
  readonly isProven: boolean;
  readonly standIns: readonly StandIn[];
  /** Of needs that name a host whose service is not there: why they are shown in part at most, in French. */
  readonly lacking: ReadonlyMap<Asked["id"], string>;
  /** The lab drawn (SVG). */
  readonly picture: string;
  /** By need: what another command has measured of it, in French. */
  readonly measured: ReadonlyMap<Asked["id"], readonly string[]>;
  readonly before: Earlier | null;
  /** By probe, in this lab: a check that nobody has seen fail shows less. */
  readonly seenRed: ReadonlyMap<string, SeenRed>;
}

type Verdict = "proven" | "part" | "red" | "out" | "none";

const VERDICTS: Readonly<Record<Verdict, string>> = {
  proven: "Démontré",
  part: "Démontré en partie",
  red: "Non satisfait",
  out: "Hors de portée de la maquette",
  none: "Non démontré",
};

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1f2328;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{border:1px solid #d0d7de;padding:.3rem .5rem;vertical-align:top;text-align:left}
thead th{background:#f6f8fa}td.n{text-align:right;white-space:nowrap}td.m{text-align:center}
.need{margin:1.4rem 0}.need h3{font-size:1rem;margin:0 0 .3rem}
.v{display:inline-block;border-radius:.3rem;padding:0 .5rem;margin-right:.5rem;font-weight:600;border:1px solid}
.proven{color:#116329;background:#eefbf1}.part{color:#6b5b00;background:#fff9e5}.red{color:#a40e26;background:#fff0f0}
.out,.none{color:#57606a;background:#f6f8fa}.why{color:#57606a;margin:.2rem 0}
.detail{color:#57606a;font-size:.86em}svg{max-width:100%;height:auto}
@page{size:A4;margin:14mm}
@media print{body{margin:0;max-width:none;padding:0;font-size:10.5px}tr{break-inside:avoid}h2,h3{break-after:avoid}.map{break-before:page}}`;

const number = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeStyle: "short" });
const plural = (n: number, one: string, many: string): string => `${number.format(n)} ${n < 2 ? one : many}`;

/**
 * Acceptance as one page in French that stands by itself: each need, who asked what from where, what was expected and what
 * was seen; what stands in for what; what changed since the whole acceptance before.
 */
export function pageOf(facts: PageFacts): string {
  const { lab, accepted, at, lacking } = facts;
  const needs = accepted.needs.map((need): Shown => {
    const own = of(accepted.results, need.id);
    const off = need.switchedOff.length === 0 ? null : `${capital(whyNone(need, "fr"))}.`;
    // Without a probe it is why there is none.
    const reasons = [need.outOfScope, lacking.get(need.id) ?? null, own.length === 0 ? null : off].filter(
      (r) => r !== null,
    );
    return { need, own, reasons, verdict: off !== null && own.length === 0 ? "none" : verdictOf(own, reasons) };
  });
  /** Under which need a probe is told; under the others it is named. */
  const toldAt = new Map<ProbeResult, Asked["id"]>();
  const sections = [
    ["Besoins", needs.filter((n) => n.need.id.startsWith("N"))],
    ["Objectifs", needs.filter((n) => n.need.id.startsWith("O"))],
    ["Ce qui les porte tous", needs.filter((n) => n.need.id === BASE)],
    ["Autres", needs.filter((n) => !/^[NO]/.test(n.need.id) && n.need.id !== BASE)],
  ] as const;
  return htmlPage(
    `Recette de la maquette ${lab}`,
    "fr",
    STYLE,
    [
      `<p>${escapeMarkup(moment.format(at))}. ${escapeMarkup(countsOf(accepted))} ${escapeMarkup(redsOf(facts))}</p>`,
      ...planChanged(facts),
      overview(needs),
      changes(facts),
      ...sections.flatMap(([title, own]) =>
        own.length === 0 ? [] : [`<h2>${title}</h2>`, ...own.map((shown) => section(shown, toldAt, facts))],
      ),
      standing(facts),
      circumstances(facts),
      `<div class="map"><h2>La maquette, dessinée d'après son plan</h2>\n${facts.picture}</div>`,
    ].join("\n"),
  );
}

function countsOf({ results, seconds }: Accepted): string {
  const red = results.filter((r) => !r.isGood).length;
  const sum = `${plural(results.length, "sonde", "sondes")} en ${number.format(seconds)} s`;
  return red === 0 ? `${sum}, toutes vertes.` : `${sum}, dont ${plural(red, "rouge", "rouges")}.`;
}

/** How many of the probes have ever failed here. */
function redsOf({ accepted, seenRed }: PageFacts): string {
  const seen = accepted.results.filter((r) => seenRed.has(r.probe.id)).length;
  return seen === 0
    ? "Aucune n'a encore été vue rouge dans ce laboratoire."
    : `${plural(seen, "a déjà été vue rouge", "ont déjà été vues rouges")} dans ce laboratoire : ce qui les y a mises est dit avec chacune.`;
}

/** A need with what was seen of it. */
interface Shown {
  readonly need: Asked;
  readonly own: readonly ProbeResult[];
  /** Why it is not shown, or not the whole of it. */
  readonly reasons: readonly string[];
  readonly verdict: Verdict;
}

function verdictOf(results: readonly ProbeResult[], reasons: readonly string[]): Verdict {
  if (results.some((r) => !r.isGood)) return "red";
  if (results.length === 0) return reasons.length === 0 ? "none" : "out";
  return reasons.length === 0 ? "proven" : "part";
}

const badge = (verdict: Verdict): string => `<span class="v ${verdict}">${VERDICTS[verdict]}</span>`;

function overview(needs: readonly Shown[]): string {
  const rows = needs.map(
    ({ need, own, verdict }) =>
      `<tr><td>${need.id === BASE ? "" : escapeMarkup(need.id)}</td><td>${escapeMarkup(need.text)}</td><td>${badge(verdict)}</td><td class="n">${own.length === 0 ? "—" : `${own.filter((r) => r.isGood).length} / ${own.length}`}</td></tr>`,
  );
  return `<table>\n<thead><tr><th>N°</th><th>Ce qui est demandé</th><th>Verdict</th><th>Sondes vertes</th></tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table>`;
}

function section(
  { need, own, reasons, verdict }: Shown,
  toldAt: Map<ProbeResult, Asked["id"]>,
  { seenRed, measured }: PageFacts,
): string {
  const head = `<h3>${need.id === BASE ? "" : `${escapeMarkup(need.id)} — `}${escapeMarkup(need.text)}</h3>`;
  const why = [...reasons, ...(verdict === "none" ? [`${capital(whyNone(need, "fr"))}.`] : [])];
  const elsewhere = own.filter((r) => toldAt.has(r));
  const here = own.filter((r) => !toldAt.has(r));
  for (const result of here) toldAt.set(result, need.id);
  const places = [...new Set(elsewhere.map((r) => toldAt.get(r)!))].map((place) => {
    const there = elsewhere.filter((r) => toldAt.get(r) === place);
    const red = there.filter((r) => !r.isGood).map((r) => r.probe.title.fr);
    return `${place} (${there.length}${red.length === 0 ? "" : `, dont en rouge : ${red.join(", ")}`})`;
  });
  return `<div class="need">${[
    head,
    `<p>${badge(verdict)}</p>`,
    ...why.map((text) => `<p class="why">${escapeMarkup(text)}</p>`),
    ...(here.length === 0 ? [] : [evidence(here, seenRed)]),
    ...(measured.get(need.id) ?? []).map((line) => `<p>${escapeMarkup(line)}</p>`),
    ...(places.length === 0
      ? []
      : [`<p>${here.length === 0 ? "Sondes" : "Et les sondes"} décrites sous ${escapeMarkup(places.join(", "))}.</p>`]),
  ].join("\n")}</div>`;
}

function evidence(results: readonly ProbeResult[], seenRed: PageFacts["seenRed"]): string {
  const rows = results.map(({ probe, isGood, seen, ms }) => {
    const { dependsOn } = probe;
    const red =
      dependsOn === null
        ? ""
        : `<div class="detail">Rouge quand ${escapeMarkup(dependsOn.units.join(", "))} est arrêté sur ${escapeMarkup(dependsOn.host)}.</div>`;
    const last = seenRed.get(probe.id);
    const was =
      !isGood || last === undefined
        ? ""
        : `<div class="detail">Vue rouge le ${escapeMarkup(moment.format(last.at))} : ${escapeMarkup(last.seen)}</div>`;
    return `<tr><td class="m">${isGood ? "✓" : "✗"}</td><td>${escapeMarkup(probe.title.fr)}${red}${was}</td><td>${escapeMarkup(probe.from)}</td><td>${escapeMarkup(probe.expected)}</td><td${isGood ? "" : ' class="red"'}>${escapeMarkup(seen)}</td><td class="n">${number.format(ms / 1000)} s</td></tr>`;
  });
  return `<table>\n<thead><tr><th></th><th>Sonde</th><th>Depuis</th><th>Attendu</th><th>Vu</th><th>Durée</th></tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table>`;
}

const documentsChanged = ({ before, plan }: PageFacts): readonly string[] =>
  before === null
    ? []
    : [...new Set([...Object.keys(before.plan), ...Object.keys(plan)])].filter(
        (name) => before.plan[name] !== plan[name],
      );

/** At the top: figures of before are of another plan. */
function planChanged(facts: PageFacts): readonly string[] {
  const changed = documentsChanged(facts);
  if (facts.before === null || changed.length === 0) return [];
  const since = `Le plan a changé depuis la recette complète précédente (${moment.format(facts.before.at)})`;
  return [`<p class="why">${escapeMarkup(`${since} : ${changed.join(", ")}.`)}</p>`];
}

/** What became of probes and documents since the acceptance before. */
function changes(facts: PageFacts): string {
  const { before, accepted, version } = facts;
  const title = "<h2>Depuis la recette précédente</h2>";
  if (before === null) return `${title}\n<p>Aucune recette complète n'est gardée de ce laboratoire avant celle-ci.</p>`;
  const old = new Map(before.lines.flatMap((l) => (l.probe === null ? [] : [[l.probe, l.ok === true] as const])));
  const now = new Map(accepted.results.map((r) => [r.probe.id, r.isGood]));
  const documents = documentsChanged(facts);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ["Devenu rouge", [...now].filter(([id, ok]) => !ok && old.get(id) === true).map(([id]) => id)],
    ["Redevenu vert", [...now].filter(([id, ok]) => ok && old.get(id) === false).map(([id]) => id)],
    ["Sondes nouvelles", [...now.keys()].filter((id) => !old.has(id))],
    ["Sondes disparues", [...old.keys()].filter((id) => !now.has(id))],
    ["Documents du plan modifiés", documents],
    ["Version de maquette", before.version === version ? [] : [`${before.version} → ${version}`]],
  ];
  const items = lists.flatMap(([name, list]) =>
    list.length === 0 ? [] : [`<li>${name} : ${escapeMarkup(list.join(", "))}</li>`],
  );
  const since = `<p>Recette du ${escapeMarkup(moment.format(before.at))}.</p>`;
  return [title, since, items.length === 0 ? "<p>Rien n'a changé.</p>" : `<ul>\n${items.join("\n")}\n</ul>`].join("\n");
}

function standing({ standIns }: PageFacts): string {
  const rows = standIns.map(
    ({ name, hosts, standsIn, notShown }) =>
      `<tr>${[name, hosts, standsIn, notShown].map((cell) => `<td>${escapeMarkup(cell)}</td>`).join("")}</tr>`,
  );
  if (rows.length === 0) return "";
  return `<h2>Ce qui tient la place de quoi</h2>\n<table>\n<thead><tr><th>Prévu</th><th>Hôtes</th><th>À sa place</th><th>Ce que cela ne montre pas</th></tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table>`;
}

function circumstances({ machine, version, plan, isProven }: PageFacts): string {
  const documents = Object.entries(plan)
    .map(([name, digest]) => `${name} ${digest.slice(0, 12)}`)
    .join(", ");
  const proof = isProven
    ? "les fichiers des deux routeurs laissent passer ce que dit la matrice des flux, ni plus ni moins"
    : "les fichiers des routeurs ne sont pas prouvés égaux à la matrice des flux";
  const rows = [
    ["maquette", version],
    ["Machine", machine],
    ["Preuve de la politique", proof],
    ["Documents du plan (SHA-256)", documents],
  ];
  return `<h2>Circonstances</h2>\n<table>\n<tbody>\n${rows.map(([name, value]) => `<tr><th scope="row">${name!}</th><td>${escapeMarkup(value!)}</td></tr>`).join("\n")}\n</tbody>\n</table>`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
