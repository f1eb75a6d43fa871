import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import type { Address, Network } from "../../core/ip.ts";
import type { Box } from "../../policy/engine/types.ts";
import type { FilterInterface } from "./filter-interface.ts";
import type { NatRules } from "./nat-types.ts";

export type PfAction = "pass" | "block" | "reject" | "match";
export type Direction = "in" | "out" | "any";

/** One rule as pf would hold it, in pf's order. */
export interface PfRule {
  /** The tracker of a user's rule (`rule[3]` when it has none), or the name of an automatic one, such as `anti-lockout`. */
  readonly id: string;
  /** pf's `ridentifier`. */
  readonly tracker: string | undefined;
  readonly action: PfAction;
  readonly direction: Direction;
  /** Keys of interfaces and groups; undefined is every interface, loopback included. */
  readonly interfaces: readonly string[] | undefined;
  /** `on ! interface`: every interface but these (antispoof). */
  readonly isNotOn: boolean;
  readonly isQuick: boolean;
  /** Packets that it certainly matches. */
  readonly boxes: readonly Box[];
  /** Packets that it may match, the certain ones included; undefined when `boxes` is exact. */
  readonly mayBoxes: readonly Box[] | undefined;
  /** Why `mayBoxes` is there, each a few words. */
  readonly uncertain: readonly string[];
  readonly tagged: { readonly tag: string; readonly isNot: boolean } | undefined;
  readonly setsTag: string | undefined;
  readonly isStateful: boolean;
  readonly isLogged: boolean;
  readonly by: "pfsense" | "user" | "package";
  /** Of user rules, and of what in the file made an automatic one. */
  readonly place: Place | undefined;
  readonly description: string;
  /** The gateway or group that `route-to` names. */
  readonly gateway: string | undefined;
}

/** Facts that a file does not hold. All optional: what is missing stays undecided and is said. */
export interface Circumstances {
  /** Decides schedules, in the configuration's own time zone. */
  readonly now?: Date;
  /** By gateway name; a gateway not named is up. */
  readonly gatewayStates?: Readonly<Record<string, "up" | "down">>;
  /** Addresses that an interface got by DHCP, PPPoE and so on, by key: `{ wan: ["203.0.113.9/24"] }`. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** Contents of tables and URL aliases, by name: `{ bogons: ["0.0.0.0/8"], blocklist: ["198.51.100.7"] }`. */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
}

export interface PfRuleset {
  readonly rules: readonly PfRule[];
  readonly nat: NatRules;
  readonly interfaces: readonly FilterInterface[];
  readonly routes: readonly PfRouteEntry[];
  /** Rules that pf skips or refuses, and what cannot be decided. */
  readonly diagnostics: readonly Diagnostic[];
  /** What every verdict takes for granted, one sentence each. */
  readonly assumptions: readonly string[];
}

/** Longest prefix wins; `interface` undefined is the firewall itself. */
export interface PfRouteEntry {
  readonly network: Network;
  readonly interface: string | undefined;
  readonly gateway: Address | undefined;
}
