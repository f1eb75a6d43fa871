import type { Rule } from "./rule.ts";

/** Every rule, in no particular order: problems are sorted by their place. */
export const RULES: readonly Rule[] = [];
