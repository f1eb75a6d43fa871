import type { PfAlias, PfFilter, PfFilterRule, PfSchedule } from "../model/filter.ts";
import { names } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";

/** Reads `filter`. Separators are decoration of the GUI; their elements hold nothing that a packet meets. */
export function readFilter(c: Cursor | undefined): PfFilter {
  if (!c) return { rules: [], bypassesStaticRoutes: false };
  const bypassesStaticRoutes = c.flag("bypassstaticroutes");
  c.skip("separator");
  // Old files put a separator among the rules: an element <separator> inside <rule>.
  const all = c.list("rule").map((r, index) => ({ isSeparator: r.element.children.some(isSeparator), r, index }));
  const rules = all.filter((x) => !x.isSeparator).map((x) => readRule(x.r, x.index));
  for (const x of all) if (x.isSeparator) x.r.keepRest();
  return { rules, bypassesStaticRoutes };
}

const isSeparator = (e: { name: string }): boolean => e.name === "separator";

function readRule(c: Cursor, index: number): PfFilterRule {
  const rule: PfFilterRule = {
    place: c.place,
    index,
    tracker: c.text("tracker"),
    type: c.text("type"),
    interface: c.text("interface"),
    floating: c.rawText("floating"),
    direction: c.text("direction"),
    isQuick: c.flag("quick"),
    ipProtocol: c.text("ipprotocol"),
    protocol: c.text("protocol"),
    icmpTypes: c.text("icmptype"),
    source: c.endpoint("source"),
    destination: c.endpoint("destination"),
    description: c.text("descr"),
    isDisabled: c.flag("disabled"),
    isLogged: c.flag("log"),
    gateway: c.text("gateway"),
    isReplyToOff: c.flag("disablereplyto"),
    stateType: c.text("statetype"),
    statePolicy: c.text("statepolicy"),
    tag: c.text("tag"),
    tagged: c.text("tagged"),
    isNotTagged: c.flag("nottagged"),
    os: c.text("os"),
    dscp: c.text("dscp"),
    vlanPriority: c.text("vlanprio"),
    schedule: c.text("sched"),
    isAnyTcpFlags: c.flag("tcpflags_any"),
    tcpFlagsSet: c.text("tcpflags1"),
    tcpFlagsOutOf: c.text("tcpflags2"),
    allowsOptions: c.flag("allowopts"),
    isNoPfsync: c.flag("nopfsync"),
    associatedRuleId: c.text("associated-rule-id"),
    options: new Map(OPTIONS.flatMap((name) => pair(name, c.text(name)))),
  };
  c.skip("id", "created", "updated", "labels", "urltable_updatefreq");
  return rule;
}

/** Queues, limits and timeouts: read, but they decide nothing about a first packet. */
const OPTIONS = names(`
  ackqueue bridgeto defaultqueue dnpipe l7container max max-src-conn max-src-conn-rate max-src-conn-rates
  max-src-nodes max-src-states nosync pdnpipe sloppy source-track statetimeout vlanprioset
`);

const pair = (name: string, value: string | undefined): readonly (readonly [string, string])[] =>
  value === undefined ? [] : [[name, value]];

export function readAliases(c: Cursor | undefined): readonly PfAlias[] {
  return (c?.list("alias") ?? []).map((a) => {
    const urls = [...a.texts("aliasurl"), ...a.texts("url")].filter((u) => u !== "");
    const alias: PfAlias = {
      place: a.place,
      name: a.text("name") ?? "",
      type: a.text("type") ?? "",
      isThere: a.rawText("address") !== undefined && a.text("name") !== undefined,
      // `0` is no entry (`filter_generate_nested_alias_recurse`).
      entries: a.words("address", /\s+/).filter((entry) => entry !== "0"),
      urls,
      description: a.text("descr"),
      details: a.text("detail"),
    };
    a.skip("updatefreq", "updatefreq_days", "urltable_updatefreq");
    return alias;
  });
}

export function readSchedules(c: Cursor | undefined): readonly PfSchedule[] {
  return (c?.list("schedule") ?? []).map((s) => {
    const schedule: PfSchedule = {
      place: s.place,
      name: s.text("name") ?? "",
      ranges: s.list("timerange").map((t) => {
        t.skip("rangedescr");
        return {
          month: t.text("month"),
          day: t.text("day"),
          position: t.text("position"),
          hour: t.text("hour"),
        };
      }),
      description: s.text("descr"),
    };
    s.skip("schedlabel");
    return schedule;
  });
}
