import { secret } from "../../core/secret-place.ts";
import { formatAddress } from "../../core/ip.ts";
import type { Host } from "../../plan/index.ts";
import { hostId } from "./identity.ts";
import { SECRETS } from "./material.ts";
import { addressOn, type Pair } from "./site.ts";
import { branch, leaf, type Xml } from "./xml.ts";

/** The account that XMLRPC logs in as: no more than the right to replace sections. */
export const SYNC_USER = "xmlrpc-sync";

/**
 * What the primary copies (`rc.filter_synchronize`). Not certificates: the list is replaced whole, and the secondary would
 * lose the GUI's own. Not users and authentication either: they are emitted the same on both, and the secondary's must
 * outlive a primary that has been tampered with.
 */
const COPIED = [
  "rules",
  "schedules",
  "aliases",
  "nat",
  "dhcpd",
  "virtualip",
  "staticroutes",
  "trafficshaper",
  "dnsforwarder",
] as const;

/** `hasync`: states both ways, configuration from the primary only; nothing for a router that stands alone. */
export function haSyncSection(pair: Pair | null, router: Host): Xml | null {
  if (pair === null) return null;
  const peer = router === pair.primary ? pair.secondary : pair.primary;
  const peerAddress = formatAddress(addressOn(peer, pair.sync));
  const xmlrpc =
    router === pair.primary
      ? [
          leaf("synchronizetoip", peerAddress),
          leaf("username", SYNC_USER),
          leaf("password", secret("password", SECRETS.sync, "xml")),
          ...COPIED.map((what) => leaf(`synchronize${what}`, "on")),
        ]
      : [];
  return branch(
    "hasync",
    leaf("pfsyncenabled", "on"),
    leaf("pfsyncinterface", pair.sync.key),
    leaf("pfsyncpeerip", peerAddress),
    leaf("pfhostid", hostId(router.id)),
    xmlrpc,
  );
}
