import * as z from "zod";
import { DOCUMENT_NAMES, type DocumentName } from "./names.ts";
import { DOCUMENT_SCHEMAS } from "./schema/index.ts";

/**
 * The JSON Schema (draft 7, which every YAML language server knows) of a document, made from what the loader checks with, so that an editor completes and
 * underlines the same things. What a schema cannot say (that a name exists, that a range is not reversed) stays with
 * the loader.
 */
export function jsonSchemaOf(document: DocumentName): Record<string, unknown> {
  return z.toJSONSchema(DOCUMENT_SCHEMAS[document], { io: "input", target: "draft-7" });
}

/** `schemas/` as it should be: text by file name. */
export const jsonSchemaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    DOCUMENT_NAMES.map((name) => [`${name}.schema.json`, `${JSON.stringify(jsonSchemaOf(name), null, 2)}\n`] as const),
  );
