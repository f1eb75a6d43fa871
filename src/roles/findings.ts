import type { Diagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import type { Host, Plan } from "../plan/types.ts";
import { smallMachines } from "./machines.ts";
import { refusedNeeds } from "./needs.ts";
import { playedIn } from "./registry.ts";
import { workOf, type HostWork } from "./render.ts";

/**
 * What the roles of a plan find wrong with it, all at once: machines that are too small, what the network refuses that
 * they need, and roles that contradict each other. Of a site only the firewall is known.
 */
export function roleFindings(plan: Plan): readonly Diagnostic[] {
  if (plan.kind !== "lab") return [];
  const works = new Map<Host["id"], HostWork>();
  const faults: Diagnostic[] = [];
  for (const host of plan.hosts.values()) {
    try {
      const work = workOf(plan, host);
      if (work !== undefined) works.set(host.id, work);
    } catch (error) {
      // What a role cannot be written for is a finding about the plan.
      if (!(error instanceof Fault)) throw error;
      const { code, message, hint } = error;
      faults.push({ ...about(host), code, fact: message, hint });
    }
  }
  return [
    ...faults,
    ...playedIn(plan).flatMap((role) => role.findings?.(plan) ?? []),
    ...smallMachines(plan),
    ...[...works].flatMap(([id, work]) => contradictions(plan, plan.hosts.get(id)!, work)),
    ...refusedNeeds(plan, works),
  ];
}

const about = (host: Host): Pick<Diagnostic, "severity" | "place" | "path"> => ({
  severity: "error",
  place: host.place,
  path: `hosts.${host.id}`,
});

/** Two roles that write one file, needs of services that the plan does not name, work where nobody gets to. */
export function contradictions(plan: Plan, host: Host, { base, served, own }: HostWork): readonly Diagnostic[] {
  const parts = [
    { role: "base", work: base, isServed: false },
    ...served.map(({ by, work }) => ({ role: by.id, work, isServed: true })),
    ...own.map(({ by, work }) => ({ role: by.id, work, isServed: false })),
  ];
  const writers = new Map<string, string[]>();
  // The base has among its steps what comes first for others.
  const firsts = new Set(parts.flatMap(({ work }) => work.first ?? []));
  for (const { role, work } of parts)
    for (const step of [...(work.first ?? []), ...work.steps.filter((s) => !firsts.has(s))])
      for (const path of step.kind === "files" ? Object.keys(step.files) : [])
        writers.set(path, [...(writers.get(path) ?? []), role]);
  const twice = [...writers].flatMap(([path, roles]): Diagnostic[] => {
    const different = [...new Set(roles)];
    if (different.length < 2) return [];
    const fact = `${different.join(" and ")} both write ${path} on ${host.id}`;
    const folders = different.map((r) => `src/roles/${r}`).join(" or ");
    return [{ ...about(host), code: "ROLE_FILE_TWICE", fact, hint: `Leave the file to one of them, in ${folders}.` }];
  });
  const unknown = parts.flatMap(({ role, work }) =>
    (work.needs ?? []).flatMap((need) =>
      need.services
        .filter((id) => !plan.services.has(id))
        .map((id): Diagnostic => {
          const fact = `the role ${role} needs the service "${id}" on ${host.id} (it ${need.what}), which the plan does not name`;
          const hint = `Add "${id}" to services.yaml, as the lab's has it, or name another in src/roles/${role}.`;
          return { ...about(host), code: "ROLE_NEED_UNKNOWN_SERVICE", fact, hint };
        }),
    ),
  );
  const beyond = served.flatMap(({ by, work }): Diagnostic[] => {
    if (!host.isOutside || (work.needs ?? []).length === 0) return [];
    const fact = `the role ${by.id} gives work to ${host.id}, which lies beyond the routers and cannot reach it`;
    const hint = `Let its \`clients\` (src/roles/${by.id}) return null for hosts outside.`;
    return [{ ...about(host), code: "ROLE_CLIENT_OUTSIDE", fact, hint }];
  });
  return [...twice, ...unknown, ...beyond];
}
