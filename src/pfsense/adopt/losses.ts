import type { PfFilterRule } from "../model/filter.ts";
import type { PfRule } from "../rules/types.ts";
import type { Leg } from "./legs.ts";
import { refusingForwarded } from "./leaving.ts";
import { oneLine, type Notes } from "./notes.ts";
import { legsUnder, pathOf, sayable } from "./rows.ts";
import { isEmpty, meetOf, sideOf } from "./sets.ts";
import type { Site } from "./site.ts";

/** What the reader says about rules that pfSense itself leaves out or reads otherwise than meant. */
const FROM_THE_READER =
  /^PFSENSE_(RULE_(SKIPPED|INTERFACE|REFUSED|TYPE|PORT_LOST|TOO_WIDE|GATEWAY)|NAT_SKIPPED|PACKAGE_RULES)$/;

/** What of the filter rules no row says. */
export function noteRules(site: Site, notes: Notes): void {
  for (const d of site.ruleset.diagnostics) if (FROM_THE_READER.test(d.code)) notes.keep(d);
  const made = new Map(site.ruleset.rules.filter((r) => r.by === "user").map((r) => [r.place, r]));
  for (const rule of site.config.filter.rules) {
    const path = pathOf(rule);
    if (rule.isDisabled) {
      notes.told(
        "IMPORT_DISABLED",
        rule.place,
        path,
        `the rule is disabled${quoted(rule)}`,
        "It has no row in the plan.",
      );
      continue;
    }
    const r = made.get(rule.place);
    if (!r) {
      noteLeftOut(site, rule, notes);
      continue;
    }
    noteFamily(site, rule, notes);
    noteContent(site, rule, r, notes);
    noteManner(site, rule, r, notes);
  }
  for (const r of refusingForwarded(site.ruleset)) {
    const hint = "The row about the router's own packets is there; write the rest on the way in.";
    const rule = site.config.filter.rules.find((x) => x.place === r.place);
    notes.lost("IMPORT_OUT", r.place, rule ? pathOf(rule) : r.id, "forwarded packets meet it on the way out", hint);
  }
  if (site.config.system.isFilterOff)
    notes.lost("IMPORT_FILTER_OFF", undefined, "system.disablefilter", "packet filtering is off", "The plan filters.");
}

const quoted = (rule: PfFilterRule): string =>
  rule.description === undefined ? "" : `: ${oneLine(rule.description, 80)}`;

function noteLeftOut(site: Site, rule: PfFilterRule, notes: Notes): void {
  const isSaid = site.ruleset.diagnostics.some((d) => d.place === rule.place && FROM_THE_READER.test(d.code));
  if (rule.schedule !== undefined && !isSaid)
    notes.told(
      "IMPORT_SCHEDULE",
      rule.place,
      pathOf(rule),
      `schedule "${rule.schedule}" has ended`,
      "It has no row in the plan.",
    );
}

function noteFamily(site: Site, rule: PfFilterRule, notes: Notes): void {
  if (rule.ipProtocol !== "inet6" && rule.ipProtocol !== "inet46") return;
  const what = rule.ipProtocol === "inet6" ? "it is about IPv6" : "its IPv6 half is not carried";
  const isOpen = site.config.system.allowsIpv6;
  const hint = isOpen ? "The plan speaks IPv4." : "pfSense blocks IPv6 before any rule here, so nothing is lost.";
  if (isOpen) notes.lost("IMPORT_IPV6", rule.place, pathOf(rule), what, hint);
  else notes.told("IMPORT_IPV6", rule.place, pathOf(rule), what, hint);
}

