import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Flow, Plan } from "../../plan/index.ts";

const LONGEST = 63;

/** A rule's description as the filter has it. */
export const descriptionOf = (flow: Flow): string => `${flow.id} ${flow.description}`;

/**
 * Rows whose description pf could not read: pfSense writes it into pf.conf as `label "USER_RULE: …"`, without quotes,
 * not escaped, and of more than 63 bytes the first 60 and three dots (`fix_rule_label`, `etc/inc/filter.inc`). There is no
 * way to write a backslash before the closing quote (pfctl's `yylex`, parse.y), and pf then refuses the whole rule set.
 */
export const unreadableLabels = (plan: Plan): readonly Diagnostic[] =>
  plan.flows.flatMap((flow): Diagnostic[] => {
    const label = `USER_RULE: ${descriptionOf(flow)}`.replaceAll('"', "");
    if (!label.endsWith("\\") || Buffer.byteLength(label) > LONGEST) return [];
    const fact = `the description of ${flow.id} ends in a backslash where pf's label ends, and pf would refuse every rule`;
    const hint = "Let the description end in something else: a full stop behind the backslash is enough.";
    return [{ code: "PFSENSE_EMIT_LABEL", severity: "error", place: flow.place, path: `flows.${flow.id}`, fact, hint }];
  });
