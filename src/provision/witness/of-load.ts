import { random } from "../../core/random.ts";
import type { Plan } from "../../plan/types.ts";
import { diffPolicies } from "../../policy/diff/index.ts";
import { decide, formatPacket, type Box, type Packet } from "../../policy/engine/index.ts";
import { intentOf, type Intent } from "../../policy/intent.ts";
import { SELF } from "../../policy/space.ts";
import { endsOf, type LiveEnd } from "./ends.ts";
import { forwarded, type Disagreement, type Oracle } from "./expect.ts";
import { allPairs, draftsOf, isShared, keyOf, settle, type Draft, type Pair } from "./select.ts";
import { isForRouter, type Witness } from "./witness.ts";

/** So few that they are sent and judged within seconds. */
const LIMIT = 150;
/** Of them, for what changes at most; the rest is for what must not. */
const FOR_CHANGED = 50;
/** And at least so many for what was refused and still must be. */
const FOR_REFUSED = 30;

export interface LoadWitnesses {
  readonly witnesses: readonly Witness[];
  /** Indexes of those that the change is about. */
  readonly changed: ReadonlySet<number>;
  readonly disagreements: readonly Disagreement[];
  /** What changes and no packet of a running guest shows. */
  readonly unasked: readonly string[];
}

export interface LoadOptions {
  /** Ids of hosts that answer. */
  readonly live: ReadonlySet<string>;
  /** 32 bits; which of the many that must not change are asked goes by it too. */
  readonly run: number;
}

/**
 * The packets by which a load is tried on one router, active or not: those that the new policy treats otherwise than
 * the old one, as far as running guests can send them, and of those that it must not, one for each row's service and protocol, and a spread of what is
 * refused. What each must become is what the new plan says. Pure: the same run gives the same packets.
 * @param before the plan of the file that the router had; undefined where that is not known
 */
export function witnessesOfLoad(
  before: Plan | undefined,
  intent: Intent,
  oracle: Oracle,
  options: LoadOptions,
): LoadWitnesses {
  const old = before && intentOf(before);
  const { found, unasked } = old ? draftsOfChange(old, intent, oracle, options.live) : { found: [], unasked: [] };
  const changed = inTurns(found, (d) => d.about).slice(0, FOR_CHANGED);
  const known = new Set(changed.map(keyOf));
  const all = draftsOf(intent, oracle, { ...options, isOfLegs: true }).drafts.filter(
    (d) => !known.has(keyOf(d)) && isAskable(intent, d),
  );
  const draw = random(options.run);
  const passes = all.filter((d) => d.kind === "allowed" || d.kind === "forwarded");
  const refused = shuffled(
    all.filter((d) => d.kind !== "allowed" && d.kind !== "forwarded"),
    draw,
  );
  const room = LIMIT - changed.length;
  // One that has a running guest's source first: its answer has somewhere to go.
  const preferred = shuffled(passes, draw).sort((x, y) => Number(y.hasLiveSource) - Number(x.hasLiveSource));
  const rowOf = (d: Draft): string =>
    `${d.kind} ${oracle.table(d.entry.ingress, asked(d.packet)).row ?? ""} ${d.service} ${d.packet.slice}`;
  const kept = inTurns(preferred, rowOf).slice(0, room - FOR_REFUSED);
  const entered = new Set([...changed, ...kept].filter((d) => d.kind !== "closed").map((d) => d.entry.ingress));
  // That nothing came shows something only where something does come.
  const shown = refused.filter((d) => entered.has(d.entry.ingress));
  const closed = inTurns(shown, (d) => `${d.cell.from} ${d.cell.to}`).slice(0, room - kept.length);
  const settled = settle(oracle, [...changed, ...kept, ...closed], options.run);
  const askable = settled.witnesses.filter((w) => !isForVip(intent, w));
  return {
    witnesses: askable,
    changed: new Set(askable.filter((w) => fares(intent, w) !== (old && fares(old, w))).map((w) => w.tag.index)),
    disagreements: settled.disagreements,
    unasked,
  };
}

/** Whether a table lets it pass. */
const fares = (intent: Intent, { ingress, packet }: Witness): boolean =>
  decide(intent.listAt(ingress).rules, forwarded(intent.space.plan, ingress, packet), "block").action === "pass";

