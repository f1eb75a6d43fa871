import { formatAddress, rangeOf } from "../../core/ip.ts";
import type { Host, Plan } from "../../plan/types.ts";
import {
  countPackets,
  decide,
  equivalent,
  everything,
  formatPacket,
  readablePacket,
  semanticDiff,
  type AddressLabel,
  type Decision,
  type Rule,
} from "../../policy/engine/index.ts";
import { rowsOf } from "../../policy/intent.ts";
import { routersOf } from "../../plan/query.ts";
import { SELF, spaceOf, type Ingress, type PlanSpace } from "../../policy/space.ts";
import { interfaceKeys } from "../emit/index.ts";
import type { PfConfig } from "../model/config.ts";
import { flatten, ingressRules, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import { rulesOf } from "../rules/ruleset.ts";
import type { Circumstances, PfRule, PfRuleset } from "../rules/types.ts";
import { letsNothingIn, ownLeavingRules, reachOf, refusingForwarded } from "./leaving.ts";
import { imageOf } from "./rows.ts";
import { clipTo, reduced, scoped, settledBoxes } from "./settled.ts";
import { EVERYTHING, makeRanges, without, type Ranges } from "./sets.ts";
import { compareTranslation, type Senders, type TranslationDifference } from "./translation.ts";

/** Packets that fare differently under the file and under what was made of it. */
export interface Difference {
  /** `lan -> 10.0.1.5 tcp 443`: all packets of the difference. */
  readonly flows: string;
  /** One of them: `10.0.0.9:49152 -> 10.0.1.5:443 tcp`. */
  readonly example: string;
  readonly original: Said;
  readonly adopted: Said;
}

/** What a list does to a packet, and by which rule or row; null is the default. */
export interface Said {
  readonly action: "pass" | "block" | "reject";
  readonly by: string | null;
}

/** One way into the router: a zone, or `firewall` for what it sends itself. */
export interface WayProof {
  readonly zone: string;
  /** The interface's key in the file; null when no interface has the router's address. */
  readonly interface: string | null;
  readonly verdict: "equal" | "differs" | "undecided";
  readonly differences: readonly Difference[];
}

export interface AdoptionProof {
  readonly verdict: "equal" | "differs" | "undecided";
  /** The rows of the plan, or the rules of the file that is emitted from it. */
  readonly against: "plan" | "emitted";
  readonly ways: readonly WayProof[];
  /** What leaves by an access with another source; compared with the emitted file, where all ways are equal. */
  readonly translations: readonly TranslationDifference[];
  /** What keeps it from being decided, in words. */
  readonly undecided: readonly string[];
  /** What was not compared, in words. */
  readonly limits: readonly string[];
}

export interface ProveOptions {
  /** As `adopt` gives them. */
  readonly circumstances?: Circumstances;
  /** The file that is emitted from the plan: compared in place of the plan's rows. */
  readonly emitted?: PfConfig;
}

const MAX_DIFFERENCES = 8;

/**
 * Whether a plan lets pass what a file does, way by way, for every first packet of a flow in IPv4 whose source belongs
 * there. Shares no code with what wrote the plan, but for what is compared at all (`settled.ts`) and what leaves.
 */
export function proveAdopted(original: PfConfig, plan: Plan, options: ProveOptions = {}): AdoptionProof {
  const circumstances = options.circumstances ?? {};
  const before = reduced(rulesOf(original, circumstances));
  const after = options.emitted && reduced(rulesOf(options.emitted, expected(plan)));
  const space = spaceOf(plan);
  const [router] = routersOf(plan);
  const rows = rowsOf(space);
  const ways = space.ingresses.map((ingress): WayProof => {
    const asked: Way = { space, ingress, rows, isOff: original.system.isFilterOff };
    if (ingress.id === SELF) return compare(asked, null, before, "", after, "");
    const key = keyOf(before, router, ingress.id);
    const other = after ? keyOf(after, router, ingress.id) : "";
    if (key === undefined || other === undefined)
      return { zone: ingress.id, interface: key ?? null, verdict: "undecided", differences: [] };
    return compare(asked, key, before, key, after, other);
  });
  const undecided = [
    ...ways
      .filter((w) => w.verdict === "undecided")
      .map((w) => `${w.zone}: the file leaves it open, or it is too tangled`),
    ...refusingForwarded(before).map((r) => `${r.id} may refuse forwarded packets on the way out`),
    ...(after && !letsNothingIn(after) ? refusingForwarded(after) : []).map(
      (r) => `emitted ${r.id} may refuse forwarded packets on the way out`,
    ),
  ];
  const isDifferent = ways.some((w) => w.verdict === "differs");
  const translated = after && !isDifferent && !original.system.isFilterOff ? translationsOf(space, before, after) : [];
  const translations = translated === "undecided" ? [] : translated;
  if (translated === "undecided") undecided.push("outbound NAT: the file leaves it open, or it is too tangled");
  const verdict = isDifferent || translations.length > 0 ? "differs" : undecided.length > 0 ? "undecided" : "equal";
  const limits = limitsOf(before, space);
  return { verdict, against: after ? "emitted" : "plan", ways, translations, undecided, limits };
}

/** As many as a pair has side by side in a network, and its VIP. */
const NEIGHBOURS = 3n;

/**
 * Addresses beside the router's own in rules about the routers' own packets: the other one's of a pair, of which one file
 * does not tell that it is there. The plan of one router takes it for a host.
 */
function partnerOf(ruleset: PfRuleset, own: Ranges): Ranges {
  const meetsOwn = ({ src }: { readonly src: { readonly lo: bigint; readonly hi: bigint } }): boolean =>
    own.some((o) => o.lo <= src.hi && src.lo <= o.hi);
  return ruleset.nat.sources.flatMap(({ boxes }) => {
    const narrow = boxes.filter((b) => b.family === 4 && b.src.hi - b.src.lo < NEIGHBOURS);
    return narrow.some(meetsOwn) ? narrow.map(({ src }) => ({ family: 4 as const, lo: src.lo, hi: src.hi })) : [];
  });
}

/** What leaves by each access: what the zones inside send as far as it is let in, and what the router sends itself. */
function translationsOf(
  space: PlanSpace,
  before: PfRuleset,
  after: PfRuleset,
): readonly TranslationDifference[] | "undecided" {
  const [router] = routersOf(space.plan);
  const accesses = [...space.plan.zones.values()].filter((z) => z.wan !== null).map((z) => rangeOf(z.subnet));
  const beyond = without(makeRanges(four(space.internet)), [...four(space.firewall), ...four(accesses)]);
  const near = without(EVERYTHING, beyond);
  const partner = partnerOf(before, four(space.firewall));
  const senders = space.ingresses
    .filter((i) => i.kind !== "wan")
    .map((i): Senders => {
      if (i.id === SELF) return { from: four(space.firewall), list: null, settled: [] };
      const from = without(makeRanges(four(i.enters)), makeRanges([...four(space.firewall), ...partner]));
      const key = keyOf(before, router, i.id)!;
      return { from, list: arrivingList(before, key, "most"), settled: settledBoxes(before, key, "in") };
    });
  const found = space.ingresses
    .filter((i) => i.kind === "wan")
    .map((i) => {
      const [old, now] = [before, after].map((ruleset) => ({ ruleset, key: keyOf(ruleset, router, i.id)! }));
      return compareTranslation(i.id, old!, now!, senders, near);
    });
  return found.some((f) => f === "undecided") ? "undecided" : found.flatMap((f) => (f === "undecided" ? [] : f));
}

/** An emitted file names nothing that stands elsewhere, but for addresses got by DHCP: those that the plan expects. */
function expected(plan: Plan): Circumstances {
  const [router] = routersOf(plan);
  const nics = new Map(router?.nics.map((n) => [n.zone, `${formatAddress(n.address)}/${n.prefix}`]));
  const told = [...interfaceKeys(plan)].map(([zone, key]) => [key, [nics.get(zone) ?? ""]] as const);
  return { addresses: Object.fromEntries(told) };
}

interface Way {
  readonly space: PlanSpace;
  readonly ingress: Ingress;
  readonly rows: readonly Rule[];
  readonly isOff: boolean;
}

function limitsOf(ruleset: PfRuleset, space: PlanSpace): readonly string[] {
  const wans = space.ingresses.filter((i) => i.kind === "wan");
  return [
    "First packets of flows, in IPv4, whose source belongs to the zone and is not the firewall's own.",
    "Not what pfSense does by itself before any rule: CARP, DHCP, port 0, link-local addresses.",
    "Destinations after port forwarding; forwards and routes are compared by the list of what was not carried.",
    "Outbound NAT: not the source port of IKE, which pfSense keeps by itself in its automatic mode, nothing that is sent to an access's own network, and not what the other router of a pair sends through this one.",
    ...(wans.length > 1 ? ["Not packets that come by one access for the network of another."] : []),
    ...ruleset.assumptions,
  ];
}

/** The interface that holds the router's address in a zone. */
function keyOf(ruleset: PfRuleset, router: Host | undefined, zone: string): string | undefined {
  const address = router?.nics.find((n) => n.zone === zone)?.address;
  return ruleset.interfaces.find((i) => i.kind === "interface" && i.ip4?.address.value === address?.value)?.key;
}

function compare(
  way: Way,
  shown: string | null,
  before: PfRuleset,
  keyBefore: string,
  after: PfRuleset | undefined,
  keyAfter: string,
): WayProof {
  const isSelf = way.ingress.id === SELF;
  const listOf = (ruleset: PfRuleset, key: string, bound: Bound): readonly Rule[] =>
    way.isOff && ruleset === before
      ? [{ id: "packet filtering is off", action: "pass", boxes: everything() }]
      : isSelf
        ? ownList(ruleset, bound)
        : arrivingList(ruleset, key, bound);
  const settled = isSelf
    ? [before, ...(after ? [after] : [])].flatMap((r) => r.interfaces.flatMap((i) => settledBoxes(r, i.key, "out")))
    : [...settledBoxes(before, keyBefore, "in"), ...(after ? settledBoxes(after, keyAfter, "in") : [])];
  const scope = { from: sourcesOf(way), notTo: notTo(way), settled };
  // Without a rule that may match, or that asks for a tag, both bounds are the same list.
  const isOpen = [before, ...(after ? [after] : [])].some((r) => r.rules.some((x) => x.mayBoxes ?? x.tagged));
  const bounds: readonly Bound[] = isOpen ? ["least", "most"] : ["certain"];
  const verdicts = bounds.map((bound) => {
    const old = scoped(listOf(before, keyBefore, bound), scope);
    const now = scoped(after ? listOf(after, keyAfter, bound) : way.rows, scope);
    return { old, now, verdict: equivalent(old, now) };
  });
  const proof = { zone: way.ingress.id, interface: shown };
  if (verdicts.every((v) => v.verdict.kind === "proven")) return { ...proof, verdict: "equal", differences: [] };
  if (!verdicts.every((v) => v.verdict.kind === "refuted")) return { ...proof, verdict: "undecided", differences: [] };
  const { old, now } = verdicts[0]!;
  return { ...proof, verdict: "differs", differences: differencesOf(way, old, now) };
}

const sourcesOf = ({ ingress, space }: Way): Ranges =>
  ingress.id === SELF ? makeRanges(four(space.firewall)) : without(makeRanges(four(ingress.enters)), space.firewall);

const four = (set: Ranges): Ranges => set.filter((r) => r.family === 4);

/** What the router sends to itself never leaves; what comes by one access for another's network is nobody's flow. */
function notTo({ ingress, space }: Way): Ranges {
  if (ingress.id === SELF) return four(space.firewall);
  const wans = space.ingresses.filter((i) => i.kind === "wan");
  if (ingress.kind !== "wan" || wans.length < 2) return [];
  const others = wans.filter((w) => w.id !== ingress.id).flatMap((w) => space.plan.zones.get(w.id) ?? []);
  return makeRanges(others.map((z) => rangeOf(z.subnet)));
}

/** Redirects that pass by themselves, then the filter on the way in. */
function arrivingList(ruleset: PfRuleset, key: string, bound: Bound): readonly Rule[] {
  const i = ruleset.interfaces.find((x) => x.key === key)!;
  const passed = ruleset.nat.redirects
    .filter((r) => r.isPass && isOn(r.interfaces, i, ruleset.interfaces))
    .map((r): Rule => ({ id: r.id, action: "pass", boxes: imageOf(r.boxes, r) }));
  return [...passed, ...ingressRules(ruleset, key, bound)];
}

/** What the router sends: the user's rules on the way out where a destination is routed, and else it leaves. */
function ownList(ruleset: PfRuleset, bound: Bound): readonly Rule[] {
  const bare = (r: PfRule): PfRule => ({ ...r, tagged: undefined });
  const rules = ownLeavingRules(ruleset).flatMap((r) =>
    flatten([bare(r)], bound).map((rule): Rule => ({ ...rule, boxes: clipTo(rule.boxes, reachOf(ruleset, r)) })),
  );
  return [...rules, { id: "pass-out4", action: "pass", boxes: everything(4) }];
}

function differencesOf(way: Way, old: readonly Rule[], now: readonly Rule[]): readonly Difference[] {
  const diff = semanticDiff(old, now, { labels: labelsOf(way.space) });
  return [...diff.starts, ...diff.stops, ...diff.changes].slice(0, MAX_DIFFERENCES).map((row): Difference => {
    // All packets of a row fare alike: one that a person can picture serves as well as any.
    const widest = [...row.boxes].sort((a, b) => (countPackets(a) > countPackets(b) ? -1 : 1))[0];
    const packet = widest ? readablePacket(widest) : row.example;
    const [was, is] = [decide(old, packet, "block"), decide(now, packet, "block")];
    // Port 0 is not compared, which is no news to anybody.
    const flows = row.text.replaceAll(/ from 1-65535(?: to)?/g, "");
    return { flows, example: formatPacket(packet), original: saidOf(was), adopted: saidOf(is) };
  });
}

const saidOf = (d: Decision): Said => ({ action: d.action, by: d.rule });

const labelsOf = ({ plan }: PlanSpace): readonly AddressLabel[] => [
  ...[...plan.zones.values()].map((z) => ({ name: z.id, ...rangeOf(z.subnet) })),
  ...[...plan.pools.values()].map((p) => ({ name: p.id, ...rangeOf(p.network) })),
  ...[...plan.hosts.values()].flatMap((h) =>
    h.nics.map((n) => ({
      name: h.nics.length === 1 ? h.id : `${h.id} ${formatAddress(n.address)}`,
      family: n.address.family,
      lo: n.address.value,
      hi: n.address.value,
    })),
  ),
];
