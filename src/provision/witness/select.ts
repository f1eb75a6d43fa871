import { rangeOf } from "../../core/ip.ts";
import { formatPacket, isInBox, type Interval, type Packet, type Slice } from "../../policy/engine/index.ts";
import type { Intent, RowShare } from "../../policy/intent.ts";
import { matrixOf, type Cell } from "../../policy/matrix.ts";
import { holdsAddress } from "../../policy/ranges.ts";
import { SELF, tailsOfService, type Tail } from "../../policy/space.ts";
import { endsOf, legTowards, type Entry, type LiveEnd } from "./ends.ts";
import { isDisagreement, type Disagreement, type Oracle } from "./expect.ts";
import type { Tag } from "./frame.ts";
import type { Kind, Witness } from "./witness.ts";

export interface Selection {
  readonly witnesses: readonly Witness[];
  /** What the matrix has and no packet could be made for, with the reason. */
  readonly unsampled: readonly { readonly from: string; readonly to: string; readonly what: string }[];
  readonly disagreements: readonly Disagreement[];
}

export interface SelectOptions {
  /** Ids of hosts that run. */
  readonly live: ReadonlySet<string>;
  /** 32 bits, one to a run: tags and source ports come from it, so that no earlier run's state answers. */
  readonly run: number;
  /** At most so many packets; neighbours are left out first, evenly. Default 900. */
  readonly limit?: number;
  /** The router's own legs stand for its addresses: the shared ones may be the other router's. */
  readonly isOfLegs?: boolean;
  /** Only cells for which this holds. */
  readonly isWanted?: (from: string, to: string) => boolean;
}

const DEFAULT_LIMIT = 900;
/** The dynamic range (RFC 6335 §6), without its end so that neighbours of a run do not wrap. */
const FIRST_PORT = 49_152;
const PORTS = 16_000;
/** How far beyond a port that is also open a closed one is looked for. */
const REACH = 8;

export interface Draft {
  readonly kind: Kind;
  readonly cell: Pick<Cell, "from" | "to">;
  readonly entry: Entry;
  readonly packet: Packet;
  readonly service: string;
  readonly hasLiveSource: boolean;
}

/**
 * Packets for every cell of the flow matrix, out of the boxes that the proof speaks of: each row's services with at
 * least one packet that is allowed, its neighbours across the border, and something for each cell where nothing passes.
 * What becomes of each is asked of the router's own file and compared with the table. Pure: the same run number gives
 * the same packets.
 */
export function selectWitnesses(intent: Intent, oracle: Oracle, options: SelectOptions): Selection {
  const { drafts, unsampled } = draftsOf(intent, oracle, options);
  return { ...settle(oracle, thin(drafts, options.limit ?? DEFAULT_LIMIT), options.run), unsampled };
}

/** Every packet that {@link selectWitnesses} chooses from, without tags and expectations. */
export function draftsOf(
  intent: Intent,
  oracle: Oracle,
  options: Pick<SelectOptions, "live" | "isOfLegs" | "isWanted">,
): { readonly drafts: readonly Draft[] } & Pick<Selection, "unsampled"> {
  const ends = endsOf(intent.space, oracle.router, options.live);
  const byId = new Map(ends.map((e) => [e.id, e]));
  const matrix = matrixOf(intent);
  const unsampled: { from: string; to: string; what: string }[] = [];
  const drafts: Draft[] = [];
  for (const cell of matrix.cells.flat()) {
    if (cell.kind === "self" || options.isWanted?.(cell.from, cell.to) === false) continue;
    const [from, to] = [byId.get(cell.from), byId.get(cell.to)];
    if (!from || !to) continue;
    const common = { from: cell.from, to: cell.to };
    if (from.entries.length === 0) {
      unsampled.push({ ...common, what: `no running guest sends from ${from.id}` });
      continue;
    }
    if (to.targets.length === 0) {
      unsampled.push({ ...common, what: `no running guest takes packets to ${to.id}` });
      continue;
    }
    const before = drafts.length;
    const scope: Scope = { intent, oracle, from, to, cell, isOfLegs: options.isOfLegs === true };
    const missing = new Set<string>();
    for (const { service, row } of cell.entries) {
      const made = from.entries.map((entry) => ofRow(scope, entry, row, service));
      if (made.every((m) => m.length === 0)) missing.add(`${row} ${service}`);
      drafts.push(...made.flat());
    }
    for (const what of missing) unsampled.push({ ...common, what: `no address of a running guest is in ${what}` });
    const closed = from.entries.flatMap((entry) => ofClosed(scope, entry));
    // A cell with rows has its neighbours; one without has these.
    if (drafts.slice(before).every((d) => d.kind === "allowed" || d.kind === "forwarded")) drafts.push(...closed);
    if (drafts.length === before && missing.size === 0)
      unsampled.push({ ...common, what: "no packet between running guests belongs here" });
  }
  drafts.push(...spoofs(intent, ends, options));
  return { drafts: distinct(drafts), unsampled };
}

