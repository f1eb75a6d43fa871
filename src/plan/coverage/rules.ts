import { NEED_IDS, OBJECTIVE_IDS } from "../names.ts";
import { keyOf, problem, withSuggestion, type Where } from "../problem.ts";
import type { Rule } from "../rule.ts";

/** What the customer asked of the lab is a closed list: each id is answered, none is invented. A site has needs of its own. */
export const everyNeedIsCovered: Rule = function* (draft) {
  for (const [section, ids, what] of [
    ["needs", NEED_IDS, "need"],
    ["objectives", OBJECTIVE_IDS, "objective"],
  ] as const) {
    const whole = draft.isWhole("coverage", section);
    const range = `${ids[0] ?? ""} to ${ids.at(-1) ?? ""}`;
    const stated = [...draft.coverage.values()].filter((c) => draft.origin(c).path[0] === section);
    for (const coverage of stated) {
      const where = draft.origin(coverage);
      if (draft.kind === "lab" && !ids.includes(coverage.id)) {
        const hint = withSuggestion(coverage.id, ids, `The customer's ${section} are ${range}`);
        yield problem("PLAN_NEED_UNKNOWN", keyOf(where), `"${coverage.id}" is no ${what} of the customer`, hint);
      } else if (coverage.by.length === 0 && coverage.outOfScope === null) {
        const hint = "Name what answers it in by, or say why not in outOfScope";
        yield problem("PLAN_NEED_UNCOVERED", keyOf(where), `${what} ${coverage.id} is answered by nothing`, hint);
      }
    }
    if (draft.kind === "site" || !whole) continue;
    for (const id of ids) {
      if (stated.some((coverage) => coverage.id === id)) continue;
      const where: Where = { document: "coverage", path: [section], at: "key" };
      yield problem("PLAN_NEED_UNCOVERED", where, `${what} ${id} is not there`, `Add ${id} with what answers it`);
    }
  }
};
