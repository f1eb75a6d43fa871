import type { Place } from "../../core/diagnostics.ts";
import { below, type Where } from "../problem.ts";
import type { Minimum, RoleSettings } from "../types.ts";
import type { Context } from "../context.ts";

export const resolveMinimums = (ctx: Context): ReadonlyMap<string, Minimum> =>
  new Map(
    ctx.shapes.roles
      .entries("atLeast")
      // A word that is no role is reported where it stands.
      .filter(({ id }) => ctx.isRole(id))
      .map(({ id, value, where }) => [id, ctx.placed({ role: id, hosts: value }, where)] as const),
  );

export const resolveSettings = (ctx: Context): ReadonlyMap<string, RoleSettings> =>
  new Map(
    ctx.shapes.roles
      .entries("settings")
      .filter(({ id }) => ctx.roles === undefined || ctx.roles.get(id)?.settings)
      .map(
        ({ id, value, where }) =>
          [id, ctx.placed({ role: id, values: value, places: placesIn(ctx, value, where) }, where)] as const,
      ),
  );

function placesIn(ctx: Context, value: unknown, where: Where): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>();
  const visit = (part: unknown, at: Where): void => {
    found.set(at.path.join("\n"), ctx.locate(at));
    if (typeof part === "object" && part !== null)
      for (const [key, member] of Object.entries(part))
        visit(member, below(at, Array.isArray(part) ? Number(key) : key));
  };
  visit(value, where);
  return found;
}
