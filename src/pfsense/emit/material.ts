import { Buffer } from "node:buffer";
import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import type { Host } from "../../plan/index.ts";

/*
 * What a config.xml needs and a plan does not hold. By default everything secret or made by the vault is a place
 * (core/text.ts): the provider fills it at the last moment, so that neither a rendered file nor Pulumi's state holds a
 * secret.
 */

export interface EmitMaterial {
  /** PEM of the stack's CA; a place for it if left out. */
  readonly authority?: string;
  /** PEM of each router's GUI certificate by host id; a place for one that is not here. */
  readonly certificates?: ReadonlyMap<string, string>;
  /** Devices in the order of the router's NICs, by host id; default `vtnet0`, `vtnet1` … as Proxmox' virtio NICs appear. */
  readonly interfaceNames?: ReadonlyMap<string, readonly string[]>;
  /** Label of the SSH key that opens the routers' admin account; default `provisioner`. */
  readonly adminKeyLabel?: string;
}

/** Base64 of a PEM text, as `<crt>` and `<prv>` hold it. */
const certificate = (pem: string | undefined, label: string): string | SecretPlace =>
  pem === undefined ? secret("vault-certificate", label, "base64") : Buffer.from(pem, "utf8").toString("base64");

/** The material with its defaults, ready to be written. */
export interface Material {
  readonly authority: string | SecretPlace;
  readonly certificateOf: (host: Host) => string | SecretPlace;
  /** Always a place: a private key never passes through the emitter. */
  readonly keyOf: (host: Host) => SecretPlace;
  readonly devicesOf: (host: Host) => readonly string[];
  readonly adminKeys: SecretPlace;
  /** The router's own SSH key, as `<xmldata>` holds a file: the one that the door awaits (src/door/target.ts). */
  readonly hostKeyOf: (host: Host) => { readonly privateKey: SecretPlace; readonly publicKey: SecretPlace };
}

/** What FreeBSD calls the NIC at a position of the plan's order, on a Proxmox: VirtIO's. */
export const deviceAt = (position: number): string => `vtnet${position}`;

export function materialOf(given: EmitMaterial): Material {
  return {
    authority: certificate(given.authority, "ca"),
    certificateOf: (host) => certificate(given.certificates?.get(host.id), host.id),
    keyOf: (host) => secret("vault-key", host.id, "base64"),
    devicesOf: (host) => given.interfaceNames?.get(host.id) ?? host.nics.map((_, i) => deviceAt(i)),
    adminKeys: secret("ssh-public", given.adminKeyLabel ?? "provisioner", "base64"),
    hostKeyOf: ({ id }) => ({
      privateKey: secret("ssh-private", `host/${id}`, "deflate"),
      publicKey: secret("ssh-public", `host/${id}`, "deflate"),
    }),
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
