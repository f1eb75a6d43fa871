import type { Placed } from "./base.ts";

/** `openvpn/openvpn-server` or `openvpn/openvpn-client`. */
export interface PfOpenVpn extends Placed {
  readonly role: "server" | "client";
  readonly vpnId: string | undefined;
  readonly isDisabled: boolean;
  readonly mode: string | undefined;
  readonly protocol: string | undefined;
  readonly interface: string | undefined;
  readonly localPort: string | undefined;
  readonly serverAddress: string | undefined;
  readonly serverPort: string | undefined;
  readonly tunnelNetwork: string | undefined;
  readonly tunnelNetworkV6: string | undefined;
  readonly remoteNetwork: string | undefined;
  readonly localNetwork: string | undefined;
  readonly description: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

export interface PfIpsecPhase1 extends Placed {
  readonly ikeId: string | undefined;
  readonly interface: string | undefined;
  readonly remoteGateway: string | undefined;
  readonly protocol: string | undefined;
  readonly isMobile: boolean;
  readonly isDisabled: boolean;
  readonly isGatewayDuplicate: boolean;
  readonly ikePort: string | undefined;
  readonly natTPort: string | undefined;
  readonly description: string | undefined;
}

export interface PfIpsecPhase2 extends Placed {
  readonly ikeId: string | undefined;
  readonly mode: string | undefined;
  /** `esp` or `ah`. */
  readonly protocol: string | undefined;
  readonly isMobile: boolean;
  readonly isDisabled: boolean;
  readonly local: ReadonlyMap<string, string>;
  readonly remote: ReadonlyMap<string, string>;
  readonly hasNat: boolean;
}

export interface PfIpsec {
  readonly phase1: readonly PfIpsecPhase1[];
  readonly phase2: readonly PfIpsecPhase2[];
  /** Listening ports when they are not 500 and 4500. */
  readonly port: string | undefined;
  readonly portNatT: string | undefined;
  readonly isClientEnabled: boolean;
  readonly client: ReadonlyMap<string, string>;
}

export interface PfPppServer extends Placed {
  readonly mode: string | undefined;
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly prefix: string | undefined;
}
