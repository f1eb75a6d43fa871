import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import { formatAddress } from "../../core/ip.ts";
import type { Host } from "../../plan/index.ts";
import { SYNC_USER } from "./hasync.ts";
import { uniqueId } from "./identity.ts";
import { SECRETS, type Material } from "./material.ts";
import { fqdnOf, hostsOf } from "../../plan/query.ts";
import { type Site } from "./site.ts";
import { forwardersOf } from "./resolver.ts";
import { branch, flag, leaf, leafIf, type Xml } from "./xml.ts";

/** `system`: identity, accounts, administration, and the switches that the generator of pf rules reads. */
export function systemSection(site: Site, router: Host, material: Material): Xml {
  const { domain } = site.plan;
  const servers = authServers(site);
  return branch(
    "system",
    leaf("optimization", "normal"),
    leaf("hostname", router.id),
    leaf("domain", domain.name),
    // Behind the resolver of its own: names of the domain go to the DCs by override, the rest to these.
    ...forwardersOf(site).map((a) => leaf("dnsserver", formatAddress(a))),
    ...groups(site),
    ...users(site, material),
    leaf("nextuid", site.pair ? FIRST_FREE_UID : SYNC_UID),
    leaf("nextgid", FIRST_GROUP_ID + adminGroups(site).length),
    leaf("timezone", domain.timezone),
    leaf("timeservers", domain.ntp.join(" ")),
    branch(
      "webgui",
      leaf("protocol", "https"),
      leaf("port", 443),
      leaf("ssl-certref", certificateId(router)),
      // The flow table decides who reaches the GUI: without this element pfSense would open it to the whole of `lan`.
      flag("noantilockout"),
      // Port 80 would answer too, beside the flow table.
      flag("disablehttpredirect"),
      // Falls back to local accounts by itself when the directory does not answer.
      leafIf("authmode", servers[0]?.name),
    ),
    branch("ssh", leaf("enable", "enabled"), leaf("port", 22), leaf("sshdkeyonly", "enabled")),
    ...servers.map((s) => s.element),
    // No ipv6allow: pfSense then blocks IPv6 before any rule.
    leaf("statepolicy", "if-bound"),
    // Absent, these two mean that reflection is on, and that rules by gateway gain a pass to VPN networks before them.
    leaf("disablenatreflection", "yes"),
    flag("disablenegate"),
    // Calls that hang on a dead access would last until their states expire.
    leaf("gw_down_kill_states", "down"),
    // ALTQ on virtio NICs: 2.8.0 needs nothing, later versions this (`is_altq_capable`, `etc/inc/interfaces.inc`).
    flag("hn_altq_enable"),
    flag("disablesegmentationoffloading"),
    flag("disablelargereceiveoffloading"),
    branch("bogons", leaf("interval", "monthly")),
  );
}

/**
 * Host keys, as a backup with "Backup SSH keys" has them (`restore_sshdata`, `etc/inc/config.lib.inc`; `rc.ecl` restores a file from
 * a medium in the same way). Both files of a key, because `etc/sshd` makes one anew of which either is missing; the RSA
 * key it makes by itself.
 */
export function sshDataSection(router: Host, material: Material): Xml {
  const { privateKey, publicKey } = material.hostKeyOf(router);
  const file = (name: string, data: SecretPlace): Xml =>
    branch("sshkeyfile", leaf("filename", name), leaf("xmldata", data));
  return branch("sshdata", file("ssh_host_ed25519_key", privateKey), file("ssh_host_ed25519_key.pub", publicKey));
}

const FIRST_GROUP_ID = 2000;
const SYNC_UID = 2000;
const FIRST_FREE_UID = 2001;

const adminGroups = (site: Site): readonly { readonly id: string; readonly description: string }[] =>
  [...site.plan.groups.values()].filter((g) => g.grants.includes("admin"));

