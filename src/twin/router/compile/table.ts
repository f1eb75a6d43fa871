import type { PfConfig } from "../../../pfsense/model/config.ts";
import type { PfRuleset } from "../../../pfsense/rules/types.ts";
import { filterChains } from "./filter.ts";
import { Marks } from "./marks.ts";
import { natChains } from "./nat.ts";
import type { NatGap } from "./nat.ts";

/** The one table that the rules of a configuration are. */
export const TABLE = "maquette";

export interface CompiledTable {
  /** For `nft -f`: replaces the table in one transaction. */
  readonly text: string;
  readonly marks: Marks;
  readonly gaps: readonly NatGap[];
}

/** The rules of a file as one nftables table, which a single transaction puts in the place of the one before. */
export function compileTable(config: PfConfig, ruleset: PfRuleset): CompiledTable {
  const marks = marksOf(config, ruleset);
  const nat = config.system.isFilterOff ? { text: "", gaps: [] } : natChains(ruleset, marks);
  const filter = filterChains({ config, ruleset, marks });
  const text = [
    `table inet ${TABLE} {}`,
    `delete table inet ${TABLE}`,
    `table inet ${TABLE} {`,
    ...[nat.text, filter].filter((t) => t !== ""),
    "}",
    "",
  ].join("\n");
  return { text, marks, gaps: nat.gaps };
}

/** Numbers for whatever the file names, in the order of the file. */
function marksOf(config: PfConfig, ruleset: PfRuleset): Marks {
  const tags = [
    ...ruleset.rules.flatMap((r) => [r.setsTag, r.tagged?.tag]),
    ...ruleset.nat.redirects.map((r) => r.setsTag),
  ].filter((t) => t !== undefined);
  const gateways = [
    ...config.gateways.items.map((g) => g.name),
    ...config.gateways.groups.map((g) => g.name),
    ...ruleset.interfaces.flatMap((i) => i.config?.gateway ?? (i.type4 === "dhcp" ? `${i.label}_DHCP` : [])),
    ...ruleset.rules.flatMap((r) => r.gateway ?? []),
  ];
  const names = (qs: typeof config.shaperQueues): readonly string[] =>
    qs.flatMap((q) => [...(q.name === undefined ? [] : [q.name]), ...names(q.queues)]);
  return new Marks({ tags, gateways, queues: names(config.shaperQueues) });
}
