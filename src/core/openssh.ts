/*
 * What sshd_config(5) may name depends on the release: one word that sshd does not know, and it refuses its whole file.
 */

/** The key exchanges of a server, best first: hybrids that a quantum computer does not break, then what all speak. */
const KEY_EXCHANGES: readonly { readonly name: string; readonly since: number }[] = [
  { name: "mlkem768x25519-sha256", since: 9.9 },
  { name: "sntrup761x25519-sha512", since: 9.9 },
  { name: "sntrup761x25519-sha512@openssh.com", since: 8.5 },
  // What the provisioner's library speaks.
  { name: "curve25519-sha256", since: 7.4 },
];
/** `PerSourcePenalties` and its list of exemptions. */
const PENALTIES_SINCE = 9.8;

/** OpenSSH of Debian's stable releases. */
const VERSIONS: Readonly<Record<number, number>> = { 11: 8.4, 12: 9.2, 13: 10.0 };
const NEWEST = 10.0;

/** @param release Debian's number; undefined is taken for the newest known */
export function opensshOf(release: number | undefined): {
  readonly keyExchanges: readonly string[];
  readonly hasPenalties: boolean;
} {
  const version = (release === undefined ? undefined : VERSIONS[release]) ?? NEWEST;
  return {
    keyExchanges: KEY_EXCHANGES.filter(({ since }) => since <= version).map(({ name }) => name),
    hasPenalties: version >= PENALTIES_SINCE,
  };
}

/** Authenticated encryption alone, and MACs for what else is negotiated: the same in all of these releases. */
export const CIPHERS = ["aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"] as const;
export const MACS = ["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"] as const;
