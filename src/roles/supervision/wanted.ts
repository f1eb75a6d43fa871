import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { baseDn, groupUnit, peopleUnit, serviceAccount } from "../dc/accounts.ts";
import { controllersOf } from "../dc/directory.ts";
import type { Asked } from "../role.ts";
import { subjectOf, watchedOf } from "./agents.ts";
import { alertsOf, type Alerts } from "./alerts.ts";
import {
  AGENT_ACTIVE,
  ASKED,
  checksOf,
  DISASTER,
  HIGH,
  SIGN_SECONDS,
  SILENT,
  UNSIGNED,
  type Check,
  type CheckProblem,
  type Fields,
} from "./checks.ts";
import { asksRouters, NO_WAY, pingKey, ROUTERS, routersBeside, routerWatched } from "./routers.ts";
import { ACCOUNT, DATABASE, need, OWNER } from "./steps.ts";
import type { Trigger, Watched } from "./watched.ts";

/*
 * The plan as `templates/supervision/supervision.py` reads it: what should be in Zabbix, in the words of its API
 * (`fields`), with names where the API has numbers.
 */

export interface Wanted {
  /** By which the web is asked. */
  readonly name: string;
  readonly port: number;
  /** Whose the tables are, to the kernel and to PostgreSQL. */
  readonly owner: string;
  readonly database: string;
  /** Of the internal administrator, who comes in without the directory. */
  readonly password: SecretPlace;
  readonly role: string;
  readonly settings: Fields;
  readonly authentication: Fields;
  readonly directory: {
    readonly fields: Fields;
    readonly password: SecretPlace;
    /** Groups of the directory, and what their members are here. */
    readonly groups: readonly { readonly name: string; readonly role: string; readonly group: string }[];
  };
  /** Our own; Zabbix ships the others. */
  readonly template: {
    readonly name: string;
    /** By key. */
    readonly items: Readonly<Record<string, Fields>>;
  };
  readonly hostGroups: readonly string[];
  readonly hosts: Readonly<Record<string, Watched>>;
  readonly alerts: Alerts | null;
  /** What is given to users, each host's apart, and how much of the time it should be there. */
  readonly services: Services;
}

interface Services {
  /** By name, the host whose serious problems are its outages. */
  readonly ofHosts: Readonly<Record<string, Host["id"]>>;
  /** By name those of several hosts, of which one is enough. */
  readonly shared: Readonly<Record<string, readonly string[]>>;
  readonly agreement: { readonly name: string; readonly fields: Fields };
}

/** Zabbix' own names. */
const [ROLE, GROUP] = ["Super admin role", "Zabbix administrators"] as const;

/** What every agent tells by which it is known to live, oftener than the shipped templates ask for anything. */
const OWN_TEMPLATE = "Maquette";
export const SIGN = "agent.variant";
/**
 * An agent that found no server, or one that did not know its host yet, asks again so much later, whatever
 * RefreshActiveChecks says (zabbix_agent2.conf): so after each start of the server and of a lab.
 */
export const RETRY_SECONDS = 60;
/** Longer than that, and three signs: a server that was restarted tells nobody that all hosts are silent. */
const SILENT_SECONDS = RETRY_SECONDS + 3 * SIGN_SECONDS;
/** Zabbix' numbers. */
const [SIMPLE, BY_CERTIFICATE, BY_EXPRESSION] = [3, 4, 1] as const;

/** Zabbix' own administrator. */
export const ADMIN = "Admin";
/** The label of the administrator's password among the stack's secrets. */
export const ADMIN_PASSWORD = "supervision/admin";

export const wantedOf = (plan: Plan, host: Host, asked: Asked): Wanted => {
  const checks = checksOf(plan, asked);
  return {
    name: fqdnOf(plan, host),
    port: need(plan, "https"),
    owner: OWNER,
    database: DATABASE,
    password: secret("password", ADMIN_PASSWORD),
    role: ROLE,
    settings: { default_lang: "fr_FR", default_timezone: plan.domain.timezone },
    authentication: {
      // The directory, for all who are not in the group Internal.
      authentication_type: 1,
      ldap_auth_enabled: 1,
      ldap_jit_status: 1,
      jit_provision_interval: "1h",
      // Logins of the directory have no case: two ways to write one would be two users.
      ldap_case_sensitive: 0,
      saml_auth_enabled: 0,
    },
    directory: {
      fields: {
        // By name, which their certificates are for; who does not answer is passed over (ldap.conf(5), URI).
        host: controllersOf(plan)
          .map((dc) => `ldaps://${fqdnOf(plan, dc)}:${need(plan, "ldaps")}`)
          .join(" "),
        // Each address has its own.
        port: need(plan, "ldaps"),
        start_tls: 0,
        base_dn: `${peopleUnit(plan)},${baseDn(plan)}`,
        bind_dn: serviceAccount(plan, ACCOUNT).dn,
        search_attribute: "sAMAccountName",
        search_filter: `(&(objectCategory=person)(objectClass=user)(%{attr}=%{user})(!(userAccountControl:1.2.840.113556.1.4.803:=2)))`,
        group_basedn: `${groupUnit(plan)},${baseDn(plan)}`,
        group_name: "cn",
        // By way of other groups too.
        group_filter: "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=%{ref}))",
        user_ref_attr: "distinguishedName",
        user_username: "givenName",
        user_lastname: "sn",
      },
      password: serviceAccount(plan, ACCOUNT).password,
      groups: [...plan.groups.values()]
        .filter((group) => group.grants.includes("admin"))
        .map(({ id }) => ({ name: id, role: ROLE, group: GROUP })),
    },
    template: {
      name: OWN_TEMPLATE,
      items: {
        [SIGN]: {
          name: "Signe de vie de l'agent",
          type: AGENT_ACTIVE,
          value_type: UNSIGNED,
          delay: `${SIGN_SECONDS}s`,
        },
      },
    },
    hostGroups: [...new Set(watchedOf(plan).map(zoneGroup)), ...(asksRouters(plan) ? [ROUTERS] : [])],
    hosts: {
      ...Object.fromEntries(
        watchedOf(plan).map((watched) => [watched.id, agentOn(plan, host, watched, checks[watched.id] ?? [])]),
      ),
      ...Object.fromEntries(
        routersBeside(plan, host).map((beside) => [beside.router.id, routerWatched(plan, host, beside)]),
      ),
    },
    alerts: alertsOf(plan),
    services: servicesOf(plan, asked),
  };
};

