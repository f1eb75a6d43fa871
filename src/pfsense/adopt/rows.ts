import { meet, overlap } from "../../core/intervals.ts";
import type { Box } from "../../policy/engine/index.ts";
import { firstMatchOrder } from "../rules/flatten.ts";
import { parseAddress, parseNetwork, rangeOf } from "../../core/ip.ts";
import { isOn } from "../rules/interfaces.ts";
import type { PfRule } from "../rules/types.ts";
import type { PfFilterRule } from "../model/filter.ts";
import type { Called } from "./ends.ts";
import type { Leg } from "./legs.ts";
import { ownLeavingRules, reachOf } from "./leaving.ts";
import { oneLine, type Notes } from "./notes.ts";
import {
  EVERYTHING,
  isEmpty,
  isIn,
  isSame,
  meetOf,
  one,
  sideOf,
  textsOf,
  unite,
  without,
  type Ranges,
} from "./sets.ts";
import { isIdle, isSettled } from "./settled.ts";
import type { Site } from "./site.ts";
import { tailsOf, termsOf, type Tail, type Term } from "./services.ts";

/** A row of the flow table before it has words, a section and an id. */
export interface RowDraft {
  /** What the router itself sends; all others arrive somewhere. */
  readonly isOwn: boolean;
  readonly from: Ranges;
  readonly to: Ranges;
  readonly tails: readonly Tail[];
  readonly terms: readonly Term[];
  readonly action: "allow" | "deny" | "reject";
  readonly isLogged: boolean;
  readonly description: string;
  /** Where it came from, for the comment above it. */
  readonly origins: readonly string[];
  readonly calledFrom: Called | undefined;
  readonly calledTo: Called | undefined;
  readonly calledService: Called | undefined;
}

const ACTIONS = { pass: "allow", block: "deny", reject: "reject", match: "deny" } as const;

/** Automatic rules that are choices of the file and so become rows. */
const CHOSEN = /^(anti-lockout|bogons4|block-private|static-route)/;

/**
 * The rules as rows, in pf's effective order: the quick ones in their order, then the others from last to first. A row's
 * sources are those of the interfaces that its rule is on, so that rows of different interfaces never meet.
 * @param legsOn the legs whose rules count; the accesses share one list where they agree
 */
export function rowsOf(site: Site, legs: readonly Leg[], notes: Notes): readonly RowDraft[] {
  const ruleOf = new Map(site.config.filter.rules.map((r) => [r.place, r]));
  const arriving = firstMatchOrder(site.ruleset.rules)
    .filter((r) => r.direction !== "out" && !isSettled(r) && !isIdle(r))
    .filter((r) => r.by === "user" || CHOSEN.test(r.id));
  const rows = merged(arriving).flatMap((r) => {
    const rule = r.by === "user" && r.place ? ruleOf.get(r.place) : undefined;
    return arrivingRow(site, legs, r, rule, notes) ?? [];
  });
  const own = ownLeavingRules(site.ruleset).flatMap((r) => ownRow(site, r, ruleOf.get(r.place!), notes) ?? []);
  return [...own, ...passedByRedirects(site, legs), ...plainly(rows)];
}

/** Both match some packet, and do not agree about it. Rows about what the router sends never meet those about what arrives. */
export function collide(x: RowDraft, y: RowDraft): boolean {
  if (x.action === y.action || x.isOwn !== y.isOwn) return false;
  return meet(x.from, y.from) && meet(x.to, y.to) && shareTail(x, y);
}

const shareTail = (x: RowDraft, y: RowDraft): boolean =>
  x.tails.some((s) => y.tails.some((t) => s.slice === t.slice && overlap(s.a, t.a) && overlap(s.b, t.b)));

/** More networks than this nobody reads. */
const MANY_NETWORKS = 6;

/**
 * A permit to "all but these" is many networks. Where nothing later lets these in, two rows say the same in few words: these
 * are refused, then everything is let through.
 */
function plainly(rows: readonly RowDraft[]): readonly RowDraft[] {
  return rows.flatMap((row, n): readonly RowDraft[] => {
    const rest = without(EVERYTHING, row.to);
    const isShorter = textsOf(rest).length < textsOf(row.to).length && textsOf(row.to).length > MANY_NETWORKS;
    if (row.action !== "allow" || !isShorter || !row.calledTo) return [row];
    const called = {
      ...row.calledTo,
      name: row.calledTo.name.replace(/^not-/, ""),
      description: row.calledTo.description.replace(/^Everything but: /, ""),
    };
    const refusal: RowDraft = {
      ...row,
      to: rest,
      action: "deny",
      isLogged: true,
      description: oneLine(`Not: ${row.description}`),
      calledTo: called,
    };
    if (rows.slice(n + 1).some((later) => later.action !== "deny" && collide(refusal, later))) return [row];
    return [refusal, { ...row, to: EVERYTHING, calledTo: undefined }];
  });
}

