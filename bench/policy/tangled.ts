import type { Interval, Rule } from "../../src/policy/engine/types.ts";
import { makeRandom } from "./classbench.ts";

/**
 * The worst that we could think of: every field of every rule is a random range of a third to two thirds of its
 * domain. Any packet is soon matched by dozens of rules, none contains another, and what is shadowed is so by unions
 * of dozens. Nobody writes such a list; it is here for the budget.
 */
export function makeTangle(count: number, seed = 1): readonly Rule[] {
  const random = makeRandom(seed);
  const range = (size: number): Interval => {
    const length = Math.floor(size * (0.33 + random() * 0.33));
    const lo = Math.floor(random() * (size - length));
    return { lo: BigInt(lo), hi: BigInt(lo + length) };
  };
  return Array.from({ length: count }, (_, k): Rule => {
    const box = { src: range(2 ** 32), dst: range(2 ** 32), a: range(65536), b: range(65536) };
    return {
      id: `tangle-${k}`,
      action: random() < 0.7 ? "pass" : "block",
      boxes: [{ family: 4, slice: "tcp", ...box }],
    };
  });
}
