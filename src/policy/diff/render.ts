import { escapeMarkup } from "../../core/markup.ts";
import { wrapped } from "../../core/wrap.ts";
import type { FlowChange, PolicyDiff } from "./changes.ts";
import { isSame } from "./changes.ts";

export type Lang = "fr" | "en";

const TEXTS = {
  en: {
    same: "No packet changes.",
    starts: "Starts to pass",
    stops: "Stops passing",
    changes: "Refused otherwise (silently, or with an answer)",
    from: "From",
    to: "To",
    services: "Services",
    by: "Decided by",
    example: "Example",
    forward: "Port forward",
    undecided: "Undecided",
    nothing: "no row",
    title: "What changes for packets",
  },
  fr: {
    same: "Aucun paquet ne change de sort.",
    starts: "Commence à passer",
    stops: "Ne passe plus",
    changes: "Refusé autrement (en silence, ou avec une réponse)",
    from: "De",
    to: "Vers",
    services: "Services",
    by: "Décidé par",
    example: "Exemple",
    forward: "Redirection de port",
    undecided: "Indécis",
    nothing: "aucune ligne",
    title: "Ce qui change pour les paquets",
  },
} as const;

const KINDS = ["starts", "stops", "changes"] as const;
const SIGNS: Readonly<Record<FlowChange["kind"], string>> = { starts: "+", stops: "-", changes: "~" };

const list = (names: readonly string[]): string => names.join(", ");

function decidedBy(c: FlowChange, lang: Lang): string {
  const name = (ids: readonly (string | null)[]): string => ids.map((id) => id ?? TEXTS[lang].nothing).join(", ");
  return `${name(c.before)} → ${name(c.after)}`;
}

/** A difference as lines for a terminal: `+` starts to pass, `-` stops. */
export function renderDiffText(diff: PolicyDiff, lang: Lang = "en"): string {
  const t = TEXTS[lang];
  if (isSame(diff)) return `${t.same}\n`;
  const rows = diff.changes.map((c) => {
    const at = c.at.length > 0 ? ` [${list(c.at)}]` : "";
    return `${SIGNS[c.kind]} ${list(c.from)} -> ${list(c.to)} ${list(c.services)}${at}\n    ${t.by} ${decidedBy(c, lang)}; ${t.example.toLowerCase()} ${c.example}`;
  });
  const forwards = diff.forwards.map((f) => `${SIGNS[f.kind]} ${t.forward.toLowerCase()} ${f.text}`);
  const undecided = diff.undecided.map((u) => `? ${t.undecided}: ${u}`);
  return `${[...rows, ...forwards, ...undecided].join("\n")}\n`;
}

/** A difference as JSON, stable from run to run. */
export const renderDiffJson = (diff: PolicyDiff): string =>
  `${JSON.stringify({ same: isSame(diff), ...diff }, null, 2)}\n`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** A difference as Markdown, for the comment of a pull request. */
export function renderDiffMarkdown(diff: PolicyDiff, lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  if (isSame(diff)) return `${t.same}\n`;
  const parts: string[] = [];
  for (const kind of KINDS) {
    const rows = diff.changes.filter((c) => c.kind === kind);
    if (rows.length === 0) continue;
    parts.push(`### ${t[kind]}`, "");
    parts.push(`| ${t.from} | ${t.to} | ${t.services} | ${t.by} | ${t.example} |`, "| --- | --- | --- | --- | --- |");
    for (const c of rows) {
      const cells = [list(c.from), list(c.to), list(c.services), decidedBy(c, lang), `\`${c.example}\``];
      parts.push(`| ${cells.map(cell).join(" | ")} |`);
    }
    parts.push("");
  }
  if (diff.forwards.length > 0) {
    parts.push(`### ${t.forward}`, "", ...diff.forwards.map((f) => `- ${SIGNS[f.kind]} ${cell(f.text)}`), "");
  }
  if (diff.undecided.length > 0) parts.push(`### ${t.undecided}`, "", ...diff.undecided.map((u) => `- ${cell(u)}`), "");
  return `${parts.join("\n").trimEnd()}\n`;
}

const LOOK: Readonly<Record<FlowChange["kind"], { readonly color: string; readonly dash: string }>> = {
  starts: { color: "#1a7f37", dash: "" },
  stops: { color: "#b3261e", dash: "6 4" },
  changes: { color: "#6b5b00", dash: "2 3" },
};

const WIDTH = 960;
const LINE = 18;

/**
 * A difference as a picture: sources on the left, destinations on the right, one arrow a row, services above it. What
 * starts is solid and green, what stops dashed and red, so that neither colour nor pattern is needed alone.
 */
export function renderDiffSvg(diff: PolicyDiff, lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const rows = diff.changes;
  const blocks = rows.map((c) => ({
    c,
    from: wrapped(list(c.from), 34),
    to: wrapped(list(c.to), 34),
    services: wrapped(list(c.services), 44),
  }));
  let y = 64;
  const out: string[] = [];
  for (const { c, from, to, services } of blocks) {
    const lines = Math.max(from.length, to.length, services.length + 1);
    const height = lines * LINE + 22;
    const middle = y + height / 2;
    const { color, dash } = LOOK[c.kind];
    out.push(texts(from, 24, middle, "start", "#1f2328"), texts(to, WIDTH - 24, middle, "end", "#1f2328"));
    out.push(
      `<line x1="290" y1="${middle + 6}" x2="664" y2="${middle + 6}" stroke="${color}" stroke-width="2"${dash === "" ? "" : ` stroke-dasharray="${dash}"`} marker-end="url(#${c.kind})"/>`,
      texts(
        [`${SIGNS[c.kind]} ${services[0] ?? ""}`, ...services.slice(1)],
        477,
        middle - 6 - (services.length * LINE) / 2,
        "middle",
        color,
      ),
      `<line x1="24" y1="${y + height}" x2="${WIDTH - 24}" y2="${y + height}" stroke="#d0d7de"/>`,
    );
    y += height;
  }
  if (rows.length === 0) {
    out.push(
      `<text x="24" y="${y}" fill="#1f2328">${escapeMarkup(diff.forwards.length > 0 || diff.undecided.length > 0 ? "" : t.same)}</text>`,
    );
    y += LINE;
  }
  for (const f of diff.forwards) {
    y += LINE;
    out.push(
      `<text x="24" y="${y}" fill="${LOOK[f.kind].color}">${escapeMarkup(`${SIGNS[f.kind]} ${t.forward.toLowerCase()} ${f.text}`)}</text>`,
    );
  }
  const height = y + 28;
  const markers = KINDS.map(
    (k) =>
      `<marker id="${k}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 10 5 0 10z" fill="${LOOK[k].color}"/></marker>`,
  );
  const description = renderDiffText(diff, lang).trim();
  return (
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="14">`,
      `<title id="title">${escapeMarkup(t.title)}</title>`,
      `<desc id="desc">${escapeMarkup(description)}</desc>`,
      `<defs>${markers.join("")}</defs>`,
      `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
      `<text x="24" y="32" font-size="18" font-weight="bold" fill="#1f2328">${escapeMarkup(t.title)}</text>`,
      ...out,
      `</svg>`,
    ].join("\n") + "\n"
  );
}

function texts(lines: readonly string[], x: number, middle: number, anchor: string, color: string): string {
  const first = middle - ((lines.length - 1) * LINE) / 2 + 5;
  return lines
    .map(
      (line, i) =>
        `<text x="${x}" y="${first + i * LINE}" text-anchor="${anchor}" fill="${color}">${escapeMarkup(line)}</text>`,
    )
    .join("");
}
