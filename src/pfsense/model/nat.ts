import type { Endpoint, Placed } from "./base.ts";

/** A port forward, `nat/rule`. */
export interface PfPortForward extends Placed {
  readonly index: number;
  readonly interface: string | undefined;
  readonly ipProtocol: string | undefined;
  readonly protocol: string | undefined;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly target: string | undefined;
  readonly localPort: string | undefined;
  /** Absent: no filter rule; `pass`: the redirect passes by itself; else the id shared with a filter rule. */
  readonly associatedRuleId: string | undefined;
  readonly natReflection: string | undefined;
  readonly isNoRedirect: boolean;
  readonly isDisabled: boolean;
  readonly description: string | undefined;
}

/** A 1:1 mapping, `nat/onetoone`. */
export interface PfOneToOne extends Placed {
  readonly index: number;
  readonly interface: string | undefined;
  readonly ipProtocol: string | undefined;
  readonly external: string | undefined;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly natReflection: string | undefined;
  readonly isNoBinat: boolean;
  readonly isDisabled: boolean;
  readonly description: string | undefined;
}

/** A network prefix translation, `nat/npt` (IPv6). */
export interface PfNpt extends Placed {
  readonly index: number;
  readonly interface: string | undefined;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly isDisabled: boolean;
  readonly description: string | undefined;
}

/** One `nat/outbound/rule`. Its `source` and `destination` hold a CIDR, an alias or `any` in `network`. */
export interface PfOutboundRule extends Placed {
  readonly index: number;
  readonly interface: string | undefined;
  readonly ipProtocol: string | undefined;
  readonly protocol: string | undefined;
  readonly source: Endpoint;
  readonly sourcePort: string | undefined;
  readonly destination: Endpoint;
  readonly destinationPort: string | undefined;
  /** Empty: the interface's address. */
  readonly target: string | undefined;
  readonly targetSubnet: string | undefined;
  readonly natPort: string | undefined;
  readonly poolOptions: string | undefined;
  readonly isNoNat: boolean;
  readonly isStaticPort: boolean;
  readonly isDisabled: boolean;
  readonly description: string | undefined;
}

export interface PfNat {
  /** Absent is `automatic`. */
  readonly outboundMode: string | undefined;
  readonly outbound: readonly PfOutboundRule[];
  readonly portForwards: readonly PfPortForward[];
  readonly oneToOne: readonly PfOneToOne[];
  readonly npt: readonly PfNpt[];
}
