import * as z from "zod";
import type { Vocabulary } from "../vocabulary.ts";
import { keysOf, line, whole } from "../scalars.ts";

/** What the document holds; `settings` of each role as its own schema says. */
export interface RolesDocument {
  readonly atLeast?: Readonly<Record<string, number>>;
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const atLeast = (): z.ZodInt => whole(1, 99, "How many hosts must play the role");

/** The document as the roles let it be written; without them any word may stand for one. */
export function rolesSchema(roles: Vocabulary | undefined): z.ZodType<RolesDocument> {
  const counts =
    roles === undefined
      ? z.record(line("A role"), atLeast())
      : byRole(
          [...roles.keys()].map((id) => [id, atLeast()]),
          "a role",
        );
  const settings =
    roles === undefined
      ? z.record(line("A role"), z.record(z.string(), z.unknown()))
      : byRole(
          [...roles].flatMap(([id, word]) => (word.settings === null ? [] : [[id, word.settings]])),
          "a role that has settings",
        );
  return z
    .strictObject({
      atLeast: counts
        .register(z.globalRegistry, { description: "How many hosts must play each role; none must that is not named" })
        .optional(),
      settings: settings
        .register(z.globalRegistry, { description: "Settings of roles, by role; what is left out has its default" })
        .optional(),
    })
    .register(z.globalRegistry, {
      title: "Roles",
      description: "How many hosts must play each role, and the roles' own settings. A plan may do without it",
    }) as z.ZodType<RolesDocument>;
}

const byRole = (members: readonly (readonly [string, z.ZodType])[], what: string): z.ZodObject =>
  z
    .strictObject(Object.fromEntries(members.map(([id, schema]) => [id, schema.optional()])))
    .register(keysOf, { code: "PLAN_UNKNOWN_ROLE", what });
