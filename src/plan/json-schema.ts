import * as z from "zod";
import { DOCUMENT_NAMES, type DocumentName } from "./names.ts";
import type { Offer, Offers } from "./offers.ts";
import { naming } from "./scalars.ts";
import { documentSchemas } from "./schemas.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * The JSON Schema (draft 7, which every YAML language server knows) of a document, made from what the loader checks with, so that an editor completes and
 * underlines the same things. What a schema cannot say (that a name exists, that a range is not reversed) stays with
 * the loader.
 */
export function jsonSchemaOf(document: DocumentName, roles: Vocabulary, offers?: Offers): Record<string, unknown> {
  return z.toJSONSchema(documentSchemas(roles)[document], {
    io: "input",
    target: "draft-7",
    override: ({ zodSchema, jsonSchema }) => {
      const kind = naming.get(zodSchema)?.kind;
      if (kind === "role") jsonSchema.enum = [...roles.keys()];
      else if (kind !== undefined && offers !== undefined) offer(jsonSchema, offers[kind]);
    },
  });
}

/** Names for the editor to choose from; another text is the loader's to judge, for the plan may be ahead of these. */
function offer(schema: z.core.JSONSchema.BaseSchema, offered: readonly Offer[]): void {
  if (offered.length === 0) return;
  const text = { ...schema };
  delete text.description;
  delete schema.type;
  delete schema.minLength;
  delete schema.maxLength;
  const names = offered.map(({ name }) => name);
  schema.anyOf = [{ enum: names, enumDescriptions: offered.map((o) => o.description) }, text];
}

/**
 * `schemas/` as it should be: text by file name.
 * @param offers names of one plan, for schemas of its own
 */
export const jsonSchemaFiles = (roles: Vocabulary, offers?: Offers): ReadonlyMap<string, string> =>
  new Map(
    DOCUMENT_NAMES.map(
      (name) => [`${name}.schema.json`, `${JSON.stringify(jsonSchemaOf(name, roles, offers), null, 2)}\n`] as const,
    ),
  );
