import type { ArtefactUse, RoleDefinition } from "./role.ts";

const NOTHING = { en: "a hardened Debian without the service", fr: "une Debian durcie sans le service" };

/**
 * A role whose service is not written yet: the machine, named and hardened as every guest is, and nothing on it.
 * @param account by which it will read the directory
 * @param would what it will install of others
 */
export function plainRole(
  id: string,
  machine: RoleDefinition["machine"],
  account?: string,
  would?: Pick<ArtefactUse, "name" | "artefacts" | "notShown">,
): RoleDefinition {
  return {
    id,
    machine,
    packages: [],
    templates: [],
    neighbours: [],
    work: () => ({ steps: [] }),
    asks: () => (account === undefined ? {} : { accounts: [account] }),
    artefacts: () =>
      would === undefined ? [] : [{ ...would, standsIn: NOTHING, isServed: false, isInstalled: false }],
    probes: () => [],
    manual: "docs/roles/base.md",
  };
}
