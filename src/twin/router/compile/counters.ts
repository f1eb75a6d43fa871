import type { PfRuleset } from "../../../pfsense/rules/types.ts";
import { chain, placesOf } from "./filter.ts";
import { hex, PASSED_BIT } from "./marks.ts";

/** A table of its own: what it has counted stays when rules are loaded, as in pf. */
export const COUNTERS = "maquette_pf";

/**
 * What pf counts of each interface, direction and family, and the rules cannot tell: packets and bytes just before the
 * filter decides and just after. The difference is what it blocked. `match` are the packets that rules were asked about, which
 * are those without a state. It decides nothing, and so is no part of the proof.
 */
export function countersOf(ruleset: PfRuleset): string {
  const devices = [...new Set(placesOf(ruleset).map((p) => p.device))];
  const set = (name: string, direction: "in" | "out"): string => {
    const elements = devices.flatMap((d) => ["ipv4", "ipv6"].map((family) => `"${d}" . ${family}`));
    const type = `typeof ${direction === "in" ? "iifname" : "oifname"} . meta nfproto`;
    return `\tset ${name} {\n\t\t${type}\n\t\tcounter\n\t\telements = { ${elements.join(", ")} }\n\t}`;
  };
  const counted = (name: string, direction: "in" | "out", priority: number, more: readonly string[] = []): string =>
    chain(`count_${name}`, [
      `type filter hook ${direction === "in" ? "prerouting" : "postrouting"} priority ${priority}; policy accept;`,
      `${direction === "in" ? "iifname" : "oifname"} . meta nfproto @${name}`,
      ...more,
    ]);
  const judged = [
    "ct state invalid return",
    "ct status confirmed return",
    "ct state established,related return",
    'counter name "match"',
  ];
  const redirected = `ct mark and ${hex(PASSED_BIT)} != 0 return`;
  return [
    `table inet ${COUNTERS} {}`,
    `flush table inet ${COUNTERS}`,
    `table inet ${COUNTERS} {`,
    "\tcounter match {}",
    set("in_seen", "in"),
    set("in_passed", "in"),
    set("out_seen", "out"),
    set("out_passed", "out"),
    // Beside the filter's own -50 and 150 (filter.ts): what it drops does not come to the second one.
    counted("in_seen", "in", -51, [redirected, ...judged]),
    counted("in_passed", "in", -49),
    counted("out_seen", "out", 149, judged),
    counted("out_passed", "out", 151),
    "}",
    "",
  ].join("\n");
}
