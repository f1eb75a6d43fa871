import { Buffer } from "node:buffer";
import type { Host } from "../../plan/index.ts";

/*
 * What a config.xml needs and a plan does not hold. By default everything secret or made by the vault is a placeholder
 * `{{secret:KIND/LABEL|FILTER}}`: the provider fills it at the last moment, so that neither a rendered file nor Pulumi's
 * state holds a secret.
 */

/** Kinds of placeholder that the emitter writes. The first three exist already; the vault's are PEM texts. */
export const PLACEHOLDER_KINDS = ["password", "bcrypt", "ssh-public", "vault-certificate", "vault-key"] as const;
export type PlaceholderKind = (typeof PLACEHOLDER_KINDS)[number];

/** `xml` escapes text for an element; `base64` encodes its UTF-8 bytes. */
export type PlaceholderFilter = "xml" | "base64";

export const placeholder = (kind: PlaceholderKind, label: string, filter: PlaceholderFilter): string =>
  `{{secret:${kind}/${label}|${filter}}}`;

export interface EmitMaterial {
  /** PEM of the stack's CA, or a placeholder; default `{{secret:vault-certificate/ca|base64}}`. */
  readonly authority?: string;
  /** PEM of each router's GUI certificate by host id; default `{{secret:vault-certificate/HOST|base64}}`. */
  readonly certificates?: ReadonlyMap<string, string>;
  /** Devices in the order of the router's NICs, by host id; default `vtnet0`, `vtnet1` … as Proxmox' virtio NICs appear. */
  readonly interfaceNames?: ReadonlyMap<string, readonly string[]>;
  /** Label of the SSH key that opens the routers' admin account; default `provisioner`. */
  readonly adminKeyLabel?: string;
}

/** Base64 of a PEM text, as `<crt>` and `<prv>` hold it; a placeholder stays. */
const encoded = (pem: string): string => (pem.startsWith("{{") ? pem : Buffer.from(pem, "utf8").toString("base64"));

/** The material with its defaults, ready to be written. */
export interface Material {
  readonly authority: string;
  readonly certificateOf: (host: Host) => string;
  /** Always a placeholder: a private key never passes through the emitter. */
  readonly keyOf: (host: Host) => string;
  readonly devicesOf: (host: Host) => readonly string[];
  readonly adminKeys: string;
}

export function materialOf(given: EmitMaterial): Material {
  return {
    authority: encoded(given.authority ?? placeholder("vault-certificate", "ca", "base64")),
    certificateOf: (host) =>
      encoded(given.certificates?.get(host.id) ?? placeholder("vault-certificate", host.id, "base64")),
    keyOf: (host) => placeholder("vault-key", host.id, "base64"),
    devicesOf: (host) => given.interfaceNames?.get(host.id) ?? host.nics.map((_, i) => `vtnet${i}`),
    adminKeys: placeholder("ssh-public", given.adminKeyLabel ?? "provisioner", "base64"),
  };
}

/** Labels of the secrets, in one place: the hosts at the other end use the same. */
export const SECRETS = {
  admin: "pfsense-admin",
  sync: "pfsense-sync",
  carp: (vhid: number): string => `carp/${vhid}`,
  ldapBind: "service/pfsense",
  snmp: "snmp/pfsense",
} as const;
