import type { Text } from "../../core/text.ts";
import type { Host, Plan } from "../../plan/index.ts";
import { AliasBook } from "./alias-book.ts";
import { dhcpSections } from "./dhcp.ts";
import { refuse } from "./fault.ts";
import { aliasesSection, filterSection, type Naming } from "./filter.ts";
import { haSyncSection } from "./hasync.ts";
import { assignTrackers } from "./identity.ts";
import { materialOf, type EmitMaterial } from "./material.ts";
import { natOf, natSection } from "./nat.ts";
import { gatewaysSection, interfacesSection, staticRoutesSection, virtualIpSection } from "./network.ts";
import { unboundSection } from "./resolver.ts";
import { rulesOf } from "./rules.ts";
import { cronSection, ntpSection, snmpSection, syslogSection } from "./services.ts";
import { queueRules, shaperSection } from "./shaper.ts";
import { siteOf, type Site } from "./site.ts";
import { certificateSections, sshDataSection, systemSection } from "./system.ts";
import { branch, leaf, renderXml } from "./xml.ts";

/** Configuration version of pfSense CE 2.8.0; an older one would be upgraded at boot, a newer one only warned about. */
const CONFIG_VERSION = "24.0";

/**
 * A router's config.xml, with places for secrets. Pure: the same plan and material give the same text.
 * @param routerId a host of role router
 * @throws Fault of `EMIT_CODES` for a plan that pfSense, as it is written here, cannot be
 */
export function emitConfig(plan: Plan, routerId: string, given: EmitMaterial = {}): Text {
  const site = siteOf(plan);
  const router = site.routers.find((r) => r.id === routerId);
  if (!router) {
    const ids = site.routers.map((r) => r.id);
    const hint = ids.length > 1 ? `Routers are ${ids.join(" and ")}.` : `The router is ${ids.join("")}.`;
    refuse("PFSENSE_EMIT_NOT_ROUTER", `"${routerId}" is not a router of the plan.`, hint);
  }
  return emitRouter(site, router, given);
}

/** The routers' config.xml by host id, the primary first. */
export function emitRouters(plan: Plan, given: EmitMaterial = {}): ReadonlyMap<string, Text> {
  const site = siteOf(plan);
  return new Map(site.routers.map((r) => [r.id, emitRouter(site, r, given)]));
}

function emitRouter(site: Site, router: Host, given: EmitMaterial): Text {
  const material = materialOf(given);
  const book = new AliasBook(site);
  const rules = [...queueRules(site, book), ...rulesOf(site, book)];
  const nat = natOf(site, book, rules);
  const { aliases, names } = book.finish();
  const trackers = assignTrackers(rules.map((r) => r.key));
  const naming: Naming = { aliases: names, trackers, associations: nat.associations };
  return renderXml(
    branch(
      "pfsense",
      leaf("version", CONFIG_VERSION),
      systemSection(site, router, material),
      interfacesSection(site, router, material),
      gatewaysSection(site),
      staticRoutesSection(site),
      virtualIpSection(site, router),
      haSyncSection(site.pair, router),
      aliasesSection(aliases),
      filterSection(rules, naming),
      natSection(site, nat, naming),
      shaperSection(site),
      unboundSection(site),
      dhcpSections(site, router),
      ntpSection(site),
      snmpSection(site),
      syslogSection(site),
      certificateSections(site, router, material),
      cronSection(),
      sshDataSection(router, material),
    ),
  );
}
