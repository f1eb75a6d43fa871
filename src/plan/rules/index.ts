import * as addresses from "./addresses.ts";
import * as authority from "./authority.ts";
import * as flows from "./flows.ts";
import * as hosts from "./hosts.ts";
import * as people from "./people.ts";
import type { Rule } from "./rule.ts";
import * as zones from "./zones.ts";

/** Every rule, in no particular order: problems are sorted by their place. */
export const RULES: readonly Rule[] = [
  zones.zonesDoNotOverlap,
  zones.vlansDiffer,
  zones.vhidsDiffer,
  zones.zonesHaveTheirParts,
  zones.gatewaysAreInTheirSubnet,
  zones.dhcpRangesAreInTheirSubnet,
  zones.wansDiffer,
  zones.poolsHaveAGateway,
  addresses.addressesDiffer,
  addresses.addressesAreInTheirZone,
  addresses.addressesAreUsable,
  addresses.leasesLeaveFixedAddressesAlone,
  hosts.numbersDiffer,
  hosts.nicsAreInDifferentZones,
  hosts.routersHaveTheSameLegs,
  hosts.routersReachTheirZones,
  hosts.nothingPassesBesideTheRouters,
  hosts.everyRoleIsPlayed,
  hosts.routersArePfsense,
  hosts.pairsAreApart,
  flows.rowsDiffer,
  flows.rowsHaveOneFamily,
  flows.forwardsAreSound,
  flows.forwardsDoNotClash,
  flows.forwardsAreAllowed,
  flows.everythingIsUsed,
  people.mailboxesDiffer,
  people.extensionsDiffer,
  people.sshKeysDiffer,
  people.everyRightIsHeld,
  people.everyNeedIsCovered,
  authority.nothingOutlivesTheAuthority,
  authority.certificatesAreAccepted,
];
