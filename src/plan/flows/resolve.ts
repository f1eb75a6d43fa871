import { below, type Where } from "../problem.ts";
import type { Endpoint, EndpointGroup, Flow, Forward, Invariant, Switch, Waiver } from "../types.ts";
import type { Context } from "../context.ts";
import { resolveEnds } from "./endpoints.ts";

type Groups = ReadonlyMap<string, EndpointGroup>;

/** What rows and invariants have in common. */
interface Match {
  readonly from: readonly Endpoint[];
  readonly to: readonly Endpoint[];
  readonly services: readonly string[];
}

function resolveMatch(
  ctx: Context,
  value: { readonly from: readonly string[]; readonly to: readonly string[]; readonly services: readonly string[] },
  where: Where,
  groups: Groups,
): Match | undefined {
  const from = resolveEnds(ctx, value.from, below(where, "from"), groups);
  const to = resolveEnds(ctx, value.to, below(where, "to"), groups);
  const services = ctx.checkAll("service", value.services, (i) => below(where, "services", i));
  return from && to && services.length === value.services.length ? { from, to, services } : undefined;
}

/** Whether a row, a forward or an invariant stands: what the plan has switched off is as if it were not there. */
const stands = (ctx: Context, value: { readonly switch?: string | undefined }): boolean =>
  value.switch === undefined ||
  ctx.shapes.flows.entries("switches").find((s) => s.id === value.switch)?.value.enabled !== false;

/** Names of those that the plan has switched off, as coverage names them (`flow:F462`), and by which switch. */
export const switchedOff = (ctx: Context): ReadonlyMap<string, string> =>
  new Map(
    (
      [
        ["flow", ctx.shapes.flows.entries("flows").map(({ value }) => ({ id: value.id, value }))],
        ["forward", ctx.shapes.flows.entries("forwards")],
        ["invariant", ctx.shapes.flows.entries("invariants")],
      ] as const
    ).flatMap(([kind, entries]) =>
      entries.flatMap(({ id, value }) => (stands(ctx, value) ? [] : [[`${kind}:${id}`, value.switch!] as const])),
    ),
  );

export const resolveSwitches = (ctx: Context): ReadonlyMap<string, Switch> =>
  new Map(
    ctx.shapes.flows.entries("switches").map(({ id, value, where }) => {
      const { description, enabled: isOn } = value;
      return [id, ctx.placed({ id, description, isOn }, where)] as const;
    }),
  );

const checkSwitch = (ctx: Context, value: { readonly switch?: string | undefined }, where: Where): boolean =>
  value.switch === undefined || ctx.check("switch", value.switch, below(where, "switch"));

export const resolveFlows = (ctx: Context, groups: Groups): readonly Flow[] =>
  ctx.shapes.flows.entries("flows").flatMap(({ value, where }) => {
    const match = resolveMatch(ctx, value, where, groups);
    ctx.check("department", value.owner, below(where, "owner"));
    if (!match || !checkSwitch(ctx, value, where) || !stands(ctx, value)) return [];
    const { id, section, action, description, owner, log } = value;
    const names = { fromNames: value.from, toNames: value.to };
    return [ctx.placed({ id, section, ...match, ...names, action, isLogged: log, description, owner }, where)];
  });

export const resolveForwards = (ctx: Context): readonly Forward[] =>
  ctx.shapes.flows.entries("forwards").flatMap(({ id, value, where }) => {
    const { service, host, description } = value;
    const wans = ctx.checkAll("zone", value.wans, (i) => below(where, "wans", i));
    const isService = ctx.check("service", service, below(where, "service"));
    const isHost = ctx.check("host", host, below(where, "host"));
    if (wans.length < value.wans.length || !isService || !isHost) return [];
    if (!checkSwitch(ctx, value, where) || !stands(ctx, value)) return [];
    return [ctx.placed({ id, wans, service, host, description }, where)];
  });

export const resolveInvariants = (ctx: Context, groups: Groups): readonly Invariant[] => {
  // A row that is switched off makes no exception, and it is no slip that it is named.
  const off = switchedOff(ctx);
  return ctx.shapes.flows.entries("invariants").flatMap(({ id, value, where }) => {
    const match = resolveMatch(ctx, value, where, groups);
    const except = ctx.checkAll("flow", value.except ?? [], (i) => below(where, "except", i));
    if (!match || !checkSwitch(ctx, value, where) || !stands(ctx, value)) return [];
    const { description, kind } = value;
    if (kind === "always" && value.except !== undefined) {
      const hint = "Exceptions are for never; leave them out";
      ctx.add("PLAN_UNKNOWN_KEY", { ...below(where, "except"), at: "key" }, '"except" is not a key of always', hint);
    }
    const standing = except.filter((name) => !off.has(`flow:${name}`));
    return [ctx.placed({ id, description, ...match, kind, except: standing }, where)];
  });
};

export const resolveWaivers = (ctx: Context): readonly Waiver[] =>
  ctx.shapes.flows.entries("waivers").flatMap(({ id, value, where }) => {
    const isFlow = ctx.check("flow", value.flow, below(where, "flow"));
    const isOwner = ctx.check("department", value.owner, below(where, "owner"));
    return isFlow && isOwner ? [ctx.placed({ ...value, id }, where)] : [];
  });
