import { formatAddress, formatNetwork } from "../core/ip.ts";
import { escapeMarkup } from "../core/markup.ts";
import { isRouter } from "../plan/query.ts";
import type { Host, Plan, Zone } from "../plan/types.ts";

const WIDTH = 1160;
const COLUMN_GAP = 14;
const LINE = 18;
/** Both routers have a leg in every zone: two lines across the picture say so. */
const UPPER_BUS = 170;
const LOWER_BUS = 280;

/**
 * The lab in one picture (SVG): operators above, the pair of routers across all zones, a column a zone below with its
 * guests and addresses. Everything in it comes from the plan; the same plan gives the same bytes.
 */
export function labPicture(plan: Plan): string {
  const zones = [...plan.zones.values()];
  const wans = zones.filter((z) => z.kind === "wan");
  const inside = zones.filter((z) => z.kind === "inside");
  const outside = zones.filter((z) => z.kind === "outside");
  const hosts = [...plan.hosts.values()];
  const routers = hosts.filter((h) => isRouter(h));
  const rows = Math.max(...inside.map((z) => membersOf(hosts, z).length));
  const bottom = 330 + 62 + rows * 2 * LINE + 16;
  const body = [
    ...cloud(
      hosts.filter((h) => h.isOutside),
      outside,
    ),
    ...wans.flatMap((z, i) => wan(z, i, wans.length)),
    ...pair(
      routers,
      zones.find((z) => z.kind === "sync"),
    ),
    ...inside.flatMap((z, i) => column(plan, z, i, inside.length, membersOf(hosts, z), bottom - 330)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 14}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escapeMarkup(plan.name)}">`,
    `<rect width="${WIDTH}" height="${bottom + 14}" fill="#ffffff"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

const membersOf = (hosts: readonly Host[], zone: Zone): readonly Host[] =>
  hosts.filter((h) => !isRouter(h) && h.nics.some((n) => n.zone === zone.id));

function cloud(guests: readonly Host[], zones: readonly Zone[]): string[] {
  const names = guests.map((g) => `${g.id} (${g.nics.map((n) => formatAddress(n.address)).join(", ")})`).join(" · ");
  const where = zones.map((z) => `${z.id} ${formatNetwork(z.subnet)}`).join(", ");
  return [
    box(14, 14, WIDTH - 28, 54, "#eef2f7", "#8795a8"),
    text(28, 37, `Internet: ${names}`, "bold"),
    text(28, 56, where, "", "#566275"),
  ];
}

function wan(zone: Zone, position: number, count: number): string[] {
  const width = (WIDTH - 28 - COLUMN_GAP * (count - 1)) / count;
  const x = 14 + position * (width + COLUMN_GAP);
  const vip = zone.vip ? ` · CARP ${formatAddress(zone.vip.address)}` : "";
  return [
    line(x + width / 2, 68, x + width / 2, 96),
    box(x, 96, width, 54, "#fff4e0", "#d99a2b"),
    text(x + 14, 119, `${zone.id} · VLAN ${zone.vlan} · ${formatNetwork(zone.subnet)}`, "bold"),
    text(x + 14, 138, `${zone.gateway ? `operator ${formatAddress(zone.gateway)}` : ""}${vip}`, "", "#7a5a1c"),
    line(x + width / 2, 150, x + width / 2, UPPER_BUS),
  ];
}

function pair(routers: readonly Host[], sync: Zone | undefined): string[] {
  const width = (WIDTH - 28 - 180) / 2;
  const out = [line(60, UPPER_BUS, WIDTH - 60, UPPER_BUS), line(60, LOWER_BUS, WIDTH - 60, LOWER_BUS)];
  routers.slice(0, 2).forEach((router, i) => {
    const x = 14 + i * (width + 180);
    out.push(line(x + width / 2, UPPER_BUS, x + width / 2, 190), line(x + width / 2, 254, x + width / 2, LOWER_BUS));
    out.push(box(x, 190, width, 64, "#e3f1e6", "#3c8d54"), text(x + 14, 215, `${router.id} · pfSense`, "bold"));
    out.push(
      text(x + 14, 236, `${router.nics.length} interfaces · ${i === 0 ? "primary" : "secondary"}`, "", "#2f6b41"),
    );
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

function column(
  plan: Plan,
  zone: Zone,
  position: number,
  count: number,
  members: readonly Host[],
  height: number,
): string[] {
  const width = (WIDTH - 28 - COLUMN_GAP * (count - 1)) / count;
  const x = 14 + position * (width + COLUMN_GAP);
  const out = [
    line(x + width / 2, LOWER_BUS, x + width / 2, 330),
    box(x, 330, width, height, "#eaf0fb", "#4a6fb5"),
    text(x + 12, 353, `${zone.id} · VLAN ${zone.vlan}`, "bold"),
    text(x + 12, 371, formatNetwork(zone.subnet), "", "#3b5587"),
    text(x + width / 2 + 6, 318, zone.vip ? formatAddress(zone.vip.address) : "", "", "#3b5587"),
  ];
  members.forEach((host, i) => {
    const y = 400 + i * 2 * LINE;
    const nic = host.nics.find((n) => n.zone === zone.id)!;
    const pools = [...plan.pools.values()]
      .filter((p) => p.via === host.id)
      .map((p) => ` → ${formatNetwork(p.network)}`);
    out.push(
      text(x + 12, y, `${host.id} (${host.role})`, ""),
      text(x + 12, y + 15, `${formatAddress(nic.address)}${pools.join("")}`, "", "#566275", 11.5),
    );
  });
  return out;
}

const box = (x: number, y: number, w: number, h: number, fill: string, stroke: string): string =>
  `<rect x="${round(x)}" y="${y}" width="${round(w)}" height="${h}" rx="6" fill="${fill}" stroke="${stroke}"/>`;
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${round(x1)}" y1="${y1}" x2="${round(x2)}" y2="${y2}" stroke="#8795a8" stroke-width="2"/>`;
const text = (x: number, y: number, s: string, weight: string, fill = "#1c2733", size = 13): string =>
  `<text x="${round(x)}" y="${y}"${weight === "" ? "" : ` font-weight="${weight}"`} fill="${fill}"${size === 13 ? "" : ` font-size="${size}"`}>${escapeMarkup(s)}</text>`;
const round = (n: number): string => String(Math.round(n * 10) / 10);
