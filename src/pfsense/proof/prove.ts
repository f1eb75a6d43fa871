import { contains } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import {
  deciders,
  everything,
  formatPacket,
  makeMeter,
  subtractAll,
  type Box,
  type CompiledRules,
  type Meter,
  type Packet,
  type Rule,
} from "../../policy/engine/index.ts";
import { intentOf, type Intent } from "../../policy/intent.ts";
import { claimsOf, judgeClaim, type Claim } from "../../policy/invariants.ts";
import { EVERYWHERE, without, type Ranges } from "../../policy/ranges.ts";
import { isRoutersName, routersOf } from "../../plan/query.ts";
import { clip, SELF } from "../../policy/space.ts";
import type { PfConfig } from "../model/config.ts";
import { rulesOf } from "../rules/ruleset.ts";
import type { Circumstances } from "../rules/types.ts";
import {
  denialsOf,
  doubtsOf,
  effectiveAt,
  effectiveOut,
  leavingId,
  limitsOf,
  selfParts,
  settleTags,
  type Effective,
} from "./effective.ts";
import { proveLegs, proveOutbound } from "./facts.ts";
import { proveForwards } from "./forwards.ts";
import { FIRST_RULE, proveIngress, type Gate, type IngressVerdict } from "./ingress.ts";
import { areMirrored, provePair } from "./pair.ts";
import { confirm } from "./replay.ts";
import { rowsOfProof } from "./rows.ts";
import type { Scene, SceneVerdicts } from "./scene.ts";
import type { FactProof, ForwardProof, InvariantProof, Proof, RouterReport, VerdictKind, Witness } from "./types.ts";
import { waysOf, type Ways } from "./ways.ts";

export interface ProveOptions {
  /** Steps of the policy engine for the whole proof; beyond them the answer is "undecided". */
  readonly steps?: number;
  readonly circumstances?: Circumstances;
  /** The table's meaning when it is known already. */
  readonly intent?: Intent;
  /** Only these ways in (a zone, or `firewall`); all of them when absent. For a partial answer after a small change. */
  readonly only?: readonly string[];
}

const DEFAULT_STEPS = 200_000_000;

interface SceneVerdict {
  readonly scene: Scene;
  readonly byIngress: SceneVerdicts;
}

const isClean = (verdicts: SceneVerdicts): boolean =>
  [...verdicts.values()].every(
    (v) => v.excess.length === 0 && v.undecided.length === 0 && v.shares.every((s) => s.verdict === "proven"),
  );

/** No row and no invariant names one router, so that the table is the same when the two change places. */
function tellsNoRouterApart(plan: Plan): boolean {
  const legs = routersOf(plan).flatMap((r) => r.nics.map((n) => n.address));
  return [...plan.flows, ...plan.invariants].every((row) =>
    [...row.from, ...row.to].every(
      (end) =>
        !isRoutersName(plan, end) &&
        !(end.kind === "network" && new Set(legs.filter((l) => contains(end.network, l))).size % 2 === 1),
    ),
  );
}

/**
 * Is what each router would do with its file the flow table, no more and no less? For every way in and every access that
 * may be the default route: each row's packets are let through, nothing else is but what pfSense passes by itself
 * (which is listed), forwards and outbound NAT are the plan's, the invariants hold of the files, and the two routers
 * are one router up to their own addresses.
 *
 * @param configs by router id; a router without a file is refuted
 * @throws EngineDefect when a witness does not stand up to the replay
 */
