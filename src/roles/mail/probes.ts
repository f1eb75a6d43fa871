import { z } from "zod";
import { hostsOf, seatsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Probe } from "../role.ts";
import { judged } from "../program.ts";
import { arrival, ARRIVES_SECONDS, asking, login, needsOf, runsOn, seenOf, tunnelOf } from "./asking.ts";
import type { Context, Login, Service } from "./asking.ts";
import LETTER from "./letter.py";
import { flavourOf } from "./flavour.ts";
import { closedOf, correspondentsOf, type Correspondent } from "./people.ts";
import REFUSED from "./refused.py";
import type { Settings } from "./settings.ts";
import { voicemail } from "./voicemail.ts";
import { byWeb } from "./web-probes.ts";

/** What mail owes its users, asked from where they sit; with two of acceptance's people who have a mailbox. */
export function probes(plan: Plan, settings: Settings): readonly Probe[] {
  const [server] = hostsOf(plan, "mail");
  const people = correspondentsOf(plan);
  const [seat, other] = seatsOf(plan);
  if (server === undefined || people === undefined || seat === undefined) return [];
  const context: Context = { plan, server, people };
  const { first, second } = people;
  return [
    letter(context, seat, first, second, "postfix"),
    ...(other === undefined ? [] : [letter(context, other, second, first, "dovecot")]),
    ...byTunnel(context),
    ...list(context, settings, seat),
    ...voicemail(context),
    ...byWeb(context, seat, tunnelOf(context)),
    ...refusals(context, seat),
    ...(flavourOf(plan, settings) === "iredmail" && settings.antivirus ? [virus(context, seat)] : []),
  ];
}
const sender = (person: Correspondent): object => ({ ...login(person), address: person.mailbox });

const judgeArrival = judged(arrival, seenOf);

function letter(
  context: Context,
  from: Host,
  who: Correspondent,
  to: Correspondent,
  unit: string,
  way: Readonly<Record<string, unknown>> = {},
): Probe {
  return {
    id: `mail-letter-${from.id}`,
    needs: needsOf(context.plan, "N4", "O4"),
    from: from.id,
    title: {
      en: `A letter with accents and an attachment, sent from ${from.id}, is read in another's box as it was sent`,
      fr: `Un courrier avec accents et pièce jointe, envoyé de ${from.id}, se lit tel quel dans la boîte d'un autre`,
    },
    expected: "the same subject, text and attachment",
    run: asking(LETTER, context, {
      sender: sender(who),
      to: to.mailbox,
      readers: [login(to)],
      seconds: ARRIVES_SECONDS,
      ...way,
    }),
    judge: judgeArrival,
    deadlineSeconds: 60,
    isWaiting: true,
    dependsOn: runsOn(context, unit),
  };
}

/** By the tunnel it is as in the house. */
function byTunnel(context: Context): readonly Probe[] {
  const { plan } = context;
  const found = tunnelOf(context);
  if (found === undefined) return [];
  const { from, who, to, way } = found;
  return [
    {
      ...letter(context, from, who, to, "dovecot", { tunnel: way.tunnel }),
      holds: way.holds,
      needs: needsOf(plan, "N4", "N12", "O4", "O8"),
      title: {
        en: `By the tunnel ${from.id} sends a letter with accents and an attachment, and reads one in another's box`,
        fr: `Par le tunnel, ${from.id} envoie un courrier avec accents et pièce jointe, et le lit dans la boîte d'un autre`,
      },
    },
  ];
}

/** To an alias of a group that nobody is in but acceptance's people: others have work to do. */
function list(context: Context, settings: Settings, seat: Host): readonly Probe[] {
  const { plan, people } = context;
  const { first, second } = people;
  const own = [...plan.groups.keys()].filter(
    (id) =>
      [first, second].every((p) => p.groups.includes(id)) &&
      [...plan.people.values()].every((p) => !p.groups.includes(id)),
  );
  const name = Object.entries(settings.aliases).find(
    ([, words]) => words.length === 1 && own.some((id) => words[0] === `group:${id}`),
  )?.[0];
  if (name === undefined) return [];
  return [
    {
      id: `mail-list-${seat.id}`,
      needs: needsOf(plan, "N4", "N7", "O4"),
      from: seat.id,
      title: {
        en: `A letter from ${seat.id} to the list "${name}" reaches each member that the directory names`,
        fr: `Un courrier de ${seat.id} à la liste « ${name} » atteint chaque membre que nomme l'annuaire`,
      },
      expected: "the letter in each box",
      run: asking(LETTER, context, {
        sender: sender(first),
        to: `${name}@${plan.domain.name}`,
        readers: [login(first), login(second)],
        seconds: ARRIVES_SECONDS,
      }),
      judge: judgeArrival,
      deadlineSeconds: 60,
      isWaiting: true,
      dependsOn: runsOn(context, "haproxy"),
    },
  ];
}

