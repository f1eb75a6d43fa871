import { formatAddress, formatNetwork } from "../../../core/ip.ts";
import type { Network } from "../../../core/ip.ts";
import { everything } from "../../../policy/engine/index.ts";
import { isOn } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";
import type { Redirect } from "../../../pfsense/rules/nat-types.ts";
import { flattened } from "../compile/decision.ts";
import { effectsOf, filterLists, placesOf } from "../compile/filter.ts";
import type { FilterInput, FilterList } from "../compile/filter.ts";
import { PASSED_BIT } from "../compile/marks.ts";
import { natLists } from "../compile/nat.ts";
import { natLabel, passLabel, UNCHANGED } from "./kernel.ts";
import type { KernelQuestion, Labelled } from "./kernel.ts";

/** One list that the kernel must hold: which packets, and what the file makes of them, first match first. */
export interface ExpectedList {
  readonly question: KernelQuestion;
  /** For people: `in on wan`, `out on lan, tagged FORWARDED`. */
  readonly where: string;
  readonly rules: readonly Labelled[];
  /** What becomes of packets that no rule matches. */
  readonly otherwise: string;
}

/** What the file says about every packet that the kernel may see: the filter's lists, then those of NAT. */
export function expectedLists(input: FilterInput): readonly ExpectedList[] {
  if (input.config.system.isFilterOff) return filterOff(input);
  return [...filterLists(input).map((l) => filterList(input, l)), ...natOf(input)];
}

function filterOff(input: FilterInput): readonly ExpectedList[] {
  const label = passLabel({ tag: undefined, route: 0, reply: 0 });
  const rules = [{ id: "disablefilter", label, boxes: everything() }];
  return placesOf(input.ruleset).flatMap(({ key, device }) =>
    (["in", "out"] as const).map((direction) => ({
      question: { base: `filter_${direction}`, device, tag: 0 },
      where: `${direction} on ${key}`,
      rules,
      otherwise: "block",
    })),
  );
}

function filterList(input: FilterInput, list: FilterList): ExpectedList {
  const { place, direction, entry } = list;
  const name = entry.kind === "tag" ? entry.name : undefined;
  const rules = flattened(list.decision).map(({ rule, tag, boxes }): Labelled => {
    if (rule.action === "pass") {
      const e = effectsOf(input, list, rule, tag);
      return { id: rule.id, label: passLabel({ tag: e.tag, route: e.routeBits, reply: e.replyBits }), boxes };
    }
    // Outwards the kernel cannot answer: a reject is a block there, which the gaps say.
    return { id: rule.id, label: rule.action === "reject" && direction === "in" ? "reject" : "block", boxes };
  });
  return {
    question: { base: `filter_${direction}`, device: place.device, tag: input.marks.tag(name) },
    where: `${direction} on ${place.key}${name === undefined ? "" : `, tagged ${name}`}`,
    rules,
    otherwise: "block",
  };
}

function natOf(input: FilterInput): readonly ExpectedList[] {
  return input.ruleset.interfaces
    .filter((i) => i.kind === "interface")
    .flatMap((i) =>
      (["in", "out"] as const).map((direction) => ({
        question: { base: `nat_${direction}`, device: i.device, tag: 0 },
        where: `NAT ${direction} on ${i.key}`,
        rules: direction === "in" ? inward(input, i) : outward(input, i),
        otherwise: UNCHANGED,
      })),
    );
}

/** The labels from the rules themselves; which of them the kernel can hold at all is what `natLists` says. */
function inward(input: FilterInput, i: FilterInterface): readonly Labelled[] {
  const { nat } = input.ruleset;
  const held = new Set(natLists(input.ruleset, input.marks, i).inbound.map((s) => s.id));
  const here = <T extends { readonly interfaces: readonly string[]; readonly id: string }>(
    all: readonly T[],
  ): readonly T[] => all.filter((n) => held.has(n.id) && isOn(n.interfaces, i, input.ruleset.interfaces));
  return [
    ...here(nat.redirects).map((r): Labelled => {
      const bits = (r.isPass ? PASSED_BIT : 0) | input.marks.tag(r.setsTag);
      return { id: r.id, boxes: r.boxes, label: r.isNo ? UNCHANGED : natLabel(`dnat ${redirectText(r)}`, bits) };
    }),
    ...here(nat.binats).map((b): Labelled => ({
      id: b.id,
      boxes: b.incoming,
      label: b.isNo ? UNCHANGED : natLabel(`dnat ${networkText(b.internal)}`, 0),
    })),
  ];
}

function outward(input: FilterInput, i: FilterInterface): readonly Labelled[] {
  const { nat } = input.ruleset;
  const steps = natLists(input.ruleset, input.marks, i).outbound;
  const carp = steps.filter((s) => s.id === "no-nat-carp").map((s) => ({ id: s.id, boxes: s.boxes, label: UNCHANGED }));
  const held = new Set(steps.map((s) => s.id));
  const here = <T extends { readonly interfaces: readonly string[]; readonly id: string }>(
    all: readonly T[],
  ): readonly T[] => all.filter((n) => held.has(n.id) && isOn(n.interfaces, i, input.ruleset.interfaces));
  return [
    ...carp,
    ...here(nat.binats).map((b): Labelled => ({
      id: b.id,
      boxes: b.outgoing,
      label: b.isNo ? UNCHANGED : natLabel(`snat ${networkText(b.external)}`, 0),
    })),
    ...here(nat.sources).flatMap((s): readonly Labelled[] => {
      if (!s.isNo && !s.target) return [];
      const label = s.isNo || !s.target ? UNCHANGED : natLabel(`snat ${formatAddress(s.target)}`, 0);
      return [{ id: s.id, boxes: s.boxes, label }];
    }),
  ];
}

function redirectText(r: Redirect): string {
  if (r.target.kind === "network") return networkText(r.target.to);
  if (r.target.kind === "unknown") return "?";
  const address = formatAddress(r.target.address);
  if (!r.port) return address;
  if (r.port.count === 1) return `${address} port ${r.port.to}`;
  const { from, to, count } = r.port;
  const shifts = Array.from({ length: count }, (_, n) => `${from + n}>${to + n}`).join(" ");
  return `${address} ports ${shifts}`;
}

const networkText = (n: Network): string =>
  n.prefix === (n.family === 4 ? 32 : 128) ? formatAddress({ family: n.family, value: n.base }) : formatNetwork(n);
