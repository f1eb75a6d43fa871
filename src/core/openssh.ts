import type { DebianRelease } from "./debian.ts";

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

/** @param release undefined, or one whose OpenSSH is not known, is taken for the newest */
export function opensshOf(release: DebianRelease | undefined): {
  readonly keyExchanges: readonly string[];
  readonly hasPenalties: boolean;
} {
  const version = release?.openssh ?? Infinity;
  return {
    keyExchanges: KEY_EXCHANGES.filter(({ since }) => since <= version).map(({ name }) => name),
    hasPenalties: version >= PENALTIES_SINCE,
  };
}

/** Authenticated encryption alone, and MACs for what else is negotiated: the same in all of these releases. */
export const CIPHERS = ["aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"] as const;
export const MACS = ["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"] as const;
