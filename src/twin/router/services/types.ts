import type { PfConfig } from "../../../pfsense/model/config.ts";
import { formatAddress } from "../../../core/ip.ts";
import { ownVips } from "../../../pfsense/rules/interfaces.ts";
import type { FilterInterface } from "../../../pfsense/rules/filter-interface.ts";

/** A file of the guest that the configuration decides. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  /** Read by others unless it holds a secret. */
  readonly mode: number;
  /** The user who must be able to read it, when that is not root. */
  readonly owner?: string;
}

/** One service of the router as the file wants it. */
export interface Service {
  /** For people: `DNS`, `DHCP` … */
  readonly name: string;
  /** The systemd unit that runs it. */
  readonly unit: string;
  /** False: the file does not ask for it, and it is stopped. */
  readonly isWanted: boolean;
  readonly files: readonly ConfigFile[];
  /** A command that refuses a faulty configuration; it runs once the files are in place, before the unit does. */
  readonly check?: readonly string[];
  /** How a running service takes a change. */
  readonly onChange: "restart" | "reload";
  readonly gaps: readonly Gap[];
}

/** Something in the file that the stand-in does not do. */
export interface Gap {
  /** Where in the file: `unbound.dnssec`, `openvpn.openvpn-server[0]`. */
  readonly path: string;
  readonly what: string;
}

/** What every service is made from. */
export interface ServiceInput {
  readonly config: PfConfig;
  readonly interfaces: readonly FilterInterface[];
}

export const gap = (path: string, what: string): Gap => ({ path, what });

/** IPv4 addresses of an interface by its key, of a virtual address by `_vip<uniqid>`, of loopback by `lo0`. */
export function addressesOf({ config, interfaces }: ServiceInput, name: string): readonly string[] {
  if (name === "lo0" || name === "localhost") return ["127.0.0.1"];
  if (name.startsWith("_vip")) {
    const vip = config.virtualIps.find((v) => v.uniqueId === name.slice("_vip".length));
    return vip?.address?.family === 4 ? [formatAddress(vip.address)] : [];
  }
  const i = interfaces.find((x) => x.key === name);
  return i?.ip4 ? [formatAddress(i.ip4.address)] : [];
}

/** An interface's own address first, then its virtual ones. */
export const allAddresses = (i: FilterInterface): readonly string[] =>
  [i.ip4, ...ownVips(i)].flatMap((h) => (h?.address.family === 4 ? [formatAddress(h.address)] : []));

/** A value that goes on a line of its own in a service's file: nothing in it may end the line or its quotation. */
export const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f"]/g, " ").trim();
