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
} from "../model/services.ts";
import type { Cursor } from "./cursor.ts";

/** Reads `dhcpd` or `dhcpdv6`: every child is one interface's server. */
export function readDhcp(c: Cursor | undefined): readonly PfDhcpServer[] {
  return (c?.children() ?? []).map((d) => {
    const range = d.child("range");
    const server: PfDhcpServer = {
      place: d.place,
      interface: d.element.name,
      isEnabled: d.flag("enable"),
      rangeFrom: range?.text("from"),
      rangeTo: range?.text("to"),
      gateway: d.text("gateway"),
      domain: d.text("domain"),
      dnsServers: d.texts("dnsserver"),
      ntpServers: d.texts("ntpserver"),
      staticMaps: d.list("staticmap").map((m) => {
        const map = {
          place: m.place,
          mac: m.text("mac"),
          clientId: m.text("cid"),
          address: m.text("ipaddr") ?? m.text("ipaddrv6"),
          hostname: m.text("hostname"),
        };
        m.keepRest();
        return map;
      }),
      failoverPeer: d.text("failover_peerip"),
      fields: d.fields(),
    };
    d.keepRest();
    return server;
  });
}

export function readDhcpRelay(c: Cursor | undefined): PfDhcpRelay {
  const relay = { isEnabled: c?.flag("enable") ?? false, interfaces: c?.words("interface", /,/) ?? [] };
  c?.keepRest();
  return relay;
}

export function readKea(c: Cursor | undefined): PfKea {
  const ha = c?.child("ha");
  const kea = { isHaEnabled: ha?.flag("enable") ?? false, ha: ha?.fields() ?? new Map<string, string>() };
  c?.keepRest();
  return kea;
}

/** Reads `unbound` or `dnsmasq`. */
export function readResolver(c: Cursor | undefined): PfResolver | undefined {
  if (!c) return undefined;
  const resolver: PfResolver = {
    place: c.place,
    isEnabled: c.flag("enable"),
    isForwarding: c.flag("forwarding"),
    isDnssec: c.flag("dnssec"),
    activeInterfaces: c.words("active_interface", /,/),
    outgoingInterfaces: c.words("outgoing_interface", /,/),
    hosts: c.list("hosts").map((h) => {
      const host = {
        place: h.place,
        host: h.text("host"),
        domain: h.text("domain"),
        addresses: h.words("ip", /,/),
        description: h.text("descr"),
      };
      h.keepRest();
      return host;
    }),
    domainOverrides: c.list("domainoverrides").map((o) => {
      const override = {
        place: o.place,
        domain: o.text("domain"),
        address: o.text("ip"),
        description: o.text("descr"),
      };
      o.keepRest();
      return override;
    }),
    customOptions: c.text("custom_options"),
    fields: c.fields(),
  };
  c.keepRest();
  return resolver;
}

/** Reads a service shallowly (`ntpd`, `snmpd`, `syslog`). */
export function readService(c: Cursor | undefined): PfService | undefined {
  if (!c) return undefined;
  const service = { place: c.place, fields: c.fields(), nested: [] };
  c.keepRest();
  return service;
}

/** Reads `shaper` or `dnshaper`: queues nest. */
export function readQueues(c: Cursor | undefined): readonly PfQueue[] {
  const queues = (c?.list("queue") ?? []).map((q): PfQueue => {
    const nested = readQueues(q);
    const queue = {
      place: q.place,
      name: q.text("name"),
      interface: q.text("interface"),
      fields: q.fields(),
      queues: nested,
    };
    q.keepRest();
    return queue;
  });
  return queues;
}

/** Reads the list of packages, and miniupnpd's switch: the only parts of `installedpackages` that add pf rules known here. */
export function readPackages(c: Cursor | undefined): { packages: readonly PfPackage[]; upnp: PfUpnp } {
  if (!c) return { packages: [], upnp: { isEnabled: false, interfaces: [] } };
  const packages = c.list("package").map((p) => {
    const item = { place: p.place, name: p.text("name") ?? "", filterRuleFunction: p.text("filter_rule_function") };
    p.keepRest();
    return item;
  });
  const upnp = c.child("miniupnpd");
  const config = upnp?.list("config")[0];
  const read = { isEnabled: config?.text("enable") === "on", interfaces: config?.words("iface_array", /,/) ?? [] };
  config?.keepRest();
  c.keep("menu", "service", "tab", "plugin");
  return { packages, upnp: read };
}

export function readCaptivePortals(c: Cursor | undefined): readonly PfCaptivePortal[] {
  return (c?.children() ?? []).map((z) => {
    const zone = {
      place: z.place,
      zone: z.element.name,
      zoneId: z.text("zoneid"),
      isEnabled: z.flag("enable"),
      interfaces: z.words("interface", /,/),
    };
    z.keepRest();
    return zone;
  });
}
