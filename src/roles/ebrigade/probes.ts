import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { jsonText, type SecretPlace } from "../../core/text.ts";
import { answeredBy, fqdnOf, hostsOf, outsiderOf, plays, portOf, seatOf } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import { gatewayOf } from "../vpn/profile.ts";
import { tunnelAs } from "../vpn/traveller.ts";
import { DATABASE_UNIT, isHad, PHP_UNIT } from "./application.ts";
import BY_WEB from "./by_web.py";
import { triersOf, type Triers } from "./people.ts";
import type { Settings } from "./settings.ts";
import { need, WEB_UNIT } from "./steps.ts";
import { GUESSES } from "./web.ts";

/* What eBrigade's web owes those who may come in, and keeps from everybody else: from the house, by the VPN, from outside. */

const WAIT_SECONDS = 10;
const TUNNEL_SECONDS = 20;
const REFUSED = 401;
const FORBIDDEN = 403;
const IN = 200;

/** Its settings, its tables, its programs, what people have put there, its installer, and its own login. */
const SHUT_PATHS = [
  ...["/conf/sql.php", "/sql/reference.sql", "/scripts/mailer.sh", "/user-data/index.html", "/api/index.php"],
  ...["/configuration_db.php", "/wizard.php", "/login.php", "/restore.php"],
];

const answers = z.object({
  page: z
    .record(z.string(), z.object({ shut: z.number(), title: z.string(), policy: z.string(), http: z.string() }))
    .optional(),
  tries: z.record(z.string(), z.number()).optional(),
  inside: z
    .object({
      ...{ status: z.number(), ticket: z.boolean(), name: z.boolean(), again: z.boolean(), forged: z.boolean() },
      shut: z.record(z.string(), z.tuple([z.number(), z.number()])),
    })
    .optional(),
  guesses: z.object({ refused: z.number(), limited: z.boolean(), back: z.number() }).optional(),
});
type Answers = z.infer<typeof answers>;
type Judged = ReturnType<Probe["judge"]>;

interface Context {
  readonly plan: Plan;
  readonly server: Host;
  readonly triers: Triers;
}

/** By name and address; null is as the name is resolved. */
type Ways = Readonly<Record<string, string | null>>;

export function probes(plan: Plan, settings: Settings): readonly Probe[] {
  const [server] = hostsOf(plan, "ebrigade");
  const triers = triersOf(plan, settings);
  const seat = seatOf(plan);
  if (server === undefined || triers === undefined || seat === undefined) return [];
  const context = { plan, server, triers };
  const outsider = outsiderOf(plan);
  const outside = waysFrom(plan, server);
  const isOpen = outsider !== undefined && plays(outsider, "field") && Object.keys(outside).length > 0;
  return [
    {
      ...page(context, seat, { house: null }),
      needs: needsOf(context, "N3"),
      title: {
        en: `At ${seat.id} a member of the group sees eBrigade's page, and nothing of it without the directory's login`,
        fr: `Sur ${seat.id}, un membre du groupe voit la page d'eBrigade, et rien d'elle sans la connexion de l'annuaire`,
      },
    },
    ...(isHad(plan)
      ? [
          {
            ...inside(context, seat),
            needs: needsOf(context, "N3", "N7", "O9"),
            title: {
              en: "Who has logged in with the directory is that person in eBrigade, by a ticket good once; its installer, its settings and its tables are shut",
              fr: "Qui s'est connecté par l'annuaire est cette personne dans eBrigade, par un ticket qui sert une fois ; son installateur, ses réglages et ses tables sont fermés",
            },
          },
        ]
      : []),
    {
      ...refused(context, seat, null, false),
      needs: needsOf(context, "N7", "O9"),
      title: {
        en: "eBrigade lets in whoever has the group and the password, and nobody else",
        fr: "eBrigade laisse entrer qui a le groupe et le mot de passe, et nul autre",
      },
    },
    ...(outsider !== undefined && isOpen
      ? [
          {
            ...page(context, outsider, outside),
            needs: degradedNeeds(context),
            title: {
              en: `From the Internet ${outsider.id} sees eBrigade's page by each access, without the VPN, with the directory's login`,
              fr: `De l'Internet, ${outsider.id} voit la page d'eBrigade par chaque accès, sans le VPN, avec la connexion de l'annuaire`,
            },
          },
          {
            ...refused(context, outsider, Object.values(outside)[0]!, true),
            needs: [...new Set([...degradedNeeds(context), "O9"])],
            title: {
              en: "From the Internet eBrigade refuses everybody else, and whoever guesses is soon heard no more",
              fr: "De l'Internet, eBrigade refuse tout autre, et qui devine n'est bientôt plus entendu",
            },
          },
        ]
      : []),
    ...byTunnel(context, outsider),
  ];
}

