import { escapeMarkup, htmlPage } from "../core/markup.ts";
import { wrapped } from "../core/wrap.ts";
import type { Lang } from "./diff/render.ts";
import type { Cell, CellEntry, Matrix, TableRow } from "./matrix.ts";

const TEXTS = {
  fr: {
    matrix: "Matrice des flux",
    table: "Table des flux",
    from: "De",
    to: "Vers",
    corner: "De ↓ / vers →",
    self: "même zone, non filtré",
    none: "refusé",
    partial: "en partie seulement",
    legend:
      "Ce qui est permis, avec la ligne de la table. * : pour certaines adresses seulement. Tout le reste est refusé.",
    number: "N°",
    service: "Service",
    ports: "Protocole et port",
    action: "Action",
    log: "Journal",
    owner: "Responsable",
    description: "Description",
    actions: { allow: "Autorisé", deny: "Bloqué", reject: "Rejeté" },
    yes: "oui",
    no: "non",
    ends: { internet: "Internet", firewall: "pare-feu" } as Readonly<Record<string, string>>,
    sections: [
      "Flux vers le pare-feu",
      "Flux depuis le pare-feu",
      "Protection du pare-feu",
      "Flux métiers",
      "Antiparasites",
      "Interdiction finale",
    ],
    section: "Section",
  },
  en: {
    matrix: "Flow matrix",
    table: "Flow table",
    from: "From",
    to: "To",
    corner: "From ↓ / to →",
    self: "same zone, not filtered",
    none: "refused",
    partial: "in part only",
    legend: "What is allowed, with the row of the table. *: for some addresses only. Everything else is refused.",
    number: "No.",
    service: "Service",
    ports: "Protocol and port",
    action: "Action",
    log: "Log",
    owner: "Owner",
    description: "Description",
    actions: { allow: "Allowed", deny: "Blocked", reject: "Rejected" },
    yes: "yes",
    no: "no",
    ends: { internet: "Internet", firewall: "firewall" } as Readonly<Record<string, string>>,
    sections: [
      "Flows to the firewall",
      "Flows from the firewall",
      "Protection of the firewall",
      "Business flows",
      "Noise",
      "Final refusal",
    ],
    section: "Section",
  },
} as const;

const endName = (id: string, lang: Lang): string => TEXTS[lang].ends[id] ?? id;

const entryText = (e: CellEntry): string => `${e.service}${e.isPartial ? "*" : ""} (${e.row})`;

const cellText = (cell: Cell, lang: Lang, between: string): string => {
  if (cell.kind === "self") return "·";
  return cell.kind === "none" ? "—" : cell.entries.map(entryText).join(between) || TEXTS[lang].none;
};

const md = (text: string): string => text.replaceAll("|", "\\|");

/** The matrix as a Markdown table. */
export function renderMatrixMarkdown(matrix: Matrix, lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const head = `| ${t.corner} | ${matrix.ends.map((e) => endName(e, lang)).join(" | ")} |`;
  const rows = matrix.cells.map(
    (row, i) =>
      `| **${endName(matrix.ends[i]!, lang)}** | ${row.map((c) => md(cellText(c, lang, "<br>"))).join(" | ")} |`,
  );
  return `${[head, `| --- |${" --- |".repeat(matrix.ends.length)}`, ...rows].join("\n")}\n\n${t.legend}\n`;
}