export function proveRouters(plan: Plan, configs: ReadonlyMap<string, PfConfig>, options: ProveOptions = {}): Proof {
  const start = performance.now();
  const meter = makeMeter(options.steps ?? DEFAULT_STEPS);
  const intent = options.intent ?? intentOf(plan, meter);
  const facts: FactProof[] = [];
  const reports: RouterReport[] = [];
  const all: Ways[] = [];
  for (const router of routersOf(plan)) {
    const config = configs.get(router.id);
    if (!config) {
      facts.push(missingFile(router.id));
      continue;
    }
    const ruleset = settleTags(rulesOf(config, options.circumstances ?? {}));
    const ways = waysOf(plan, router, ruleset);
    const doubts = doubtsOf(ruleset);
    const { assumptions } = ruleset;
    reports.push({ id: router.id, file: config.file, rules: config.filter.rules.length, assumptions, doubts });
    all.push(ways);
  }
  const verdicts: SceneVerdict[] = [];
  const forwards: ForwardProof[] = [];
  for (const ways of all) {
    facts.push(...proveLegs(ways));
    // The same file up to its own addresses, and a table that treats both alike: the proof of one is that of the other.
    const isMirror = ways !== all[0] && tellsNoRouterApart(plan) && areMirrored(all[0]!, ways);
    if (isMirror && facts.length + forwards.filter((f) => f.verdict !== "proven").length === 0) {
      const known = forwards.filter((f) => f.router === all[0]!.router.id);
      forwards.push(...known.map((f) => ({ ...f, router: ways.router.id })));
    } else {
      facts.push(...proveOutbound(intent, ways, meter));
      forwards.push(...proveForwards(intent.space, ways, meter));
    }
    if (isMirror && verdicts.every((v) => isClean(v.byIngress))) {
      verdicts.push(...verdicts.map((v) => ({ ...v, scene: { ...v.scene, ways, isTwin: true } })));
      continue;
    }
    const scenes = scenesOf(intent, ways, doubtsOf(ways.ruleset).length > 0, options.only, meter);
    verdicts.push(...scenes.map((scene) => ({ scene, byIngress: proveScene(intent, scene, meter) })));
  }
  const scenes = verdicts.map((v) => v.scene);
  const first = scenes.filter((s, i) => scenes.findIndex((x) => x.ways === s.ways) === i);
  const invariants = proveInvariants(intent, verdicts, meter);
  const [a, b] = first;
  if (a && b && b.isTwin !== true)
    facts.push(...provePair(a.ways, b.ways, (ways) => listsOfAll(scenes.filter((s) => s.ways === ways)), meter));
  const undecided = [
    ...intent.undecided.map((id) => `row ${id}: its share of the table`),
    ...scenes.flatMap((s) => (s.tangled ?? []).map((key) => `${s.ways.router.id}: what ${key} refuses on the way out`)),
    ...verdicts.flatMap((v) => [...v.byIngress.values()].flatMap((x) => x.undecided)),
    ...first.flatMap((s) =>
      limitsOf(s.ways.ruleset).map((x) => `${s.ways.router.id}: ${x}, which the proof does not model`),
    ),
  ];
  const rows = rowsOfProof(intent, verdicts);
  const excess = distinct(verdicts.flatMap((v) => [...v.byIngress.values()].flatMap((x) => x.excess)));
  const verdict = worst([
    ...rows.map((r) => r.verdict),
    ...forwards.map((f) => f.verdict),
    ...invariants.map((i) => i.verdict),
    ...facts.map((f) => f.verdict),
    ...(excess.length > 0 ? (["refuted"] as const) : []),
    ...(undecided.length > 0 ? (["undecided"] as const) : []),
  ]);
  const ms = Math.round((performance.now() - start) * 10) / 10;
  return {
    verdict,
    rows,
    excess,
    forwards,
    invariants,
    facts,
    routers: reports,
    undecided: [...new Set(undecided)],
    ms,
  };
}

const worst = (verdicts: readonly VerdictKind[]): VerdictKind =>
  verdicts.includes("refuted") ? "refuted" : verdicts.includes("undecided") ? "undecided" : "proven";

const missingFile = (router: string): FactProof => ({
  code: "POLICY_PROOF_CONFIG_MISSING",
  router,
  verdict: "refuted",
  fact: `no configuration of ${router} was given`,
  hint: "Emit it from the plan, or name the file to judge",
});

