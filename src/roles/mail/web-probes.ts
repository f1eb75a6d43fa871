import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { fqdnOf, portOf } from "../../plan/query.ts";
import type { Host } from "../../plan/types.ts";
import { personPassword } from "../dc/accounts.ts";
import { judged } from "../program.ts";
import type { Probe } from "../role.ts";
import { asking, needsOf, runsOn, type ByTunnel, type Context, type Service } from "./asking.ts";
import BY_WEB from "./by_web.py";
import { AUTOCONFIG, AUTODISCOVER, webName } from "./names.ts";
import type { Correspondent } from "./people.ts";
import { PHP_UNIT } from "./web.ts";

/* What the web of mail owes its users, and the programs that they read mail with. */

type Program = "thunderbird" | "outlook";

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
};

const answers = z.object({
  configured: z.record(z.string(), z.object({ told: z.array(z.string()), failed: z.array(z.string()) })),
});

const HOSTS: Readonly<Record<Program, typeof AUTOCONFIG | typeof AUTODISCOVER>> = {
  thunderbird: AUTOCONFIG,
  outlook: AUTODISCOVER,
};

export function byWeb(context: Context, seat: Host, outside: ByTunnel | undefined): readonly Probe[] {
  const { first, second } = context.people;
  return [
    {
      ...asked(context, seat, first, ["thunderbird"]),
      id: `mail-autoconfig-${seat.id}`,
      title: {
        en: `Thunderbird at ${seat.id} is told which servers an address has, and gets in by each`,
        fr: `Thunderbird sur ${seat.id} apprend quels serveurs a une adresse, et entre par chacun`,
      },
      dependsOn: runsOn(context, "nginx"),
    },
    {
      ...asked(context, seat, second, ["outlook"]),
      id: `mail-autodiscover-${seat.id}`,
      title: {
        en: `Outlook at ${seat.id} is told which servers an address has, and gets in by each`,
        fr: `Outlook sur ${seat.id} apprend quels serveurs a une adresse, et entre par chacun`,
      },
      dependsOn: runsOn(context, PHP_UNIT),
    },
    ...(outside === undefined ? [] : [byTunnel(context, outside)]),
  ];
}

function byTunnel(context: Context, { from, who, tunnel }: ByTunnel): Probe {
  return {
    ...asked(context, from, who, ["thunderbird", "outlook"], { tunnel }),
    id: `mail-web-${from.id}`,
    needs: needsOf(context.plan, "N4", "N12", "O4", "O8"),
    title: {
      en: `By the tunnel ${from.id} resolves the names of mail's web, and is answered as in the house`,
      fr: `Par le tunnel, ${from.id} résout les noms du web de la messagerie, qui répond comme dans la maison`,
    },
    dependsOn: runsOn(context, "nginx"),
  };
}

function asked(
  context: Context,
  from: Host,
  who: Correspondent,
  programs: readonly Program[],
  way: Readonly<Record<string, unknown>> = {},
): Omit<Probe, "id" | "title" | "dependsOn"> {
  const { plan, server } = context;
  const expected = Object.fromEntries(
    programs.map((program) => [
      program,
      SERVERS[program].map(
        ([kind, service, tls]) =>
          `${kind} ${fqdnOf(plan, server)}:${portOf(plan, service, "tcp")!} ${tls} ${who.mailbox}`,
      ),
    ]),
  );
  return {
    needs: needsOf(plan, "N4", "O4"),
    from: from.id,
    expected: "the servers, their ports and TLS, and a login that is taken",
    run: asking(BY_WEB, context, {
      resolvers: plan.domain.dns.map(formatAddress),
      configured: Object.fromEntries(programs.map((program) => [program, webName(plan, HOSTS[program])])),
      person: { address: who.mailbox, password: personPassword(who) },
      ...way,
    }),
    judge: judged(answers, ({ configured }) => {
      const wrong = programs.flatMap((program) => {
        const { told = [], failed = ["it was not asked"] } = configured[program] ?? {};
        const missing = expected[program]!.filter((one) => !told.includes(one));
        const more = told.filter((one) => !expected[program]!.includes(one));
        return [...missing.map((m) => `not told ${m}`), ...more.map((m) => `told ${m}`), ...failed];
      });
      const all = programs.flatMap((program) => configured[program]?.told ?? []);
      return { isGood: wrong.length === 0, seen: wrong.length > 0 ? wrong.join("; ") : `in by ${all.length} servers` };
    }),
    deadlineSeconds: 60,
    isWaiting: true,
  };
}
