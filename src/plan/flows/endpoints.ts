import { bitsOf, networkOf, parseAddress } from "../../core/ip.ts";
import { RESERVED_ENDPOINTS } from "../names.ts";
import { withSuggestion, below, type Where } from "../problem.ts";
import { addressHint, judgeNetwork } from "../scalars.ts";
import type { Endpoint, EndpointGroup } from "../types.ts";
import type { Context } from "../context.ts";
import { toNetwork } from "../addressing/resolve.ts";

/** Kinds of things that are ends by their names. */
export const KINDS = ["zone", "host", "pool", "group"] as const;
type Kind = (typeof KINDS)[number];

export const resolveEndpointGroups = (ctx: Context): ReadonlyMap<string, EndpointGroup> =>
  new Map(
    ctx.shapes.flows.entries("groups").flatMap(({ id, value, where }) => {
      const at = (index: number): Where => below(where, "members", index);
      ctx.checkRepeated(value.members, at);
      const members = value.members.map((name, index) => resolveEndpoint(ctx, name, at(index), undefined));
      if (members.includes(undefined)) return [];
      const flat = members.flatMap((list) => list ?? []);
      const { description } = value;
      return [[id, ctx.placed({ id, description, members: flat, memberNames: value.members }, where)] as const];
    }),
  );

/** The ends of a row, groups replaced by their members; undefined when one of them is not known. */
export function resolveEnds(
  ctx: Context,
  names: readonly string[],
  where: Where,
  groups: ReadonlyMap<string, EndpointGroup>,
): readonly Endpoint[] | undefined {
  ctx.checkRepeated(names, (index) => below(where, index));
  const ends = names.map((name, index) => resolveEndpoint(ctx, name, below(where, index), groups));
  return ends.includes(undefined) ? undefined : ends.flatMap((list) => list ?? []);
}

/** One name as ends. `groups` is absent while groups themselves are resolved: they hold no groups. */
function resolveEndpoint(
  ctx: Context,
  text: string,
  where: Where,
  groups: ReadonlyMap<string, EndpointGroup> | undefined,
): readonly Endpoint[] | undefined {
  const reserved = RESERVED_ENDPOINTS.find((word) => word === text);
  if (reserved) return [{ kind: reserved }];
  const kind = KINDS.find((k) => text.startsWith(`${k}:`));
  if (kind) return named(ctx, kind, text.slice(kind.length + 1), where, groups);
  if (/^[\d]|[:/]/.test(text)) return literal(ctx, text, where);

  const candidates = KINDS.filter((k) => ctx.names(k === "group" ? "endpoints" : k)?.has(text));
  if (candidates.length > 1) {
    const choices = candidates.map((k) => `"${k}:${text}"`).join(" or ");
    ctx.add(
      "PLAN_AMBIGUOUS_ENDPOINT",
      where,
      `"${text}" is ${candidates.map((k) => `a ${k}`).join(" and ")}`,
      `Write ${choices}`,
    );
    return undefined;
  }
  if (candidates[0]) return named(ctx, candidates[0], text, where, groups);
  const known = KINDS.map((k) => ctx.names(k === "group" ? "endpoints" : k));
  // With a document missing, nobody can say that the name is wrong.
  if (known.includes(undefined)) return undefined;
  const all = [...RESERVED_ENDPOINTS, ...known.flatMap((names) => [...(names ?? [])])];
  const home = "An end is any, internet, firewall, a zone, host, pool, group, address or network";
  ctx.add("PLAN_UNKNOWN_ENDPOINT", where, `"${text}" is no zone, host, pool or group`, withSuggestion(text, all, home));
  return undefined;
}

function named(
  ctx: Context,
  kind: Kind,
  name: string,
  where: Where,
  groups: ReadonlyMap<string, EndpointGroup> | undefined,
): readonly Endpoint[] | undefined {
  if (kind !== "group") {
    if (!ctx.check(kind, name, where)) return undefined;
    if (kind === "zone") return [{ kind, zone: name }];
    return kind === "host" ? [{ kind, host: name }] : [{ kind, pool: name }];
  }
  if (groups === undefined) {
    ctx.add("PLAN_NESTED_GROUP", where, `"${name}" is itself a group`, "Write its members");
    return undefined;
  }
  return ctx.check("endpoints", name, where) ? groups.get(name)?.members : undefined;
}

/** An address or a network, as written. */
function literal(ctx: Context, text: string, where: Where): readonly Endpoint[] | undefined {
  if (text.includes("/")) {
    const complaint = judgeNetwork(text);
    if (!complaint) return [{ kind: "network", network: toNetwork(text) }];
    ctx.add(complaint.code, where, complaint.fact, complaint.hint);
    return undefined;
  }
  const address = parseAddress(text);
  if (address) return [{ kind: "network", network: networkOf(address, bitsOf(address.family)) }];
  ctx.add("PLAN_BAD_ADDRESS", where, `"${text}" is not an IP address`, addressHint(text));
  return undefined;
}
