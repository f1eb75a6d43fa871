import { keyOf, problem, warning, type Where } from "../problem.ts";
import { hostsOf } from "../query.ts";
import type { Rule } from "../rule.ts";

/** Configurations are written for a pair of routers, or for the one of a site, whatever the plan asks for. */
const ROUTERS = { lab: 2, site: 1 };

export const everyRoleIsPlayed: Rule = function* (draft) {
  const words = [...draft.hosts.values()].flatMap((host) => host.roles);
  const isKnown = words.every((word) => draft.roles?.has(word) ?? true);
  // A misspelt role is reported as that.
  if (!draft.isWhole("hosts", "hosts") || !isKnown) return;
  const asked = [...draft.minimums.values()].map((m) => {
    return { role: m.role, needed: m.hosts, by: "plan asks for", where: draft.origin(m) };
  });
  const routers = { role: "router", needed: ROUTERS[draft.kind], by: `${draft.kind} needs`, where: HOSTS };
  const isAsked = asked.some(({ role, needed }) => role === routers.role && needed >= routers.needed);
  for (const { role, needed, by, where } of isAsked ? asked : [...asked, routers]) {
    const count = hostsOf(draft, role).length;
    if (count >= needed) continue;
    const only = count === 0 ? "no host plays" : count === 1 ? "only one host plays" : `only ${count} hosts play`;
    const fact = `${only} the role "${role}"; the ${by} ${needed}`;
    yield problem("PLAN_ROLE_WITHOUT_HOST", where, fact, `Add a host with role: ${role}`);
  }
};

/** Said to nobody: mostly to a role whose host went. */
export const settingsAreForSomebody: Rule = function* (draft) {
  if (!draft.isWhole("hosts", "hosts")) return;
  for (const settings of draft.settings.values()) {
    if (hostsOf(draft, settings.role).length > 0) continue;
    const fact = `settings of the role "${settings.role}", which no host plays`;
    yield warning("PLAN_UNUSED", keyOf(draft.origin(settings)), fact, "Remove them, or give the role to a host");
  }
};

const HOSTS: Where = { document: "hosts", path: ["hosts"], at: "key" };
