import type { Alias, End } from "./alias-book.ts";
import { icmpText } from "./matches.ts";
import type { RuleDraft } from "./rules.ts";
import { branch, flag, flagIf, leaf, leafIf, type Xml } from "./xml.ts";

/** The names that the book gave, and the ids that two sections share. */
export interface Naming {
  readonly aliases: ReadonlyMap<string, string>;
  readonly trackers: ReadonlyMap<string, number>;
  /** By the key of a filter rule: the id that a port forward shares with it. */
  readonly associations: ReadonlyMap<string, string>;
}

/** `filter`: floating rules first, as pfSense evaluates them first (`filter_rules_generate`, `etc/inc/filter.inc`). */
export const filterSection = (rules: readonly RuleDraft[], naming: Naming): Xml =>
  branch("filter", ...rules.map((r) => ruleElement(r, naming)));

function ruleElement(r: RuleDraft, naming: Naming): Xml {
  const isTransport = r.match.protocol === "tcp" || r.match.protocol === "udp" || r.match.protocol === "tcp/udp";
  return branch(
    "rule",
    leaf("tracker", naming.trackers.get(r.key)!),
    leaf("type", r.type),
    leaf("interface", r.interfaces.join(",")),
    leaf("ipprotocol", "inet"),
    leafIf("protocol", r.match.protocol),
    leafIf("icmptype", r.match.icmpTypes === null ? null : icmpText(r.match.icmpTypes)),
    endElement("source", r.source, naming, null),
    endElement("destination", r.destination, naming, isTransport ? portText(r, naming) : null),
    r.floating === null ? null : [leaf("floating", "yes"), leaf("direction", r.floating)],
    // A match rule that were quick would end the evaluation before any verdict.
    r.floating !== null && r.type !== "match" ? leaf("quick", "yes") : null,
    leafIf("tag", r.tag),
    leafIf("tagged", r.tagged),
    flagIf(r.match.hasOptions && r.type === "pass", "allowopts"),
    r.type === "pass" ? leaf("statetype", "keep state") : null,
    leafIf("gateway", r.gateway),
    leafIf("defaultqueue", r.queue),
    flagIf(r.isLogged, "log"),
    leaf("descr", r.description),
    leafIf("associated-rule-id", naming.associations.get(r.key)),
  );
}

const portText = (r: RuleDraft, naming: Naming): string | null =>
  r.port === null ? null : "literal" in r.port ? r.port.literal : naming.aliases.get(r.port.alias)!;

/** `network` takes keywords only, so an alias stands in `address`; in `network` it would silently drop the rule. */
function endElement(name: string, end: End, naming: Naming, port: string | null): Xml {
  const where =
    end.kind === "any"
      ? flag("any")
      : end.kind === "self"
        ? leaf("network", "(self)")
        : end.kind === "leg"
          ? leaf("network", end.word)
          : [leaf("address", naming.aliases.get(end.key)!), ...(end.isNot ? [flag("not")] : [])];
  return branch(name, where, leafIf("port", port));
}

/** `aliases`. A detail a entry, joined by `||`, which no detail may hold. */
export const aliasesSection = (aliases: readonly Alias[]): Xml =>
  branch(
    "aliases",
    ...aliases.map((a) =>
      branch(
        "alias",
        leaf("name", a.name),
        leaf("type", a.type),
        leaf("address", a.entries.join(" ")),
        leaf("descr", a.description),
        leaf("detail", a.details.map((d) => d.replaceAll("|", "/")).join("||")),
      ),
    ),
  );
