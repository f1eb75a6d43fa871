import { explain as explainPacket, formatExplanation } from "../../pfsense/proof/explain.ts";
import { parseProtocol } from "../../policy/question.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { firewallOf } from "../../roles/render.ts";
import { planOf } from "../plan-of.ts";
import { routersOf } from "../routers.ts";
import { printFindings } from "../findings.ts";

/** May A reach B on P, and why. Exit 0 when it may, 1 when it may not, also when the host itself refuses, or when a router differs from the table. */
export const explain: Command = async (context, values, [from, to, service]) => {
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  if (!outcome.ok) {
    printFindings(context, outcome.errors, (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const plan = outcome.value;
  const question = { from: from!, to: to!, ...parseProtocol(plan, service!) };
  const answer = explainPacket(plan, routersOf(plan).configs, question, (host) => firewallOf(plan, host));
  context.io.out(context.isJson ? JSON.stringify(answer) : formatExplanation(answer).trimEnd());
  return answer.verdict === "allowed" || answer.verdict === "direct" ? exitCodes.good : exitCodes.findings;
};
