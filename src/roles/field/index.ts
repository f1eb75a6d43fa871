import { SOFTPHONE_PACKAGES, travellersPhone } from "../pbx/softphone.ts";
import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/**
 * A road warrior's own machine, somewhere on the Internet: no member of the domain, and the VPN its only way in. Its
 * profiles come from the role that gives the VPN (src/roles/vpn/traveller.ts).
 */
export const field: RoleDefinition = {
  id: "field",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["openvpn", "iproute2", ...SOFTPHONE_PACKAGES],
  templates: ["softphone.conf"],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/field.md",
};

function work({ plan, fill }: RoleContext): RoleWork {
  return {
    steps: [
      { kind: "packages", name: "packages", packages: field.packages },
      // Nothing opens by itself: a tunnel is up while somebody wants it.
      { kind: "units", name: "no tunnel by itself", units: ["openvpn-client@maquette.service"], state: "off" },
      ...travellersPhone(plan, fill),
    ],
  };
}
