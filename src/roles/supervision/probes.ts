import { z } from "zod";
import { secret } from "../../core/secret-place.ts";
import { jsonText, type SecretPlace } from "../../core/text.ts";
import { answeredBy, bastionOf, fqdnOf, portOf, seatOf } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import { serverOf, watchedOf } from "./agents.ts";
import { SIGN_SECONDS } from "./checks.ts";
import BY_WEB from "./by_web.py";
import FRESH from "./fresh.py";
import { triersOf, type Triers } from "./people.ts";
import { AGAIN_SECONDS, COUNTED_SECONDS, freshKeyOf, routersBeside } from "./routers.ts";
import { need } from "./steps.ts";
import { DATABASE_UNIT, PHP_UNIT, SERVER_UNIT } from "./units.ts";
import { ADMIN, ADMIN_PASSWORD, RETRY_SECONDS, SIGN } from "./wanted.ts";

/* What supervision owes its administrators, asked from where they sit. */

const WAIT_SECONDS = 15;
/** What is the installer's, another way in's, or no page at all. */
const HIDDEN = [
  "/setup.php",
  "/index_http.php",
  "/index_sso.php",
  "/api_scim.php",
  "/conf/zabbix.conf.php",
  "/include/config.inc.php",
];
/** USER_TYPE_SUPER_ADMIN. */
const RIGHT = 3;
const START = "Tableau de bord";
const REFUSED = /^HTTP 200: /;

const page = z.object({
  french: z.boolean(),
  form: z.boolean(),
  http: z.string(),
  hidden: z.record(z.string(), z.number()),
});
const person = z.object({ start: z.string(), right: z.number(), fromDirectory: z.boolean() });
const tries = z.record(z.string(), z.string());

interface Context {
  readonly plan: Plan;
  readonly server: Host;
  readonly triers: Triers;
}

interface Login {
  readonly login: string;
  readonly password: SecretPlace | string;
}

export function probes(plan: Plan): readonly Probe[] {
  const server = serverOf(plan);
  const triers = triersOf(plan);
  const bastion = bastionOf(plan);
  if (server === undefined || triers === undefined || bastion === undefined) return [];
  const context = { plan, server, triers };
  const seat = seatOf(plan);
  return [
    shown(context, bastion),
    ...(seat === undefined ? [] : [shown(context, seat)]),
    login(context, bastion),
    refused(context, bastion),
    fresh(context),
    ...routersBeside(plan, server).flatMap(({ router }) => bySnmp(context, router)),
  ];
}

const loginOf = (of: Person): Login => ({ login: of.login, password: personPassword(of) });

const webOf = ({ plan, server }: Context): Readonly<Record<string, unknown>> => ({
  name: fqdnOf(plan, server),
  port: need(plan, "https"),
  wait: WAIT_SECONDS,
});

const asking = (context: Context, asked: Readonly<Record<string, unknown>>): Command =>
  pythonCommand(BY_WEB, jsonText({ ...webOf(context), ...asked }));

const needsOf = ({ plan, server }: Context, ...more: readonly string[]): readonly string[] => [
  ...new Set([...answeredBy(plan, `host:${server.id}`), ...more]),
];

const runsOn = ({ server }: Context, unit: string): Probe["dependsOn"] => ({
  host: server.id,
  units: [`${unit}.service`],
});

function shown(context: Context, from: Host): Probe {
  return {
    id: `supervision-page-${from.id}`,
    needs: needsOf(context),
    from: from.id,
    title: {
      en: `${from.id} sees the supervision's login page in French, by TLS alone, and neither its installer nor its files`,
      fr: `${from.id} voit la page de connexion de la supervision en français, par TLS seulement, sans son installeur ni ses fichiers`,
    },
    expected: "a page in French; nothing without TLS",
    run: asking(context, { page: { http: portOf(context.plan, "http", "tcp") ?? 80, hidden: HIDDEN } }),
    judge: judged(z.object({ page }), ({ page: { french, form, http, hidden } }) => {
      const wrong = [
        ...(form ? [] : ["no login form"]),
        ...(french ? [] : ["not in French"]),
        ...(http === "nothing" ? [] : [`port without TLS: ${http}`]),
        ...HIDDEN.filter((path) => hidden[path] !== 404).map((path) => `${path}: HTTP ${hidden[path] ?? 0}`),
      ];
      return {
        isGood: wrong.length === 0,
        seen: wrong.length > 0 ? wrong.join("; ") : "a page in French; nothing without TLS",
      };
    }),
    deadlineSeconds: 40,
    dependsOn: runsOn(context, "nginx"),
  };
}

function login(context: Context, from: Host): Probe {
  const { administrator } = context.triers;
  return {
    id: `supervision-login-${from.id}`,
    needs: needsOf(context, "N7"),
    from: from.id,
    title: {
      en: `At ${from.id} an administrator of the directory comes into the supervision, with every right there`,
      fr: `Sur ${from.id}, un administrateur de l'annuaire entre dans la supervision, avec tous les droits`,
    },
    expected: "in, by the directory, as super administrator",
    run: asking(context, { person: loginOf(administrator) }),
    judge: judged(z.object({ person }), ({ person: { start, right, fromDirectory } }) => {
      const wrong = [
        ...(start.includes(START) ? [] : [`the first page is "${start}"`]),
        ...(right === RIGHT ? [] : [`with the right ${right}`]),
        ...(fromDirectory ? [] : ["not by the directory"]),
      ];
      return {
        isGood: wrong.length === 0,
        seen: wrong.length > 0 ? wrong.join("; ") : "in, by the directory, as super administrator",
      };
    }),
    deadlineSeconds: 60,
    dependsOn: runsOn(context, PHP_UNIT),
  };
}

