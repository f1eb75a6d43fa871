import { formatAddress } from "../../core/ip.ts";
import {
  compile,
  decide,
  equivalent,
  everything,
  formatPacket,
  makeBox,
  passing,
  type Box,
  type Packet,
  type Rule,
  type Slice,
} from "../../policy/engine/index.ts";
import { isOn } from "../rules/interfaces.ts";
import type { SourceNat } from "../rules/nat-types.ts";
import type { PfRuleset } from "../rules/types.ts";
import { scoped } from "./settled.ts";
import { EVERYTHING, without, type Ranges } from "./sets.ts";

/** A packet that leaves by an access as another source under the file than under what was made of it. */
export interface TranslationDifference {
  readonly wan: string;
  /** `10.0.0.9:49152 -> 198.51.100.7:443 tcp`. */
  readonly example: string;
  /** `as 203.0.113.2`, `as it is`, `as 203.0.113.2, its source port kept`. */
  readonly original: string;
  readonly adopted: string;
}

/** What is asked about: who may send, and what of it never gets as far as the translation. */
export interface Senders {
  readonly from: Ranges;
  /** The filter on the way in; null is what the firewall itself sends. */
  readonly list: readonly Rule[] | null;
  /** What pfSense settles by itself, whatever its rules. */
  readonly settled: readonly Box[];
}

const AS_IT_IS = "as it is";
const SLICES: readonly Slice[] = ["tcp", "udp", "icmp", "other"];

/**
 * Whether what leaves by an access has the same source afterwards: address, pool and its way of choosing, kept port; of
 * everything that is let in, and of what the firewall sends. The first match of each list decides, as in pf.
 * @param near destinations that do not lie behind the access
 * @returns "undecided" where a list hangs on what the file does not hold
 */
export function compareTranslation(
  wan: string,
  before: { readonly ruleset: PfRuleset; readonly key: string },
  after: { readonly ruleset: PfRuleset; readonly key: string },
  senders: readonly Senders[],
  near: Ranges,
): readonly TranslationDifference[] | "undecided" {
  const [old, now] = [before, after].map(({ ruleset, key }) => natsOn(ruleset, key)) as [
    readonly SourceNat[],
    readonly SourceNat[],
  ];
  if ([...old, ...now].some((n) => n.mayBoxes)) return "undecided";
  const out = new Map<string, TranslationDifference>();
  for (const { from, list, settled } of senders) {
    const refused = list === null ? [] : refusedOf(list, from, near);
    if (refused === null) return "undecided";
    const scope = { from, notTo: near, settled: [...settled, ...refused] };
    for (const effect of new Set([AS_IT_IS, ...[...old, ...now].map(effectOf)])) {
      const lists = [old, now].map((nats) => scoped(listOf(nats, effect), scope)) as [readonly Rule[], readonly Rule[]];
      const verdict = equivalent(...lists);
      if (verdict.kind === "undecided") return "undecided";
      if (verdict.kind === "proven") continue;
      const packet = verdict.witness;
      const found = {
        wan,
        example: formatPacket(packet),
        original: effectFor(old, packet),
        adopted: effectFor(now, packet),
      };
      // A difference shows in the list of either effect.
      const key = `${found.original} ${found.adopted}`;
      if (!out.has(key)) out.set(key, found);
    }
  }
  return [...out.values()];
}

function natsOn(ruleset: PfRuleset, key: string): readonly SourceNat[] {
  const i = ruleset.interfaces.find((x) => x.key === key);
  return ruleset.nat.sources
    .filter((n) => i && isOn(n.interfaces, i, ruleset.interfaces))
    .map((n) => ({ ...n, boxes: n.boxes.filter((b) => b.family === 4) }))
    .filter((n) => n.boxes.length > 0);
}

function effectOf(n: SourceNat): string {
  if (n.isNo) return AS_IT_IS;
  const address = n.target ? `as ${formatAddress(n.target)}` : `as one of ${n.pool ?? "its interface's addresses"}`;
  return [address, ...n.manner].join(", ");
}

/** The packets that fare so, as those that pass. */
function listOf(nats: readonly SourceNat[], effect: string): readonly Rule[] {
  const rules = nats.map((n): Rule => ({
    id: n.id,
    action: effectOf(n) === effect ? "pass" : "block",
    boxes: n.boxes,
  }));
  return effect === AS_IT_IS ? [...rules, { id: AS_IT_IS, action: "pass", boxes: everything(4) }] : rules;
}

function effectFor(nats: readonly SourceNat[], packet: Packet): string {
  const rules = nats.map((n): Rule => ({ id: n.id, action: "pass", boxes: n.boxes }));
  const { rule } = decide(rules, packet, "block");
  const found = nats.find((n) => n.id === rule);
  return found ? effectOf(found) : AS_IT_IS;
}

/** What of these senders' packets is not let in. */
function refusedOf(list: readonly Rule[], from: Ranges, near: Ranges): readonly Box[] | null {
  const within = from.flatMap((src) =>
    without(EVERYTHING, near).flatMap((dst) => SLICES.map((slice) => makeBox(4, slice, { src, dst }))),
  );
  return passing(compile(list, { defaultAction: "block" }), { actions: ["block", "reject"], within });
}
