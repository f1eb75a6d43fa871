import * as z from "zod";
import { DOCUMENT_NAMES, type DocumentName } from "../../src/plan/index.ts";
import { documentSchemas } from "../../src/plan/schemas.ts";
import { vocabulary } from "../../src/roles/registry.ts";

/** One place in the documents where somebody may write text: a value, or the key of a map. */
export interface Field {
  readonly document: DocumentName;
  readonly path: readonly (string | number)[];
  readonly isKey: boolean;
  /** The same in the schema: `people.people.*.title`, `hosts.hosts.*` (a key), `flows.flows[].from[]`. */
  readonly name: string;
}

const schemas = documentSchemas(vocabulary);

export type Documents = Record<DocumentName, unknown>;

/**
 * Every string field of the plan's schemas, by the schemas: a new one is in the list without being written here.
 * @param documents in which each of them stands somewhere
 * @throws when one does not: then no test has tried it
 */
export function stringFields(documents: Documents): readonly Field[] {
  const known = new Set<string>();
  const found = new Map<string, Field>();
  for (const document of DOCUMENT_NAMES) {
    const visit = (schema: z.core.$ZodType, value: unknown, path: Field["path"], name: string): void => {
      const is = (isKey: boolean, at: Field["path"] | undefined): void => {
        known.add(name);
        if (at !== undefined && !found.has(name)) found.set(name, { document, path: at, isKey, name });
      };
      const isWrapped = [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodPrefault].some((w) => schema instanceof w);
      if (isWrapped) visit((schema as z.ZodOptional).unwrap(), value ?? undefined, path, name);
      else if (schema instanceof z.ZodObject)
        for (const [key, inner] of Object.entries<z.core.$ZodType>(schema.shape))
          visit(inner, (value as Record<string, unknown> | undefined)?.[key], [...path, key], `${name}.${key}`);
      else if (schema instanceof z.ZodRecord) {
        const members = Object.entries((value ?? {}) as Record<string, unknown>);
        name = `${name}.*`;
        is(true, members[0] && [...path, members[0][0]]);
        for (const [key, member] of [["", undefined] as const, ...members])
          visit(schema.valueType, member, [...path, key], name);
      } else if (schema instanceof z.ZodArray)
        for (const [n, member] of [undefined, ...((value ?? []) as unknown[])].entries())
          visit(schema.element, member, [...path, n - 1], `${name}[]`);
      else if (schema instanceof z.ZodUnion)
        for (const option of schema.options as z.core.$ZodType[])
          visit(option, typeof value === "string" ? value : undefined, path, name);
      else if (schema instanceof z.ZodString || schema instanceof z.ZodEnum || schema instanceof z.ZodStringFormat)
        is(false, typeof value === "string" ? path : undefined);
      else if (!(schema instanceof z.ZodNumber || schema instanceof z.ZodBoolean || schema instanceof z.ZodLiteral))
        throw new Error(`no test knows a ${schema._zod.def.type} (${name})`);
    };
    visit(schemas[document], documents[document], [], document);
  }
  const missing = [...known].filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`give the test's documents a value of ${missing.join(", ")}`);
  return [...found.values()];
}

/** The documents with another text in a field. */
export const withText = (documents: Documents, { document, path, isKey }: Field, text: string): Documents => ({
  ...documents,
  [document]: put(documents[document], path, isKey, text),
});

function put(value: unknown, [step, ...rest]: Field["path"], isKey: boolean, text: string): unknown {
  if (step === undefined) return text;
  if (Array.isArray(value)) return value.map((v: unknown, n) => (n === step ? put(v, rest, isKey, text) : v));
  // A key in its place: their order is the order of what is made of them.
  const members = Object.entries(value as object).map(([key, member]): [string, unknown] => {
    if (key !== step) return [key, member];
    return isKey && rest.length === 0 ? [text, member] : [key, put(member, rest, isKey, text)];
  });
  return Object.fromEntries(members);
}
