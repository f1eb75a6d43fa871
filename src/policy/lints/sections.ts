import type { Endpoint, Flow, Section } from "../../plan/types.ts";
import { EVERYWHERE, isWithin } from "../ranges.ts";
import { isFirewall, rangesOf, tailsOf, type PlanSpace } from "../space.ts";
import { ofFlow, type Lint, type LintContext } from "./lint.ts";

/*
 * ANSSI, DAT-NT-006 (2013): 1 flows to the firewall, 2 flows from it, 3 its protection, 4 business flows, 5 noise,
 * 6 the final refusal; 1, 2, 3 and 6 logged, 5 not.
 */

export const sectionOrder: Lint = function* (context) {
  let highest: Flow | undefined;
  for (const flow of context.intent.space.plan.flows) {
    if (highest && flow.section < highest.section) {
      const fact = `of section ${flow.section} stands after ${highest.id} of section ${highest.section}`;
      yield ofFlow(
        context,
        "POLICY_SECTION_ORDER",
        flow,
        fact,
        "Put the rows in the order of ANSSI's sections, 1 to 6",
        "section",
      );
    } else highest = flow;
  }
};

/** Why a row is not what its section is for; null when it fits. */
function misplaced(space: PlanSpace, flow: Flow): string | null {
  const isIts = (end: Endpoint): boolean => isFirewall(space, end);
  const { from, to, action, section } = flow;
  switch (section) {
    case 1:
      return to.every(isIts) && action === "allow" ? null : "section 1 allows flows to the firewall";
    case 2:
      // A closing refusal of what else the firewall may send belongs here too.
      return from.every(isIts) ? null : "section 2 is about flows from the firewall";
    case 3:
      return to.every(isIts) && action !== "allow" ? null : "section 3 refuses flows to the firewall";
    case 4:
      return to.some(isIts) || from.some(isIts) ? "flows to and from the firewall are sections 1 to 3" : null;
    case 5:
      return action === "allow" ? "section 5 refuses noise" : null;
    case 6:
      return action === "allow" ? "section 6 refuses the rest" : null;
  }
}

export const sectionContent: Lint = function* (context) {
  const { space } = context.intent;
  for (const flow of space.plan.flows) {
    const wrong = misplaced(space, flow);
    if (wrong === null) continue;
    yield ofFlow(
      context,
      "POLICY_SECTION_CONTENT",
      flow,
      `is out of place: ${wrong}`,
      "Move it to the section that it belongs to",
      "section",
    );
  }
};

const isEverything = (space: PlanSpace, flow: Flow): boolean =>
  tailsOf(space, flow.services).length > 0 &&
  flow.services.some((id) => space.plan.services.get(id)?.terms.some((t) => t.protocol === "any"));

const isFromAnywhere = (space: PlanSpace, flow: Flow): boolean => isWithin(EVERYWHERE, rangesOf(space, flow.from));

/** Section 3 must end with a refusal of everything to every address of the routers. */
export const protection: Lint = function* (context) {
  const { space } = context.intent;
  const { flows } = space.plan;
  const protects = flows.some(
    (f) =>
      f.section === 3 &&
      f.action !== "allow" &&
      isEverything(space, f) &&
      isFromAnywhere(space, f) &&
      isWithin(space.firewall, rangesOf(space, f.to)),
  );
  const anchor = flows.find((f) => f.section >= 3) ?? flows.at(-1);
  if (protects || !anchor) return;
  const fact = "is where the protection of the firewall should be: no row of section 3 refuses everything to it";
  yield ofFlow(
    context,
    "POLICY_PROTECTION_MISSING",
    anchor,
    fact,
    "Add a row of section 3: from any to firewall, services any, deny, log",
  );
};

export const finalDeny: Lint = function* (context) {
  const { space } = context.intent;
  const last = space.plan.flows.at(-1);
  if (!last) return;
  const isFinal =
    last.section === 6 &&
    last.action !== "allow" &&
    isEverything(space, last) &&
    isFromAnywhere(space, last) &&
    isWithin(EVERYWHERE, rangesOf(space, last.to));
  if (!isFinal) {
    const fact = "is the last row, and does not refuse everything";
    yield ofFlow(
      context,
      "POLICY_FINAL_DENY_MISSING",
      last,
      fact,
      "End with a row of section 6: from any to any, services any, deny, log",
    );
  } else if (!last.isLogged) {
    yield ofFlow(
      context,
      "POLICY_FINAL_DENY_UNLOGGED",
      last,
      "refuses the rest without a log",
      "Write log: true: refused flows are the first sign of an attack",
      "log",
    );
  }
};

const LOGGED: ReadonlySet<Section> = new Set([1, 2, 3]);

export const logs: Lint = function* (context: LintContext) {
  for (const flow of context.intent.space.plan.flows) {
    if (LOGGED.has(flow.section) && !flow.isLogged) {
      const fact = `of section ${flow.section} is not logged`;
      yield ofFlow(
        context,
        "POLICY_NOT_LOGGED",
        flow,
        fact,
        "Write log: true: what concerns the firewall itself is logged",
        "log",
      );
    }
    if (flow.section === 5 && flow.isLogged) {
      yield ofFlow(
        context,
        "POLICY_NOISE_LOGGED",
        flow,
        "logs noise",
        "Write log: false: section 5 keeps the log readable",
        "log",
      );
    }
  }
};
