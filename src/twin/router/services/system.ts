import { addressesOf, oneLine } from "./types.ts";
import type { ConfigFile, ServiceInput } from "./types.ts";

const NAME = /^[a-z\d]([a-z\d.-]{0,253}[a-z\d])?$/i;

/** Who the router is, and whom it asks for names (`system_hostname_configure`, `system_resolvconf_generate`). */
export function system({ config, interfaces }: ServiceInput): readonly ConfigFile[] {
  const { hostname = "pfSense", domain = "home.arpa", dnsServers } = config.system;
  const host = NAME.test(hostname) ? hostname : "pfSense";
  const zone = NAME.test(domain) ? domain : "home.arpa";
  const lan = interfaces.find((i) => i.key === "lan") ?? interfaces.find((i) => i.ip4);
  const [own] = lan ? addressesOf({ config, interfaces }, lan.key) : [];
  const isOwnResolver = config.unbound?.isEnabled ?? false;
  const servers = [...(isOwnResolver ? ["127.0.0.1"] : []), ...dnsServers.map(oneLine)];
  return [
    { path: "/etc/hostname", text: `${host}\n`, mode: 0o644 },
    {
      path: "/etc/hosts",
      text: `127.0.0.1 localhost localhost.${zone}\n${own === undefined ? "127.0.1.1" : own} ${host}.${zone} ${host}\n`,
      mode: 0o644,
    },
    {
      path: "/etc/resolv.conf",
      text: [`search ${zone}`, ...servers.slice(0, 3).map((s) => `nameserver ${s}`), ""].join("\n"),
      mode: 0o644,
    },
  ];
}

/** A name of the time zone database, or undefined. */
export const timezoneOf = ({ config }: ServiceInput): string | undefined => {
  const zone = config.system.timezone;
  return zone !== undefined && /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/.test(zone) ? zone : undefined;
};