/** From one end of the matrix to another, by one router. */
export interface Scope {
  readonly intent: Intent;
  readonly oracle: Oracle;
  readonly from: LiveEnd;
  readonly to: LiveEnd;
  readonly cell: Cell;
  readonly isOfLegs: boolean;
}

/** The packets of one service of one row by one way in: two at the ends of each of its ranges, and their neighbours. */
function ofRow(scope: Scope, entry: Entry, row: string, service: string): readonly Draft[] {
  const { intent, from } = scope;
  const share = (intent.shares.get(entry.ingress) ?? []).find((s) => s.flow.id === row && s.flow.action === "allow");
  if (!share) return [];
  const drafts: Draft[] = [];
  const tails = tailsOfService(intent.space.plan.services.get(service)).filter((t) => t.family === 4);
  for (const tail of tails) {
    const pairs = pairsOf(scope, entry, share, tail);
    const [first, last] = [pairs[0], pairs.at(-1)];
    if (!first || !last) continue;
    const isPorts = tail.slice === "tcp" || tail.slice === "udp";
    const low = packetAt(first, tail, isPorts ? tail.b.lo : 0n);
    const high = packetAt(last, tail, isPorts ? tail.b.hi : 0n);
    const draft = (packet: Packet, kind: Kind): Draft => ({
      kind,
      cell: scope.cell,
      entry,
      packet,
      service,
      hasLiveSource: from.sources.indexOf(packet.src) < from.liveSources,
    });
    drafts.push(draft(low, "allowed"));
    if (formatPacket(low) !== formatPacket(high)) drafts.push(draft(high, "allowed"));
    for (const packet of forwardsOf(scope, entry, low)) {
      drafts.push(draft(packet, "forwarded"));
      const beside = neighboursOf(scope, entry, packet, packet, tail);
      drafts.push(...beside.filter(([kind]) => kind !== "destination").map(([kind, p]) => draft(p, kind)));
    }
    drafts.push(...neighboursOf(scope, entry, low, high, tail).map(([kind, p]) => draft(p, kind)));
  }
  return drafts;
}

export type Pair = readonly [src: bigint, dst: bigint];

/** Source and destination that the row names, of running guests where it can be. */
function pairsOf(scope: Scope, entry: Entry, share: RowShare, tail: Tail): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const src of sourcesOf(scope, entry)) {
    for (const dst of targetsOf(scope, entry)) {
      if (entry.ingress === SELF && src !== ownSource(scope, dst)) continue;
      const packet = packetAt([src, dst], tail, tail.slice === "tcp" || tail.slice === "udp" ? tail.b.lo : 0n);
      if (share.must.some((box) => isInBox(box, { ...packet, a: askedPort(packet) }))) pairs.push([src, dst]);
    }
  }
  return pairs;
}

/** The router's own packets bear the address of the leg that they leave by. */
function ownSource({ oracle, intent }: Scope, dst: bigint): bigint | undefined {
  const near = legTowards(oracle.router, intent.space.plan, { family: 4, value: dst });
  if (near) return near.value;
  for (const { zone, address } of oracle.router.nics) {
    const found = oracle.expect(SELF, { family: 4, slice: "icmp", src: address.value, dst, a: 8n, b: 0n });
    if (!isDisagreement(found) && found.exit === zone) return address.value;
  }
  return undefined;
}

