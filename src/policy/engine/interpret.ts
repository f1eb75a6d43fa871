import type { Action, Packet, Rule } from "./types.ts";

/*
 * The judge. It knows nothing of ranks, trees or fragments: it walks the list and compares numbers, so that a witness
 * it confirms is a witness whatever the engine did. Keep it this plain.
 */

export interface Decision {
  readonly action: Action;
  /** The rule that decided, null for the default. */
  readonly rule: string | null;
}

/** True when one of the rule's boxes holds the packet. */
export function matches(rule: Rule, packet: Packet): boolean {
  for (const box of rule.boxes) {
    if (box.family !== packet.family || box.slice !== packet.slice) continue;
    if (packet.src < box.src.lo || packet.src > box.src.hi) continue;
    if (packet.dst < box.dst.lo || packet.dst > box.dst.hi) continue;
    if (packet.a < box.a.lo || packet.a > box.a.hi) continue;
    if (packet.b < box.b.lo || packet.b > box.b.hi) continue;
    return true;
  }
  return false;
}

/** The position of the first rule that matches, -1 for none. */
export function firstMatch(rules: readonly Rule[], packet: Packet): number {
  for (let i = 0; i < rules.length; i++) if (matches(rules[i]!, packet)) return i;
  return -1;
}

/** What a first-match list does to a packet. O(rules). */
export function decide(rules: readonly Rule[], packet: Packet, defaultAction: Action): Decision {
  const index = firstMatch(rules, packet);
  return index < 0 ? { action: defaultAction, rule: null } : { action: rules[index]!.action, rule: rules[index]!.id };
}
