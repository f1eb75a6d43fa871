import type { Address } from "../../core/ip.ts";
import type { AddressForm, Placed } from "./base.ts";

/** One child of `interfaces`; the order in the file is the order of pfSense's automatic rules. */
export interface PfInterface extends Placed {
  /** `wan`, `lan`, `opt1` … */
  readonly key: string;
  /** The device, such as `vtnet0` or `vtnet0.10`. */
  readonly device: string | undefined;
  readonly description: string | undefined;
  readonly isEnabled: boolean;
  readonly ipv4: AddressForm;
  readonly ipv6: AddressForm;
  /** A gateway's name; its presence makes the interface a WAN in pfSense's eyes. */
  readonly gateway: string | undefined;
  readonly gatewayV6: string | undefined;
  readonly blocksPrivate: boolean;
  readonly blocksBogons: boolean;
  readonly relay6rd: string | undefined;
}

export interface PfVlan extends Placed {
  readonly parent: string | undefined;
  readonly tag: string | undefined;
  readonly device: string | undefined;
  readonly description: string | undefined;
}

export interface PfInterfaceGroup extends Placed {
  readonly name: string;
  readonly members: readonly string[];
  readonly description: string | undefined;
}

export interface PfBridge extends Placed {
  readonly device: string | undefined;
  /** As written, comma separated: pfSense looks for an interface's key anywhere in this text. */
  readonly membersText: string;
}

export interface PfGateway extends Placed {
  readonly name: string;
  readonly interface: string | undefined;
  /** An address, or `dynamic`. */
  readonly gateway: string | undefined;
  readonly ipProtocol: string | undefined;
  readonly monitor: string | undefined;
  readonly isMonitorOff: boolean;
  readonly isForcedDown: boolean;
  readonly isDisabled: boolean;
  readonly hasNoMonitorRoute: boolean;
  readonly weight: string | undefined;
  readonly description: string | undefined;
}

export interface PfGatewayGroup extends Placed {
  readonly name: string;
  /** `GATEWAY|tier|address`, in order. */
  readonly items: readonly string[];
  readonly trigger: string | undefined;
  readonly description: string | undefined;
}

export interface PfGateways {
  readonly items: readonly PfGateway[];
  readonly groups: readonly PfGatewayGroup[];
  /** A gateway's or a group's name; `-` is none. */
  readonly default4: string | undefined;
  readonly default6: string | undefined;
}

export interface PfRoute extends Placed {
  /** A CIDR or an alias. */
  readonly network: string;
  readonly gateway: string | undefined;
  readonly isDisabled: boolean;
  readonly description: string | undefined;
}

export interface PfVirtualIp extends Placed {
  /** `carp`, `ipalias`, `proxyarp` or `other`. */
  readonly mode: string;
  /** An interface's key, or `_vip<uniqid>` of the CARP address that carries an alias. */
  readonly interface: string;
  readonly uniqueId: string | undefined;
  readonly vhid: string | undefined;
  readonly advskew: string | undefined;
  readonly advbase: string | undefined;
  readonly password: string | undefined;
  readonly type: string | undefined;
  readonly address: Address | undefined;
  readonly addressText: string | undefined;
  readonly prefix: number | undefined;
  readonly description: string | undefined;
}

export interface PfHaSync extends Placed {
  readonly isPfsyncEnabled: boolean;
  readonly pfsyncInterface: string | undefined;
  readonly pfsyncPeer: string | undefined;
  readonly hostId: string | undefined;
  readonly synchronizeTo: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The names of the `synchronize…` elements that are present. */
  readonly synchronizes: readonly string[];
}
