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

/**
 * The same walk for many packets of one list: the IPv4 boxes of a slice lie one after the other as doubles (exact for
 * 32 bits), so that the walk does not wait for memory at every comparison. Still a walk, in order, from the first.
 * @returns a function that gives the position of the first rule that matches, -1 for none
 */
export function makeJudge(rules: readonly Rule[]): (packet: Packet) => number {
  const flat = new Map<string, { values: Float64Array; owners: Int32Array }>();
  for (const slice of ["tcp", "udp", "icmp", "other"] as const) {
    const owners: number[] = [];
    const values: number[] = [];
    rules.forEach((rule, index) => {
      for (const box of rule.boxes) {
        if (box.family !== 4 || box.slice !== slice) continue;
        owners.push(index);
        for (const i of [box.src, box.dst, box.a, box.b]) values.push(Number(i.lo), Number(i.hi));
      }
    });
    flat.set(slice, { values: Float64Array.from(values), owners: Int32Array.from(owners) });
  }
  return (packet) => {
    if (packet.family !== 4) return firstMatch(rules, packet);
    const { values, owners } = flat.get(packet.slice)!;
    const src = Number(packet.src);
    const dst = Number(packet.dst);
    const a = Number(packet.a);
    const b = Number(packet.b);
    for (let k = 0, v = 0; k < owners.length; k++, v += 8) {
      if (src < values[v]! || src > values[v + 1]! || dst < values[v + 2]! || dst > values[v + 3]!) continue;
      if (a < values[v + 4]! || a > values[v + 5]! || b < values[v + 6]! || b > values[v + 7]!) continue;
      return owners[k]!;
    }
    return -1;
  };
}
