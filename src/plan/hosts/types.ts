import type { DebianRelease } from "../../core/debian.ts";
import type { Address } from "../../core/ip.ts";
import type { Sourced } from "../sourced.ts";

export interface Nic {
  readonly zone: string;
  readonly address: Address;
  readonly prefix: number;
  /** Further addresses of the zone on the same interface, mostly none. */
  readonly aliases: readonly Address[];
  /** Locally administered MAC, derived from the host's and zone's names, so that it survives a rebuild. */
  readonly mac: string;
}

export interface Host extends Sourced {
  readonly id: string;
  /** What it does: one role or several. A router is nothing beside. */
  readonly roles: readonly string[];
  /** The first of them, by which its template, image and tag go. */
  readonly role: string;
  readonly description: string;
  /** In the order in which the hypervisor attaches them; the first is the one that the host is known by. */
  readonly nics: readonly Nic[];
  readonly cores: number;
  readonly memoryMiB: number;
  /** Sizes in GiB; the first is the system disk. */
  readonly disksGiB: readonly number[];
  readonly image: string;
  /** Position in the stack's list of nodes, modulo its length. */
  readonly node: number;
  /** The pair that must not share a node (rtr, dc), or null. */
  readonly apartAs: string | null;
  /** Start order on the hypervisor: lower first; delay before the next, in seconds. */
  readonly startOrder: number;
  readonly startDelaySeconds: number;
  /** Proxmox' protection flag and Pulumi's protect. */
  readonly isProtected: boolean;
  /** Scenery outside the lab's firewall: provisioned out of band. */
  readonly isOutside: boolean;
  /** VM id before the copy's offset: 1–99. */
  readonly number: number;
}

export interface Image extends Sourced {
  readonly id: string;
  readonly os: "debian" | "pfsense" | "windows";
  readonly description: string;
  /** Where Proxmox downloads it, or null for one that the user supplies (pfSense, Windows). */
  readonly url: string | null;
  /** File name in the import storage. */
  readonly fileName: string;
  readonly sha512: string | null;
  /** Of a Debian, as its file's name or address says it; null where neither does, and for what is no Debian. */
  readonly release: DebianRelease | null;
}
