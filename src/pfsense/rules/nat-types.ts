import type { Place } from "../../core/diagnostics.ts";
import type { Address, Network } from "../../core/ip.ts";
import type { Box } from "../../policy/engine/types.ts";

/** Where a redirect leads: one address, a network of the same size (1:1 reflection), or one that is not known. */
export type RedirectTarget =
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "network"; readonly from: Network; readonly to: Network }
  | { readonly kind: "unknown"; readonly why: string };

/** `rdr`: the destination of what comes in changes, before the filter sees it. */
export interface Redirect {
  readonly id: string;
  readonly place: Place;
  readonly by: "pfsense" | "user";
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
  readonly target: RedirectTarget;
  /** Destination ports from `from` on become ports from `to` on, `count` of them; undefined keeps the port. */
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
  /** Packets going out that it translates, as they are before. */
  readonly outgoing: readonly Box[];
  /** Packets coming in that it translates, as they are before. */
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
  /** The alias or network that it gives addresses of, where it is not one. */
  readonly pool: string | undefined;
  /** What else it does to a source, each a few words: how it chooses from a pool, which port it gives. */
  readonly manner: readonly string[];
}

/**
 * In pf's order: the first match wins within each list. On the way in `redirects` are asked first, then `binats`;
 * on the way out `binats` first, then `sources`.
 */
export interface NatRules {
  readonly redirects: readonly Redirect[];
  readonly binats: readonly Binat[];
  readonly sources: readonly SourceNat[];
}
