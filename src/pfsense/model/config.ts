import type { Unknown } from "./base.ts";
import type { PfAlias, PfFilter, PfSchedule } from "./filter.ts";
import type { PfNat } from "./nat.ts";
import type {
  PfBridge,
  PfGateways,
  PfHaSync,
  PfInterface,
  PfInterfaceGroup,
  PfRoute,
  PfVirtualIp,
  PfVlan,
} from "./network.ts";
import type {
  PfCaptivePortal,
  PfDhcpRelay,
  PfDhcpServer,
  PfKea,
  PfPackage,
  PfQueue,
  PfResolver,
  PfService,
  PfUpnp,
} from "./services.ts";
import type { PfCertificate, PfSystem } from "./system.ts";
import type { PfIpsec, PfOpenVpn, PfPppServer } from "./vpn.ts";

/** A pfSense configuration, neutral: neither how it was planned nor how it is written out. */
export interface PfConfig {
  /** The name the file was given when it was read; diagnostics use it. */
  readonly file: string;
  /** `23.3` is pfSense 2.7.2, `24.0` is 2.8.0; undefined when the element is missing. */
  readonly version: string | undefined;
  readonly system: PfSystem;
  readonly interfaces: readonly PfInterface[];
  readonly vlans: readonly PfVlan[];
  readonly bridges: readonly PfBridge[];
  readonly interfaceGroups: readonly PfInterfaceGroup[];
  readonly gateways: PfGateways;
  readonly staticRoutes: readonly PfRoute[];
  readonly virtualIps: readonly PfVirtualIp[];
  readonly isCarpInMaintenance: boolean;
  readonly haSync: PfHaSync | undefined;
  readonly aliases: readonly PfAlias[];
  readonly schedules: readonly PfSchedule[];
  readonly filter: PfFilter;
  readonly nat: PfNat;
  readonly shaperQueues: readonly PfQueue[];
  readonly limiters: readonly PfQueue[];
  readonly unbound: PfResolver | undefined;
  readonly dnsmasq: PfResolver | undefined;
  /** `isc` when the element is absent. */
  readonly dhcpBackend: string | undefined;
  readonly dhcp4: readonly PfDhcpServer[];
  readonly dhcp6: readonly PfDhcpServer[];
  readonly dhcpRelay4: PfDhcpRelay;
  readonly dhcpRelay6: PfDhcpRelay;
  readonly kea: PfKea;
  readonly openVpn: readonly PfOpenVpn[];
  readonly ipsec: PfIpsec;
  readonly l2tpServer: PfPppServer | undefined;
  readonly pppoeServers: readonly PfPppServer[];
  readonly ntpd: PfService | undefined;
  readonly snmpd: PfService | undefined;
  readonly syslog: PfService | undefined;
  readonly authorities: readonly PfCertificate[];
  readonly certificates: readonly PfCertificate[];
  readonly packages: readonly PfPackage[];
  readonly captivePortals: readonly PfCaptivePortal[];
  readonly upnp: PfUpnp;
  /** Known sections without consequence for packets (`cron`, `widgets` …): kept, and not reported. */
  readonly kept: readonly Unknown[];
  /** What is not understood: kept, and reported. */
  readonly unknown: readonly Unknown[];
}