/** Groups of the directory are known by their name: pfSense gives a logged-in user the rights of its namesake. */
function groups(site: Site): readonly Xml[] {
  const all = branch(
    "group",
    leaf("name", "all"),
    leaf("description", "All Users"),
    leaf("scope", "system"),
    leaf("gid", 1998),
    leaf("member", 0),
    site.pair ? leaf("member", SYNC_UID) : null,
  );
  const admins = branch(
    "group",
    leaf("name", "admins"),
    leaf("description", "System Administrators"),
    leaf("scope", "system"),
    leaf("gid", 1999),
    leaf("member", 0),
    leaf("priv", "page-all"),
  );
  const remote = adminGroups(site).map((g, i) =>
    branch(
      "group",
      leaf("name", g.id),
      leaf("description", g.description),
      leaf("scope", "remote"),
      leaf("gid", FIRST_GROUP_ID + i),
      leaf("priv", "page-all"),
    ),
  );
  return [all, admins, ...remote];
}

function users(site: Site, material: Material): readonly Xml[] {
  const admin = branch(
    "user",
    leaf("name", "admin"),
    leaf("descr", "System Administrator"),
    leaf("scope", "system"),
    leaf("groupname", "admins"),
    leaf("bcrypt-hash", secret("bcrypt", SECRETS.admin, "xml")),
    leaf("uid", 0),
    leaf("priv", "user-shell-access"),
    leaf("authorizedkeys", material.adminKeys),
  );
  const sync = branch(
    "user",
    leaf("name", SYNC_USER),
    leaf("descr", "XMLRPC configuration synchronisation"),
    leaf("scope", "user"),
    leaf("bcrypt-hash", secret("bcrypt", SECRETS.sync, "xml")),
    leaf("uid", SYNC_UID),
    leaf("priv", "system-xmlrpc-ha-sync"),
  );
  return site.pair ? [admin, sync] : [admin];
}

/** One server of authentication for each domain controller, over LDAPS with the stack's CA. */
function authServers(site: Site): readonly { readonly name: string; readonly element: Xml }[] {
  const { domain } = site.plan;
  const base = domain.name
    .split(".")
    .map((label) => `DC=${label}`)
    .join(",");
  return hostsOf(site.plan, "dc").map((dc) => {
    const name = `AD ${dc.id}`;
    const element = branch(
      "authserver",
      leaf("refid", uniqueId(`authserver/${dc.id}`)),
      leaf("type", "ldap"),
      leaf("name", name),
      leaf("ldap_caref", authorityId()),
      // By name: the certificate is checked against it.
      leaf("host", fqdnOf(site.plan, dc)),
      leaf("ldap_port", 636),
      leaf("ldap_urltype", "SSL/TLS Encrypted"),
      leaf("ldap_protver", 3),
      leaf("ldap_scope", "subtree"),
      leaf("ldap_basedn", base),
      leaf("ldap_authcn", base),
      leaf("ldap_extended_enabled", ""),
      leaf("ldap_extended_query", ""),
      leaf("ldap_attr_user", "sAMAccountName"),
      leaf("ldap_attr_group", "cn"),
      leaf("ldap_attr_member", "memberOf"),
      leaf("ldap_attr_groupobj", "group"),
      leaf("ldap_pam_groupdn", ""),
      leaf("ldap_timeout", 5),
      // A user principal name, which does not depend on where in the tree the account is.
      leaf("ldap_binddn", `svc-pfsense@${domain.name}`),
      leaf("ldap_bindpw", secret("password", SECRETS.ldapBind, "xml")),
    );
    return { name, element };
  });
}

const authorityId = (): string => uniqueId("ca");
const certificateId = (router: Host): string => uniqueId(`cert/${router.id}`);

/** `ca` and `cert`, children of the root: the stack's CA without its key, the router's GUI certificate with its own. */
export function certificateSections(site: Site, router: Host, material: Material): readonly Xml[] {
  return [
    branch(
      "ca",
      leaf("refid", authorityId()),
      leaf("descr", `CA ${site.plan.name}`),
      // In the system's trust store too: `fetch` and `curl` on the router know the lab's servers.
      leaf("trust", "enabled"),
      leaf("crt", material.authority),
      leaf("serial", 0),
    ),
    branch(
      "cert",
      leaf("refid", certificateId(router)),
      leaf("descr", `GUI ${router.id}`),
      leaf("type", "server"),
      leaf("caref", authorityId()),
      leaf("crt", material.certificateOf(router)),
      leaf("prv", material.keyOf(router)),
    ),
  ];
}