function refused(context: Context, from: Host): Probe {
  const { administrator, other, closed } = context.triers;
  const wanted: Readonly<Record<string, Login>> = {
    wrong: { login: administrator.login, password: "not-the-password" },
    empty: { login: administrator.login, password: "" },
    "without the group": loginOf(other),
    ...(closed && { closed: loginOf(closed) }),
    guest: { login: "guest", password: "" },
    // Where nobody at all gets in, a refusal shows nothing.
    right: loginOf(administrator),
  };
  return {
    id: `supervision-refused-${from.id}`,
    needs: needsOf(context, "N7"),
    from: from.id,
    title: {
      en: "The supervision lets in whoever has the group and the password, and nobody else",
      fr: "La supervision laisse entrer qui a le groupe et le mot de passe, et nul autre",
    },
    expected: "refused, and the right one in",
    run: asking(context, { tries: wanted }),
    judge: judged(z.object({ tries }), ({ tries: found }) => {
      const isWrong = (name: string): boolean =>
        name === "right" ? found[name] !== "in" : !REFUSED.test(found[name] ?? "");
      const wrong = Object.keys(wanted).filter(isWrong);
      return {
        isGood: wrong.length === 0,
        seen:
          wrong.length > 0
            ? wrong.map((name) => `${name}: ${found[name] ?? "?"}`).join(", ")
            : `${Object.keys(wanted).length - 1} refused, the right one in`,
      };
    }),
    deadlineSeconds: 60,
    dependsOn: runsOn(context, DATABASE_UNIT),
  };
}

/** A sign comes every ten seconds; of an agent that has just found its server only then. */
const FRESH_SECONDS = RETRY_SECONDS + 2 * SIGN_SECONDS;

/** Asked as the internal administrator, who comes in without the directory. */
function fresh(context: Context): Probe {
  const { plan, server } = context;
  const hosts = watchedOf(plan).map((host) => host.id);
  return {
    id: "supervision-fresh",
    needs: needsOf(context),
    from: server.id,
    title: {
      en: `Each of ${hosts.length} hosts tells the supervision of itself, by an agent with its own certificate`,
      fr: `Chacune des ${hosts.length} machines parle d'elle à la supervision, par un agent qui a son propre certificat`,
    },
    expected: `something new of ${hosts.length} within ${FRESH_SECONDS} s`,
    run: pythonCommand(
      FRESH,
      jsonText({
        ...webOf(context),
        login: { login: ADMIN, password: secret("password", ADMIN_PASSWORD) },
        hosts,
        key: SIGN,
        seconds: FRESH_SECONDS,
      }),
    ),
    judge: judged(z.object({ late: z.array(z.string()), took: z.number() }), ({ late, took }) => ({
      isGood: late.length === 0,
      seen: late.length === 0 ? `${hosts.length} within ${took} s` : `nothing of ${late.join(", ")}`,
    })),
    deadlineSeconds: FRESH_SECONDS + WAIT_SECONDS,
    isWaiting: true,
    dependsOn: runsOn(context, SERVER_UNIT),
  };
}

/** Two figures, of which one may have been missed, and one more look at a router that did not answer. */
const SNMP_SECONDS = AGAIN_SECONDS + 2 * COUNTED_SECONDS;

/** That a router tells of itself; `snmpd` is its stand-in's, a pfSense's is bsnmpd. */
function bySnmp(context: Context, router: Host): readonly Probe[] {
  const { plan, server } = context;
  const key = freshKeyOf(plan, router);
  if (key === undefined) return [];
  const asked = {
    ...webOf(context),
    login: { login: ADMIN, password: secret("password", ADMIN_PASSWORD) },
    hosts: [router.id],
    key,
    seconds: SNMP_SECONDS,
  };
  return [
    {
      id: `supervision-snmp-${router.id}`,
      needs: needsOf(context, "O1"),
      from: server.id,
      title: {
        en: `${router.id} tells the supervision by SNMP what its accesses let in`,
        fr: `${router.id} dit par SNMP à la supervision ce que ses accès laissent entrer`,
      },
      expected: `something new within ${SNMP_SECONDS} s`,
      run: pythonCommand(FRESH, jsonText(asked)),
      judge: judged(z.object({ late: z.array(z.string()), took: z.number() }), ({ late, took }) => ({
        isGood: late.length === 0,
        seen: late.length === 0 ? `something new after ${took} s` : `nothing in ${took} s`,
      })),
      deadlineSeconds: SNMP_SECONDS + WAIT_SECONDS,
      isWaiting: true,
      dependsOn: { host: router.id, units: ["snmpd.service"] },
    },
  ];
}
