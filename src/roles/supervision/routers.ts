import { formatAddress, type Address } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { deviceAt, SECRETS } from "../../pfsense/emit/material.ts";
import { portOf, routersOf } from "../../plan/query.ts";
import type { Host, Plan, Zone } from "../../plan/types.ts";
import { ASKED, AVERAGE, BY_PATH, FLOAT, HIGH, UNSIGNED, type Cause } from "./checks.ts";
import type { Dependent, Macro, Snmp, Trigger, Watched } from "./watched.ts";

/*
 * The routers, by ping and by SNMP. What is asked is what a pfSense and its stand-in both answer: interfaces, processes,
 * PF's MIB. CARP's state and the gateways' are in no MIB of either (docs/decisions/032): whether an access lives is told by
 * the answers to the router's own probes that come in by it, who leads by whom a zone hears (carp.ts).
 */

export const ECHO = "icmp-echo";
export const SNMP = "snmp";
export const ROUTERS = "Routeurs";
const SHIPPED = "PFSense by SNMP";
const COMMUNITY = "{$SNMP_COMMUNITY}";
/** The shipped template's own items, as Zabbix 7.0 has them. */
const [PROCESSES, AVAILABLE] = ["pfsense.sw.walk", "zabbix[host,snmp,available]"] as const;
/**
 * Shipped items that would say what is not so: the DHCP server is Kea, which has another name; no rule tracks sources; and
 * the web interface, which a stand-in has not, is nobody's but the administrators'.
 */
const QUIET = [
  "pfsense.dhcpd.status",
  "pfsense.nginx.status",
  "pfsense.source.tracking.table.count",
  "pfsense.source.tracking.table.limit",
  "pfsense.source.tracking.table.pused",
] as const;

/** Zabbix' numbers: ping, SNMP, what another item brought; of preprocessing, SNMP's walk as JSON, and the change a second. */
const [SIMPLE, BY_SNMP, DEPENDENT] = [3, 20, 18] as const;
const [WALK, RATE] = [29, 10] as const;
const CUSTOM_VALUE = 2;
/** BEGEMOT-PF-MIB, pfInterfacesIfEntry: names, and packets of IPv4 that were let in. */
const [DESCR, PASSED] = ["1.3.6.1.4.1.12325.1.200.1.8.2.1.2", "1.3.6.1.4.1.12325.1.200.1.8.2.1.11"] as const;
const COUNTED = "maquette.pf";
export const COUNTED_SECONDS = 20;
/** After which a router that did not answer is asked again (zabbix_server.conf). */
export const AGAIN_SECONDS = 15;
/**
 * Packets a second that an access lets in at least while it lives: of four probes that a router sends each second
 * (`PROBES`, pfsense/emit/network.ts) the answers, and not the one advert of CARP that a dead access still brings.
 */
const ALIVE = 2;

export const NO_WAY = "Aucun routeur ne mène plus aux autres zones";
const DEAD = "{HOST.NAME} ne répond plus";

export const pingKey = (address: Address): string => `icmpping[${formatAddress(address)}]`;

export const asksRouters = (plan: Plan): boolean => plan.services.has(ECHO);

export interface Beside {
  readonly router: Host;
  readonly address: Address;
}

/** Those with a leg in the supervision's zone, and its address; the primary first. */
export function routersBeside(plan: Plan, server: Host): readonly Beside[] {
  if (!asksRouters(plan)) return [];
  return routersOf(plan).flatMap((router) => {
    const leg = router.nics.find((nic) => nic.zone === server.nics[0]!.zone);
    return leg === undefined ? [] : [{ router, address: leg.address }];
  });
}

/** That a router is not there. */
export const deathOf = (router: Host): Cause => [router.id, DEAD];

/** That an access does not live, as a router sees it. */
const cutOf = (router: Host, zone: Zone): Cause => [
  router.id,
  `L'accès ${zone.id} ne répond plus à {HOST.NAME} (${zone.description})`,
];

export const cutsOf = (plan: Plan, router: Host): readonly Cause[] =>
  plan.services.has(SNMP) ? accessesOf(plan, router).map(({ zone }) => cutOf(router, zone)) : [];

interface Access {
  readonly zone: Zone;
  readonly device: string;
}

/** Accesses that a router watches. */
function accessesOf(plan: Plan, router: Host): readonly Access[] {
  return router.nics.flatMap((nic, position) => {
    const zone = plan.zones.get(nic.zone)!;
    return zone.wan?.monitor ? [{ zone, device: deviceAt(position) }] : [];
  });
}

/** The key of the item by which an access is seen to live. */
const accessKey = (zone: Zone): string => `maquette.${zone.id}`;

/** An item of a router that is new every so many seconds, while it answers by SNMP; undefined where it is not asked. */
export const freshKeyOf = (plan: Plan, router: Host): string | undefined => {
  const [first] = accessesOf(plan, router);
  return plan.services.has(SNMP) && first !== undefined ? accessKey(first.zone) : undefined;
};

