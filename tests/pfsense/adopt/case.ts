import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Circumstances } from "../../../src/pfsense/rules/types.ts";
import { xmlOf, type Case as RulesCase } from "../rules/case.ts";
import { importOf, type Imported } from "./office.ts";

/** What stands in a file, and what an import makes of it: as a network engineer reviews it. */
export interface Case extends Pick<RulesCase, "title" | "base" | "system" | "xml" | "change" | "rules" | "forwards"> {
  /** Children of `nat` and of `gateways` beside those of the base, as XML. */
  readonly nat?: string;
  readonly gateways?: string;
  readonly told?: Circumstances;
  /** `F401 lan -> internet: https allow log`. */
  readonly rows: readonly string[];
  /** `web: wan -> web https`. */
  readonly opens?: readonly string[];
  readonly groups?: readonly string[];
  /** Texts that stand in the documents. */
  readonly yaml?: readonly string[];
  /** `error IMPORT_IPV6 filter.rule[1]: it is about IPv6`; sections about the machine itself are left out. */
  readonly not_carried: readonly string[];
  /** The verdict, then its differences: `lan: 10.0.0.1:49152 -> … tcp: pass 1, then block F601`. */
  readonly verdict: readonly string[];
  /** Code of the fault, where no file can be written of the plan; where it can, the verdict about it is the same. */
  readonly not_emitted?: string;
}

const DIRECTORY = join(import.meta.dirname, "cases");

export const caseFiles = (): readonly string[] => readdirSync(DIRECTORY).sort();

export const loadCase = (file: string): Case => parse(readFileSync(join(DIRECTORY, file), "utf8")) as Case;

/** The file of a case. */
export function fileOf(c: Case): string {
  const { nat, gateways } = c;
  // The other keys of a case are the same as there; a case of an import only has no packets.
  let xml = xmlOf({ ...(c as Omit<RulesCase, "packets">), packets: [] });
  if (gateways !== undefined) xml = xml.replace("</gateways>", `${gateways}</gateways>`);
  if (nat !== undefined)
    xml = xml.includes("<nat>")
      ? xml.replace("</nat>", `${nat}</nat>`)
      : xml.replace("<filter>", `<nat>${nat}</nat><filter>`);
  return xml;
}

/** What an import made of it, in the words of a case. */
export function answerOf(r: Imported): Required<Pick<Case, "rows" | "opens" | "groups" | "not_carried" | "verdict">> {
  const { plan, proof } = r;
  const differences = proof.ways.flatMap((w) =>
    w.differences.map(
      (d) =>
        `${w.zone}: ${d.example}: ${d.original.action} ${d.original.by ?? "-"}, then ${d.adopted.action} ${d.adopted.by ?? "-"}`,
    ),
  );
  return {
    rows: plan.flows.map(
      (f) =>
        `${f.id} ${f.fromNames.join(", ")} -> ${f.toNames.join(", ")}: ${f.services.join(", ")} ${f.action}${f.isLogged ? " log" : ""}`,
    ),
    opens: plan.forwards.map((f) => `${f.id}: ${f.wans.join(", ")} -> ${f.host} ${f.service}`),
    groups: [...plan.endpointGroups.values()].map((g) => `${g.id}: ${g.memberNames.join(", ")}`),
    not_carried: r.notCarried
      .filter((d) => d.code !== "IMPORT_SECTION" && d.code !== "IMPORT_ASSUMED")
      .map((d) => `${d.severity} ${d.code} ${d.path}: ${d.fact}`),
    verdict: [proof.verdict, ...differences, ...proof.undecided],
  };
}

export const runCase = (c: Case): Imported => importOf(fileOf(c), c.told ? { told: c.told } : {});
