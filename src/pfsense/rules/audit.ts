import { compareDiagnostics } from "../../core/diagnostics.ts";
import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import type { Endpoint } from "../model/base.ts";
import type { PfConfig } from "../model/config.ts";
import type { PfFilterRule } from "../model/filter.ts";
import { idleRules, type Written } from "./idle.ts";
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
function summaryOf(r: PfFilterRule): string {
  const protocol = `${r.protocol ?? "any"}${r.icmpTypes === undefined ? "" : `(${r.icmpTypes})`}`;
  const tail = r.description === undefined ? "" : ` (${r.description})`;
  return `${protocol} ${endText(r.source)} → ${endText(r.destination)}${tail}`;
}

function endText(e: Endpoint): string {
  const what = e.isAny ? "any" : (e.network ?? e.address ?? "nothing");
  return `${e.isNot ? "not " : ""}${what}${e.port === undefined ? "" : `:${e.port}`}`;
}

const pathOf = (r: PfRule, written: Written): string => {
  const index = r.place ? written.get(r.place)?.index : undefined;
  return `filter.rule[${index ?? "?"}]`;
};

/** Rules without which nothing at all would be missed. */
function withoutEffect(ruleset: PfRuleset, written: Written): readonly Diagnostic[] {
  return idleRules(ruleset, written).map(({ rule: r, kind, cover }): Diagnostic => {
    const place = r.place ? { place: r.place } : {};
    const path = pathOf(r, written);
    if (kind === "repeated") {
      const fact = `rule ${r.id} does what would happen without it, to every packet in every way`;
      const hint = "Delete it, or move it before the rules that it should come before.";
      return { code: "PFSENSE_RULE_REDUNDANT", severity: "warning", ...place, path, fact, hint };
    }
    const by = cover.slice(0, 3).join(", ");
    const fact = `rule ${r.id} is never reached: ${by} take all its packets`;
    const hint = "Move it before them, or delete it; its packets' fate stays the same.";
    return { code: "PFSENSE_RULE_SHADOWED", severity: "warning", ...place, path, fact, hint };
  });
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