/** Without ports one connection stands for all, whoever began it; and a shared address is the active router's alone. */
function isAskable(intent: Intent, d: Draft): boolean {
  if (d.packet.slice === "other") return false;
  return d.cell.to !== SELF || !isShared(intent, d.packet.dst);
}

const isForVip = (intent: Intent, w: Witness): boolean => isForRouter(w) && isShared(intent, w.packet.dst);

interface ChangedDraft extends Draft {
  /** The difference that it shows. */
  readonly about: string;
}

/** Packets of running guests out of the difference of two policies: for each part of it, one between each two ends. */
function draftsOfChange(
  old: Intent,
  intent: Intent,
  oracle: Oracle,
  live: ReadonlySet<string>,
): { readonly found: readonly ChangedDraft[]; readonly unasked: readonly string[] } {
  const ends = endsOf(intent.space, oracle.router, live);
  const { arriving, own } = diffPolicies(old, intent);
  const found: ChangedDraft[] = [];
  const unasked: string[] = [];
  for (const [isOwn, diff] of [
    [false, arriving],
    [true, own],
  ] as const)
    for (const row of [...diff.starts, ...diff.stops]) {
      const boxes = row.boxes.filter((b) => b.family === 4 && b.slice !== "other");
      const drafts = ends.flatMap((from) =>
        (from.id === SELF) === isOwn ? ends.flatMap((to) => between(from, to, boxes)) : [],
      );
      found.push(...drafts.map((d) => ({ ...d, about: row.text })));
      if (drafts.length === 0 && boxes.length > 0) unasked.push(`${row.text} (${formatPacket(row.example)})`);
    }
  return { found: found.filter((d) => isAskable(intent, d)), unasked };

  function between(from: LiveEnd, to: LiveEnd, boxes: readonly Box[]): readonly Draft[] {
    return from.entries.flatMap((entry) => {
      const isNear = from.id === to.id || to.id === entry.ingress || to.entries[0]?.ingress === entry.ingress;
      if (isNear) return [];
      const cell = { from: from.id, to: to.id, kind: "some", entries: [] } as const;
      const pairs = allPairs({ intent, oracle, from, to, cell, isOfLegs: true }, entry);
      const packet = firstOf(boxes, pairs);
      if (packet === undefined) return [];
      const passes = oracle.table(entry.ingress, asked(packet)).action === "allow";
      const service = packet.slice === "icmp" ? "icmp" : `${packet.slice}/${packet.b}`;
      const hasLiveSource = from.sources.indexOf(packet.src) < from.liveSources;
      return [{ kind: passes ? "allowed" : "closed", cell, entry, packet, service, hasLiveSource }];
    });
  }
}

function firstOf(boxes: readonly Box[], pairs: readonly Pair[]): Packet | undefined {
  for (const [src, dst] of pairs)
    for (const box of boxes) {
      if (src < box.src.lo || src > box.src.hi || dst < box.dst.lo || dst > box.dst.hi) continue;
      const { slice } = box;
      if (slice === "icmp") {
        // An echo where it may be one: it is answered.
        const type = box.a.lo <= 8n && 8n <= box.a.hi ? 8n : box.a.lo;
        return { family: 4, slice, src, dst, a: type, b: box.b.lo };
      }
      // Port 0 is nobody's (RFC 6335 §6).
      return { family: 4, slice, src, dst, a: 0n, b: box.b.lo === 0n ? 1n : box.b.lo };
    }
  return undefined;
}

/** While the source port is not given, with one of those that it will be one of. */
const asked = (p: Packet): Packet => (p.slice === "tcp" || p.slice === "udp" ? { ...p, a: 50_000n } : p);

/** The first of each group, then the second of each, and so on. */
function inTurns<T>(all: readonly T[], groupOf: (one: T) => string): readonly T[] {
  const turns = new Map<string, number>();
  const ranked = all.map((one) => {
    const group = groupOf(one);
    const turn = turns.get(group) ?? 0;
    turns.set(group, turn + 1);
    return { one, turn };
  });
  return ranked.sort((x, y) => x.turn - y.turn).map((r) => r.one);
}

const shuffled = <T>(all: readonly T[], draw: () => number): T[] =>
  all
    .map((one) => ({ one, at: draw() }))
    .sort((x, y) => x.at - y.at)
    .map((r) => r.one);
