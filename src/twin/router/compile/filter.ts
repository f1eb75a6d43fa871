import type { PfConfig } from "../../../pfsense/model/config.ts";
import type { PfFilterRule } from "../../../pfsense/model/filter.ts";
import { rulesOn } from "../../../pfsense/rules/flatten.ts";
import { hasGateway } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import type { PfRule, PfRuleset } from "../../../pfsense/rules/types.ts";
import { decide, entriesOf } from "./decision.ts";
import type { Decision, Tag } from "./decision.ts";
import { hex, PASSED_BIT, QUEUE_MASK, REPLY_MASK, ROUTE_MASK, TAG_MASK, without } from "./marks.ts";
import type { Marks } from "./marks.ts";
import { conditionsOf } from "./matches.ts";

/** A place where packets come in and go out: an interface of the file, or loopback. */
export interface Place {
  readonly key: string;
  /** The kernel's name for it. */
  readonly device: string;
  readonly filter: FilterInterface | undefined;
}

/** One list of pf, and how packets come to it. */
export interface FilterList {
  readonly place: Place;
  readonly direction: "in" | "out";
  readonly entry: Tag;
  readonly decision: Decision;
}

export interface FilterInput {
  readonly config: PfConfig;
  readonly ruleset: PfRuleset;
  readonly marks: Marks;
}

/** The interfaces that a filter stands on: those of the file that this kernel has as devices, and loopback. */
export const placesOf = (ruleset: PfRuleset): readonly Place[] => [
  ...ruleset.interfaces
    .filter((i) => i.kind === "interface")
    .map((i): Place => ({ key: i.key, device: i.device, filter: i })),
  { key: "lo0", device: "lo", filter: undefined },
];

/** Every list that packets may meet: by interface, direction, and the tag that they bring where it matters. */
export function filterLists(input: FilterInput): readonly FilterList[] {
  const { rules: all, nat } = input.ruleset;
  const given = new Set([...all, ...nat.redirects].flatMap((r) => r.setsTag ?? []));
  return placesOf(input.ruleset).flatMap((place) =>
    (["in", "out"] as const).flatMap((direction) => {
      const rules = rulesOn(input.ruleset, place.key, direction);
      return entriesOf(rules, given).map((entry) => ({ place, direction, entry, decision: decide(rules, entry) }));
    }),
  );
}

/** What a verdict does beside deciding: the marks that it leaves on the packet and on the connection. */
export interface Effects {
  /** Undefined keeps the tag that the packet has. */
  readonly tag: number | undefined;
  readonly routeBits: number;
  readonly replyBits: number;
}

/** The effects of a rule that lets a packet pass; a packet that does not has none. */
export function effectsOf(
  input: FilterInput,
  list: Pick<FilterList, "place" | "direction">,
  rule: PfRule,
  tag: Tag,
): Effects {
  const { marks } = input;
  const isIn = list.direction === "in";
  return {
    tag: tag.kind === "kept" ? undefined : marks.tag(tag.name),
    routeBits: isIn && rule.gateway !== undefined ? marks.routeBits(rule.gateway) : 0,
    replyBits: isIn ? marks.replyBits(replyGateway(input, list.place, rule) ?? "") : 0,
  };
}

/**
 * `reply-to` (`filter_generate_user_rule`, `etc/inc/filter.inc`): a user's stateful pass rule with a direction, on one
 * interface that has a gateway, sends replies back by that gateway, unless the system or the rule switches it off.
 */
function replyGateway(input: FilterInput, place: Place, rule: PfRule): string | undefined {
  const { config } = input;
  const isAsked = rule.by === "user" && rule.action === "pass" && rule.isStateful && rule.gateway === undefined;
  if (!isAsked || rule.direction === "any" || rule.interfaces?.length !== 1) return undefined;
  if (config.system.isReplyToOff || !place.filter || rule.interfaces[0] !== place.key) return undefined;
  if (!hasGateway(place.filter, 4) || userRule(config, rule)?.isReplyToOff) return undefined;
  return place.filter.config?.gateway ?? `${place.filter.label}_DHCP`;
}

/** The rule of the file that a rule of pf was made from. */
export const userRule = (config: PfConfig, rule: PfRule): PfFilterRule | undefined =>
  rule.by === "user" ? config.filter.rules.find((r) => r.place === rule.place) : undefined;

