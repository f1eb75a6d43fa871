import { random } from "../../src/core/random.ts";
import type { DocumentName } from "../../src/plan/index.ts";
import type { Edit } from "./edits.ts";
import { shippedCosts, shippedTexts } from "./shipped.ts";
import { edited, nameOf, singleEdits, type Single } from "./singles.ts";

/** Both edits, one after the other. */
function together(one: Single["of"], other: Single["of"]): Edit["of"] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])] as DocumentName[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (document) => {
        one[name]?.(document);
        other[name]?.(document);
      },
    ]),
  );
}

/**
 * Two edits of different documents, by a seed: none that `check` refuses by itself, which tests without guests show.
 * What is expected of both together is what they cost in memory.
 * @returns a pair for each seed from the first
 */
export async function* seededPairs(count: number, from: number): AsyncGenerator<Edit> {
  const [texts, costs, singles] = [shippedTexts(), await shippedCosts(), singleEdits(shippedTexts())];
  const isGood = async (single: Single): Promise<boolean> => {
    const cost = await costs.of(edited(texts, single.of));
    return cost.kind === "refused" ? cost.by === "up" : cost.parts.length > 0;
  };
  for (let seed = from; seed < from + count; seed++) {
    const next = random(seed);
    const draw = async (document?: DocumentName): Promise<Single> => {
      for (;;) {
        const single = singles[Math.floor(next() * singles.length)]!;
        if (single.field.document !== document && (await isGood(single))) return single;
      }
    };
    const one = await draw();
    const other = await draw(one.field.document);
    const of = together(one.of, other.of);
    const { kind } = await costs.of(edited(texts, of));
    yield { name: `pair ${seed}: ${nameOf(one)} + ${nameOf(other)}`, is: kind, of };
  }
}
