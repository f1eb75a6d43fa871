import type { Placed, Unknown } from "./base.ts";

export interface PfStaticMap extends Placed {
  readonly mac: string | undefined;
  readonly clientId: string | undefined;
  readonly address: string | undefined;
  readonly hostname: string | undefined;
}

/** DHCP for one interface: `dhcpd/<key>` or `dhcpdv6/<key>`. */
export interface PfDhcpServer extends Placed {
  readonly interface: string;
  readonly isEnabled: boolean;
  readonly rangeFrom: string | undefined;
  readonly rangeTo: string | undefined;
  readonly gateway: string | undefined;
  readonly domain: string | undefined;
  readonly dnsServers: readonly string[];
  readonly ntpServers: readonly string[];
  readonly staticMaps: readonly PfStaticMap[];
  readonly failoverPeer: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

export interface PfDhcpRelay {
  readonly isEnabled: boolean;
  readonly interfaces: readonly string[];
}

/** `kea/ha`: every field by its element's name (`role`, `localip`, `remoteip`, `localport` …). */
export interface PfKea {
  readonly isHaEnabled: boolean;
  readonly ha: ReadonlyMap<string, string>;
}

export interface PfHostOverride extends Placed {
  readonly host: string | undefined;
  readonly domain: string | undefined;
  readonly addresses: readonly string[];
  readonly description: string | undefined;
}

export interface PfDomainOverride extends Placed {
  readonly domain: string | undefined;
  readonly address: string | undefined;
  readonly description: string | undefined;
}

/** `unbound` or `dnsmasq`. */
export interface PfResolver extends Placed {
  readonly isEnabled: boolean;
  readonly isForwarding: boolean;
  readonly isDnssec: boolean;
  readonly activeInterfaces: readonly string[];
  readonly outgoingInterfaces: readonly string[];
  readonly hosts: readonly PfHostOverride[];
  readonly domainOverrides: readonly PfDomainOverride[];
  /** Base64 in unbound, plain text in dnsmasq. */
  readonly customOptions: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

/** A service read shallowly: plain fields by name, everything nested kept as it stands. */
export interface PfService extends Placed {
  readonly fields: ReadonlyMap<string, string>;
  readonly nested: readonly Unknown[];
}

export interface PfQueue extends Placed {
  readonly name: string | undefined;
  readonly interface: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
  readonly queues: readonly PfQueue[];
}

export interface PfPackage extends Placed {
  readonly name: string;
  /** The PHP function that adds pf rules of its own, when it has one. */
  readonly filterRuleFunction: string | undefined;
}

export interface PfCaptivePortal extends Placed {
  readonly zone: string;
  readonly zoneId: string | undefined;
  readonly isEnabled: boolean;
  readonly interfaces: readonly string[];
}

/** miniupnpd: when enabled its anchor holds rules that no file tells. */
export interface PfUpnp {
  readonly isEnabled: boolean;
  readonly interfaces: readonly string[];
}
