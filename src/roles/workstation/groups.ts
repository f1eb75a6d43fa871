import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Plan } from "../../plan/types.ts";
import type { Settings } from "./settings.ts";

/** Groups that the plan does not have: SSSD would look for them in vain, and let nobody in. */
export function groupFindings(plan: Plan, { logon }: Settings): readonly Diagnostic[] {
  const said = plan.settings.get("workstation");
  const place = said?.places.get(["settings", "workstation", "logon"].join("\n")) ?? said?.place;
  if (place === undefined) return [];
  return logon
    .filter((group) => !plan.groups.has(group))
    .map((group) => ({
      ...{ code: "WORKSTATION_GROUP_UNKNOWN", severity: "error", place, path: "settings.workstation.logon" },
      fact: `"${group}" is no group of people.yaml: nobody would log on by it`,
      hint: "Name a group of people.yaml, or leave the list empty for everybody of the domain",
    }));
}
