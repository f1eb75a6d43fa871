import { formatAddress } from "../../core/ip.ts";
import { fqdnOf, portOf } from "../../plan/query.ts";
import type { Host, Plan, Service } from "../../plan/types.ts";
import type { Asked, Measured, MeasuredProblem, RecurringWork, WatchedService, WatchedValue } from "../role.ts";
import { measureKey } from "./agents.ts";

/* What the host's own agent is asked for, so that no packet of it crosses the network, and when it is a problem. */

/** In the words of Zabbix' API. */
export type Fields = Readonly<Record<string, string | number | readonly Readonly<Record<string, string | number>>[]>>;

/** A problem of Zabbix' by its host and its name. */
export type Cause = readonly [host: Host["id"], problem: string];

export interface Check {
  readonly key: string;
  readonly item: Fields;
  readonly problems: readonly CheckProblem[];
}

export interface CheckProblem {
  readonly name: string;
  /** Zabbix' expression, of the item as it stands in one. */
  readonly isWrong: (item: string) => string;
  /** When it is over, where that is not merely when it is not wrong any more. */
  readonly isRight?: ((item: string) => string) | undefined;
  readonly priority: number;
  /** Of which it is a mere consequence: while one of these lasts nobody is told of this. */
  readonly unless: readonly Cause[];
}

export const SIGN_SECONDS = 10;
export const SILENT = "{HOST.NAME} ne dit plus rien";

/** Zabbix' numbers. */
export const [AGENT_ACTIVE, UNSIGNED, FLOAT, AVERAGE, HIGH, DISASTER] = [7, 3, 0, 3, 4, 5] as const;
const WORDS = 1;
/** Of the ways in which Zabbix takes a figure out of what it is told, JSONPath. */
export const BY_PATH = 12;
/** Of whatever is asked whether it is there. */
export const ASKED = { value_type: UNSIGNED, delay: `${SIGN_SECONDS}s` } as const;

/** By host, services before what follows from them. */
export function checksOf(plan: Plan, asked: Asked): Readonly<Record<Host["id"], readonly Check[]>> {
  const found: Record<Host["id"], Check[]> = {};
  const add = (host: Host["id"], ...checks: readonly Check[]): void => void (found[host] ??= []).push(...checks);
  for (const watched of asked.watched) add(watched.host, service(plan, watched));
  for (const watched of asked.watched) if (watched.isTls) add(watched.host, certificate(plan, watched));
  for (const work of asked.recurring) add(work.host, ...recurring(work));
  for (const told of asked.values) add(told.host, value(told));
  for (const measured of asked.measured) add(measured.host, figure(plan, asked, measured));
  return found;
}

const missingService = (plan: Plan, id: Service["id"]): string =>
  `${id} ne répond plus sur {HOST.NAME} (${plan.services.get(id)!.description})`;

/** SMTP greets; the others take a connection, by TLS mostly, of which the agent speaks none. */
function service(plan: Plan, { host, service: id }: WatchedService): Check {
  const { address, port } = endOf(plan, host, id);
  return {
    key: `net.tcp.service[${id === "smtp" ? "smtp" : "tcp"},${address},${port}]`,
    item: { ...ASKED, type: AGENT_ACTIVE, name: `${id} : ${plan.services.get(id)!.description}` },
    problems: [{ name: missingService(plan, id), isWrong: (item) => `max(${item},#2)=0`, priority: HIGH, unless: [] }],
  };
}

const CERTIFICATE_SECONDS = 60;

/** As the service shows it, which is not yet what lies in its file where nobody has loaded it. */
function certificate(plan: Plan, { host, service: id }: WatchedService): Check {
  const { address, port } = endOf(plan, host, id);
  // A plan may have certificates that live for a few weeks.
  const days = Math.min(14, Math.floor(plan.authority.certificateDays / 3));
  return {
    key: `web.certificate.get[${fqdnOf(plan, plan.hosts.get(host)!)},${port},${address}]`,
    item: {
      type: AGENT_ACTIVE,
      value_type: UNSIGNED,
      delay: `${CERTIFICATE_SECONDS}s`,
      units: "unixtime",
      name: `${id} : fin du certificat`,
      preprocessing: [
        { type: BY_PATH, params: "$.x509.not_after.timestamp", error_handler: 0, error_handler_params: "" },
      ],
    },
    problems: [
      {
        name: `Le certificat de ${id} finit dans moins de ${days} jours sur {HOST.NAME}`,
        isWrong: (item) => `last(${item})-now()<${days}d`,
        priority: AVERAGE,
        unless: [],
      },
    ],
  };
}

const endOf = (
  plan: Plan,
  host: Host["id"],
  id: Service["id"],
): { readonly address: string; readonly port: number } => ({
  address: formatAddress(plan.hosts.get(host)!.nics[0]!.address),
  port: portOf(plan, id, "tcp")!,
});

/** Of work that goes on by itself its two files. */
const recurring = ({ name, done, seconds, failed }: RecurringWork): readonly Check[] => [
  {
    key: `vfs.file.time[${done},modify]`,
    item: { ...ASKED, type: AGENT_ACTIVE, name: `${name} : dernière fois que tout était à jour` },
    problems: [
      {
        name: `${name} en retard sur {HOST.NAME}`,
        isWrong: (item) => `fuzzytime(${item},${seconds}s)=0`,
        priority: HIGH,
        unless: [],
      },
    ],
  },
  {
    key: `vfs.file.exists[${failed}]`,
    item: { ...ASKED, type: AGENT_ACTIVE, name: `${name} : en échec` },
    problems: [
      {
        name: `${name} en échec sur {HOST.NAME}`,
        isWrong: (item) => `last(${item})=1`,
        priority: HIGH,
        unless: [],
      },
    ],
  },
];

const value = ({ key, name, kind, units = "", problems }: WatchedValue): Check => ({
  key,
  item: { ...ASKED, name, type: AGENT_ACTIVE, value_type: kind === "text" ? WORDS : FLOAT, units },
  problems: problems.map((problem) => ({ ...problem, priority: HIGH, unless: [] })),
});

function figure(plan: Plan, asked: Asked, measured: Measured): Check {
  const isWatched = (cause: MeasuredProblem["unless"][number]): boolean =>
    asked.watched.some((w) => w.host === cause.host && w.service === cause.service);
  return {
    key: measureKey(measured.word),
    item: {
      type: AGENT_ACTIVE,
      value_type: FLOAT,
      delay: `${measured.everySeconds}s`,
      timeout: `${measured.deadlineSeconds}s`,
      units: measured.unit,
      name: measured.name,
    },
    problems: measured.problems.map(({ name, isWrong, unless, unlessSilent, follows = [] }) => ({
      name: `${name} sur {HOST.NAME}`,
      isWrong,
      priority: AVERAGE,
      unless: [
        ...unless.filter(isWatched).map((cause): Cause => [cause.host, missingService(plan, cause.service)]),
        ...unlessSilent.map((host): Cause => [host, SILENT]),
        ...follows,
      ],
    })),
  };
}
