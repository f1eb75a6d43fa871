import type { Context } from "./context.ts";
import type { NatRules } from "./nat-types.ts";

export function natRules(_c: Context): NatRules {
  return { redirects: [], binats: [], sources: [], diagnostics: [] };
}
