import * as addresses from "./addressing/addresses.ts";
import * as addressing from "./addressing/rules.ts";
import * as coverage from "./coverage/rules.ts";
import * as flows from "./flows/rules.ts";
import * as hosts from "./hosts/rules.ts";
import * as people from "./people/rules.ts";
import * as roles from "./roles/rules.ts";
import type { Rule } from "./rule.ts";

/** Every rule, in no particular order: problems are sorted by their place. */
export const RULES: readonly Rule[] = [
  addressing.zonesDoNotOverlap,
  addressing.vlansDiffer,
  addressing.vhidsDiffer,
  addressing.zonesHaveTheirParts,
  addressing.gatewaysAreInTheirSubnet,
  addressing.dhcpRangesAreInTheirSubnet,
  addressing.wansDiffer,
  addressing.poolsHaveAGateway,
  addresses.addressesDiffer,
  addresses.addressesAreInTheirZone,
  addresses.addressesAreUsable,
  addresses.leasesLeaveFixedAddressesAlone,
  hosts.numbersDiffer,
  hosts.nicsAreInDifferentZones,
  hosts.routersHaveTheSameLegs,
  hosts.routersReachTheirZones,
  hosts.nothingPassesBesideTheRouters,
  roles.everyRoleIsPlayed,
  roles.settingsAreForSomebody,
  hosts.routersArePfsense,
  hosts.routersAreNothingBeside,
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
  people.namesFitTheDirectory,
  people.everyRightIsHeld,
  coverage.everyNeedIsCovered,
  addressing.nothingOutlivesTheAuthority,
  addressing.certificatesAreAccepted,
];