/** The flow table as Markdown, one table a section. */
export function renderTableMarkdown(rows: readonly TableRow[], lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const head = [t.number, t.action, t.from, t.to, t.service, t.ports, t.log, t.description];
  const parts = t.sections.flatMap((title, i) => {
    const own = rows.filter((r) => r.section === i + 1);
    if (own.length === 0) return [];
    const lines = own.map((r) => {
      const cells = [
        r.id,
        t.actions[r.action],
        r.from,
        r.to,
        r.services,
        r.ports,
        r.isLogged ? t.yes : t.no,
        r.description,
      ];
      return `| ${cells.map(md).join(" | ")} |`;
    });
    return [`### ${i + 1}. ${title}`, "", `| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...lines, ""];
  });
  return `${parts.join("\n").trimEnd()}\n`;
}

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#1f2328;background:#fff}
table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:600;padding:.4rem 0}
th,td{border:1px solid #d0d7de;padding:.35rem .5rem;vertical-align:top;text-align:left}
th{background:#f6f8fa}thead th{position:sticky;top:0}
td.none{color:#59636e;text-align:center}td.self{background:#f6f8fa;color:#59636e;text-align:center}
td ul{list-style:none;margin:0;padding:0}.row{color:#59636e;font-size:.85em}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr.deny td,tr.reject td{background:#fff5f5}@media print{body{margin:0}thead th{position:static}}`;

/** The matrix as a page of its own: headers for both directions, words where the eye sees a sign. */
export function renderMatrixHtml(matrix: Matrix, lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const hidden = (text: string): string => `<span class="hidden">${escapeMarkup(text)}</span>`;
  const cell = (c: Cell): string => {
    if (c.kind === "self") return `<td class="self"><span aria-hidden="true">·</span>${hidden(t.self)}</td>`;
    if (c.kind === "none") return `<td class="none"><span aria-hidden="true">—</span>${hidden(t.none)}</td>`;
    const items = c.entries.map((e) => {
      const star = e.isPartial ? `<span aria-hidden="true">*</span>${hidden(t.partial)}` : "";
      return `<li>${escapeMarkup(e.service)}${star} <span class="row">${escapeMarkup(e.row)}</span></li>`;
    });
    return `<td><ul>${items.join("")}</ul></td>`;
  };
  const head = matrix.ends.map((e) => `<th scope="col">${escapeMarkup(endName(e, lang))}</th>`).join("");
  const rows = matrix.cells.map(
    (row, i) =>
      `<tr><th scope="row">${escapeMarkup(endName(matrix.ends[i]!, lang))}</th>${row.map(cell).join("")}</tr>`,
  );
  return htmlPage(
    t.matrix,
    lang,
    STYLE,
    `<table>\n<caption>${escapeMarkup(t.legend)}</caption>\n<thead><tr><th scope="col">${escapeMarkup(t.corner)}</th>${head}</tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table>`,
  );
}

/** The flow table as a page of its own. */
export function renderTableHtml(rows: readonly TableRow[], lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const head = [t.number, t.action, t.from, t.to, t.service, t.ports, t.log, t.owner, t.description];
  const parts = t.sections.flatMap((title, i) => {
    const own = rows.filter((r) => r.section === i + 1);
    if (own.length === 0) return [];
    const lines = own.map((r) => {
      const cells = [
        t.actions[r.action],
        r.from,
        r.to,
        r.services,
        r.ports,
        r.isLogged ? t.yes : t.no,
        r.owner,
        r.description,
      ];
      return `<tr class="${r.action}"><th scope="row">${escapeMarkup(r.id)}</th>${cells.map((c) => `<td>${escapeMarkup(c)}</td>`).join("")}</tr>`;
    });
    return [
      `<table>\n<caption>${escapeMarkup(`${t.section} ${i + 1} : ${title}`)}</caption>\n<thead><tr>${head.map((h) => `<th scope="col">${escapeMarkup(h)}</th>`).join("")}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table>`,
    ];
  });
  return htmlPage(t.table, lang, STYLE, parts.join("\n"));
}

const CELL = 146;
const HEAD = 110;
const LINE = 15;

/** The matrix as a picture; the same text size everywhere, rows as high as their longest cell. */
export function renderMatrixSvg(matrix: Matrix, lang: Lang = "fr"): string {
  const t = TEXTS[lang];
  const width = HEAD + CELL * matrix.ends.length;
  const out: string[] = [];
  const write = (x: number, y: number, text: string, extra = ""): number =>
    out.push(`<text x="${x}" y="${y}"${extra}>${escapeMarkup(text)}</text>`);
  const box = (x: number, y: number, w: number, h: number, fill: string): number =>
    out.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" stroke="#d0d7de"/>`);
  let y = 34;
  box(0, y, HEAD, 26, "#f6f8fa");
  write(6, y + 17, t.corner);
  matrix.ends.forEach((end, i) => {
    box(HEAD + i * CELL, y, CELL, 26, "#f6f8fa");
    write(HEAD + i * CELL + 6, y + 17, endName(end, lang), ` font-weight="bold"`);
  });
  y += 26;
  matrix.cells.forEach((row, r) => {
    const lines = row.map((c) => (c.kind === "some" ? c.entries.flatMap((e) => wrapped(entryText(e), 20)) : []));
    const height = Math.max(1, ...lines.map((l) => l.length)) * LINE + 12;
    box(0, y, HEAD, height, "#f6f8fa");
    write(6, y + 18, endName(matrix.ends[r]!, lang), ` font-weight="bold"`);
    row.forEach((c, i) => {
      const x = HEAD + i * CELL;
      box(x, y, CELL, height, c.kind === "some" ? "#eef7ee" : c.kind === "self" ? "#f6f8fa" : "#ffffff");
      if (c.kind === "none") write(x + CELL / 2, y + 18, "—", ` text-anchor="middle" fill="#59636e"`);
      lines[i]!.forEach((line, k) => write(x + 6, y + 18 + k * LINE, line));
    });
    y += height;
  });
  wrapped(t.legend, 120).forEach((line, i) => write(6, y + 20 + i * LINE, line, ` fill="#59636e"`));
  const height = y + 20 + wrapped(t.legend, 120).length * LINE;
  return (
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="12" fill="#1f2328">`,
      `<title id="title">${escapeMarkup(t.matrix)}</title>`,
      `<desc id="desc">${escapeMarkup(t.legend)}</desc>`,
      `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
      `<text x="6" y="22" font-size="17" font-weight="bold">${escapeMarkup(t.matrix)}</text>`,
      ...out,
      `</svg>`,
    ].join("\n") + "\n"
  );
}
