import { parseAddress, parseNetwork, type Address, type Network } from "../../core/ip.ts";
import { below } from "../problem.ts";
import type { ZoneEntry } from "./schema.ts";
import type { Entry } from "../shape.ts";
import type { Authority, Domain, Host, Pool, Zone } from "../types.ts";
import type { Context } from "../context.ts";

/** Text that the schema has already found to be an address. */
export function toAddress(text: string): Address {
  const address = parseAddress(text);
  if (!address) throw new TypeError(`not an address after the schema: ${text}`);
  return address;
}

/** Text that the schema has already found to be a network. */
export function toNetwork(text: string): Network {
  const parsed = parseNetwork(text);
  if (!parsed) throw new TypeError(`not a network after the schema: ${text}`);
  return parsed.network;
}

export const resolveZones = (ctx: Context): ReadonlyMap<string, Zone> =>
  new Map(
    ctx.shapes.addressing.entries("zones").flatMap((entry) => {
      const zone = resolveZone(ctx, entry);
      return zone ? [[entry.id, zone] as const] : [];
    }),
  );

function resolveZone(ctx: Context, { id, value, where }: Entry<ZoneEntry>): Zone | undefined {
  const vip = value.vip ? { address: toAddress(value.vip.address), vhid: value.vip.vhid } : null;
  const dhcp = value.dhcp
    ? { from: toAddress(value.dhcp.from), to: toAddress(value.dhcp.to), leaseSeconds: value.dhcp.leaseSeconds }
    : null;
  if (dhcp && (dhcp.from.family !== dhcp.to.family || dhcp.from.value > dhcp.to.value)) {
    const hint = dhcp.from.family === dhcp.to.family ? "Swap from and to" : "Two addresses of one family make a range";
    ctx.add("PLAN_RANGE_REVERSED", below(where, "dhcp"), `${value.dhcp!.from} to ${value.dhcp!.to} is no range`, hint);
    return undefined;
  }
  return ctx.placed(
    {
      id,
      kind: value.kind,
      description: value.description,
      vlan: value.vlan,
      subnet: toNetwork(value.subnet),
      // Written once: the gateway of an inside zone is its VIP.
      gateway:
        value.gateway !== undefined
          ? toAddress(value.gateway)
          : value.kind === "inside"
            ? (vip?.address ?? null)
            : null,
      vip,
      dhcp: dhcp && {
        range: { family: dhcp.from.family, lo: dhcp.from.value, hi: dhcp.to.value },
        leaseSeconds: dhcp.leaseSeconds,
      },
      wan: value.wan ? { ...value.wan, monitor: toAddress(value.wan.monitor) } : null,
    },
    where,
  );
}

export const resolvePools = (ctx: Context): ReadonlyMap<string, Pool> =>
  new Map(
    ctx.shapes.addressing.entries("pools").flatMap(({ id, value, where }) => {
      if (!ctx.check("host", value.via, below(where, "via"))) return [];
      const { description, via } = value;
      return [[id, ctx.placed({ id, description, network: toNetwork(value.network), via }, where)] as const];
    }),
  );

/** The domain's servers of DNS are hosts by name; their addresses stand in hosts.yaml. */
export function resolveDomain(ctx: Context, hosts: ReadonlyMap<string, Host>): Domain | null {
  const domain = ctx.shapes.addressing.one("domain");
  if (!domain) return null;
  const { value, where } = domain;
  ctx.checkRepeated(value.forwarders, (i) => below(where, "forwarders", i));
  ctx.checkRepeated(value.ntp, (i) => below(where, "ntp", i));
  const servers = ctx.checkAll("host", value.dns, (i) => below(where, "dns", i));
  return {
    name: value.name,
    realm: value.name.toUpperCase(),
    netbios: value.netbios,
    dns: servers.flatMap((name) => hosts.get(name)?.nics[0]?.address ?? []),
    forwarders: value.forwarders.map(toAddress),
    ntp: value.ntp,
    timezone: value.timezone,
  };
}

/** What the plan need not say. */
export function resolveAuthority({ shapes: { addressing } }: Context): Authority {
  // A broken name of the lab is reported where it stands.
  const lab = addressing.one("name")?.value ?? "invalid";
  // Of a certificate, what public authorities may give, less a day: no client is stricter (Apple's 102028).
  const {
    name = `maquette CA ${lab}`,
    years = 10,
    certificateDays = 397,
    crlDays = 365,
  } = addressing.one("authority")?.value ?? {};
  return { name, years, certificateDays, crlDays };
}
