import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { judgePlan, type Judgement } from "../judge.ts";
import { jsonOf } from "../kept-result.ts";
import { printFindings } from "../findings.ts";
import { wordsOf } from "../words.ts";

/**
 * Judges the plan, then its policy: every fault at once. What the flow table says is proven of the two config.xml that
 * would be delivered; undecided counts as not proven. An answer for the same bytes is kept (--fresh asks again).
 */
export const check: Command = async (context, values) => {
  const settings = await readSettings(context);
  const judgement = await judgePlan(context, settings, { asked: values["plan"], isFresh: values["fresh"] === true });
  report(context, judgement);
  return judgement.ok ? exitCodes.good : exitCodes.findings;
};

function report(
  context: Context,
  { ok, findings, proof, hosts, flows, isKept }: Judgement & { readonly isKept: boolean },
): void {
  if (context.isJson) {
    context.io.out(jsonOf({ ok, proof, findings }));
    return;
  }
  printFindings(context, findings, (text) => context.io.out(text));
  if (!ok || !proof) return;
  const words = wordsOf(context.language);
  context.io.out(words.planGood(hosts, flows));
  const routers = proof.routers.map((r) => r.id).join(", ");
  const byPfsense = proof.rows.filter((r) => r.by === "pfsense").length;
  context.io.out(words.proven(routers, byPfsense, Math.round(proof.ms)) + (isKept ? ` ${words.provenBefore}` : ""));
}
