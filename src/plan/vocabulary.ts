import type * as z from "zod";

/** What the plan has to know of a role, to judge what documents say of it. */
export interface RoleWord {
  /** How its own settings are written, in roles.yaml; null where it has none. */
  readonly settings: z.ZodObject | null;
}

/**
 * The roles that a host may play, by id, in their order. This room knows none of them: whoever loads a plan brings the
 * words (`roles/registry`). Without them no word of a role is judged.
 */
export type Vocabulary = ReadonlyMap<string, RoleWord>;
