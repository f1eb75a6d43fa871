import { secret } from "../../core/secret-place.ts";
import type { Text } from "../../core/text.ts";
import type { Command, RoleContext, Step } from "../role.ts";

export const CA_FILE = "/usr/local/share/ca-certificates/maquette.crt";
/** Where AppArmor lets services read (abstractions/ssl_certs); no `.crt`, which would be taken for an authority. */
export const CRL_FILE = "/usr/local/share/ca-certificates/maquette.crl";
const LDAP_FILE = "/etc/ldap/maquette.pem";

const AUTHORITY = [secret("vault-certificate", "ca"), "\n"] as const satisfies Text;
const REVOKED = [secret("vault-crl", "ca")] as const satisfies Text;

/** Whom the host trusts, and whom no longer. */
export const trust = ({ fill }: RoleContext, onRevocation: readonly Command[]): readonly Step[] => [
  {
    kind: "files",
    name: "lab's authority",
    files: { [CA_FILE]: { content: AUTHORITY, mode: "0644" } },
    check: [{ argv: ["openssl", "x509", "-noout", "-in", `new:${CA_FILE}`] }],
    reload: [{ argv: ["update-ca-certificates"] }],
    probe: { argv: ["openssl", "verify", "-CApath", "/etc/ssl/certs", CA_FILE] },
  },
  {
    kind: "files",
    name: "revocation list",
    files: { [CRL_FILE]: { content: REVOKED, mode: "0644" } },
    check: [isListOf(CA_FILE, CRL_FILE)],
    reload: onRevocation,
  },
  {
    kind: "files",
    name: "LDAP clients",
    files: {
      [LDAP_FILE]: { content: [...AUTHORITY, ...REVOKED], mode: "0644" },
      "/etc/ldap/ldap.conf": { content: fill("ldap.conf", { authority: LDAP_FILE }) },
    },
  },
];

/**
 * Whether a list that is not live yet is that authority's: by another's, OpenSSL would refuse everybody. Not by the
 * clock, which the base sets later.
 */
export const isListOf = (authority: string, list: string): Command => ({
  argv: [
    "openssl",
    "verify",
    "-no_check_time",
    "-crl_check",
    "-CAfile",
    authority,
    "-CRLfile",
    `new:${list}`,
    authority,
  ],
});
