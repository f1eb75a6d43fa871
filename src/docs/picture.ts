import { formatAddress, formatNetwork } from "../core/ip.ts";
import { escapeMarkup } from "../core/markup.ts";
import { isRouter } from "../plan/query.ts";
import type { Host, Plan, Zone } from "../plan/types.ts";

/** As wide as the README shows it; a plan with longer names or more networks is wider. */
const LEAST_WIDTH = 1160;
const SIZE = 13;
/** Of addresses below names, and beside links. */
const SMALL = 11.5;
/** Of a character of system-ui, on average and a little more. */
const CHARACTER = 7.3 / SIZE;
const MARGIN = 14;
const PADDING = 12;
const GAP = 14;
const LINE = 18;
const HOST_LINE = 2 * LINE;

/** From above: the Internet, the first router, the networks, the second router. */
const CLOUD = { y: MARGIN, height: 54 };
const BAR = 50;
const FIRST_BAR = CLOUD.y + CLOUD.height + 28;
/** Of links between a router and a network. */
const LINK = 46;
const NETWORKS = FIRST_BAR + BAR + LINK;

const words = {
  en: { operator: "operator", interfaces: "interfaces", primary: "primary", secondary: "secondary" },
  fr: { operator: "opérateur", interfaces: "interfaces", primary: "principal", secondary: "secours" },
} as const;
type Words = (typeof words)["en" | "fr"];

/** A run of characters in a box. */
interface Label {
  readonly words: string;
  readonly weight?: "bold";
  readonly fill?: string;
  readonly size?: number;
}

/** A network, as a box with what is in it. */
interface Column {
  readonly zone: Zone;
  readonly labels: readonly Label[];
  readonly hosts: readonly (readonly [name: Label, address: Label])[];
}

interface Placed extends Column {
  readonly x: number;
  readonly width: number;
}

/**
 * A plan's lab in one picture (SVG). Every network is a column, the accesses outermost, with its guests and addresses; one
 * router is above them and one below, each with a link of its own to each network, so that no two links cross. Everything in
 * it comes from the plan; the same plan gives the same bytes.
 */
