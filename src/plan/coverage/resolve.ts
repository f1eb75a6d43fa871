import { withSuggestion, below, type Where } from "../problem.ts";
import { switchedOff } from "../flows/resolve.ts";
import type { Coverage, Switch } from "../types.ts";
import type { Context } from "../context.ts";

/** Kinds of things that may answer a need. */
export const COVERS = ["host", "zone", "pool", "flow", "forward", "invariant", "service", "group"] as const;

/** Needs, then objectives, by id. */
export function resolveCoverage(ctx: Context, switches: ReadonlyMap<string, Switch>): ReadonlyMap<string, Coverage> {
  const off = switchedOff(ctx);
  return new Map(
    [...ctx.shapes.coverage.entries("needs"), ...ctx.shapes.coverage.entries("objectives")].map(
      ({ id, value, where }) => {
        const at = (index: number): Where => below(where, "by", index);
        ctx.checkRepeated(value.by, at);
        value.by.forEach((cover, index) => checkCover(ctx, cover, at(index)));
        const { text, by, outOfScope = null } = value;
        const words = new Set(by.flatMap((cover) => switches.get(off.get(cover) ?? "")?.description ?? []));
        return [id, ctx.placed({ id, text, by, switchedOff: [...words], outOfScope }, where)] as const;
      },
    ),
  );
}

function checkCover(ctx: Context, cover: string, where: Where): void {
  const colon = cover.indexOf(":");
  const word = cover.slice(0, Math.max(0, colon));
  const kind = COVERS.find((k) => k === word);
  if (kind) ctx.check(kind, cover.slice(colon + 1), where, "PLAN_UNKNOWN_COVER");
  else {
    const home = `Write one of ${COVERS.map((k) => `${k}:`).join(", ")} and an id`;
    ctx.add("PLAN_UNKNOWN_COVER", where, `"${cover}" names no kind of thing`, withSuggestion(word, COVERS, home));
  }
}
