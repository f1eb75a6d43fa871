import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { baseDn, groupUnit, peopleUnit, serviceAccount } from "../dc/accounts.ts";
import { controllersOf } from "../dc/directory.ts";
import type { Asked } from "../role.ts";
import { subjectOf, watchedOf } from "./agents.ts";
import { alertsOf, checksOf, type Alerts } from "./alerts.ts";
import { ACCOUNT, DATABASE, need, OWNER } from "./steps.ts";

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
    /** By what they say. */
    readonly triggers: Readonly<Record<string, Fields>>;
  };
  readonly hostGroups: readonly string[];
  readonly hosts: Readonly<Record<string, Watched>>;
  readonly alerts: Alerts | null;
}

interface Watched {
  readonly fields: Fields;
  readonly groups: readonly string[];
  readonly templates: readonly string[];
  /** By key, and by what they say: services that it gives. */
  readonly items: Readonly<Record<string, Fields>>;
  readonly triggers: Readonly<Record<string, Fields>>;
}

type Fields = Readonly<Record<string, string | number>>;

/** Zabbix' own names. */
const [ROLE, GROUP] = ["Super admin role", "Zabbix administrators"] as const;

/** What every agent tells by which it is known to live, oftener than the shipped templates ask for anything. */
const OWN_TEMPLATE = "Maquette";
export const SIGN = "agent.variant";
export const SIGN_SECONDS = 10;
/** Four signs that did not come. */
const SILENT_SECONDS = 45;
/** Zabbix' numbers. */
const [AGENT_ACTIVE, UNSIGNED, HIGH, BY_CERTIFICATE] = [7, 3, 4, 4] as const;

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
      triggers: {
        "{HOST.NAME} ne donne plus signe de vie": {
          expression: `nodata(/${OWN_TEMPLATE}/${SIGN},${SILENT_SECONDS}s)=1`,
          priority: HIGH,
        },
      },
    },
    hostGroups: [...new Set(watchedOf(plan).map(zoneGroup))],
    hosts: Object.fromEntries(
      watchedOf(plan).map((watched) => [
        watched.id,
        {
          fields: {
            name: watched.id,
            description: watched.description,
            // By certificate alone, and by this host's: none speaks for another.
            tls_connect: BY_CERTIFICATE,
            tls_accept: BY_CERTIFICATE,
            tls_issuer: "",
            tls_subject: subjectOf(plan, watched),
          },
          groups: [zoneGroup(watched)],
          templates: ["Linux by Zabbix agent active", OWN_TEMPLATE],
          items: Object.fromEntries(
            (checks[watched.id] ?? []).map(({ key, name }) => [
              key,
              { name, type: AGENT_ACTIVE, value_type: UNSIGNED, delay: `${SIGN_SECONDS}s` },
            ]),
          ),
          triggers: Object.fromEntries(
            (checks[watched.id] ?? []).map(({ key, problem }) => [
              problem,
              // Not there twice in a row.
              { expression: `max(/${watched.id}/${key},#2)=0`, priority: HIGH },
            ]),
          ),
        },
      ]),
    ),
    alerts: alertsOf(plan),
  };
};

const zoneGroup = (host: Host): string => `Zone ${host.nics[0]!.zone}`;
