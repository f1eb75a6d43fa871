import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { fqdnOf, portOf } from "../../plan/query.ts";
import type { Host } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { judged } from "../program.ts";
import type { Probe } from "../role.ts";
import { arrival, ARRIVES_SECONDS, asking, login, needsOf, runsOn, seenOf } from "./asking.ts";
import type { ByTunnel, Context, Service } from "./asking.ts";
import BY_WEB from "./by_web.py";
import { AUTOCONFIG, AUTODISCOVER, webName, WEBMAIL } from "./names.ts";
import { closedOf, type Correspondent } from "./people.ts";
import { PHP_UNIT } from "./web.ts";

/* What the web of mail owes its users, and the programs that they read mail with. */

type Program = "thunderbird" | "outlook" | "apple";

/** The words of autoconfig.xml and autodiscover.xml for each server, as configured.py says what it read. */
const SERVERS: Readonly<Record<Program, readonly (readonly ["imap" | "smtp", Service, string])[]>> = {
  thunderbird: [
    ["imap", "imaps", "SSL"],
    ["smtp", "submissions", "SSL"],
    ["smtp", "submission", "STARTTLS"],
  ],
  outlook: [
    ["imap", "imaps", "SSL"],
    ["smtp", "submissions", "SSL"],
  ],
  apple: [
    ["imap", "imaps", "SSL"],
    ["smtp", "submissions", "SSL"],
  ],
};

const configured = z.record(z.string(), z.object({ told: z.array(z.string()), failed: z.array(z.string()) }));
/** As by_web.py answers, as far as it was asked. */
const answers = z.object({
  configured: configured.optional(),
  webmail: arrival.optional(),
  refused: z.record(z.string(), z.string()).optional(),
});
type Answers = z.infer<typeof answers>;

/** A question of by_web.py's, and what of its answer is good. */
interface Asked {
  readonly asked: Readonly<Record<string, unknown>>;
  readonly judge: (said: Answers) => ReturnType<Probe["judge"]>;
}

const HOSTS = { thunderbird: AUTOCONFIG, outlook: AUTODISCOVER, apple: AUTOCONFIG } as const satisfies Record<
  Program,
  string
>;

export function byWeb(context: Context, seat: Host, outside: ByTunnel | undefined): readonly Probe[] {
  const { first, second } = context.people;
  return [
    {
      ...probeOf(context, seat, [settings(context, first, ["thunderbird"])]),
      id: `mail-autoconfig-${seat.id}`,
      title: {
        en: `Thunderbird at ${seat.id} is told which servers an address has, and gets in by each`,
        fr: `Thunderbird sur ${seat.id} apprend quels serveurs a une adresse, et entre par chacun`,
      },
      expected: TOLD,
      dependsOn: runsOn(context, "nginx"),
    },
    {
      ...probeOf(context, seat, [settings(context, second, ["outlook", "apple"])]),
      id: `mail-autodiscover-${seat.id}`,
      title: {
        en: `Outlook at ${seat.id}, and Apple's profile, are told which servers an address has, and get in by each`,
        fr: `Outlook sur ${seat.id}, et le profil d'Apple, apprennent quels serveurs a une adresse, et entrent par chacun`,
      },
      expected: TOLD,
      dependsOn: runsOn(context, PHP_UNIT),
    },
    {
      ...probeOf(context, seat, [exchange(context, seat, first, second)]),
      id: `mail-webmail-${seat.id}`,
      title: {
        en: `In a browser at ${seat.id} somebody sends a letter by the webmail, and another reads it there`,
        fr: `Dans un navigateur sur ${seat.id}, on envoie un courrier par le webmail, et un autre l'y lit`,
      },
      expected: "the same subject and text",
      dependsOn: runsOn(context, PHP_UNIT),
    },
    {
      ...probeOf(context, seat, [refusals(context, first, second)]),
      id: `mail-webmail-refused-${seat.id}`,
      title: {
        en: "The webmail lets in whoever has the password and nobody else, and has no page without TLS",
        fr: "Le webmail laisse entrer qui a le mot de passe et nul autre, et n'a pas de page sans TLS",
      },
      expected: "refused, and the right one in",
      dependsOn: runsOn(context, "nginx"),
    },
    ...(outside === undefined ? [] : [byTunnel(context, outside)]),
  ];
}

const TOLD = "the servers, their ports and TLS, and a login that is taken";