/** Whether the rule's packets can be said. */
function noteContent(site: Site, rule: PfFilterRule, r: PfRule, notes: Notes): void {
  const path = pathOf(rule);
  if (r.action === "match") {
    notes.told("IMPORT_MATCH", rule.place, path, "a match rule decides nothing", "Queues are not carried.");
    return;
  }
  if (rule.ipProtocol === "inet6") return;
  if (r.tagged) {
    if (r.direction === "out") return;
    notes.lost(
      "IMPORT_TAG",
      rule.place,
      path,
      `it asks for tag "${r.tagged.tag}"`,
      "Rows know no tags; say what the tag stands for.",
    );
    return;
  }
  if (r.mayBoxes) {
    const code = rule.schedule === undefined ? "IMPORT_UNCERTAIN" : "IMPORT_SCHEDULE";
    const fact = `it hangs on ${oneLine(r.uncertain.join(", "))}`;
    notes.lost(code, rule.place, path, fact, "Tell what it stands for, or write the row by hand.");
    return;
  }
  if (r.direction !== "out") noteStrangeInterfaces(site, rule, r, notes);
  const said = sayable(r.boxes);
  if (typeof said !== "string") return;
  const say = { "source port": "IMPORT_SOURCE_PORT", protocol: "IMPORT_PROTOCOL" } as const;
  if (said === "source port" || said === "protocol") {
    const fact =
      said === "protocol" ? `protocol "${rule.protocol ?? ""}" is not one of the plan's` : "it asks for source ports";
    notes.lost(say[said], rule.place, path, fact, "A service of the plan is a protocol and destination ports.");
  } else
    notes.told(
      "IMPORT_NO_MATCH",
      rule.place,
      path,
      "no first packet of a flow matches it",
      "It has no row in the plan.",
    );
}

/** Places that rules are on and that are no zones. */
function noteStrangeInterfaces(site: Site, rule: PfFilterRule, r: PfRule, notes: Notes): void {
  if (r.interfaces === undefined || isEmpty(sideOf(r.boxes, "src"))) return;
  const zones = new Set(legsUnder(site, r).map((l) => l.key));
  const groups = new Map(site.ruleset.interfaces.filter((i) => i.kind === "group").map((i) => [i.key, i.members]));
  const keys = r.interfaces.flatMap((k) => groups.get(k) ?? [k]);
  const strange = keys.filter((k) => !zones.has(k));
  if (strange.length === 0) return;
  const fact = `${strange.join(", ")} ${strange.length === 1 ? "is" : "are"} no zone of the plan`;
  notes.lost("IMPORT_RULE_INTERFACE", rule.place, pathOf(rule), fact, "Rules there are not carried.");
}

const OPTIONS: readonly (readonly [name: string, has: (r: PfFilterRule) => boolean])[] = [
  ["state type", (r) => r.stateType !== undefined && r.stateType !== "keep state" && r.stateType !== "none"],
  ["state policy", (r) => r.statePolicy !== undefined],
  ["any TCP flags", (r) => r.isAnyTcpFlags],
  ["IP options", (r) => r.allowsOptions],
  ["no pfsync", (r) => r.isNoPfsync],
];

/** How packets are handled beyond being let in. */
function noteManner(site: Site, rule: PfFilterRule, r: PfRule, notes: Notes): void {
  const path = pathOf(rule);
  if (r.action === "pass" && rule.stateType === "none")
    notes.lost("IMPORT_STATELESS", rule.place, path, "it keeps no state", "Rows of the plan admit replies by state.");
  const options = [...OPTIONS.filter(([, has]) => has(rule)).map(([name]) => name), ...rule.options.keys()];
  if (options.length > 0)
    notes.told(
      "IMPORT_OPTION",
      rule.place,
      path,
      `not carried: ${options.join(", ")}`,
      "Which packets pass does not depend on it.",
    );
  if (r.gateway !== undefined && !isImplied(site, r))
    notes.lost(
      "IMPORT_GATEWAY",
      rule.place,
      path,
      `it sends its packets by ${r.gateway}`,
      "Rows decide; routes follow from the order of the accesses.",
    );
}

/** The plan sends what leaves for the Internet by its accesses in their order, which is what a group of all of them does. */
function isImplied(site: Site, r: PfRule): boolean {
  const group = site.config.gateways.groups.find((g) => g.name === r.gateway);
  const wans = site.legs.filter((l): l is Leg => l.kind === "wan");
  const members = group?.items.map((text) => text.split("|")[0]!) ?? (wans.length === 1 ? [r.gateway!] : []);
  const areAll = wans.length > 0 && wans.every((l) => members.includes(l.config.gateway ?? ""));
  return areAll && members.length === wans.length && isEmpty(meetOf(sideOf(r.boxes, "dst"), site.inside));
}
