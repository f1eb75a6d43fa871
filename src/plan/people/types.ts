import type { SshKey } from "../../core/ssh-key.ts";
import type { Sourced } from "../sourced.ts";

/** What membership of a group gives: the tunnel; administration of routers and servers, and the supervision's alerts. */
export type Grant = "vpn" | "admin";

/** `probe`: invented for acceptance, with a password that derives from the stack's secret. */
export type PersonKind = "user" | "probe";

/** A group of the directory. */
export interface Group extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly grants: readonly Grant[];
}

export interface Person extends Sourced {
  /** sAMAccountName. */
  readonly login: string;
  readonly kind: PersonKind;
  /** One of several of whom the plan says one thing (`times`): the login that stands there; null for everybody else. */
  readonly oneOf: string | null;
  readonly givenName: string;
  readonly surname: string;
  readonly department: string;
  readonly title: string;
  /** The account opens nothing. */
  readonly isDisabled: boolean;
  readonly groups: readonly string[];
  /** Local part and domain; null for none. */
  readonly mailbox: string | null;
  readonly extension: number | null;
  /** Follows from the groups: one of them grants `vpn`. */
  readonly hasVpn: boolean;
  /** Likewise: one of them grants `admin`. */
  readonly isAdmin: boolean;
  readonly sshKeys: readonly SshKey[];
}

export interface Department extends Sourced {
  readonly id: string;
  readonly name: string;
}