const sourcesOf = ({ from, intent }: Scope, entry: Entry): readonly bigint[] => {
  const place = intent.space.ingresses.find((i) => i.id === entry.ingress);
  return from.sources.filter((src) => place !== undefined && holdsAddress(place.enters, 4, src));
};

/** What is near enough to be reached without a router is left out, but for the router's own addresses. */
function targetsOf({ to, oracle, intent, isOfLegs }: Scope, entry: Entry): readonly bigint[] {
  const zone = intent.space.plan.zones.get(entry.ingress);
  if (entry.ingress === SELF) {
    const down = oracle.downZones.map((id) => intent.space.plan.zones.get(id)?.wan?.monitor.value);
    return to.targets.filter((a) => !down.includes(a));
  }
  if (to.id !== SELF) return to.targets;
  const vip = isOfLegs ? undefined : zone?.vip?.address.value;
  const leg = oracle.router.nics.find((n) => n.zone === entry.ingress)?.address.value;
  // The way in's own two first, then one of another zone; no more: they are treated alike, and that is proven.
  const near = [vip, leg].filter((a): a is bigint => a !== undefined);
  const far = to.targets.filter(
    (a) => !near.includes(a) && !(zone && isNear(zone.subnet, a)) && !(isOfLegs && isShared(intent, a)),
  );
  const inner = far.filter((a) => !isWan(intent, a));
  return [...near, ...(inner.length > 0 ? inner : far).slice(0, 1)];
}

/** An address that the active router has. */
export const isShared = ({ space }: Intent, address: bigint): boolean =>
  [...space.plan.zones.values()].some((z) => z.vip?.address.value === address);

const isNear = (subnet: Parameters<typeof rangeOf>[0], a: bigint): boolean => {
  const { lo, hi } = rangeOf(subnet);
  return lo <= a && a <= hi;
};

const isWan = (intent: Intent, a: bigint): boolean =>
  [...intent.space.plan.zones.values()].some((z) => z.kind === "wan" && isNear(z.subnet, a));

function packetAt([src, dst]: Pair, tail: { slice: Slice; a: Interval }, b: bigint): Packet {
  switch (tail.slice) {
    // The source port is given when all packets are known.
    case "tcp":
    case "udp":
      return { family: 4, slice: tail.slice, src, dst, a: 0n, b };
    case "icmp": {
      const type = tail.a.lo === 0n && tail.a.hi === 255n ? 8n : tail.a.lo;
      return { family: 4, slice: "icmp", src, dst, a: type, b: 0n };
    }
    case "other":
      return { family: 4, slice: "other", src, dst, a: tail.a.lo, b: 0n };
  }
}

/** The same flow as the outside sees it: to the shared address of the access. */
function forwardsOf({ intent }: Scope, entry: Entry, packet: Packet): readonly Packet[] {
  const { plan } = intent.space;
  const vip = plan.zones.get(entry.ingress)?.vip?.address;
  if (!vip) return [];
  return plan.forwards.flatMap((f) => {
    const target = plan.hosts.get(f.host)?.nics[0]?.address.value;
    const isMet = tailsOfService(plan.services.get(f.service)).some(
      (t) => t.family === 4 && t.slice === packet.slice && t.b.lo <= packet.b && packet.b <= t.b.hi,
    );
    return f.wans.includes(entry.ingress) && target === packet.dst && isMet ? [{ ...packet, dst: vip.value }] : [];
  });
}