/** The shared address of each access from which the web is forwarded. */
const waysFrom = (plan: Plan, server: Host): Ways =>
  Object.fromEntries(
    [...plan.forwards.values()]
      .filter((f) => f.host === server.id && f.service === "https")
      .flatMap((f) => f.wans.map((id) => plan.zones.get(id)!))
      .flatMap((zone) => (zone.vip === null ? [] : [[zone.id, formatAddress(zone.vip.address)] as const])),
  );

const needsOf = ({ plan, server }: Context, ...more: readonly string[]): readonly string[] => [
  ...new Set([...answeredBy(plan, `host:${server.id}`), ...more]),
];

const degradedNeeds = ({ plan, server }: Context): readonly string[] =>
  answeredBy(
    plan,
    ...[...plan.forwards.values()].filter((f) => f.host === server.id).map((f) => `forward:${f.id}`),
    `host:${server.id}`,
  );

const login = (of: Person): { readonly login: string; readonly password: SecretPlace } => ({
  login: of.login,
  password: personPassword(of),
});

const asking = ({ plan, server }: Context, asked: Readonly<Record<string, unknown>>): Command =>
  pythonCommand(
    BY_WEB,
    jsonText({ name: fqdnOf(plan, server), port: need(plan, "https"), wait: WAIT_SECONDS, tunnel: null, ...asked }),
  );

const rest = (
  { server }: Context,
  from: Host,
): Pick<Probe, "from" | "deadlineSeconds" | "isWaiting" | "dependsOn"> => ({
  from: from.id,
  deadlineSeconds: 90,
  isWaiting: true,
  dependsOn: { host: server.id, units: [`${WEB_UNIT}.service`] },
});

const judgedBy = (judge: (said: Answers) => Judged): Probe["judge"] => judged(answers, judge);

function page(
  context: Context,
  from: Host,
  at: Ways,
  way: Readonly<Record<string, unknown>> = {},
): Omit<Probe, "needs" | "title"> {
  return {
    ...rest(context, from),
    id: `ebrigade-page-${from.id}`,
    expected: "a page with the login, HTTP 401 without, and nothing without TLS",
    run: asking(context, {
      ...way,
      page: { person: login(context.triers.member), at, http: portOf(context.plan, "http", "tcp") ?? 80 },
    }),
    judge: judgedBy(({ page: found = {} }) => {
      const wrong = Object.keys(at).flatMap((name) => {
        const one = found[name];
        if (one === undefined) return [`${name}: not asked`];
        return [
          ...(one.shut === REFUSED ? [] : [`HTTP ${one.shut} without a login`]),
          ...(one.title.startsWith("HTTP") ? [`${one.title} with the login`] : []),
          ...(one.policy.includes("default-src 'self'") ? [] : ["the page may ask outside"]),
          ...(one.http === "nothing" ? [] : [`port without TLS: ${one.http}`]),
        ].map((fault) => `${name}: ${fault}`);
      });
      const titles = [...new Set(Object.values(found).map((one) => one.title))];
      return { isGood: wrong.length === 0, seen: wrong.length > 0 ? wrong.join("; ") : `"${titles.join('", "')}"` };
    }),
  };
}