/** Each access in turn is the default route; a second one that refuses nothing else on the way out adds nothing. */
function scenesOf(
  intent: Intent,
  ways: Ways,
  isDoubtful: boolean,
  only: readonly string[] | undefined,
  meter: Meter,
): readonly Scene[] {
  const exits = ways.wans.length > 0 ? ways.wans : [undefined];
  const ids = intent.space.ingresses.map((i) => i.id).filter((id) => only?.includes(id) ?? true);
  const arriving = ids.filter((id) => id !== SELF);
  const seen = new Set<string>();
  const through = exits.map((exit): Scene => {
    const tangled: string[] = [];
    const listsOf = (bound: "most" | "least"): Map<string, Effective> => {
      const denials = denialsOf(ways, exit, bound, meter);
      const lists = arriving.flatMap((id) => {
        const list = effectiveAt(ways, id, denials, bound);
        return list ? [{ id, list, shown: `${bound} ${id} ${signatureOf(list, exit)}` }] : [];
      });
      tangled.push(...denials.tangled);
      const fresh = lists.filter((l) => !seen.has(l.shown));
      for (const l of fresh) seen.add(l.shown);
      return new Map(fresh.map((l) => [l.id, l.list]));
    };
    const lists = listsOf("most");
    if (!isDoubtful) return { ways, exit, lists, least: lists, tangled };
    const least = listsOf("least");
    // Both bounds of a way in are asked together or not at all.
    for (const id of ids) if (!lists.has(id) || !least.has(id)) [lists, least].forEach((m) => m.delete(id));
    return { ways, exit, lists, least, tangled };
  });
  const own = ids.includes(SELF) ? selfParts(ways) : [];
  const sent = own.map((part): Scene => {
    const most = new Map([[SELF, effectiveOut(ways, part, "most")]]);
    const least = isDoubtful ? new Map([[SELF, effectiveOut(ways, part, "least")]]) : most;
    return { ways, exit: part.key, lists: most, least, others: without(part.to, ways.own) };
  });
  return [...through, ...sent];
}

/** What the ways out take back, with the access that is the default route called by no name. */
const signatureOf = (list: Effective, exit: string | undefined): string =>
  list.rules
    .filter((r) => r.id.startsWith(leavingId("")))
    .flatMap((r) => {
      const name = exit !== undefined && r.id === leavingId(exit) ? leavingId("") : r.id;
      return r.boxes.map((b) =>
        [
          name,
          r.action,
          b.family,
          b.slice,
          b.src.lo,
          b.src.hi,
          b.dst.lo,
          b.dst.hi,
          b.a.lo,
          b.a.hi,
          b.b.lo,
          b.b.hi,
        ].join(),
      );
    })
    .sort()
    .join("\n");

/** What a list of what the router sends is not asked about: packets that are not from it, or that go elsewhere. */
const unasked = (ways: Ways, others: Ranges): readonly Box[] => [
  ...clip(everything(), without(EVERYWHERE, ways.own)),
  ...clip(everything(), EVERYWHERE, without(EVERYWHERE, others)),
];

// The first list of each way in; of what the router sends, one for each part, as far as it is asked.
function listsOfAll(scenes: readonly Scene[]): ReadonlyMap<string, readonly Rule[]> {
  const out = new Map<string, readonly Rule[]>();
  for (const [i, { ways, exit, lists, others = EVERYWHERE }] of scenes.entries()) {
    for (const [id, { rules }] of lists) {
      const name = id === SELF ? `${id} (${exit ?? i})` : id;
      const asked: readonly Rule[] =
        id === SELF ? [{ id: "not asked", action: "block", boxes: unasked(ways, others) }, ...rules] : rules;
      if (!out.has(name)) out.set(name, asked);
    }
  }
  return out;
}

function proveScene(intent: Intent, scene: Scene, meter: Meter): SceneVerdicts {
  const out = new Map<string, IngressVerdict>();
  for (const ingress of intent.space.ingresses) {
    const most = scene.lists.get(ingress.id);
    const least = scene.least.get(ingress.id);
    if (!most || !least) continue;
    const { ways, exit, others = EVERYWHERE } = scene;
    const gate: Gate = { intent, ways, exit, others, ingress, least, most, meter };
    out.set(ingress.id, proveIngress(gate));
  }
  return out;
}

