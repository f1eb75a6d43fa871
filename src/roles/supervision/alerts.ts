import { formatAddress } from "../../core/ip.ts";
import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Asked } from "../role.ts";
import { need } from "./steps.ts";

/* Who is told of a problem, how, and of which services somebody asks whether they are there. */

/** What supervision.py makes of mail, and the one in whose name Zabbix tells: nobody who could come in. */
export interface Alerts {
  readonly medium: Readonly<Record<string, string | number>>;
  readonly subjects: { readonly problem: string; readonly recovery: string };
  readonly text: string;
  /** Each is told by a letter of its own: one that is refused keeps nobody else from theirs. */
  readonly to: readonly string[];
}

/** One that answers on the host itself, to its agent, so that no packet of it crosses the network. */
export interface ServiceCheck {
  readonly key: string;
  readonly name: string;
  readonly problem: string;
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

/** By host. */
export function checksOf(plan: Plan, { watched }: Asked): Readonly<Record<string, readonly ServiceCheck[]>> {
  const found: Record<string, ServiceCheck[]> = {};
  for (const { host, service } of watched) {
    const { description } = plan.services.get(service)!;
    (found[host] ??= []).push({
      key: checkKey(plan, plan.hosts.get(host)!, service),
      name: `${service} : ${description}`,
      problem: `${service} ne répond plus sur {HOST.NAME} (${description})`,
    });
  }
  return found;
}

/** Of work that goes on by itself, one of its two files as the host's own agent sees it. */
export interface RecurringCheck {
  readonly key: string;
  readonly name: string;
  readonly problem: string;
  /** Zabbix' expression, of the item as it stands in one. */
  readonly isWrong: (item: string) => string;
}

/** By host. */
export function recurringOf({ recurring }: Asked): Readonly<Record<string, readonly RecurringCheck[]>> {
  const found: Record<string, RecurringCheck[]> = {};
  for (const { host, name, done, seconds, failed } of recurring)
    (found[host] ??= []).push(
      {
        key: `vfs.file.time[${done},modify]`,
        name: `${name} : dernière fois que tout était à jour`,
        problem: `${name} en retard sur {HOST.NAME}`,
        isWrong: (item) => `fuzzytime(${item},${seconds}s)=0`,
      },
      {
        key: `vfs.file.exists[${failed}]`,
        name: `${name} : en échec`,
        problem: `${name} en échec sur {HOST.NAME}`,
        isWrong: (item) => `last(${item})=1`,
      },
    );
  return found;
}

/** SMTP greets; the others take a connection, by TLS mostly, of which the agent speaks none. */
const checkKey = (plan: Plan, host: Host, service: string): string => {
  const [address, port] = [formatAddress(host.nics[0]!.address), portOf(plan, service, "tcp")!];
  return `net.tcp.service[${service === "smtp" ? "smtp" : "tcp"},${address},${port}]`;
};