function refused(context: Context, from: Host, at: string | null, isGuessing: boolean): Omit<Probe, "needs" | "title"> {
  const { member, outsider, closed } = context.triers;
  const tries: Readonly<Record<string, { readonly login: string; readonly password: SecretPlace | string }>> = {
    wrong: { login: member.login, password: "not-the-password" },
    empty: { login: member.login, password: "" },
    "without the group": login(outsider),
    ...(closed && { closed: login(closed) }),
    // Where nobody at all gets in, a refusal shows nothing. A wrong one that was counted is forgotten then.
    right: login(member),
  };
  return {
    ...rest(context, from),
    id: `ebrigade-refused-${from.id}`,
    expected: isGuessing ? "refused, the right one in, and a guesser heard no more" : "refused, and the right one in",
    run: asking(context, {
      at,
      tries,
      ...(isGuessing && { guesses: { person: login(member), most: 3 * GUESSES.most } }),
    }),
    judge: judgedBy(({ tries: found = {}, guesses }) => {
      const wrong = [
        ...Object.keys(tries)
          .filter((name) => found[name] !== (name === "right" ? IN : REFUSED))
          .map((name) => `${name}: HTTP ${found[name] ?? "?"}`),
        ...(isGuessing && guesses?.limited !== true ? [`${guesses?.refused ?? "?"} guesses were all heard`] : []),
        ...(isGuessing && guesses?.back !== IN ? [`after the guesses: HTTP ${guesses?.back ?? "?"}`] : []),
      ];
      const good = `${Object.keys(tries).length - 1} refused, the right one in`;
      return {
        isGood: wrong.length === 0,
        seen:
          wrong.length > 0
            ? wrong.join("; ")
            : isGuessing
              ? `${good}; of ${3 * GUESSES.most} guesses ${guesses!.refused} were heard`
              : good,
      };
    }),
  };
}

/** Of eBrigade itself; its database and its PHP answer here, beside Apache. */
function inside(context: Context, from: Host): Omit<Probe, "needs" | "title"> {
  const { member } = context.triers;
  const units = [PHP_UNIT, DATABASE_UNIT].map((unit) => `${unit}.service`);
  return {
    ...rest(context, from),
    id: `ebrigade-inside-${from.id}`,
    dependsOn: { host: context.server.id, units },
    expected: "its page with the person's name, a ticket good once, and HTTP 403 of what is shut",
    run: asking(context, {
      at: null,
      inside: { person: login(member), name: [member.givenName, member.surname], shut: SHUT_PATHS },
    }),
    judge: judgedBy(({ inside: found }) => {
      if (found === undefined) return { isGood: false, seen: "not asked" };
      // Of what does not answer nothing else is shown.
      if (found.status !== IN) return { isGood: false, seen: `HTTP ${found.status} with the login` };
      const wrong = [
        ...(found.ticket ? [] : ["no ticket led in"]),
        ...(found.name ? [] : ["its page is not the person's"]),
        ...(found.again ? [] : ["a ticket is good twice"]),
        ...(found.forged ? [] : ["a ticket is good for somebody else"]),
        ...SHUT_PATHS.filter((path) => found.shut[path]?.[0] !== REFUSED || found.shut[path][1] !== FORBIDDEN).map(
          (path) => `${path}: HTTP ${found.shut[path]?.join(" and ") ?? "?"}`,
        ),
      ];
      return {
        isGood: wrong.length === 0,
        seen: wrong.length > 0 ? wrong.join("; ") : `the person's own page; ${SHUT_PATHS.length} paths shut`,
      };
    }),
  };
}

/** By whoever of acceptance's people may come in by the VPN; into eBrigade comes the member. */
function byTunnel(context: Context, from: Host | undefined): readonly Probe[] {
  const { plan, server } = context;
  const who = [...plan.probePeople.values()].find((p) => p.hasVpn && !p.isDisabled);
  if (from === undefined || !plays(from, "field") || who === undefined || gatewayOf(plan) === null) return [];
  const { tunnel, holds } = tunnelAs(who, TUNNEL_SECONDS);
  return [
    {
      ...page(context, from, { tunnel: formatAddress(server.nics[0]!.address) }, { tunnel }),
      holds,
      id: `ebrigade-vpn-${from.id}`,
      needs: needsOf(context, "N12"),
      title: {
        en: `By the tunnel ${from.id} sees eBrigade's page, with the directory's login`,
        fr: `Par le tunnel, ${from.id} voit la page d'eBrigade, avec la connexion de l'annuaire`,
      },
    },
  ];
}