/** The invariants of what is really in the files: an exception covers what its row allows, not what a rule does. */
function proveInvariants(intent: Intent, judged: readonly SceneVerdict[], meter: Meter): readonly InvariantProof[] {
  return intent.space.plan.invariants.map((invariant): InvariantProof => {
    const witnesses: Witness[] = [];
    const verdicts: VerdictKind[] = [];
    for (const general of claimsOf(intent, invariant)) {
      for (const { scene, byIngress } of judged.filter((v) => v.scene.isTwin !== true)) {
        const found = byIngress.get(general.ingress);
        if (!found) continue;
        if (isSeenToHold(general, found, scene, meter)) {
          verdicts.push("proven");
          continue;
        }
        const claim = hereOf(general, scene);
        const bound = invariant.kind === "never" ? "most" : "least";
        const list = (bound === "most" ? scene.lists : scene.least).get(claim.ingress)!;
        const verdict = judgeClaim(claim, hushed(list), meter);
        verdicts.push(verdict.kind);
        if (verdict.kind === "refuted") witnesses.push(breachOf(claim, verdict.witness, scene));
      }
    }
    return { id: invariant.id, kind: invariant.kind, verdict: worst(verdicts), witnesses: distinct(witnesses) };
  });
}

/** A packet that an invariant forbids and the file lets in, or the other way round. */
function breachOf({ invariant, ingress }: Claim, packet: Packet, { ways, exit }: Scene): Witness {
  const isPass = invariant.kind === "never";
  const journey = confirm(ways, ingress, packet, exit, (a) => (a === "pass") === isPass);
  return {
    router: ways.router.id,
    ingress,
    packet,
    text: formatPacket(packet),
    row: null,
    rule: journey.rule?.id ?? null,
    action: journey.action,
    isSpoofed: false,
  };
}

/** The claim as far as this router can be asked: it speaks for its own addresses, and its peer for the peer's. */
function hereOf(claim: Claim, { ways, others = EVERYWHERE }: Scene): Claim {
  if (claim.ingress === SELF) return { ...claim, boxes: clip(claim.boxes, ways.own, others) };
  if (claim.invariant.kind === "never") return claim;
  return { ...claim, boxes: clip(claim.boxes, EVERYWHERE, ways.notPeers) };
}

/** True when the rules that decide the claim's packets all do as it says; else it has to be judged. */
function isSeenToHold(claim: Claim, { most, least, lens }: IngressVerdict, scene: Scene, meter: Meter): boolean {
  const isNever = claim.invariant.kind === "never";
  const list = isNever ? most : least;
  const boxes = lens ? lens.boxes(claim.boxes) : hereOf(claim, scene).boxes;
  const excepted = lens ? lens.boxes(claim.excepted) : claim.excepted;
  const found = deciders(isNever ? subtractAll(boxes, excepted) : boxes, list, { from: FIRST_RULE, meter });
  const passes = (index: number): boolean => {
    const rule = list.rules[index];
    return rule?.action === "pass" && !isBeyondControl(rule, scene.lists.get(claim.ingress)!);
  };
  return found !== undefined && [...found].every((index) => passes(index) !== isNever);
}

/**
 * pfSense passes CARP (protocol 112) from anywhere to anywhere as soon as one CARP address exists, before any rule of a
 * user and whatever the settings (`filter_process_carp_rules`). It is shown as a row of pfSense's; an invariant cannot
 * be kept from it.
 */
const BEYOND_CONTROL: ReadonlySet<string> = new Set(["pass-carp"]);

const isBeyondControl = (r: Rule, { sources }: Effective): boolean =>
  BEYOND_CONTROL.has(r.id) && sources.get(r.id)?.by === "pfsense";

// The boxes are the same, so the compiled list serves with other actions.
const hushed = (list: Effective): CompiledRules => ({
  ...list.compiled,
  rules: list.rules.map((r) => (isBeyondControl(r, list) ? { ...r, action: "block" } : r)),
});

const distinct = (witnesses: readonly Witness[]): readonly Witness[] => [
  ...new Map(witnesses.map((w) => [`${w.router} ${w.ingress} ${w.text} ${w.action}`, w])).values(),
];
