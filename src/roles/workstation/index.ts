import { endOf } from "../../plan/query.ts";
import { SOFTPHONE_PACKAGES, softphoneAfter, softphoneNeeds, softphoneSteps } from "../pbx/softphone.ts";
import type { Need, RoleContext, RoleWork } from "../role.ts";
import { defineRole, type Settled } from "../settings.ts";
import { DESKTOP_PACKAGES, desktopSteps } from "./desktop.ts";
import { MEMBER_PACKAGES, MEMBER_TEMPLATES, memberAfter, memberHosts, memberSteps } from "./member.ts";
import { peopleIn, probes, visitorsOf } from "./probes.ts";
import { groupFindings } from "./groups.ts";
import { settings } from "./settings.ts";
import { sizeFindings } from "./windows/size.ts";
import { fetchesOpenSsh, isWindows, WINDOWS_TEMPLATES, windowsArtefacts, windowsSteps } from "./windows/steps.ts";

/** A workstation of the COD, where people of the directory log on; mail program, browser and softphone. */
export const workstation = defineRole({
  id: "workstation",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: [...MEMBER_PACKAGES, "ldap-utils", "bind9-host", ...SOFTPHONE_PACKAGES],
  templates: [
    ...MEMBER_TEMPLATES,
    "softphone.conf",
    "softphone.py",
    "softphone.service",
    "sysusers.conf",
    ...WINDOWS_TEMPLATES,
  ],
  morePackages: (_, told) => (told.desktop ? DESKTOP_PACKAGES : []),
  neighbours: [],
  work,
  asks: (plan, told) => {
    const visitors = visitorsOf(plan, told);
    return {
      members: memberHosts(plan).map((host) => host.id),
      people: visitors === undefined ? [] : peopleIn(visitors),
    };
  },
  artefacts: windowsArtefacts,
  findings: (plan, told) => [...groupFindings(plan, told), ...sizeFindings(plan)],
  probes,
  manual: "docs/roles/workstation.md",
});

function work(context: RoleContext & Settled<typeof settings>): RoleWork {
  const { plan, host, fill, settings: told } = context;
  const { realm, name: dnsDomain } = plan.domain;
  const ask = (service: string): Need[] =>
    plan.domain.dns.map((a) => ({
      what: "asks the domain as its members do",
      services: [service],
      to: endOf(a),
    }));
  const common = {
    after: [...memberAfter(plan), ...softphoneAfter(plan, host)],
    needs: [...["kerberos", "kpasswd", "ldap", "ldaps"].flatMap(ask), ...softphoneNeeds(plan, host)],
  };
  if (isWindows(plan, host)) {
    const needs = [...common.needs, ...["dns", "smb", "rpc"].flatMap(ask), fetchesOpenSsh];
    return { ...common, needs, steps: windowsSteps(context, told) };
  }
  return {
    ...common,
    steps: [
      {
        kind: "packages",
        name: "packages",
        packages: [...workstation.packages, ...(told.desktop ? DESKTOP_PACKAGES : [])],
      },
      {
        kind: "files",
        name: "Kerberos",
        files: { "/etc/krb5.conf": { content: fill("krb5.conf", { realm, dnsDomain }) } },
      },
      ...memberSteps(context, told),
      ...desktopSteps(plan),
      ...softphoneSteps(plan, host, fill),
    ],
  };
}
