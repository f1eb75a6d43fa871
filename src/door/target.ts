import { fingerprintOf } from "./fingerprint.ts";
import type { StackSecret } from "../stack/secret.ts";

/** How a host's SSH server is reached. */
export type Way =
  /** Out of band, as a hypervisor's console: a Unix socket of this machine that ends in the guest's own sshd. */
  | { readonly kind: "socket"; readonly path: string }
  /** From this machine's own network: the bastion of a real Proxmox. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** From the bastion, through the routers, as a row of the flow table. */
  | { readonly kind: "inside"; readonly host: string; readonly port: number };

/** A host's SSH server, and what it is known by. */
export interface Target {
  /** As the plan calls it. */
  readonly name: string;
  readonly way: Way;
  readonly user: string;
  /** Judges the key that a server shows (the wire form of RFC 8709 §4). */
  readonly hostKey: HostKey;
}

export interface HostKey {
  /** Whether this is the host's key. */
  accepts(shown: Buffer): boolean;
  /** `SHA256:…` of the key that was awaited, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
  /** What to do when another one is shown. */
  readonly hint: string;
}

/** The account that seeds make on every host, and the label of its key (src/roles/seed.ts). */
export const USER = "maquette";
const KEY_LABEL = "provisioner";

/** The private key that every host of the lab takes. */
export const keyOf = (secret: StackSecret): string => secret.sshKey(KEY_LABEL, KEY_LABEL).privateKey;

/** The host key that a host's seed gave it: known before the first connection. */
export function hostKeyOf(secret: StackSecret, host: string): HostKey {
  const label = `host/${host}`;
  const wanted = Buffer.from(secret.sshKey(label, label).publicKey.split(" ")[1]!, "base64");
  return {
    accepts: (shown) => shown.equals(wanted),
    fingerprint: fingerprintOf(wanted),
    hint: `Either something else answers there, or ${host} was made with another stack secret: \`maquette status\` shows what runs, and a guest that was made with another secret is made again (\`maquette destroy\`, \`maquette up\`).`,
  };
}
