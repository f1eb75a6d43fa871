import * as z from "zod";
import type { Offers } from "../../src/plan/offers.ts";
import { naming } from "../../src/plan/scalars.ts";
import { roles } from "../../src/roles/registry.ts";

/*
 * Another value for a field, found from its schema: the next word of an enumeration, the next name of its kind, a
 * number more, a text a little longer. What must agree with other fields is written down in examples.ts.
 */

const unwrapped = (schema: z.core.$ZodType): z.core.$ZodType =>
  [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodPrefault].some((w) => schema instanceof w)
    ? unwrapped((schema as z.ZodOptional).unwrap())
    : schema;

const isTaken = (schema: z.core.$ZodType, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;

/** The one after it in a list, and the first after the last. */
const next = <T>(all: readonly T[], value: unknown): T | undefined => all[(all.indexOf(value as T) + 1) % all.length];

/** The same with its last run of digits counted up, once and more often. */
function counted(text: string): readonly string[] {
  const at = /\d+(?=\D*$)/.exec(text);
  if (!at) return [];
  const [before, after] = [text.slice(0, at.index), text.slice(at.index + at[0].length)];
  return Array.from({ length: 9 }, (_, n) => `${before}${Number(at[0]) + 1 + n}${after}`);
}

/**
 * A value that the schema takes and that is none of those that stand there.
 * @param value what stands there; undefined where nothing does
 * @param others what must not be said twice (a list's other items, a map's other keys)
 * @returns undefined where the schema alone does not tell
 */
export function another(
  given: z.core.$ZodType,
  value: unknown,
  offers: Offers,
  others: readonly unknown[] = [],
): unknown {
  const schema = unwrapped(given);
  const isNew = (v: unknown): boolean => v !== value && !others.includes(v) && isTaken(given, v);
  const kind = naming.get(schema)?.kind;
  if (kind !== undefined) {
    const names = kind === "role" ? [...roles.keys()] : offers[kind].map((o) => o.name);
    const at = names.indexOf(value as string);
    return [...names.slice(at + 1), ...names.slice(0, at + 1)].find(isNew);
  }
  if (schema instanceof z.ZodEnum) return next(schema.options as string[], value);
  if (schema instanceof z.ZodLiteral) return next([...schema.values], value);
  if (schema instanceof z.ZodBoolean) return value !== true;
  if (schema instanceof z.ZodUnion) return schema.options.map((o) => another(o, value, offers, others)).find(isNew);
  if (schema instanceof z.ZodNumber) {
    const least = schema.minValue ?? 0;
    const from =
      typeof value === "number" ? value : given instanceof z.ZodDefault ? Number(given.parse(undefined)) : least;
    return [from + 1, from - 1, from + 2, least].find(isNew);
  }
  if (schema instanceof z.ZodString) {
    const text =
      typeof value === "string" ? value : given instanceof z.ZodDefault ? String(given.parse(undefined)) : "";
    return [`${text} bis`.trim(), `${text}-bis`, ...counted(text), `${text}bis`, text.slice(0, -1)].find(isNew);
  }
  return undefined;
}
