import * as z from "zod";
import { DOCUMENT_NAMES, type DocumentName } from "../../src/plan/index.ts";
import { keysOf } from "../../src/plan/scalars.ts";
import { documentSchemas } from "../../src/plan/schemas.ts";
import { vocabulary } from "../../src/roles/registry.ts";

/** Where something stands in a document; in a field `*` is any name of a map and `[]` any item of a list. */
export type Path = readonly (string | number)[];

/** Something of a document that an edit may add, take away, change or move. */
export interface Field {
  readonly document: DocumentName;
  /** `hosts.*.memoryMiB`, `flows[].from`, `people` (the map itself). */
  readonly name: string;
  readonly path: readonly string[];
  /** What a value of it is judged by; of a map or a list that of its members. */
  readonly schema: z.core.$ZodType;
  readonly kind: "value" | "block" | "list" | "map";
  readonly isOptional: boolean;
}

const wrappers = [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodPrefault] as const;

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  return wrappers.some((w) => schema instanceof w) ? bare((schema as z.ZodOptional).unwrap()) : schema;
}

/** Whether a document may go without it. */
const mayBeAbsent = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;

/** Every field of the plan's documents, by their schemas: a new one is in the list without being written here. */
export function allFields(): readonly Field[] {
  const schemas = documentSchemas(vocabulary);
  return DOCUMENT_NAMES.flatMap((document) => {
    const found: Field[] = [];
    const add = (path: readonly string[], of: Pick<Field, "schema" | "kind" | "isOptional">): void => {
      const name = path.reduce(
        (text, step) => (step === "[]" ? `${text}[]` : text === "" ? step : `${text}.${step}`),
        "",
      );
      found.push({ document, name, path, ...of });
    };
    const visit = (given: z.core.$ZodType, path: readonly string[], isOptional: boolean): void => {
      const schema = bare(given);
      if (schema instanceof z.ZodObject) {
        // By role: a role is not a field that somebody leaves out or writes, its settings are.
        const isByRole = keysOf.get(schema) !== undefined;
        if (isOptional && path.length > 0 && !isByRole) add(path, { schema, kind: "block", isOptional });
        for (const [key, inner] of Object.entries<z.core.$ZodType>(schema.shape))
          visit(inner, [...path, key], mayBeAbsent(inner));
        return;
      }
      if (schema instanceof z.ZodRecord) {
        add(path, { schema, kind: "map", isOptional });
        visit(schema.valueType, [...path, "*"], false);
        return;
      }
      if (schema instanceof z.ZodArray) {
        add(path, { schema, kind: "list", isOptional });
        if (bare(schema.element) instanceof z.ZodObject) visit(schema.element, [...path, "[]"], false);
        return;
      }
      // A map's value that is no block of its own (a desk's number) is a field by its map's name.
      add(path, { schema: given, kind: "value", isOptional });
    };
    visit(schemas[document], [], false);
    return found;
  });
}
