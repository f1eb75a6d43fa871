import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** A workstation of the COD: what asks the domain from where its users sit. */
export const workstation: RoleDefinition = {
  id: "workstation",
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: ["krb5-user", "ldap-utils", "bind9-host"],
  templates: ["krb5.conf"],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/workstation.md",
};

function work({ plan, fill }: RoleContext): RoleWork {
  const { realm, name: dnsDomain } = plan.domain;
  return {
    steps: [
      { kind: "packages", name: "packages", packages: workstation.packages },
      {
        kind: "files",
        name: "Kerberos",
        files: { "/etc/krb5.conf": { content: fill("krb5.conf", { realm, dnsDomain }) } },
      },
    ],
  };
}