/** What has a state: a connection whose first packet came through, answered or not, and what belongs to one. */
const KNOWN = ["ct status confirmed", "ct state established,related"] as const;

/** The filter's chains: after redirects on the way in, after source NAT on the way out, each interface its own list. */
export function filterChains(input: FilterInput): string {
  if (input.config.system.isFilterOff) return OFF;
  const lists = filterLists(input);
  const chains: string[] = [];
  const dispatch = { in: [] as string[], out: [] as string[] };
  const queued = { in: queueLines(input, "in"), out: queueLines(input, "out") };
  for (const list of lists) {
    const name = listName(input.marks, list);
    const isIn = list.direction === "in";
    const test =
      list.entry.kind === "tag" && list.entry.name !== undefined ? tagTest(input.marks, list.entry.name) : "";
    const line = `${isIn ? "iifname" : "oifname"} "${list.place.device}"${test} goto ${name}`;
    // Packets with a tag that the list asks for go first; the last line takes those with none.
    if (test === "") dispatch[list.direction].push(line);
    else dispatch[list.direction].unshift(line);
    chains.push(...chainsOf(input, list, list.decision, name));
  }
  return [
    chain("filter_in", [
      "type filter hook prerouting priority -50; policy drop;",
      `ct state invalid counter drop comment "no state"`,
      ...KNOWN.map((k) => `${k} goto known_in`),
      `ct mark and ${hex(PASSED_BIT)} != 0 counter accept comment "rdr pass"`,
      `ct mark and ${hex(TAG_MASK)} != 0 meta mark set ct mark and ${hex(TAG_MASK)}`,
      ...queued.in,
      ...dispatch.in,
    ]),
    chain("filter_out", [
      "type filter hook postrouting priority 150; policy drop;",
      `ct state invalid counter drop comment "no state"`,
      ...KNOWN.map((k) => `${k} accept`),
      ...queued.out,
      ...dispatch.out,
    ]),
    chain("shaper_mark", [
      "type filter hook postrouting priority 200; policy accept;",
      ...input.marks.queues.map(
        (q) =>
          `ct mark and ${hex(QUEUE_MASK)} == ${hex(input.marks.queueBits(q))} meta priority set ${classOf(input.marks, q)}`,
      ),
    ]),
    chain("known_in", [
      `ct direction original meta mark set ct mark and ${hex(ROUTE_MASK)}`,
      `ct direction reply meta mark set ct mark and ${hex(REPLY_MASK)}`,
      "counter accept",
    ]),
    // What the router itself answers or goes on sending leaves by the same gateway as what it forwards.
    chain("known_self", [
      "type route hook output priority -150; policy accept;",
      `ct direction original ct mark and ${hex(ROUTE_MASK)} != 0 meta mark set ct mark and ${hex(ROUTE_MASK)}`,
      `ct direction reply ct mark and ${hex(REPLY_MASK)} != 0 meta mark set ct mark and ${hex(REPLY_MASK)}`,
    ]),
    ...chains,
  ].join("\n");
}

/**
 * Queues that `match` rules give (`defaultqueue`): they decide nothing, the last one counts, and a rule that passes with
 * a queue of its own comes later and outdoes them.
 */
function queueLines(input: FilterInput, direction: "in" | "out"): readonly string[] {
  const { ruleset } = input;
  return placesOf(ruleset).flatMap((place) =>
    rulesOn(ruleset, place.key, direction).flatMap((rule) => {
      const bits = rule.action === "match" ? queueBits(input, rule) : 0;
      if (bits === 0) return [];
      const device = `${direction === "in" ? "iifname" : "oifname"} "${place.device}"`;
      const set = `counter ct mark set ct mark and ${without(QUEUE_MASK)} or ${hex(bits)}`;
      return conditionsOf(rule.boxes).map((c) => `${device} ${c} ${set} comment "${quoted(rule.id, 120)}"`);
    }),
  );
}

/** The class that a queue is in the shaper; both tc and nft read its numbers as hexadecimal. */
export const classOf = (marks: Marks, queue: string): string => `1:${10 + marks.queue(queue)}`;

