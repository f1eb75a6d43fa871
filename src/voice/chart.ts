import { escapeMarkup } from "../core/markup.ts";

/** Points joined by lines, and levels across the whole width. */
export interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly { readonly label: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
  readonly levels: readonly { readonly label: string; readonly y: number }[];
  /** Least extent of the upright axis, else from 0 to the highest value. */
  readonly yRange?: readonly [low: number, high: number];
}

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 44;
/** Told apart also without colours, by their dashes. */
const STROKES = [
  ["#0b5394", ""],
  ["#b45f06", "7 4"],
  ["#38761d", "2 3"],
  ["#741b47", "9 3 2 3"],
] as const;
/** At most so many steps on an axis. */
const STEPS = 6;

/** Round numbers (1, 2 or 5 of some power of ten apart) over an extent, its ends included only where they are round. */
function ticks(low: number, high: number): readonly number[] {
  const least = (high - low) / STEPS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= least) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

/** One panel below the other (SVG); the same panels give the same bytes. */
export function chart(label: string, panels: readonly Panel[]): string {
  const height = Math.max(1, panels.length) * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeMarkup(label)}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...panels.flatMap((panel, i) => [`<g transform="translate(0 ${i * HEIGHT})">`, ...drawn(panel), "</g>"]),
    "</svg>",
    "",
  ].join("\n");
}

function drawn(panel: Panel): readonly string[] {
  const points = panel.series.flatMap((s) => s.points);
  const right = Math.max(1, ...points.map(([x]) => x));
  const [low, high] = panel.yRange ?? [
    0,
    Math.max(1, ...points.map(([, y]) => y), ...panel.levels.map((l) => l.y)) * 1.05,
  ];
  const plotWidth = WIDTH - LEFT - RIGHT;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const at = (x: number, y: number): readonly [string, string] => [
    (LEFT + (x / right) * plotWidth).toFixed(1),
    (TOP + (1 - (y - low) / (high - low)) * plotHeight).toFixed(1),
  ];
  const text = (x: number | string, y: number | string, words: string, more = ""): string =>
    `<text x="${x}" y="${y}"${more}>${escapeMarkup(words)}</text>`;
  const out: string[] = [text(LEFT, 22, panel.title, ' font-weight="600" font-size="14"')];
  for (const y of ticks(low, high)) {
    const [, line] = at(0, y);
    out.push(`<line x1="${LEFT}" x2="${LEFT + plotWidth}" y1="${line}" y2="${line}" stroke="#dddddd"/>`);
    out.push(text(LEFT - 6, line, shortOf(y), ' text-anchor="end" dominant-baseline="middle"'));
  }
  for (const x of ticks(0, right))
    out.push(text(at(x, low)[0], HEIGHT - BOTTOM + 16, shortOf(x), ' text-anchor="middle"'));
  out.push(text(LEFT + plotWidth / 2, HEIGHT - 8, panel.xLabel, ' text-anchor="middle"'));
  out.push(text(LEFT, TOP - 6, panel.yLabel, ' font-size="11"'));
  for (const level of panel.levels) {
    const [, y] = at(0, level.y);
    out.push(
      `<line x1="${LEFT}" x2="${LEFT + plotWidth}" y1="${y}" y2="${y}" stroke="#990000" stroke-dasharray="1 3"/>`,
    );
    out.push(text(LEFT + plotWidth + 6, y, level.label, ' fill="#990000" dominant-baseline="middle" font-size="11"'));
  }
  panel.series.forEach((series, i) => {
    const [colour, dash] = STROKES[i % STROKES.length]!;
    const places = series.points.map(([x, y]) => at(x, y));
    const stroke = `stroke="${colour}"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
    out.push(`<polyline fill="none" stroke-width="2" ${stroke} points="${places.map((p) => p.join(",")).join(" ")}"/>`);
    for (const [x, y] of places) out.push(`<circle cx="${x}" cy="${y}" r="2.5" fill="${colour}"/>`);
    const y = HEIGHT - BOTTOM - 8 - (panel.series.length - 1 - i) * 16;
    const x = LEFT + plotWidth + 6;
    out.push(`<line x1="${x}" x2="${x + 22}" y1="${y}" y2="${y}" stroke-width="2" ${stroke}/>`);
    out.push(text(x + 28, y, series.label, ' dominant-baseline="middle"'));
  });
  return out;
}

const shortOf = (n: number): string => String(Number(n.toPrecision(3)));
