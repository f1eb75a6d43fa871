import { releaseNamed, type DebianRelease } from "../../core/debian.ts";
import { withSuggestion, below, type Where } from "../problem.ts";
import { macOf } from "../mac.ts";
import type { HostEntry, ImageEntry } from "./schema.ts";
import type { Entry } from "../shape.ts";
import type { Host, Image, Nic, Zone } from "../types.ts";
import type { Context } from "../context.ts";
import { toAddress } from "../addressing/resolve.ts";

export const resolveImages = (ctx: Context): ReadonlyMap<string, Image> =>
  new Map(
    ctx.shapes.hosts.entries("images").map(({ id, value, where }) => {
      const sha512 = value.sha512 ?? null;
      return [id, ctx.placed({ ...value, id, sha512, release: releaseOfImage(value) }, where)] as const;
    }),
  );

const releaseOfImage = ({ os, fileName, url }: ImageEntry): DebianRelease | null =>
  os === "debian" ? (releaseNamed(fileName) ?? releaseNamed(url ?? "") ?? null) : null;

export const resolveHosts = (ctx: Context, zones: ReadonlyMap<string, Zone>): ReadonlyMap<string, Host> =>
  new Map(
    ctx.shapes.hosts.entries("hosts").flatMap((entry) => {
      const host = resolveHost(ctx, entry, zones);
      return host ? [[entry.id, host] as const] : [];
    }),
  );

function resolveHost(
  ctx: Context,
  { id, value, where }: Entry<HostEntry>,
  zones: ReadonlyMap<string, Zone>,
): Host | undefined {
  const { role, also = [] } = value;
  const roles = [role, ...also];
  const atRole = (index: number): Where => (index === 0 ? below(where, "role") : below(where, "also", index - 1));
  for (const [index, name] of roles.entries())
    if (!ctx.isRole(name)) {
      const known = [...(ctx.roles?.keys() ?? [])];
      const hint = withSuggestion(name, known, `Roles: ${known.join(", ")}`);
      ctx.add("PLAN_UNKNOWN_ROLE", atRole(index), `"${name}" is not a role`, hint);
    }
  ctx.checkRepeated(roles, atRole);
  ctx.check("image", value.image, below(where, "image"));
  const nics = value.nics.flatMap((nic, index): Nic[] => {
    if (!ctx.check("zone", nic.zone, below(where, "nics", index, "zone"))) return [];
    const zone = zones.get(nic.zone);
    if (!zone) return [];
    const { address, aliases = [] } = nic;
    return [
      {
        zone: nic.zone,
        address: toAddress(address),
        prefix: zone.subnet.prefix,
        aliases: aliases.map(toAddress),
        mac: macOf(id, nic.zone),
      },
    ];
  });
  // Rules point at nics[i] by position, so a host is whole or left out.
  if (nics.length < value.nics.length) return undefined;
  const { description, cores, memoryMiB, disksGiB, image, number } = value;
  return ctx.placed(
    {
      id,
      role,
      roles,
      description,
      nics,
      cores,
      memoryMiB,
      disksGiB,
      image,
      number,
      node: value.node ?? 0,
      apartAs: value.apartAs ?? null,
      startOrder: value.start.order,
      startDelaySeconds: value.start.delaySeconds,
      isProtected: value.protected ?? false,
      isOutside: nics.every((nic) => isBeyondRouters(zones.get(nic.zone))),
    },
    where,
  );
}

/** Whether a leg in the zone is not behind the routers. */
const isBeyondRouters = (zone: Zone | undefined): boolean => zone?.kind === "wan" || zone?.kind === "outside";
