import type { Draft } from "../draft.ts";
import type { Problem } from "../problem.ts";

/**
 * A check over the whole plan. It sees a draft: what was broken is left out, so a rule that concludes something from
 * what is absent asks `draft.isWhole` first. A rule never throws and touches nothing.
 */
export type Rule = (draft: Draft) => Iterable<Problem>;
