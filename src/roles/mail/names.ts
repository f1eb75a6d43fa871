import type { Diagnostic } from "../../core/diagnostics.ts";
import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { AskedName } from "../role.ts";

/* The names below the domain's under which the web of mail is asked for; mail programs make two of them up by themselves. */

/** People's, for a browser. */
export const WEBMAIL = "webmail";
/** Thunderbird's, and whoever else follows it. */
export const AUTOCONFIG = "autoconfig";
/** Outlook's. */
export const AUTODISCOVER = "autodiscover";

const NAMES = [WEBMAIL, AUTOCONFIG, AUTODISCOVER] as const;

export const webName = (plan: Plan, name: (typeof NAMES)[number]): string => `${name}.${plan.domain.name}`;

/** What the certificate is for. */
export const namesOf = (plan: Plan, host: Host): readonly string[] => [
  fqdnOf(plan, host),
  ...NAMES.map((name) => webName(plan, name)),
];

export function askedNames(plan: Plan): readonly AskedName[] {
  const [host] = hostsOf(plan, "mail");
  return host === undefined ? [] : NAMES.map((name) => ({ name, host: host.id }));
}

/** A host has one of the names already. */
export function nameFindings(plan: Plan): readonly Diagnostic[] {
  return NAMES.flatMap((name): readonly Diagnostic[] => {
    const host = plan.hosts.get(name);
    if (host === undefined) return [];
    return [
      {
        severity: "error",
        place: host.place,
        path: `hosts.${name}`,
        code: "MAIL_NAME_TAKEN",
        fact: `"${name}.${plan.domain.name}" is a name of the mail server's web, and would be this host too`,
        hint: "Give the host another name",
      },
    ];
  });
}
