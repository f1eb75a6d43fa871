import { compareDiagnostics } from "../../core/diagnostics.ts";
import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import { makeMeter } from "../../policy/engine/budget.ts";
import { compile } from "../../policy/engine/compile.ts";
import { findRedundant } from "../../policy/engine/redundant.ts";
import { findShadows } from "../../policy/engine/shadows.ts";
import type { Rule } from "../../policy/engine/types.ts";
import type { Endpoint } from "../model/base.ts";
import type { PfConfig } from "../model/config.ts";
import type { PfFilterRule } from "../model/filter.ts";
import { firstMatchOrder, rulesOn } from "./flatten.ts";
import { rulesOf } from "./ruleset.ts";
import type { Circumstances, PfRule, PfRuleset } from "./types.ts";

/** One row of the rule set as a person reads it, in pf's order. */
export interface AuditRow {
  readonly id: string;
  readonly tracker: string | undefined;
  readonly by: PfRule["by"];
  readonly action: PfRule["action"];
  readonly direction: PfRule["direction"];
  /** Keys of interfaces and groups; empty is every interface. */
  readonly interfaces: readonly string[];
  readonly isNotOn: boolean;
  readonly isQuick: boolean;
  readonly isLogged: boolean;
  /** Such as `tcp lan → 10.0.1.5:443`; of an automatic rule, what it is for. */
  readonly summary: string;
  /** What its matching hangs on that the file does not hold. */
  readonly uncertain: readonly string[];
  readonly place: Place | undefined;
}

