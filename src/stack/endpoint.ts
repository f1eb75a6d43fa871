/** How to reach a Proxmox VE API: by address and files, so that no secret is a value in anybody's environment. */
export interface Endpoint {
  /** `https://host:8006/`. */
  readonly url: string;
  /** One line, `user@realm!name=secret`. */
  readonly tokenFile: string;
  /** The certificate to trust, PEM; null for the system's authorities. */
  readonly caFile: string | null;
}