/** pfSense writes one rule for each private network: one row says them all. */
function merged(rules: readonly PfRule[]): readonly PfRule[] {
  const out: PfRule[] = [];
  for (const r of rules) {
    const last = out.at(-1);
    const stem = /^block-private:[^:]+/.exec(r.id)?.[0];
    if (stem !== undefined && last?.id === stem) out[out.length - 1] = { ...last, boxes: [...last.boxes, ...r.boxes] };
    else out.push(stem === undefined ? r : { ...r, id: stem, description: "Private networks from outside" });
  }
  return out;
}

/** The legs that see packets of a rule on the way in. */
export const legsUnder = (site: Site, r: PfRule): readonly Leg[] =>
  site.legs.filter(
    (l) => r.interfaces === undefined || isOn(r.interfaces, l.interface, site.ruleset.interfaces) !== r.isNotOn,
  );

function arrivingRow(
  site: Site,
  legs: readonly Leg[],
  r: PfRule,
  rule: PfFilterRule | undefined,
  notes: Notes,
): RowDraft | undefined {
  const here = legsUnder(site, r).filter((l) => legs.includes(l));
  if (here.length === 0 || r.action === "match") return undefined;
  const said = r.mayBoxes || r.tagged ? undefined : sayable(r.boxes);
  if (said === undefined || typeof said === "string") return undefined;
  const sources = sideOf(r.boxes, "src");
  const from = unite(...here.map((l) => meetOf(sources, site.enters.get(l.key)!)));
  const where = here.map((l) => l.zone).join(", ");
  if (isEmpty(from)) {
    const fact = `none of its sources belongs behind ${where}`;
    if (rule)
      notes.told("IMPORT_SOURCE", r.place, pathOf(rule), fact, "Such packets would be spoofed; add a route or a zone.");
    return undefined;
  }
  const behind = unite(...here.map((l) => site.enters.get(l.key)!));
  const isClipped = rule !== undefined && !rule.source.isAny && !rule.source.isNot && !isIn(sources, behind);
  if (isClipped) {
    const fact = `some of its sources do not belong behind ${where}; the row has the others`;
    notes.told("IMPORT_SOURCE", r.place, pathOf(rule), fact, "Such packets would be spoofed.");
  }
  const clipped =
    rule?.source.isAny === true || isSame(from, sources) ? undefined : here.length === 1 ? here[0]!.zone : "here";
  return draftOf(site, r, rule, { isOwn: false, from, to: sideOf(r.boxes, "dst"), where, clipped, ...said });
}

/** Rows about what the router itself sends, from floating rules on the way out. */
function ownRow(site: Site, r: PfRule, rule: PfFilterRule | undefined, notes: Notes): RowDraft | undefined {
  if (r.mayBoxes && !r.tagged) return undefined;
  const from = meetOf(sideOf(r.boxes, "src"), site.firewall);
  const to = asNamed(site, meetOf(sideOf(r.boxes, "dst"), reachOf(site.ruleset, r)));
  const said = sayable(r.boxes);
  if (typeof said === "string" || isEmpty(from) || isEmpty(to)) return undefined;
  if (r.interfaces !== undefined && reachOf(site.ruleset, r) !== EVERYTHING && rule) {
    const fact = `it is about ${r.interfaces.join(", ")}; the row names what is routed there`;
    notes.told("IMPORT_OUT", r.place, pathOf(rule), fact, "Check it if a gateway may fail over.");
  }
  return draftOf(site, r, rule, { isOwn: true, from, to, where: "the router", clipped: undefined, ...said });
}

/** What the router sends to itself never leaves, so that a set may as well hold its addresses. */
function asNamed(site: Site, to: Ranges): Ranges {
  const named = [EVERYTHING, site.internet, ...site.legs.map((l) => [rangeOf(l.subnet)])];
  const bare = (set: Ranges): Ranges => without(set, site.firewall);
  return named.find((set) => isSame(bare(set), bare(to))) ?? to;
}

/** `rdr pass`: what it redirects is let in before any rule is asked. */
function passedByRedirects(site: Site, legs: readonly Leg[]): readonly RowDraft[] {
  return site.ruleset.nat.redirects.flatMap((r): readonly RowDraft[] => {
    const here = legs.filter((l) => isOn(r.interfaces, l.interface, site.ruleset.interfaces));
    const said = sayable(imageOf(r.boxes, r));
    if (!r.isPass || r.by !== "user" || r.mayBoxes || here.length === 0 || typeof said === "string") return [];
    const boxes = imageOf(r.boxes, r);
    const from = unite(...here.map((l) => meetOf(sideOf(boxes, "src"), site.enters.get(l.key)!)));
    if (isEmpty(from) || boxes.length === 0) return [];
    const description = oneLine(r.description === "" ? `Port forward ${r.id} passes by itself` : r.description);
    const origins = [`line ${r.place.line}, ${r.id}, filter rule association "pass"`];
    const called = { calledFrom: undefined, calledTo: undefined, calledService: undefined };
    return [
      {
        isOwn: false,
        from,
        to: sideOf(boxes, "dst"),
        ...said,
        action: "allow",
        isLogged: false,
        description,
        origins,
        ...called,
      },
    ];
  });
}