/** All by one tunnel: whoever comes in has one. */
function byTunnel(context: Context, { from, who, to, way }: ByTunnel): Probe {
  const all = [settings(context, who, ["thunderbird", "outlook"]), exchange(context, from, who, to)];
  return {
    ...probeOf(context, from, all, { tunnel: way.tunnel }),
    holds: way.holds,
    id: `mail-web-${from.id}`,
    needs: needsOf(context.plan, "N4", "N12", "O4", "O8"),
    title: {
      en: `By the tunnel ${from.id} resolves the names of mail's web: programs are told, and the webmail is used`,
      fr: `Par le tunnel, ${from.id} résout les noms du web de la messagerie, qui configure et sert le webmail`,
    },
    expected: "as in the house",
    dependsOn: runsOn(context, "nginx"),
  };
}

function probeOf(
  context: Context,
  from: Host,
  all: readonly Asked[],
  way: Readonly<Record<string, unknown>> = {},
): Omit<Probe, "id" | "title" | "expected" | "dependsOn"> {
  const { plan } = context;
  return {
    needs: needsOf(plan, "N4", "O4"),
    from: from.id,
    run: asking(BY_WEB, context, {
      resolvers: plan.domain.dns.map(formatAddress),
      ...way,
      ...Object.fromEntries(all.flatMap((one) => Object.entries(one.asked))),
    }),
    judge: judged(answers, (said) => {
      const found = all.map((one) => one.judge(said));
      const wrong = found.filter((f) => !f.isGood);
      return { isGood: wrong.length === 0, seen: (wrong.length > 0 ? wrong : found).map((f) => f.seen).join("; ") };
    }),
    deadlineSeconds: 60,
    isWaiting: true,
  };
}

const unanswered = { isGood: false, seen: "it was not asked" } as const;

/** What mail programs are told, and whether somebody gets in by it. */
function settings({ plan, server }: Context, who: Correspondent, programs: readonly Program[]): Asked {
  const expected = programs.map((program) =>
    SERVERS[program].map(
      ([kind, service, tls]) =>
        `${kind} ${fqdnOf(plan, server)}:${portOf(plan, service, "tcp")!} ${tls} ${who.mailbox}`,
    ),
  );
  return {
    asked: {
      configured: Object.fromEntries(programs.map((program) => [program, webName(plan, HOSTS[program])])),
      person: { address: who.mailbox, password: personPassword(who) },
    },
    judge: ({ configured }) => {
      if (configured === undefined) return unanswered;
      const wrong = programs.flatMap((program, n) => {
        const { told = [], failed = [] } = configured[program] ?? {};
        const missing = expected[n]!.filter((one) => !told.includes(one));
        const more = told.filter((one) => !expected[n]!.includes(one));
        return [...missing.map((m) => `not told ${m}`), ...more.map((m) => `told ${m}`), ...failed];
      });
      return wrong.length > 0
        ? { isGood: false, seen: wrong.join("; ") }
        : { isGood: true, seen: `in by ${expected.flat().length} servers` };
    },
  };
}

/** A letter by the webmail; one logs on by the login, the other by the address. */
function exchange({ plan }: Context, from: Host, who: Correspondent, to: Correspondent): Asked {
  return {
    asked: {
      webmail: {
        host: webName(plan, WEBMAIL),
        sender: login(who),
        reader: { ...login(to), login: to.mailbox },
        to: to.mailbox,
        subject: `Recette : l'œuvre du webmail, ${from.id}`,
        seconds: ARRIVES_SECONDS,
      },
    },
    judge: ({ webmail }) => (webmail === undefined ? unanswered : seenOf(webmail)),
  };
}

/** How long nothing has to answer without TLS; a SYN is sent again after one second (tcp(7)). */
const SILENCE_SECONDS = 2.5;
const REFUSED = "HTTP 401 at the login";

function refusals({ plan }: Context, first: Correspondent, second: Correspondent): Asked {
  const closed = closedOf(plan);
  const tries = {
    wrong: { login: second.login, password: "not-the-password" },
    empty: { login: second.login, password: "" },
    ...(closed && { closed: login(closed) }),
    right: login(first),
  };
  const without = Object.fromEntries([
    [`http-${portOf(plan, "http", "tcp") ?? 80}`, "nothing"],
    [`http-${portOf(plan, "https", "tcp")!}`, "HTTP 400"],
  ]);
  const ends: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.keys(tries).map((name) => [name, REFUSED])),
    right: "in",
    ...without,
  };
  return {
    asked: { refused: { host: webName(plan, WEBMAIL), tries }, silence: SILENCE_SECONDS },
    judge: ({ refused }) => {
      if (refused === undefined) return unanswered;
      const wrong = Object.keys(ends).find((name) => refused[name] !== ends[name]);
      const shown = wrong === undefined ? Object.keys(ends) : [wrong];
      return { isGood: wrong === undefined, seen: shown.map((name) => `${name}: ${refused[name] ?? "?"}`).join(", ") };
    },
  };
}