export interface Audit {
  readonly ruleset: PfRuleset;
  readonly rows: readonly AuditRow[];
  /** What pfSense leaves out, what cannot be decided, and rules that do nothing; ordered by place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly assumptions: readonly string[];
}

/** Steps of the engine for one interface's list: about two seconds. */
const STEPS_PER_LIST = 100_000_000;

/** Judges a configuration: every rule that takes part, `by: pfsense` included, and what is wrong with the user's. */
export function audit(config: PfConfig, circumstances: Circumstances = {}): Audit {
  const ruleset = rulesOf(config, circumstances);
  const written = new Map(config.filter.rules.map((r) => [r.place, r]));
  const rows = ruleset.rules.map((r) => rowOf(r, r.place && r.by === "user" ? written.get(r.place) : undefined));
  const diagnostics = [
    ...ruleset.diagnostics,
    ...withoutEffect(ruleset, written),
    ...tooOpen(config, ruleset, written),
    ...unusedAliases(config),
  ].sort(compareDiagnostics);
  return { ruleset, rows, diagnostics, assumptions: ruleset.assumptions };
}

function rowOf(r: PfRule, written: PfFilterRule | undefined): AuditRow {
  return {
    id: r.id,
    tracker: r.tracker,
    by: r.by,
    action: r.action,
    direction: r.direction,
    interfaces: r.interfaces ?? [],
    isNotOn: r.isNotOn,
    isQuick: r.isQuick,
    isLogged: r.isLogged,
    summary: written ? summaryOf(written) : r.description,
    uncertain: r.uncertain,
    place: r.place,
  };
}

/** A user's rule in one line, in the words of the file. */
export function summaryOf(r: PfFilterRule): string {
  const protocol = `${r.protocol ?? "any"}${r.icmpTypes === undefined ? "" : `(${r.icmpTypes})`}`;
  const tail = r.description === undefined ? "" : ` (${r.description})`;
  return `${protocol} ${endText(r.source)} → ${endText(r.destination)}${tail}`;
}

function endText(e: Endpoint): string {
  const what = e.isAny ? "any" : (e.network ?? e.address ?? "nothing");
  return `${e.isNot ? "not " : ""}${what}${e.port === undefined ? "" : `:${e.port}`}`;
}

type Written = ReadonlyMap<Place, PfFilterRule>;

const pathOf = (r: PfRule, written: Written): string => {
  const index = r.place ? written.get(r.place)?.index : undefined;
  return `filter.rule[${index ?? "?"}]`;
};

/** A rule is reported when it does nothing in any list that it is part of; one that may match is left alone. */
function withoutEffect(ruleset: PfRuleset, written: Written): readonly Diagnostic[] {
  const seen = new Map<
    PfRule,
    { readonly idle: number; readonly lists: number; readonly why: string; readonly code: string }
  >();
  const keys = ruleset.interfaces.filter((i) => i.kind !== "group").map((i) => i.key);
  for (const key of keys) {
    for (const direction of ["in", "out"] as const) {
      const list = firstMatchOrder(rulesOn(ruleset, key, direction)).filter((r) => r.action !== "match");
      if (!list.some((r) => r.by === "user")) continue;
      const idle = idleIn(list);
      for (const r of list.filter((x) => x.by === "user" && !x.mayBoxes && !x.tagged)) {
        const before = seen.get(r) ?? { idle: 0, lists: 0, why: "", code: "" };
        const found = idle.get(r);
        const why = found?.why ?? before.why;
        const code = found?.code ?? before.code;
        seen.set(r, { idle: before.idle + (found ? 1 : 0), lists: before.lists + 1, why, code });
      }
    }
  }
  return [...seen].flatMap(([r, s]): readonly Diagnostic[] => {
    if (s.idle < s.lists || s.lists === 0) return [];
    const place = r.place ? { place: r.place } : {};
    const hint = "Move it before them, or delete it; its packets' fate stays the same.";
    return [{ code: s.code, severity: "warning", ...place, path: pathOf(r, written), fact: s.why, hint }];
  });
}

/** The rules of one list that change nothing, each with the reason. */
function idleIn(list: readonly PfRule[]): ReadonlyMap<PfRule, { readonly why: string; readonly code: string }> {
  const rules = list.flatMap((r): readonly Rule[] =>
    r.action === "match" ? [] : [{ id: r.id, action: r.action, boxes: r.tagged ? [] : r.boxes }],
  );
  const compiled = compile(rules);
  const meter = makeMeter(STEPS_PER_LIST);
  const out = new Map<PfRule, { why: string; code: string }>();
  for (const found of findRedundant(compiled, { meter }).redundant) {
    const r = list[found.index];
    if (r && r.boxes.length > 0 && found.reason === "repeated") {
      out.set(r, { why: `rule ${r.id} does what would happen without it`, code: "PFSENSE_RULE_REDUNDANT" });
    }
  }
  for (const found of findShadows(compiled, { meter }).shadows) {
    const r = list[found.index];
    if (!r) continue;
    const cover = found.cover.slice(0, 3).join(", ");
    out.set(r, { why: `rule ${r.id} is never reached: ${cover} take all its packets`, code: "PFSENSE_RULE_SHADOWED" });
  }
  return out;
}

/** Passes that ask for nothing at all. */
function tooOpen(config: PfConfig, ruleset: PfRuleset, written: Written): readonly Diagnostic[] {
  const inside = new Set(ruleset.rules.filter((r) => r.by === "user").map((r) => r.place));
  return config.filter.rules.flatMap((r): readonly Diagnostic[] => {
    const isOpen = r.source.isAny && r.destination.isAny && (r.protocol ?? "any") === "any";
    const isPass = !["block", "reject", "match"].includes(r.type ?? "pass");
    if (!isOpen || !isPass || !inside.has(r.place)) return [];
    const path = `filter.rule[${written.get(r.place)?.index ?? r.index}]`;
    const fact = "it passes everything from anywhere to anywhere";
    const hint = "Name at least a source: the network of its interface.";
    return [{ code: "PFSENSE_RULE_OPEN", severity: "warning", place: r.place, path, fact, hint }];
  });
}

function unusedAliases(config: PfConfig): readonly Diagnostic[] {
  const used = new Set<string>();
  const addEnd = (e: Endpoint): void => {
    for (const t of [e.address, e.network, ...(e.port ?? "").split("-")]) if (t !== undefined) used.add(t);
  };
  const { rules } = config.filter;
  const { portForwards, oneToOne, outbound } = config.nat;
  for (const r of [...rules, ...portForwards, ...oneToOne, ...outbound]) {
    addEnd(r.source);
    addEnd(r.destination);
  }
  for (const r of portForwards) for (const t of [r.target, r.localPort]) if (t !== undefined) used.add(t);
  for (const r of outbound)
    for (const t of [r.target, r.sourcePort, r.destinationPort]) if (t !== undefined) used.add(t);
  for (const r of config.staticRoutes) used.add(r.network);
  for (const v of config.openVpn) for (const t of (v.remoteNetwork ?? "").split(",")) used.add(t);
  for (const a of config.aliases) for (const e of a.entries) used.add(e);
  return config.aliases.flatMap((a): readonly Diagnostic[] => {
    if (used.has(a.name)) return [];
    const fact = `alias "${a.name}" is used by no rule, route or other alias`;
    const hint = "A package may use it; if none does, delete it.";
    return [{ code: "PFSENSE_ALIAS_UNUSED", severity: "warning", place: a.place, path: "aliases.alias", fact, hint }];
  });
}