const answer = z.object({
  step: z.enum(["connect", "login", "sender", "recipient", "letter", "taken"]),
  code: z.number(),
  said: z.string(),
});
type Answer = z.infer<typeof answer>;

/** As refused.py takes it. */
interface Try extends Partial<Login> {
  readonly kind: "imap" | "smtp" | "clear";
  readonly service?: Service;
  readonly sender?: string;
  readonly recipient?: string;
  readonly from?: string;
  /** Base64. */
  readonly content?: string;
}

interface Refusal {
  readonly id: string;
  readonly from: Host["id"];
  readonly title: Probe["title"];
  readonly expected: string;
  readonly tries: Readonly<Record<string, Try>>;
  /** By try: at which step it must end, with which codes (0: IMAP has none). */
  readonly ends: Readonly<Record<string, readonly [Answer["step"], ...number[]]>>;
  readonly units: readonly string[];
}

/** Names that no network has (RFC 2606 §2): where a relay would send to, and nobody lives. */
const OUTSIDE = "quelqu-un@ailleurs.invalid";

function refusals(context: Context, seat: Host): readonly Probe[] {
  const { plan, server, people } = context;
  const { first, second } = people;
  const nobody = `personne-de-ce-nom@${plan.domain.name}`;
  const submission = { kind: "smtp", service: "submission", ...login(first) } as const;
  // Of its own zone, which no router keeps from port 25.
  const neighbour = [...plan.hosts.values()].find(
    (h) => h !== server && h.nics[0]!.zone === server.nics[0]!.zone && h.roles.includes("pbx"),
  );
  const closed = closedOf(plan);
  const inClear: readonly Service[] = ["submission", "managesieve"];
  const all: readonly Refusal[] = [
    {
      id: `mail-wrong-password-${seat.id}`,
      from: seat.id,
      title: {
        en: "A wrong password opens neither the box nor the way out, and the right one does",
        fr: "Un mauvais mot de passe n'ouvre ni la boîte ni l'envoi, et le bon les ouvre",
      },
      expected: "refused, refused, in",
      tries: {
        imap: { kind: "imap", login: first.login, password: "not-the-password" },
        smtp: { ...submission, password: "not-the-password" },
        empty: { kind: "imap", login: first.login, password: "" },
        // Last: a wrong one that is counted is forgotten then.
        right: { kind: "imap", ...login(first) },
      },
      ends: { imap: ["login", 0], smtp: ["login", 535], empty: ["login", 0], right: ["taken", 0] },
      units: ["dovecot"],
    },
    ...(closed === undefined
      ? []
      : [
          {
            id: `mail-disabled-${seat.id}`,
            from: seat.id,
            title: {
              en: "A disabled account opens neither its box nor the way out with the right password, and gets no mail",
              fr: "Un compte désactivé n'ouvre ni sa boîte ni l'envoi avec le bon mot de passe, et ne reçoit rien",
            },
            expected: "refused, refused, 550",
            tries: {
              imap: { kind: "imap", ...login(closed) },
              smtp: { ...submission, ...login(closed) },
              letter: { ...submission, sender: first.mailbox, recipient: closed.mailbox },
            },
            ends: { imap: ["login", 0], smtp: ["login", 535], letter: ["recipient", 550] },
            units: ["postfix"],
          } as const satisfies Refusal,
        ]),
    {
      id: `mail-forged-sender-${seat.id}`,
      from: seat.id,
      title: {
        en: "Nobody sends under another's address",
        fr: "Nul n'envoie sous l'adresse d'un autre",
      },
      expected: "553 for another's address and for nobody's, 550 for another's in the letter",
      tries: {
        another: { ...submission, sender: second.mailbox, recipient: second.mailbox },
        nobody: { ...submission, sender: nobody, recipient: second.mailbox },
        letter: { ...submission, sender: first.mailbox, recipient: second.mailbox, from: second.mailbox },
        own: { ...submission, sender: first.mailbox, recipient: second.mailbox },
      },
      ends: { another: ["recipient", 553], nobody: ["recipient", 553], letter: ["letter", 550], own: ["taken", 0] },
      units: ["postfix"],
    },
    {
      id: `mail-no-relay-${seat.id}`,
      from: seat.id,
      title: {
        en: "Nothing is sent without logging on, nor to anybody outside or unknown",
        fr: "Rien ne part sans s'authentifier, ni vers l'extérieur, ni vers un inconnu",
      },
      expected: "554 without a login and to another domain, 550 to nobody",
      tries: {
        anonymous: { kind: "smtp", service: "submission", sender: first.mailbox, recipient: second.mailbox },
        outside: { ...submission, sender: first.mailbox, recipient: OUTSIDE },
        nobody: { ...submission, sender: first.mailbox, recipient: nobody },
      },
      ends: { anonymous: ["recipient", 554], outside: ["recipient", 554], nobody: ["recipient", 550] },
      units: ["postfix"],
    },
    ...(neighbour === undefined
      ? []
      : [
          {
            id: `mail-no-relay-${neighbour.id}`,
            from: neighbour.id,
            title: {
              en: `From ${neighbour.id}, which mails without logging on, nothing goes outside or in a person's name`,
              fr: `De ${neighbour.id}, qui envoie sans s'authentifier, rien ne part vers l'extérieur ni au nom d'une personne`,
            },
            expected: "554 and 553",
            tries: {
              outside: { kind: "smtp", service: "smtp", sender: nobody, recipient: OUTSIDE },
              person: { kind: "smtp", service: "smtp", sender: first.mailbox, recipient: second.mailbox },
            },
            ends: { outside: ["recipient", 554], person: ["recipient", 553] },
            units: ["postfix"],
          } as const satisfies Refusal,
        ]),
    {
      id: `mail-no-clear-text-${seat.id}`,
      from: seat.id,
      title: {
        en: "No password is taken in clear, neither for sending nor for filters",
        fr: "Aucun mot de passe n'est pris en clair, ni pour l'envoi ni pour les filtres",
      },
      expected: "a login is refused before TLS",
      tries: Object.fromEntries(inClear.map((service) => [service, { kind: "clear", service }])),
      ends: { submission: ["login", 503, 530, 538], managesieve: ["login", 0] },
      units: ["postfix"],
    },
  ];
  return all.map((refusal) => probeOf(context, refusal));
}

