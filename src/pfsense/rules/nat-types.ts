import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import type { Address, Family, Network } from "../../core/ip.ts";
import type { Box } from "../../policy/engine/types.ts";

/** `rdr`: the destination of what comes in changes, before the filter sees it. */
export interface Redirect {
  readonly id: string;
  readonly place: Place;
  readonly description: string;
  /** Keys of interfaces and groups. */
  readonly interfaces: readonly string[];
  readonly boxes: readonly Box[];
  readonly mayBoxes: readonly Box[] | undefined;
  /** `no rdr`: matching packets keep their destination. */
  readonly isNo: boolean;
  /** `rdr pass`: what it redirects needs no filter rule. */
  readonly isPass: boolean;
  readonly setsTag: string | undefined;
  readonly target: { readonly family: Family; readonly addresses: readonly Address[]; readonly isKnown: boolean };
  /** The first port of the target, and the destination port it stands for; undefined keeps the port. */
  readonly port: { readonly from: number; readonly to: number; readonly count: number } | undefined;
}

/** `binat`: `internal` leaves as `external`, and what arrives for `external` goes to `internal`. Same prefix length. */
export interface Binat {
  readonly id: string;
  readonly place: Place;
  readonly description: string;
  readonly interfaces: readonly string[];
  readonly internal: Network;
  readonly external: Network;
  /** Packets going out that it translates. */
  readonly outgoing: readonly Box[];
  /** Packets coming in that it translates. */
  readonly incoming: readonly Box[];
  readonly isNo: boolean;
}

/** `nat`: the source of what goes out changes, before the filter sees it. */
export interface SourceNat {
  readonly id: string;
  readonly place: Place | undefined;
  readonly by: "pfsense" | "user";
  readonly description: string;
  readonly interfaces: readonly string[];
  readonly boxes: readonly Box[];
  readonly mayBoxes: readonly Box[] | undefined;
  readonly isNo: boolean;
  /** The address it gives; undefined when it is not known (a dynamic address, an alias, a pool). */
  readonly target: Address | undefined;
}

/** In pf's order: the first match wins within each list; on the way in `redirects` come before `binats`, on the way out the reverse. */
export interface NatRules {
  readonly redirects: readonly Redirect[];
  readonly binats: readonly Binat[];
  readonly sources: readonly SourceNat[];
  readonly diagnostics: readonly Diagnostic[];
}
