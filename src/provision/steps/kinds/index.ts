import { z } from "zod";
import { command } from "./command.ts";
import { files } from "./files.ts";
import type { Kind } from "./kind.ts";
import { packages } from "./packages.ts";
import { probe } from "./probe.ts";
import { units } from "./units.ts";

const kinds = { packages, files, command, units, probe };

type Kinds = typeof kinds;
export type KindName = keyof Kinds;

/** The union of some of its elements at least. */
function someOf<T>([first, ...others]: readonly T[]): readonly [T, ...T[]] {
  if (first === undefined) throw new RangeError("there is no kind of step");
  return [first, ...others];
}

/** A step as the program declares it and the state holds it, with places for secrets. */
export const stepSchema = z.discriminatedUnion("kind", someOf(Object.values(kinds).map((k) => k.declared)));
export type DeclaredStep = z.infer<typeof stepSchema>;

/** A step as it goes to the host. */
export type SentStep = { [K in KindName]: ReturnType<Kinds[K]["fill"]> }[KindName];

/** What a host says of one step, when it is only asked: of files more than of units. */
export const observedStep = z.union(Object.values(kinds).map((k) => k.found));
export type ObservedStep = z.infer<typeof observedStep>;

/** What is known of a step's kind. A step and what was found of it are of the kind that they are asked about with. */
export const kindOf = (name: KindName): Kind<DeclaredStep, SentStep, ObservedStep> => kinds[name];