/** Percent of a month: 43 minutes without are too many. */
const OBJECTIVE = "99.9";
/** Zabbix' number. */
const MONTHLY = 2;

/** Of each host that gives a watched service one, under what the plan calls it; of a role with several hosts one more. */
function servicesOf(plan: Plan, { watched }: Asked): Services {
  const hosts = [...new Set(watched.map((one) => one.host))].map((id) => plan.hosts.get(id)!);
  const nameOf = (host: Host): string => `${host.description} (${host.id})`;
  const byRole = new Map<string, Host[]>();
  for (const host of hosts) {
    const role = host.roles.join(" ");
    byRole.set(role, [...(byRole.get(role) ?? []), host]);
  }
  return {
    ofHosts: Object.fromEntries(hosts.map((host) => [nameOf(host), host.id])),
    shared: Object.fromEntries(
      [...byRole].flatMap(([role, several]) => (several.length < 2 ? [] : [[`Service ${role}`, several.map(nameOf)]])),
    ),
    agreement: {
      name: "Disponibilité des services",
      fields: { period: MONTHLY, slo: OBJECTIVE, timezone: plan.domain.timezone, status: 1 },
    },
  };
}

const zoneGroup = (host: Host): string => `Zone ${host.nics[0]!.zone}`;

/** A host that tells of itself, and the services that it gives; on the supervision's, the way to all that is behind routers. */
function agentOn(plan: Plan, server: Host, host: Host, checks: readonly Check[]): Watched {
  const isBehind = asksRouters(plan) && host.nics[0]!.zone !== server.nics[0]!.zone;
  const vip = plan.zones.get(host.nics[0]!.zone)!.vip;
  const way = host === server && asksRouters(plan) && vip !== null ? pingKey(vip.address) : null;
  return {
    fields: {
      name: host.id,
      description: host.description,
      // By certificate alone, and by this host's: none speaks for another.
      tls_connect: BY_CERTIFICATE,
      tls_accept: BY_CERTIFICATE,
      tls_issuer: "",
      tls_subject: subjectOf(plan, host),
    },
    groups: [zoneGroup(host)],
    templates: ["Linux by Zabbix agent active", OWN_TEMPLATE],
    items: {
      ...Object.fromEntries(checks.map(({ key, item }) => [key, item])),
      ...(way === null ? {} : { [way]: { ...ASKED, name: "La passerelle répond au ping", type: SIMPLE } }),
    },
    triggers: {
      [SILENT]: {
        fields: { expression: `nodata(/${host.id}/${SIGN},${SILENT_SECONDS}s)=1`, priority: HIGH },
        unless: isBehind ? [[server.id, NO_WAY]] : [],
      },
      ...Object.fromEntries(
        checks.flatMap(({ key, problems }) =>
          problems.map((problem): [string, Trigger] => [problem.name, triggerOf(`/${host.id}/${key}`, problem)]),
        ),
      ),
      ...(way === null ? {} : { [NO_WAY]: missing(host, way, 2, DISASTER) }),
    },
    dependents: {},
    snmp: null,
    macros: [],
    quiet: [],
  };
}

/** Not there as often in a row as said. */
const missing = (host: Host, key: string, times: number, priority: number): Trigger => ({
  fields: { expression: `max(/${host.id}/${key},#${times})=0`, priority },
  unless: [],
});

/** Over when it is not wrong any more, or when that is so which says so. */
const triggerOf = (item: string, { isWrong, isRight, priority, unless }: CheckProblem): Trigger => ({
  fields: {
    expression: isWrong(item),
    priority,
    ...(isRight === undefined ? {} : { recovery_mode: BY_EXPRESSION, recovery_expression: isRight(item) }),
  },
  unless,
});