/** Packets beside an allowed one that the table denies. */
function neighboursOf(
  scope: Scope,
  entry: Entry,
  low: Packet,
  high: Packet,
  tail: Tail,
): readonly (readonly [Kind, Packet])[] {
  const { oracle } = scope;
  const isDenied = (p: Packet): boolean => oracle.table(entry.ingress, { ...p, a: askedPort(p) }).action !== "allow";
  const out: (readonly [Kind, Packet])[] = [];
  const addFirst = (kind: Kind, candidates: readonly Packet[]): void => {
    const found = candidates.find(isDenied);
    if (found) out.push([kind, found]);
  };
  if (tail.slice === "tcp" || tail.slice === "udp") {
    const other = tail.slice === "tcp" ? "udp" : "tcp";
    const steps = Array.from({ length: REACH }, (_, i) => BigInt(i + 1));
    addFirst(
      "port",
      steps.map((n) => ({ ...low, b: low.b - n })).filter((p) => p.b > 0n),
    );
    addFirst(
      "port",
      steps.map((n) => ({ ...high, b: high.b + n })).filter((p) => p.b <= 65_535n),
    );
    addFirst("protocol", [{ ...low, slice: other }]);
  } else if (tail.slice === "icmp") {
    // A time stamp instead of an echo (RFC 792): no row names it.
    addFirst("protocol", [{ ...low, a: 13n }]);
  } else addFirst("protocol", [{ ...low, a: 47n }]);
  if (entry.ingress !== SELF) {
    const sources = sourcesOf(scope, entry).filter((src) => src !== low.src);
    addFirst(
      "source",
      sources.map((src) => ({ ...low, src })),
    );
  }
  const targets = targetsOf(scope, entry).filter((dst) => dst !== low.dst);
  addFirst(
    "destination",
    targets.flatMap((dst): Packet[] => {
      if (entry.ingress !== SELF) return [{ ...low, dst }];
      const src = ownSource(scope, dst);
      return src === undefined ? [] : [{ ...low, src, dst }];
    }),
  );
  return out;
}

/** Whoever of one end may speak to whom of the other. */
export const allPairs = (scope: Scope, entry: Entry): readonly Pair[] =>
  sourcesOf(scope, entry).flatMap((src) =>
    targetsOf(scope, entry)
      .filter((dst) => entry.ingress !== SELF || src === ownSource(scope, dst))
      .map((dst): Pair => [src, dst]),
  );

/** Something ordinary for a cell where nothing may pass: the shell, and a datagram that no row names. */
function ofClosed(scope: Scope, entry: Entry): readonly Draft[] {
  const asked: readonly (readonly [Slice, bigint, bigint])[] = [
    ["tcp", 0n, 22n],
    ["udp", 0n, 7n],
    ["icmp", 8n, 0n],
  ];
  const pairs = allPairs(scope, entry);
  const drafts: Draft[] = [];
  for (const [slice, a, b] of asked) {
    const found = pairs
      .map((pair): Packet => ({ family: 4, slice, src: pair[0], dst: pair[1], a, b }))
      .find((p) => scope.oracle.table(entry.ingress, { ...p, a: askedPort(p) }).action !== "allow");
    if (found)
      drafts.push({
        kind: "closed",
        cell: scope.cell,
        entry,
        packet: found,
        service: slice === "icmp" ? "icmp" : `${slice}/${b}`,
        hasLiveSource: scope.from.sources.indexOf(found.src) < scope.from.liveSources,
      });
  }
  return drafts;
}

/** From each way in, one packet with the source of another zone: what a row allows from there. */
function spoofs(intent: Intent, ends: readonly LiveEnd[], options: Pick<SelectOptions, "isWanted">): readonly Draft[] {
  return intent.space.ingresses.flatMap((ingress): readonly Draft[] => {
    if (ingress.kind !== "inside") return [];
    const end = ends.find((e) => e.id === ingress.id);
    const entry = end?.entries[0];
    if (!entry) return [];
    for (const other of ends) {
      if (other.id === end.id || other.id === SELF || options.isWanted?.(end.id, other.id) === false) continue;
      const shares = (intent.shares.get(other.entries[0]?.ingress ?? "") ?? []).filter(
        (s) => s.flow.action === "allow",
      );
      // To the routers' own zones nothing of others passes anyway: that would show nothing.
      const targets = ends.filter((e) => ![SELF, end.id, other.id].includes(e.id) && isPlain(intent, e.id));
      for (const target of targets) {
        for (const src of other.sources) {
          if (holdsAddress(ingress.enters, 4, src)) continue;
          for (const dst of target.targets) {
            const packet: Packet = { family: 4, slice: "tcp", src, dst, a: 0n, b: 443n };
            if (!shares.some((s) => s.must.some((box) => isInBox(box, { ...packet, a: 1n })))) continue;
            const cell = { from: end.id, to: target.id };
            return [{ kind: "spoofed", cell, entry, packet, service: "tcp/443", hasLiveSource: false }];
          }
        }
      }
    }
    return [];
  });
}