export function labPicture(plan: Plan, language: "en" | "fr" = "en"): string {
  const w = words[language];
  const zones = [...plan.zones.values()];
  const hosts = [...plan.hosts.values()];
  const routers = hosts.filter((h) => isRouter(h)).slice(0, 2);
  const accesses = zones.filter((z) => z.kind === "wan");
  // The accesses to both sides: what leads to them from the Internet passes beside the first router.
  const left = accesses.slice(0, Math.ceil(accesses.length / 2));
  const right = accesses.slice(left.length);
  const middle = [...zones.filter((z) => z.kind === "inside"), ...zones.filter((z) => z.kind === "sync")];
  const networks = [...left, ...middle, ...right].map((z) => columnOf(plan, hosts, z, w));
  const clouds = cloudTexts(
    hosts.filter((h) => h.isOutside),
    zones.filter((z) => z.kind === "outside"),
  );
  const cloudWidth = Math.max(...clouds.map(widthOf)) + 2 * (PADDING + MARGIN);
  const { placed, width } = place(networks, Math.max(LEAST_WIDTH, cloudWidth));
  const height = Math.max(...placed.map((c) => c.labels.length * LINE + 30 + c.hosts.length * HOST_LINE)) + 8;
  const lower = NETWORKS + height + LINK;
  const bottom = routers.length > 1 ? lower + BAR : NETWORKS + height;
  const tops = [FIRST_BAR, lower];
  const body = [
    ...placed.flatMap((c) => (c.zone.kind === "wan" ? [toInternet(c, placed)] : [])),
    ...routers.flatMap((r, i) => links(r, placed, i === 0 ? [FIRST_BAR + BAR, NETWORKS] : [NETWORKS + height, lower])),
    box({ x: MARGIN, y: CLOUD.y, width: width - 2 * MARGIN, height: CLOUD.height }, "#eef2f7", "#8795a8"),
    ...clouds.map((label, i) => text(MARGIN + PADDING, 37 + i * 19, label)),
    ...routers.flatMap((r, i) => bar(r, placed, tops[i]!, i === 0 ? w.primary : w.secondary, w)),
    ...placed.flatMap((c) => column(c, height)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${bottom + MARGIN}" font-family="system-ui, sans-serif" font-size="${SIZE}" role="img" aria-label="${escapeMarkup(plan.name)}">`,
    `<rect width="${round(width)}" height="${bottom + MARGIN}" fill="#ffffff"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

const GREY = "#566275";
const BLUE = "#3b5587";
const widthOf = ({ words: of, weight, size = SIZE }: Label): number =>
  of.length * CHARACTER * size * (weight === "bold" ? 1.1 : 1);

function cloudTexts(guests: readonly Host[], zones: readonly Zone[]): readonly Label[] {
  const names = guests.map((g) => `${g.id} (${g.nics.map((n) => formatAddress(n.address)).join(", ")})`).join(" · ");
  return [
    { words: names === "" ? "Internet" : `Internet: ${names}`, weight: "bold" },
    { words: zones.map((z) => `${z.id} ${formatNetwork(z.subnet)}`).join(", "), fill: GREY },
  ];
}

function columnOf(plan: Plan, hosts: readonly Host[], zone: Zone, w: Words): Column {
  const small = { fill: zone.kind === "wan" ? "#7a5a1c" : BLUE, size: SMALL };
  const gateway = zone.kind === "wan" && zone.gateway ? [`${w.operator} ${formatAddress(zone.gateway)}`] : [];
  const more = [
    ...gateway,
    ...(zone.vip ? [`CARP ${formatAddress(zone.vip.address)}`] : []),
    ...(zone.kind === "sync" ? ["pfsync"] : []),
  ];
  const members = hosts.filter((h) => !isRouter(h) && !h.isOutside && h.nics.some((n) => n.zone === zone.id));
  return {
    zone,
    labels: [
      { words: `${zone.id} · VLAN ${zone.vlan}`, weight: "bold" },
      { words: formatNetwork(zone.subnet), fill: small.fill },
      ...more.map((of) => ({ words: of, ...small })),
    ],
    hosts: members.map((host) => {
      const own = host.nics.filter((n) => n.zone === zone.id).map((n) => formatAddress(n.address));
      const pools = [...plan.pools.values()].filter((p) => p.via === host.id).map((p) => formatNetwork(p.network));
      const roles = host.roles.filter((role) => role !== host.id);
      return [
        { words: roles.length === 0 ? host.id : `${host.id} (${roles.join(", ")})` },
        { words: [own.join(", "), ...pools].join(" → "), fill: GREY, size: SMALL },
      ];
    }),
  };
}

/** Side by side, each as wide as its texts; what is left of the least width they share. */
function place(
  columns: readonly Column[],
  least: number,
): { readonly placed: readonly Placed[]; readonly width: number } {
  // An address beside a link, and what leads to the Internet.
  const own = columns.map((c) => {
    const texts = [...c.labels, ...c.hosts.flat()].map(widthOf);
    return Math.max(c.zone.kind === "wan" ? 160 : 118, ...texts) + 2 * PADDING;
  });
  const taken = own.reduce((sum, width) => sum + width, 0) + (columns.length - 1) * GAP + 2 * MARGIN;
  const more = Math.max(0, least - taken) / Math.max(1, columns.length);
  let x = MARGIN;
  const placed = columns.map((c, i) => {
    const at = { ...c, x, width: own[i]! + more };
    x += at.width + GAP;
    return at;
  });
  return { placed, width: Math.max(least, taken) };
}

const isLast = (c: Placed, all: readonly Placed[]): boolean => c === all.at(-1) && c !== all[0];

/** Where a network's links to the routers are: an access' own at the side that is away from what leads to the Internet. */
const linkOf = (c: Placed, all: readonly Placed[]): number =>
  c.zone.kind === "wan" && !isLast(c, all) ? c.x + c.width * 0.4 : c.x + 20;

/** The two outermost pass beside the first router; of three accesses one must pass behind it. */
function toInternet(c: Placed, all: readonly Placed[]): string {
  const x = isLast(c, all) ? c.x + c.width - 20 : c.x + 20;
  return line(x, CLOUD.y + CLOUD.height, x, NETWORKS);
}

function links(router: Host, all: readonly Placed[], [from, to]: readonly [number, number]): readonly string[] {
  return all.flatMap((c) => {
    const nic = router.nics.find((n) => n.zone === c.zone.id);
    if (nic === undefined) return [];
    const x = linkOf(c, all);
    const address = { words: formatAddress(nic.address), fill: BLUE, size: SMALL };
    return [line(x, from, x, to), text(x + 6, (from + to) / 2 + 4, address)];
  });
}

function bar(router: Host, all: readonly Placed[], y: number, rank: string, w: Words): readonly string[] {
  const at = all.filter((c) => router.nics.some((n) => n.zone === c.zone.id)).map((c) => linkOf(c, all));
  const [first, last] = [Math.min(...at), Math.max(...at)];
  const x = first - 16;
  const words: Label = {
    words: `${router.nics.length} ${w.interfaces} · ${rank}`,
    fill: "#2f6b41",
  };
  const name: Label = { words: `${router.id} · pfSense`, weight: "bold" };
  const width = Math.max(last - first + 32, widthOf(name) + 2 * PADDING, widthOf(words) + 2 * PADDING);
  return [
    box({ x, y, width, height: BAR }, "#e3f1e6", "#3c8d54"),
    text(x + PADDING, y + 21, name),
    text(x + PADDING, y + 39, words),
  ];
}

const COLOURS: Readonly<Record<Zone["kind"], readonly [fill: string, stroke: string]>> = {
  wan: ["#fff4e0", "#d99a2b"],
  inside: ["#eaf0fb", "#4a6fb5"],
  sync: ["#f3f3f3", "#8795a8"],
  outside: ["#eef2f7", "#8795a8"],
};

function column({ zone, labels, hosts, x, width }: Placed, height: number): readonly string[] {
  const at = x + PADDING;
  const first = NETWORKS + labels.length * LINE + 30;
  return [
    box({ x, y: NETWORKS, width, height }, ...COLOURS[zone.kind]),
    ...labels.map((label, i) => text(at, NETWORKS + 22 + i * LINE, label)),
    ...hosts.flatMap(([name, address], i) => [
      text(at, first + i * HOST_LINE, name),
      text(at, first + i * HOST_LINE + 15, address),
    ]),
  ];
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const box = ({ x, y, width, height }: Rectangle, fill: string, stroke: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}"/>`;
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${round(x1)}" y1="${y1}" x2="${round(x2)}" y2="${y2}" stroke="#8795a8" stroke-width="2"/>`;
const text = (x: number, y: number, { words: of, weight, fill = "#1c2733", size = SIZE }: Label): string =>
  `<text x="${round(x)}" y="${round(y)}"${weight === undefined ? "" : ` font-weight="${weight}"`} fill="${fill}"${size === SIZE ? "" : ` font-size="${size}"`}>${escapeMarkup(of)}</text>`;
const round = (n: number): string => String(Math.round(n * 10) / 10);
