import { below, type Where } from "../problem.ts";
import type { TermEntry } from "./schema.ts";
import type { PortMatch, Service, ServiceTerm } from "../types.ts";
import type { Context } from "../context.ts";

export const resolveServices = (ctx: Context): ReadonlyMap<string, Service> =>
  new Map(
    ctx.shapes.services.entries("services").flatMap(({ id, value, where }) => {
      const terms = value.terms.flatMap((term, index) => resolveTerm(ctx, term, below(where, "terms", index)) ?? []);
      if (terms.length < value.terms.length) return [];
      return [[id, ctx.placed({ id, description: value.description, terms }, where)] as const];
    }),
  );

/** Keys that each protocol knows, beside `protocol`; the first one is needed when `isNeeded`. */
const KEYS = {
  tcp: { key: "ports", isNeeded: true },
  udp: { key: "ports", isNeeded: true },
  icmp: { key: "types", isNeeded: false },
  ip: { key: "number", isNeeded: true },
  any: { key: null, isNeeded: false },
} as const;

function resolveTerm(ctx: Context, term: TermEntry, where: Where): ServiceTerm | undefined {
  const { key: own, isNeeded } = KEYS[term.protocol];
  const before = ctx.problems.length;
  for (const key of ["ports", "types", "number"] as const) {
    if (term[key] === undefined || key === own) continue;
    const place = { ...below(where, key), at: "key" as const };
    if (key === "ports")
      ctx.add("PLAN_PORTS_NOT_ALLOWED", place, `protocol ${term.protocol} has no ports`, "Only tcp and udp have ports");
    else
      ctx.add(
        "PLAN_TERM_KEY",
        place,
        `protocol ${term.protocol} has no ${key}`,
        `${key} is for ${key === "types" ? "icmp" : "ip"}`,
      );
  }
  if (isNeeded && term[own] === undefined) {
    if (own === "ports")
      ctx.add(
        "PLAN_PORTS_MISSING",
        where,
        `protocol ${term.protocol} without ports`,
        "Write ports: [1-65535] if all are meant",
      );
    else
      ctx.add("PLAN_TERM_KEY", where, "protocol ip without a number", "Write its number, such as number: 47 for GRE");
  }
  // tcp, udp and icmp by number would be another spelling of the same packets.
  if (term.protocol === "ip" && [1, 6, 17, 58].includes(term.number ?? 0))
    ctx.add(
      "PLAN_TERM_KEY",
      below(where, "number"),
      `protocol ${term.number ?? 0} has a name`,
      "Write protocol: icmp, tcp or udp",
    );
  // PHP's `empty("0")`: pfSense writes such a rule without a protocol (filter_generate_user_rule, etc/inc/filter.inc).
  if (term.protocol === "ip" && term.number === 0)
    ctx.add(
      "PLAN_TERM_KEY",
      below(where, "number"),
      "protocol 0 is none to pfSense: its rule would be for every protocol",
      "Write protocol: any if all are meant, or the number of the one that is",
    );
  if (ctx.problems.length > before) return undefined;
  switch (term.protocol) {
    case "tcp":
    case "udp":
      return { protocol: term.protocol, ports: (term.ports ?? []).map(toPorts) };
    case "icmp":
      return { protocol: "icmp", types: term.types ?? null };
    case "ip":
      return { protocol: "ip", number: term.number ?? 0 };
    case "any":
      return { protocol: "any" };
  }
}

/** `22` or `10000-20000`, already judged by the schema. */
function toPorts(port: number | string): PortMatch {
  const [lo = 0, hi = lo] = String(port).split("-").map(Number);
  return { lo, hi };
}