const isPlain = (intent: Intent, id: string): boolean =>
  id === "internet" || intent.space.plan.zones.get(id)?.kind === "inside";

/** While the real source port is not given, rules are asked with the first of the range. */
const askedPort = (p: Packet): bigint => (p.slice === "tcp" || p.slice === "udp" ? BigInt(FIRST_PORT) : p.a);

export const keyOf = (d: Draft): string => `${d.entry.ingress} ${formatPacket(d.packet)}`;

// One packet may be the neighbour of many rows; it is sent once, for the first.
function distinct(drafts: readonly Draft[]): readonly Draft[] {
  const seen = new Set<string>();
  const ofKind = (isAllowed: boolean): readonly Draft[] =>
    drafts.filter((d) => (d.kind === "allowed" || d.kind === "forwarded") === isAllowed);
  return [...ofKind(true), ...ofKind(false)].filter((d) => {
    const key = keyOf(d);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

/** Over the limit, every cell keeps what is allowed and at least one neighbour; of the rest every n-th goes. */
function thin(drafts: readonly Draft[], limit: number): readonly Draft[] {
  if (drafts.length <= limit) return drafts;
  const kept = new Set<Draft>();
  const cells = new Set<string>();
  for (const d of drafts) {
    const cell = `${d.cell.from} ${d.cell.to} ${d.kind === "allowed" || d.kind === "forwarded" ? keyOf(d) : d.kind}`;
    if (!cells.has(cell)) kept.add(d);
    cells.add(cell);
  }
  const rest = drafts.filter((d) => !kept.has(d));
  const room = Math.max(0, limit - kept.size);
  for (let i = 0; i < room; i++) {
    const d = rest[Math.floor((i * rest.length) / room)];
    if (d) kept.add(d);
  }
  return drafts.filter((d) => kept.has(d));
}

const hasPorts = (p: Packet): boolean => p.slice === "tcp" || p.slice === "udp";

const withPort = (p: Packet, { run, index }: Tag): Packet =>
  hasPorts(p) ? { ...p, a: BigInt(FIRST_PORT + ((run + index * 7) % PORTS)) } : p;

/** The same witness in another run: neither tag nor port of the first is on its way any more. */
export function inRun(w: Witness, run: number): Witness {
  const tag = { run, index: w.tag.index };
  const packet = withPort(w.packet, tag);
  const { after } = w.expected;
  const isKept = hasPorts(after) && after.a === w.packet.a;
  return { ...w, tag, packet, expected: { ...w.expected, after: isKept ? { ...after, a: packet.a } : after } };
}

/** Gives tags and source ports, and asks the file and the table. */
export function settle(
  oracle: Oracle,
  drafts: readonly Draft[],
  run: number,
): Pick<Selection, "witnesses" | "disagreements"> {
  const witnesses: Witness[] = [];
  const disagreements: Disagreement[] = [];
  drafts.forEach((d, i) => {
    const index = i + 1;
    const packet = withPort(d.packet, { run, index });
    const expected = oracle.expect(d.entry.ingress, packet);
    if (isDisagreement(expected)) return void disagreements.push(expected);
    const table = oracle.table(d.entry.ingress, packet);
    const passes = expected.verdict === "pass";
    // What pfSense lets pass by itself is no row's; the proof lists it.
    if (passes !== (table.action === "allow") && !expected.isPfsenses) {
      const row = table.row === null ? "no row" : `row ${table.row}`;
      const fact = `the plan says ${table.action} (${row}), the file ${expected.verdict} (rule ${expected.rule})`;
      return void disagreements.push({ ingress: d.entry.ingress, packet, fact });
    }
    witnesses.push({
      tag: { run, index },
      kind: d.kind,
      from: d.cell.from,
      to: d.cell.to,
      ingress: d.entry.ingress,
      sender: d.entry.sender,
      packet,
      row: table.row,
      service: d.service,
      expected,
      hasLiveSource: d.hasLiveSource,
    });
  });
  return { witnesses, disagreements };
}
