import { endOf } from "../../plan/query.ts";
import { SOFTPHONE_PACKAGES, softphoneAfter, softphoneNeeds, softphoneSteps } from "../pbx/softphone.ts";
import type { Need, RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** A workstation of the COD: what asks the domain from where its users sit, and a softphone. */
export const workstation: RoleDefinition = {
  id: "workstation",
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: ["krb5-user", "ldap-utils", "bind9-host", ...SOFTPHONE_PACKAGES],
  templates: ["krb5.conf", "softphone.conf", "softphone.py", "softphone.service", "sysusers.conf"],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/workstation.md",
};

function work({ plan, host, fill }: RoleContext): RoleWork {
  const { realm, name: dnsDomain } = plan.domain;
  const ask = (service: string): Need[] =>
    plan.domain.dns.map((a) => ({
      what: "asks the domain as its members do",
      services: [service],
      to: endOf(a),
    }));
  return {
    after: softphoneAfter(plan, host),
    needs: [...["kerberos", "kpasswd", "ldap", "ldaps"].flatMap(ask), ...softphoneNeeds(plan, host)],
    steps: [
      { kind: "packages", name: "packages", packages: workstation.packages },
      {
        kind: "files",
        name: "Kerberos",
        files: { "/etc/krb5.conf": { content: fill("krb5.conf", { realm, dnsDomain }) } },
      },
      ...softphoneSteps(plan, host, fill),
    ],
  };
}
