import fc from "fast-check";
import { interval, makeBox } from "../../../src/policy/engine/boxes.ts";
import type { Action, Box, Packet, Rule, Slice } from "../../../src/policy/engine/types.ts";

/*
 * A world small enough to look at every packet: each field has `size` values, one family and slice. What the engine
 * says of it can be compared with the linear interpreter packet by packet.
 */

const ACTIONS: readonly Action[] = ["pass", "block", "reject"];

export interface World {
  readonly family: 4 | 6;
  readonly slice: Slice;
  readonly size: number;
}

export function worldBox(world: World): Box {
  const i = interval(0, world.size - 1);
  return makeBox(
    world.family,
    world.slice,
    world.slice === "other" ? { src: i, dst: i, a: i } : { src: i, dst: i, a: i, b: i },
  );
}

/** Every packet of a box; small boxes only. */
export function* packetsOf(box: Box): Generator<Packet> {
  const { family, slice } = box;
  for (let src = box.src.lo; src <= box.src.hi; src++)
    for (let dst = box.dst.lo; dst <= box.dst.hi; dst++)
      for (let a = box.a.lo; a <= box.a.hi; a++)
        for (let b = box.b.lo; b <= box.b.hi; b++) yield { family, slice, src, dst, a, b };
}

const range = (size: number): fc.Arbitrary<{ lo: bigint; hi: bigint }> =>
  fc
    .tuple(fc.nat(size - 1), fc.nat(size - 1))
    .map(([x, y]) => ({ lo: BigInt(Math.min(x, y)), hi: BigInt(Math.max(x, y)) }));

/** A box of the world; fields are full about every other time, as in rules. */
export function arbitraryBox(world: World): fc.Arbitrary<Box> {
  const field = fc.oneof(range(world.size), fc.constant(interval(0, world.size - 1)));
  return fc.record({ src: field, dst: field, a: field, b: field }).map((parts) => {
    const { b, ...rest } = parts;
    return makeBox(world.family, world.slice, world.slice === "other" ? rest : { ...rest, b });
  });
}

export function arbitraryRules(world: World, maxLength = 8): fc.Arbitrary<Rule[]> {
  const rule = fc.record({
    action: fc.constantFrom(...ACTIONS),
    boxes: fc.array(arbitraryBox(world), { minLength: 1, maxLength: 2 }),
  });
  return fc
    .array(rule, { maxLength })
    .map((rules) => rules.map((r, index): Rule => ({ id: `r${index}`, action: r.action, boxes: r.boxes })));
}

export const WORLDS: readonly World[] = [
  { family: 4, slice: "tcp", size: 4 },
  { family: 6, slice: "icmp", size: 4 },
  { family: 4, slice: "other", size: 8 },
];
