import type { Address } from "../../core/ip.ts";
import type { PfInterface } from "../model/network.ts";

/** An address with its prefix length, as an interface holds it. */
export interface Held {
  readonly address: Address;
  readonly prefix: number;
}

export interface HeldVip extends Held {
  readonly mode: string;
}

/**
 * An entry of pfSense's list of filter interfaces (`filter_generate_optcfg_array`, `etc/inc/filter.inc`): the enabled
 * interfaces in the order of the file, then l2tp, pppoe, enc0, openvpn, then the groups.
 */
export interface FilterInterface {
  readonly key: string;
  readonly device: string;
  /** Name for people: the description in capitals, or the key. */
  readonly label: string;
  readonly kind: "interface" | "l2tp" | "pppoe" | "ipsec" | "openvpn" | "group";
  /** How it gets IPv4 and IPv6, when not statically: `dhcp`, `pppoe`, `none` … */
  readonly type4: string | undefined;
  readonly type6: string | undefined;
  readonly ip4: Held | undefined;
  readonly ip6: Held | undefined;
  /** It has an address of that family, but the file does not tell which. */
  readonly isUnknown4: boolean;
  readonly isUnknown6: boolean;
  readonly vips: readonly HeldVip[];
  /** Of a group: the keys of its members. */
  readonly members: readonly string[];
  readonly config: PfInterface | undefined;
}