/** The file that every scanner takes for a virus and that is none (eicar.org), which no repository should hold as it is. */
const EICAR = "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=";

function virus(context: Context, seat: Host): Probe {
  const { first, second } = context.people;
  const letter: Try = {
    kind: "smtp",
    service: "submission",
    ...login(first),
    sender: first.mailbox,
    recipient: second.mailbox,
    from: first.mailbox,
  };
  return probeOf(context, {
    id: `mail-virus-${seat.id}`,
    from: seat.id,
    title: {
      en: "A letter with the scanners' test virus is refused to its sender, and one without is not",
      fr: "Un courrier portant le virus d'essai des antivirus est refusé à l'expéditeur, et un autre non",
    },
    expected: "554 for the test virus",
    tries: { virus: { ...letter, content: EICAR }, plain: letter },
    ends: { virus: ["letter", 554], plain: ["taken", 0] },
    units: ["clamav-daemon"],
  });
}

function probeOf(context: Context, { id, from, title, expected, tries, ends, units }: Refusal): Probe {
  return {
    id,
    needs: needsOf(context.plan, "N4", "O4"),
    from,
    title,
    expected,
    run: asking(REFUSED, context, { tries }),
    judge: judged(z.record(z.string(), answer), (answers) => {
      const wrong = Object.entries(ends).filter(([name, [step, ...codes]]) => {
        const found = answers[name];
        return found?.step !== step || (step !== "taken" && !codes.includes(found.code));
      });
      const said = (name: string): string => {
        const { step = "?", code = 0, said: words = "" } = answers[name] ?? {};
        return `${name}: ${step}${code === 0 ? "" : ` ${code}`}${words === "" ? "" : ` (${words})`}`;
      };
      if (wrong.length > 0) return { isGood: false, seen: said(wrong[0]![0]) };
      return {
        isGood: true,
        seen: Object.keys(ends)
          .map((name) => `${name} ${answers[name]!.code === 0 ? answers[name]!.step : answers[name]!.code}`)
          .join(", "),
      };
    }),
    deadlineSeconds: 60,
    isWaiting: true,
    dependsOn: runsOn(context, ...units),
  };
}
