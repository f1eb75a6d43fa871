import type { Place } from "../../core/diagnostics.ts";
import type { Address } from "../../core/ip.ts";

/** An element as it stands in the file: what no typed field holds, or what is kept only to be handed on. */
export interface Unknown {
  /** Path of the element, such as `filter.rule[3].foo`; indexes count from 0 among elements of one name. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** The element written out again as XML, text escaped once. */
  readonly text: string;
}

/** Whatever was written somewhere: diagnostics about it point there. */
export interface Placed {
  readonly place: Place;
}

/**
 * How an interface gets its address (`etc/inc/interfaces.inc`): `static` carries it, `dynamic` names the method
 * (`dhcp`, `pppoe`, `ppp`, `pptp`, `l2tp`, `dhcp6`, `slaac`, `track6`, `6rd`, `6to4`), `none` is an absent element,
 * `invalid` is text that is neither.
 */
export type AddressForm =
  | { readonly kind: "static"; readonly address: Address; readonly prefix: number }
  | { readonly kind: "dynamic"; readonly method: string }
  | { readonly kind: "none" }
  | { readonly kind: "invalid"; readonly text: string };

/**
 * One end of a filter or NAT rule. pfSense reads `any`, then `network`, then `address`, in that order, and ignores the rest;
 * `network` takes keywords only (`lan`, `lanip`, `(self)`, a group), `address` an IP, a CIDR or an alias.
 */
export interface Endpoint {
  readonly isAny: boolean;
  readonly network: string | undefined;
  readonly address: string | undefined;
  /** `80`, `1000-2000`, or a port alias; meaningful only with a protocol that has ports. */
  readonly port: string | undefined;
  /** The port's element holds any text, `0` included. */
  readonly hasPortText: boolean;
  readonly isNot: boolean;
  /** The element is there and holds no other: `<source></source>`, at which pfSense's generator of rules stops. */
  readonly isText: boolean;
}