/** The packets of a redirect as the filter sees them; none where the target is not one address. */
export function imageOf(
  boxes: readonly Box[],
  r: Pick<PfSite["redirects"][number], "target" | "port">,
): readonly Box[] {
  if (r.target.kind !== "address") return [];
  const dst = { lo: r.target.address.value, hi: r.target.address.value };
  return boxes.map((box) => {
    if (!r.port || (box.slice !== "tcp" && box.slice !== "udp")) return { ...box, dst };
    const shift = BigInt(r.port.to - r.port.from);
    const single = { lo: BigInt(r.port.to), hi: BigInt(r.port.to) };
    return { ...box, dst, b: r.port.count === 1 ? single : { lo: box.b.lo + shift, hi: box.b.hi + shift } };
  });
}

type PfSite = Site["ruleset"]["nat"];

/** Services and the dimensions that they are made of; text is why no service says it. */
export function sayable(
  boxes: readonly Box[],
): { readonly tails: readonly Tail[]; readonly terms: readonly Term[] } | string {
  const tails = tailsOf(boxes);
  if (tails.length === 0) return "no packet";
  const terms = termsOf(tails);
  return typeof terms === "string" ? terms : { tails, terms };
}

interface Parts {
  readonly isOwn: boolean;
  readonly from: Ranges;
  readonly to: Ranges;
  readonly tails: readonly Tail[];
  readonly terms: readonly Term[];
  readonly where: string;
  /** What to add to the name of a source of which only a part is meant. */
  readonly clipped: string | undefined;
}

function draftOf(site: Site, r: PfRule, rule: PfFilterRule | undefined, p: Parts): RowDraft {
  const { isOwn, from, to, tails, terms } = p;
  const text = oneLine(rule ? (rule.description ?? "") : r.description);
  const description = text === "" ? `Rule ${r.id} on ${p.where}` : text;
  const port = rule?.destination.port;
  return {
    isOwn,
    from,
    to,
    tails,
    terms,
    action: ACTIONS[r.action],
    isLogged: r.isLogged,
    description,
    origins: [originOf(r, rule, p.where)],
    calledFrom: rule ? calledEnd(site, rule.source, p.clipped) : calledAutomatic(r),
    calledTo: rule ? calledEnd(site, rule.destination, undefined) : undefined,
    calledService: port === undefined ? undefined : calledAlias(site, port),
  };
}

function originOf(r: PfRule, rule: PfFilterRule | undefined, where: string): string {
  const at = r.place ? `line ${r.place.line}, ` : "";
  if (!rule) return `${at}pfSense's own ${r.id}`;
  return `${at}${pathOf(rule)}${rule.tracker === undefined ? "" : `, tracker ${oneLine(rule.tracker, 40)}`}, on ${where}`;
}

export const pathOf = (rule: PfFilterRule): string => `filter.rule[${rule.index}]`;

const calledAutomatic = (r: PfRule): Called | undefined =>
  r.id.startsWith("block-private")
    ? { name: "private-elsewhere", description: "Private networks (RFC 1918) that are not ours" }
    : r.id.startsWith("bogons4")
      ? { name: "bogons", description: "Networks that nobody may use, as pfSense ships the list" }
      : undefined;

function calledEnd(site: Site, e: PfFilterRule["source"], clipped: string | undefined): Called | undefined {
  const name = e.address ?? e.network;
  if (name === undefined) return undefined;
  const alias = calledAlias(site, name);
  const what = alias?.description ?? name;
  const stem = alias?.name ?? name.replace(/[()]/g, "");
  const full = `${e.isNot ? "not-" : ""}${stem}${clipped === undefined ? "" : `-${clipped}`}`;
  if (!alias && !e.isNot && clipped === undefined) return undefined;
  const said = `${e.isNot ? "Everything but: " : ""}${what}${clipped === undefined ? "" : `, as far as it belongs there`}`;
  return { name: full, description: oneLine(said), ...(alias?.pieces ? { pieces: alias.pieces } : {}) };
}

function calledAlias(site: Site, name: string): Called | undefined {
  const alias = site.config.aliases.findLast((a) => a.name === name);
  if (!alias) return undefined;
  const description = oneLine(alias.description ?? "");
  const pieces = entriesBelow(site, name, new Set()).flatMap((entry): readonly Ranges[] => {
    const network = parseNetwork(entry)?.network;
    const address = parseAddress(entry);
    if (network?.family === 4) return [[rangeOf(network)]];
    return address?.family === 4 ? [one(address)] : [];
  });
  return { name: alias.name, description: description === "" ? `Alias ${alias.name}` : description, pieces };
}

/** The entries of an alias and of those in it; each alias is opened once. */
function entriesBelow(site: Site, name: string, opened: Set<string>): readonly string[] {
  const alias = site.config.aliases.findLast((a) => a.name === name);
  if (!alias) return [name];
  if (opened.has(name)) return [];
  opened.add(name);
  return alias.entries.flatMap((entry) => entriesBelow(site, entry, opened));
}
