import type { PfConfig } from "../model/config.ts";
import type { Findings } from "./findings.ts";
import type { XmlElement } from "./xml.ts";

/** Lists whose every entry the generator opens before it asks whether it is switched off. */
const OPENED = ["filter.rule", "nat.rule", "nat.onetoone", "nat.npt", "aliases.alias", "virtualip.vip"];

/**
 * Finds what pfSense's generator of rules dies of (`filter_rules_generate`, `filter_nat_rules_generate` of
 * `etc/inc/filter.inc`): it opens an element that is no list of elements but a text, an empty one among them, and PHP
 * throws a `TypeError`. Nothing is loaded then: a firewall that starts has no rules, one that runs keeps those it has.
 */
export function checkStops(root: XmlElement, config: Omit<PfConfig, "kept" | "unknown">, findings: Findings): void {
  const isManual = ["advanced", "hybrid"].includes(config.nat.outboundMode ?? "");
  for (const path of isManual ? [...OPENED, "nat.outbound.rule"] : OPENED) {
    for (const { element, at } of entriesOf(root, path))
      if (element.children.length === 0 && element.text !== "") stop(findings, element, at);
  }
  // An interface is asked for its name, switched on or not (`get_configured_interface_with_descr`).
  for (const i of root.children.filter((child) => child.name === "interfaces").flatMap((child) => child.children))
    if (i.children.length === 0) stop(findings, i, `interfaces.${i.name}`);
  const keys = filterKeys(config);
  const ended = [
    ...config.filter.rules.map((r) => ({ r, path: "filter.rule", ends: isReached(keys, r) ? BOTH : NEITHER })),
    ...config.nat.portForwards.map((r) => ({
      r,
      path: "nat.rule",
      // The destination's port is asked for before the interface.
      ends: keys.has(r.interface ?? "wan") ? BOTH : (["destination"] as const),
    })),
    ...config.nat.oneToOne.map((r) => ({
      r,
      path: "nat.onetoone",
      ends: keys.has(r.interface ?? "wan") && r.external !== undefined ? BOTH : NEITHER,
    })),
    ...config.nat.npt.map((r) => ({ r, path: "nat.npt", ends: keys.has(r.interface ?? "wan") ? BOTH : NEITHER })),
    ...config.nat.outbound.map((r) => ({
      r,
      path: "nat.outbound.rule",
      ends: isManual && keys.has(r.interface ?? "") ? BOTH : NEITHER,
    })),
  ];
  for (const { r, path, ends } of ended.filter((e) => !e.r.isDisabled))
    for (const end of ends) if (r[end].isText) stop(findings, r.place, `${path}[${r.index}].${end}`);
}

const BOTH = ["source", "destination"] as const;
const NEITHER = [] as const;

/** Whether pfSense comes as far as the rule's ends: before, it asks for its interface. */
function isReached(
  keys: ReadonlySet<string>,
  r: { readonly floating: string | undefined; readonly interface: string | undefined },
): boolean {
  if (r.floating === undefined) return keys.has(r.interface ?? "");
  if (r.interface === undefined || r.interface === "any") return true;
  return r.interface.split(",").some((key) => keys.has(key));
}

/** The keys of pfSense's list of interfaces that rules may name (`filter_generate_optcfg_array`). */
function filterKeys(config: Omit<PfConfig, "kept" | "unknown">): ReadonlySet<string> {
  return new Set([
    ...config.interfaces.filter((i) => i.isEnabled && i.device !== undefined).map((i) => i.key),
    ...(config.l2tpServer?.mode === "server" ? ["l2tp"] : []),
    ...(config.pppoeServers.some((p) => p.mode === "server") ? ["pppoe"] : []),
    ...(config.ipsec.phase1.some((p) => !p.isDisabled) ? ["enc0"] : []),
    ...(config.openVpn.length > 0 ? ["openvpn"] : []),
    ...config.interfaceGroups.map((g) => g.name),
  ]);
}

function entriesOf(root: XmlElement, path: string): readonly { element: XmlElement; at: string }[] {
  let found: readonly { element: XmlElement; at: string }[] = [{ element: root, at: "" }];
  for (const name of path.split(".")) {
    found = found.flatMap(({ element, at }) =>
      element.children
        .filter((child) => child.name === name)
        .map((child, i, all) => ({
          element: child,
          at: `${at === "" ? "" : `${at}.`}${name}${all.length > 1 ? `[${i}]` : ""}`,
        })),
    );
  }
  return found;
}

function stop(findings: Findings, at: { readonly line: number; readonly column: number }, path: string): void {
  const fact = "it holds no elements, and pfSense's generator of rules dies of it: no rule of this file is loaded";
  const hint = "Write what is meant, such as <any></any>, or leave the element out.";
  findings.error("PFSENSE_RULES_STOP", at, path, fact, hint);
}