/** A router as Zabbix has it; with no router at all there is one problem, and it is not this. */
export function routerWatched(plan: Plan, server: Host, { router, address }: Beside): Watched {
  const ping = pingKey(address);
  const death: Trigger = {
    fields: { expression: `max(/${router.id}/${ping},#3)=0`, priority: HIGH },
    unless: [[server.id, NO_WAY]],
  };
  const bySnmp = plan.services.has(SNMP) ? snmpOf(plan, router, address) : null;
  return {
    fields: { name: router.id, description: router.description },
    groups: [ROUTERS],
    templates: bySnmp === null ? [] : [SHIPPED],
    items: { [ping]: { ...ASKED, name: "Répond au ping", type: SIMPLE }, ...bySnmp?.items },
    dependents: bySnmp?.dependents ?? {},
    triggers: { [DEAD]: death, ...bySnmp?.triggers },
    snmp: bySnmp?.snmp ?? null,
    macros: bySnmp?.macros ?? [],
    quiet: bySnmp === null ? [] : QUIET,
  };
}

interface BySnmp extends Pick<Watched, "items" | "dependents" | "triggers" | "macros"> {
  readonly snmp: Snmp;
}

function snmpOf(plan: Plan, router: Host, address: Address): BySnmp {
  const accesses = accessesOf(plan, router);
  const hasDhcp = router.nics.some((nic) => plan.zones.get(nic.zone)!.dhcp !== null);
  const kea = "maquette.kea";
  const silent = `max(/${router.id}/${AVAILABLE},5m)=0 and min(/${router.id}/${pingKey(address)},5m)=1`;
  return {
    snmp: { address: formatAddress(address), port: String(portOf(plan, SNMP, "udp")), community: COMMUNITY },
    macros: [
      { macro: COMMUNITY, value: secret("password", SECRETS.snmp, "json"), isSecret: true },
      // An access that is down is told once, by what comes in by it.
      ...accesses.map(({ device }): Macro => ({ macro: `{$IFCONTROL:"${device}"}`, value: "0", isSecret: false })),
    ],
    items:
      accesses.length === 0
        ? {}
        : {
            [COUNTED]: {
              name: "PF : paquets reçus par interface",
              type: BY_SNMP,
              value_type: TEXT,
              snmp_oid: `walk[${DESCR},${PASSED}]`,
              delay: `${COUNTED_SECONDS}s`,
              history: "0",
              preprocessing: [step(WALK, ["descr", DESCR, "0", "passed", PASSED, "0"].join("\n"))],
            },
          },
    dependents: {
      ...Object.fromEntries(
        accesses.map(({ zone, device }): [string, Dependent] => [
          accessKey(zone),
          {
            master: COUNTED,
            fields: {
              name: `${zone.id} : paquets reçus (${zone.description})`,
              type: DEPENDENT,
              value_type: FLOAT,
              units: "pps",
              preprocessing: [step(BY_PATH, `$[?(@.descr == '${device}')].passed.first()`), step(RATE, "")],
            },
          },
        ]),
      ),
      ...(hasDhcp
        ? {
            [kea]: {
              master: PROCESSES,
              fields: {
                name: "Le serveur DHCP (Kea) tourne",
                type: DEPENDENT,
                value_type: UNSIGNED,
                preprocessing: [
                  {
                    ...step(BY_PATH, "$[?(@.hrSWRunName == 'kea-dhcp4')].hrSWRunStatus.first()"),
                    error_handler: CUSTOM_VALUE,
                    error_handler_params: "0",
                  },
                ],
              },
            },
          }
        : {}),
    },
    triggers: {
      ...Object.fromEntries(accesses.map(({ zone }) => cut(plan, router, zone))),
      // A router that is away, or was until just now, is not silent but dead.
      "{HOST.NAME} ne répond plus par SNMP": { fields: { expression: silent, priority: AVERAGE }, unless: [] },
      ...(hasDhcp
        ? {
            "Le serveur DHCP (Kea) ne tourne plus sur {HOST.NAME}": {
              fields: { expression: `max(/${router.id}/${kea},#2)=0`, priority: AVERAGE },
              unless: [deathOf(router)],
            },
          }
        : {}),
    },
  };
}

/** Of an access that is cut for all the first router tells, and the others later: then they need not. */
function cut(plan: Plan, router: Host, zone: Zone): [string, Trigger] {
  const before = routersOf(plan).slice(0, routersOf(plan).indexOf(router));
  const times = before.length === 0 ? 2 : 4;
  return [
    cutOf(router, zone)[1],
    {
      fields: { expression: `max(/${router.id}/${accessKey(zone)},#${times})<${ALIVE}`, priority: HIGH },
      unless: [deathOf(router), ...before.map((first) => cutOf(first, zone))],
    },
  ];
}

const TEXT = 4;

const step = (type: number, params: string): Readonly<Record<string, string | number>> => ({
  type,
  params,
  error_handler: 0,
  error_handler_params: "",
});
