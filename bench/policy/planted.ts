import type { Rule } from "../../src/policy/engine/types.ts";
import { makeRandom } from "./classbench.ts";

/** A list with defects whose places are known. */
export interface Planted {
  readonly rules: readonly Rule[];
  /** Ids of rules that one earlier rule contains. */
  readonly contained: readonly string[];
  /** Ids of rules that two earlier rules cover only together: the halves of their destination ports. */
  readonly united: readonly string[];
}

/**
 * Puts `count` shadows of each kind into a list. Victims are copies of tcp rules with a range of destination ports;
 * for the second kind the rule in front is split into two that meet, so that neither contains the victim.
 */
export function plant(base: readonly Rule[], count: number, seed = 7): Planted {
  const random = makeRandom(seed);
  const rules = [...base];
  const contained: string[] = [];
  const united: string[] = [];
  const place = (rule: Rule, from: number, end = rules.length): number => {
    const at = from + 1 + Math.floor(random() * (end - from));
    rules.splice(at, 0, rule);
    return at;
  };
  const isTcp = (rule: Rule): boolean => rule.boxes.length === 1 && rule.boxes[0]!.slice === "tcp";
  for (let k = 0; k < count; k++) {
    const victims = rules.map((rule, index) => ({ rule, index })).filter(({ rule }) => isTcp(rule));
    const hit = victims[Math.floor(random() * victims.length)]!;
    const box = hit.rule.boxes[0]!;
    const half = { ...box, src: { lo: box.src.lo, hi: box.src.lo + (box.src.hi - box.src.lo) / 2n } };
    const action = k % 2 === 0 ? hit.rule.action : hit.rule.action === "pass" ? ("block" as const) : ("pass" as const);
    contained.push(`contained-${k}`);
    place({ id: `contained-${k}`, action, boxes: [half] }, hit.index);
  }
  for (let k = 0; k < count; k++) {
    const base32 = (10n << 24n) + BigInt(Math.floor(random() * 2 ** 20)) * 16n;
    const box = {
      family: 4 as const,
      slice: "tcp" as const,
      src: { lo: 0n, hi: (1n << 32n) - 1n },
      dst: { lo: base32, hi: base32 + 15n },
      a: { lo: 0n, hi: 65535n },
    };
    const part = (id: string, lo: bigint, hi: bigint): Rule => ({
      id,
      action: "pass",
      boxes: [{ ...box, b: { lo, hi } }],
    });
    // In the first half: the widest rules stand at the end, and one of them alone might contain the victim.
    const half = rules.length >> 1;
    const first = Math.floor(random() * half);
    rules.splice(first, 0, part(`low-${k}`, 8000n, 8079n));
    const second = place(part(`high-${k}`, 8080n, 8199n), first, half);
    united.push(`united-${k}`);
    place(part(`united-${k}`, 8040n, 8120n), second, half + 2);
  }
  return { rules, contained, united };
}
