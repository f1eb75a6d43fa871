import { formatAddress, formatNetwork } from "../core/ip.ts";
import { escapeMarkup } from "../core/markup.ts";
import { isRouter } from "../plan/query.ts";
import type { Host, Plan, Zone } from "../plan/types.ts";

/** As wide as the README shows it; a plan with longer names or more zones is wider. */
const LEAST_WIDTH = 1160;
/** Of a character of system-ui at that size, on average and a little more. */
const CHARACTER = 7.3;
const MARGIN = 14;
const SIZE = 13;
/** Of addresses below names. */
const SMALL = 11.5;
const COLUMN_GAP = 14;
const LINE = 18;
/** Both routers have a leg in every zone: two lines across the picture say so. */
const UPPER_BUS = 170;
const LOWER_BUS = 280;

const words = {
  en: { operator: "operator", interfaces: "interfaces", primary: "primary", secondary: "secondary" },
  fr: { operator: "opérateur", interfaces: "interfaces", primary: "principal", secondary: "secours" },
} as const;
type Words = (typeof words)["en" | "fr"];

/**
 * A plan's lab in one picture (SVG): operators above, the pair of routers across all zones, a column a zone below with its
 * guests and addresses. Everything in it comes from the plan; the same plan gives the same bytes.
 */
export function labPicture(plan: Plan, language: "en" | "fr" = "en"): string {
  const zones = [...plan.zones.values()];
  const wans = zones.filter((z) => z.kind === "wan");
  const inside = zones.filter((z) => z.kind === "inside");
  const outside = zones.filter((z) => z.kind === "outside");
  const hosts = [...plan.hosts.values()];
  const routers = hosts.filter((h) => isRouter(h));
  const rows = Math.max(0, ...inside.map((z) => membersOf(hosts, z).length));
  const clouds = cloudTexts(
    hosts.filter((h) => h.isOutside),
    outside,
  );
  const w = words[language];
  const length = (t: string): number => t.length;
  const width = widthOf([
    [1, clouds.map(length)],
    [wans.length, wans.flatMap((z) => wanTexts(z, w).map(length))],
    [
      inside.length,
      inside.flatMap((z) =>
        membersOf(hosts, z).flatMap((h) => {
          const [name, address] = hostTexts(plan, h, z);
          return [zoneTitle(z).length, name.length, (address.length * SMALL) / SIZE];
        }),
      ),
    ],
  ]);
  const bottom = 330 + 62 + rows * 2 * LINE + 16;
  const body = [
    ...cloud(clouds, width),
    ...wans.flatMap((z, i) => wan(z, share(width, i, wans.length), w)),
    ...pair(
      routers,
      zones.find((z) => z.kind === "sync"),
      width,
      w,
    ),
    ...inside.flatMap((z, i) => column(plan, z, share(width, i, inside.length), membersOf(hosts, z), bottom - 330)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 14}" font-family="system-ui, sans-serif" font-size="${SIZE}" role="img" aria-label="${escapeMarkup(plan.name)}">`,
    `<rect width="${width}" height="${bottom + 14}" fill="#ffffff"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

const membersOf = (hosts: readonly Host[], zone: Zone): readonly Host[] =>
  hosts.filter((h) => !isRouter(h) && h.nics.some((n) => n.zone === zone.id));

/** So that each text has room in its box. @param rows of boxes side by side: how many, and characters of what stands there */
const widthOf = (rows: readonly (readonly [count: number, lengths: readonly number[]])[]): number =>
  Math.max(
    LEAST_WIDTH,
    ...rows.map(([count, lengths]) => {
      const longest = Math.max(0, ...lengths);
      return Math.ceil(2 * MARGIN + count * (longest * CHARACTER + 2 * MARGIN) + (count - 1) * COLUMN_GAP);
    }),
  );

interface Share {
  readonly x: number;
  readonly width: number;
}

/** Of a row of boxes of one width the nth. */
function share(whole: number, position: number, count: number): Share {
  const width = (whole - 2 * MARGIN - COLUMN_GAP * (count - 1)) / count;
  return { x: MARGIN + position * (width + COLUMN_GAP), width };
}

function cloudTexts(guests: readonly Host[], zones: readonly Zone[]): readonly [string, string] {
  const names = guests.map((g) => `${g.id} (${g.nics.map((n) => formatAddress(n.address)).join(", ")})`).join(" · ");
  return [`Internet: ${names}`, zones.map((z) => `${z.id} ${formatNetwork(z.subnet)}`).join(", ")];
}

const cloud = ([names, where]: readonly [string, string], width: number): string[] => [
  box(14, 14, width - 28, 54, "#eef2f7", "#8795a8"),
  text(28, 37, names, "bold"),
  text(28, 56, where, "", "#566275"),
];

function wanTexts(zone: Zone, words: Words): readonly [string, string] {
  const vip = zone.vip ? ` · CARP ${formatAddress(zone.vip.address)}` : "";
  return [
    `${zone.id} · VLAN ${zone.vlan} · ${formatNetwork(zone.subnet)}`,
    `${zone.gateway ? `${words.operator} ${formatAddress(zone.gateway)}` : ""}${vip}`,
  ];
}

function wan(zone: Zone, { x, width }: Share, words: Words): string[] {
  const [title, addresses] = wanTexts(zone, words);
  return [
    line(x + width / 2, 68, x + width / 2, 96),
    box(x, 96, width, 54, "#fff4e0", "#d99a2b"),
    text(x + 14, 119, title, "bold"),
    text(x + 14, 138, addresses, "", "#7a5a1c"),
    line(x + width / 2, 150, x + width / 2, UPPER_BUS),
  ];
}

function pair(routers: readonly Host[], sync: Zone | undefined, whole: number, words: Words): string[] {
  const width = (whole - 28 - 180) / 2;
  const out = [line(60, UPPER_BUS, whole - 60, UPPER_BUS), line(60, LOWER_BUS, whole - 60, LOWER_BUS)];
  routers.slice(0, 2).forEach((router, i) => {
    const x = 14 + i * (width + 180);
    const rank = i === 0 ? words.primary : words.secondary;
    out.push(line(x + width / 2, UPPER_BUS, x + width / 2, 190), line(x + width / 2, 254, x + width / 2, LOWER_BUS));
    out.push(box(x, 190, width, 64, "#e3f1e6", "#3c8d54"), text(x + 14, 215, `${router.id} · pfSense`, "bold"));
    out.push(text(x + 14, 236, `${router.nics.length} ${words.interfaces} · ${rank}`, "", "#2f6b41"));
  });
  if (sync) {
    out.push(
      line(14 + width, 222, 14 + width + 180, 222),
      text(14 + width + 14, 214, `${sync.id}: pfsync`, ""),
      text(14 + width + 14, 240, formatNetwork(sync.subnet), "", "#566275"),
    );
  }
  return out;
}

const zoneTitle = (zone: Zone): string => `${zone.id} · VLAN ${zone.vlan}`;

function hostTexts(plan: Plan, host: Host, zone: Zone): readonly [string, string] {
  const nic = host.nics.find((n) => n.zone === zone.id)!;
  const pools = [...plan.pools.values()].filter((p) => p.via === host.id).map((p) => ` → ${formatNetwork(p.network)}`);
  return [`${host.id} (${host.role})`, `${formatAddress(nic.address)}${pools.join("")}`];
}

function column(plan: Plan, zone: Zone, { x, width }: Share, members: readonly Host[], height: number): string[] {
  const out = [
    line(x + width / 2, LOWER_BUS, x + width / 2, 330),
    box(x, 330, width, height, "#eaf0fb", "#4a6fb5"),
    text(x + 12, 353, zoneTitle(zone), "bold"),
    text(x + 12, 371, formatNetwork(zone.subnet), "", "#3b5587"),
    text(x + width / 2 + 6, 318, zone.vip ? formatAddress(zone.vip.address) : "", "", "#3b5587"),
  ];
  members.forEach((host, i) => {
    const y = 400 + i * 2 * LINE;
    const [name, address] = hostTexts(plan, host, zone);
    out.push(text(x + 12, y, name, ""), text(x + 12, y + 15, address, "", "#566275", SMALL));
  });
  return out;
}

const box = (x: number, y: number, w: number, h: number, fill: string, stroke: string): string =>
  `<rect x="${round(x)}" y="${y}" width="${round(w)}" height="${h}" rx="6" fill="${fill}" stroke="${stroke}"/>`;
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${round(x1)}" y1="${y1}" x2="${round(x2)}" y2="${y2}" stroke="#8795a8" stroke-width="2"/>`;
const text = (x: number, y: number, s: string, weight: string, fill = "#1c2733", size = SIZE): string =>
  `<text x="${round(x)}" y="${y}"${weight === "" ? "" : ` font-weight="${weight}"`} fill="${fill}"${size === SIZE ? "" : ` font-size="${size}"`}>${escapeMarkup(s)}</text>`;
const round = (n: number): string => String(Math.round(n * 10) / 10);
