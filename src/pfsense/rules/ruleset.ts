import { compareDiagnostics } from "../../core/diagnostics.ts";
import type { PfConfig } from "../model/config.ts";
import { isSlip } from "./aliases.ts";
import { interfaceRules } from "./automatic-interfaces.ts";
import { lastRules, middleRules } from "./automatic-late.ts";
import { firstRules, Trackers } from "./automatic.ts";
import { makeContext, warn } from "./context.ts";
import type { Context } from "./context.ts";
import { natRules } from "./nat.ts";
import { routesOf } from "./routes.ts";
import type { Circumstances, PfRuleset } from "./types.ts";
import { userRules } from "./user.ts";

/**
 * The rules that a pfSense 2.8.0 with this configuration loads, in pf's order: automatic ones, floating, groups,
 * interfaces, the last automatic ones (`filter_rules_generate`, `etc/inc/filter.inc`).
 */
export function rulesOf(config: PfConfig, circumstances: Circumstances = {}): PfRuleset {
  const c = makeContext(config, circumstances);
  const t = new Trackers();
  const before = [...firstRules(c, t), ...interfaceRules(c, t), ...middleRules(c, t)];
  const rules = [...before, ...userRules(c), ...lastRules(c, t)];
  const nat = natRules(c);
  reportWhatNoFileTells(c);
  const diagnostics = [...c.diagnostics].sort(compareDiagnostics);
  const assumptions = [...c.assumptions].sort();
  return { rules, nat, interfaces: c.interfaces, routes: routesOf(c), diagnostics, assumptions };
}

function reportWhatNoFileTells(c: Context): void {
  const { config } = c;
  c.assumptions.add("The anchors openvpn, ipsec and userrules are empty: no RADIUS server hands out rules.");
  for (const p of config.packages.filter((x) => x.filterRuleFunction !== undefined)) {
    const hint = "Read /tmp/rules.debug on the firewall to see them; they are not in any verdict.";
    warn(
      c,
      "PFSENSE_PACKAGE_RULES",
      p.place,
      "installedpackages.package",
      `package ${p.name} adds rules of its own`,
      hint,
    );
  }
  if (config.system.isFilterOff) {
    const fact = "packet filtering is switched off: every packet passes";
    warn(
      c,
      "PFSENSE_FILTER_OFF",
      undefined,
      "system.disablefilter",
      fact,
      "Verdicts are those of the rules as if it were on.",
    );
  }
  reportSlips(c);
  if (!c.interfaces.some((i) => i.kind === "interface")) {
    const fact = "no interface is enabled: it passes nothing on";
    const hint = "Put <enable/> into the interfaces that it has; a rule needs one to stand on.";
    warn(c, "PFSENSE_NO_INTERFACE_ENABLED", undefined, "interfaces", fact, hint);
  }
  for (const i of c.interfaces.filter((x) => x.kind === "interface" && (x.isUnknown4 || x.isUnknown6))) {
    const fact = `the address of ${i.key} is not in the file`;
    const hint = "Rules that name it may match anything outside the other networks; verdicts that hang on it say so.";
    warn(c, "PFSENSE_ADDRESS_UNKNOWN", i.config?.place, `interfaces.${i.key}`, fact, hint);
  }
}

/** Said of one alias; the rest of a list full of slips is of the same kind. */
const MOST_SLIPS = 5;

/** Entries of aliases that cannot be what was meant, wherever the alias is used: in rules, NAT or another alias. */
function reportSlips(c: Context): void {
  for (const alias of c.config.aliases.filter((a) => /^(host|network|port)$/.test(a.type))) {
    const slips = alias.entries.filter((entry) => !c.aliases.has(entry) && isSlip(alias, entry));
    for (const entry of slips.slice(0, MOST_SLIPS)) {
      const more = slips.length > MOST_SLIPS ? `, and ${slips.length - MOST_SLIPS} more like it` : "";
      const isPort = alias.type === "port";
      const fact = `alias "${alias.name}" holds "${entry}", which is ${isPort ? "no port" : "no address"}${more}`;
      const hint = isPort
        ? "pfSense empties the alias or pf refuses every rule: write a port from 1 to 65535, or two with a colon."
        : "pfSense looks it up as a name, or pf refuses every rule: write an address or a network.";
      warn(c, "PFSENSE_ALIAS_ENTRY", alias.place, `aliases.alias`, fact, hint);
    }
  }
}