/** The bits of the queue that a rule of the user names, when the shaper has it. */
function queueBits({ config, marks }: FilterInput, rule: PfRule): number {
  const name = userRule(config, rule)?.options.get("defaultqueue");
  return name !== undefined && marks.queue(name) > 0 ? marks.queueBits(name) : 0;
}

/** `disablefilter`: pf neither filters nor translates. */
const OFF = [
  chain("filter_in", ["type filter hook prerouting priority -50; policy accept;"]),
  chain("filter_out", ["type filter hook postrouting priority 150; policy accept;"]),
].join("\n");

const tagTest = (marks: Marks, name: string): string => ` meta mark and ${hex(TAG_MASK)} == ${hex(marks.tag(name))}`;

/** `in_wan`, and `in_wan_tag2` for packets that bring the second tag. */
function listName(marks: Marks, list: Pick<FilterList, "place" | "direction" | "entry">): string {
  const tag = list.entry.kind === "tag" && list.entry.name !== undefined ? `_tag${marks.tag(list.entry.name)}` : "";
  return `${list.direction}_${list.place.key.replace(/\W/g, "_")}${tag}`;
}

function chainsOf(input: FilterInput, list: FilterList, decision: Decision, name: string): readonly string[] {
  const below: string[] = [];
  let branches = 0;
  const lines = decision.steps.flatMap((step) => {
    const conditions = conditionsOf(step.boxes);
    if (step.kind === "branch") {
      const target = `${name}_${++branches}`;
      below.push(...chainsOf(input, list, step.to, target));
      return conditions.map((c) => `${c} goto ${target}`.trimStart());
    }
    const verdict = verdictText(input, list, step.rule, step.tag);
    return conditions.map((c) => `${c} ${verdict}`.trimStart());
  });
  return [chain(name, [...lines, `counter drop comment "no-rule"`]), ...below];
}

function verdictText(input: FilterInput, list: FilterList, rule: PfRule, tag: Tag): string {
  const parts = ["counter"];
  if (rule.isLogged) parts.push(`log prefix "${logPrefix(list, rule)}" group ${LOG_GROUP}`);
  if (rule.action === "pass") {
    const { tag: number, routeBits, replyBits } = effectsOf(input, list, rule, tag);
    if (number !== undefined || routeBits !== 0) {
      const mask = (number === undefined ? 0 : TAG_MASK) | (routeBits === 0 ? 0 : ROUTE_MASK);
      parts.push(`meta mark set meta mark and ${without(mask)} or ${hex((number ?? 0) | routeBits)}`);
    }
    const queue = queueBits(input, rule);
    const kept = routeBits | replyBits | queue;
    const replaced = ROUTE_MASK | REPLY_MASK | (queue === 0 ? 0 : QUEUE_MASK);
    if (kept !== 0) parts.push(`ct mark set ct mark and ${without(replaced)} or ${hex(kept)}`);
    parts.push("accept");
  } else {
    // The kernel answers on the way in only: on the way out a rejected packet is dropped without a word (a gap).
    parts.push(rule.action === "reject" && list.direction === "in" ? rejectText(rule) : "drop");
  }
  parts.push(`comment "${quoted(rule.id, 120)}"`);
  return parts.join(" ");
}

/** `block return` (pf.conf(5)): TCP is reset, UDP gets "port unreachable", the rest nothing that pf sends either. */
const rejectText = (rule: PfRule): string =>
  rule.boxes.every((b) => b.slice === "tcp") ? "reject with tcp reset" : "reject";

/** The group of NFLOG that the log of packets is read from. */
const LOG_GROUP = 1;

/** What pfSense's filterlog tells before the packet: tracker, interface, action, direction. */
const logPrefix = (list: FilterList, rule: PfRule): string =>
  quoted(`${rule.tracker ?? rule.id},${list.place.device},${rule.action},${list.direction}`, 120);

/** Text for nft between quotation marks: no quotation mark, backslash or control character, and not too long. */
export const quoted = (text: string, most: number): string =>
  text.replace(/["\\\u0000-\u001f\u007f]/g, "'").slice(0, most);

export function chain(name: string, lines: readonly string[]): string {
  return `\tchain ${name} {\n${lines.map((l) => `\t\t${l}\n`).join("")}\t}`;
}
