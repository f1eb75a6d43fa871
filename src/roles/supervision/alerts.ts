import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { need } from "./steps.ts";

/* Who is told of a problem, and how. */

/** What supervision.py makes of mail, and the one in whose name Zabbix tells: nobody who could come in. */
export interface Alerts {
  readonly medium: Readonly<Record<string, string | number>>;
  readonly subjects: { readonly problem: string; readonly recovery: string };
  readonly text: string;
  /** Each is told by a letter of its own: one that is refused keeps nobody else from theirs. */
  readonly to: readonly string[];
}

/** The mail server that takes letters of servers; undefined where a plan has none, or says no port. */
export const postOf = (plan: Plan): Host | undefined =>
  portOf(plan, "smtp", "tcp") === undefined ? undefined : hostsOf(plan, "mail")[0];

const SECURED = 1;
const VERIFIED = 1;

/** Administrators that have a mailbox, of acceptance too: it reads there what was told. Null where there is no mail. */
export function alertsOf(plan: Plan): Alerts | null {
  const post = postOf(plan);
  if (post === undefined) return null;
  const everybody = [...plan.people.values(), ...plan.probePeople.values()];
  return {
    medium: {
      type: 0,
      smtp_server: fqdnOf(plan, post),
      smtp_port: need(plan, "smtp"),
      smtp_helo: plan.domain.name,
      smtp_email: alertSender(plan),
      smtp_security: SECURED,
      smtp_verify_peer: VERIFIED,
      smtp_verify_host: VERIFIED,
      smtp_authentication: 0,
      maxattempts: 10,
      attempt_interval: "10s",
    },
    subjects: { problem: "Problème : {EVENT.NAME}", recovery: "Rétabli : {EVENT.NAME}" },
    text: [
      "{EVENT.NAME}",
      "Machine : {HOST.NAME}, {HOST.DESCRIPTION}",
      "Gravité : {EVENT.SEVERITY}",
      "Depuis : {EVENT.DATE} {EVENT.TIME}",
    ].join("\r\n"),
    to: everybody.flatMap((p) => (p.isAdmin && p.mailbox !== null ? [p.mailbox] : [])),
  };
}

/** Who writes when something fails. */
const alertSender = (plan: Plan): string => `supervision@${plan.domain.name}`;
