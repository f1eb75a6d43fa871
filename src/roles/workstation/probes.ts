import { z } from "zod";
import { jsonText } from "../../core/text.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import LOGON from "./logon.py";
import { MEMBER_UNIT, memberHosts } from "./member.ts";
import type { Settings } from "./settings.ts";
import { isWindows } from "./windows/steps.ts";

/** login(1) lets whoever is refused wait for some seconds; a controller that is away costs some more. */
const PATIENCE_SECONDS = 12;

const logon = z.object({
  result: z.enum(["in", "wrong", "no right", "nothing"]),
  said: z.string(),
  took: z.number().optional(),
  uid: z.string().optional(),
  home: z.string().optional(),
  mode: z.string().optional(),
  ticket: z.string().optional(),
});
type Logon = z.infer<typeof logon>;

export interface Visitors {
  /** Who may log on. */
  readonly member: Person;
  /** Whose account is open and who may not. */
  readonly stranger: Person | undefined;
  readonly closed: Person | undefined;
}

/** Of acceptance's people; undefined where nobody of them may. */
export function visitorsOf(plan: Plan, { logon: groups }: Settings): Visitors | undefined {
  const all = [...plan.probePeople.values()];
  const mayLogOn = (p: Person): boolean => groups.length === 0 || p.groups.some((g) => groups.includes(g));
  const open = all.filter((p) => !p.isDisabled);
  const member = open.find(mayLogOn);
  return member && { member, stranger: open.find((p) => !mayLogOn(p)), closed: all.find((p) => p.isDisabled) };
}

/** Their logins. */
export const peopleIn = ({ member, stranger, closed }: Visitors): readonly Person["login"][] =>
  [member, stranger, closed].flatMap((person) => (person === undefined ? [] : [person.login]));

/** What the domain's members owe their users: a logon, a home, a ticket; and nothing to anybody else. */
export function probes(plan: Plan, settings: Settings): readonly Probe[] {
  // login(1) is Debian's: nothing asks of a Windows post here.
  const hosts = memberHosts(plan).filter((host) => !isWindows(plan, host));
  const visitors = visitorsOf(plan, settings);
  const [seat] = hosts;
  if (seat === undefined || visitors === undefined) return [];
  const { member, stranger, closed } = visitors;
  return [
    wrongPassword(seat, member),
    ...(closed === undefined ? [] : [closedAccount(seat, closed, member)]),
    ...hosts.map((host) => logsOn(plan, host, member)),
    ...(stranger === undefined ? [] : [withoutRight(seat, stranger)]),
  ];
}

interface Attempt {
  readonly login: Person["login"];
  readonly password: ReturnType<typeof personPassword> | string;
}

const attempts = (...of: readonly Attempt[]): Command =>
  pythonCommand(
    LOGON,
    jsonText({ attempts: of.map(({ login, password }) => ({ login, password })), seconds: PATIENCE_SECONDS }),
  );

const own = (person: Person): Attempt => ({ login: person.login, password: personPassword(person) });

const asMember = (host: Host): Probe["dependsOn"] => ({ host: host.id, units: [MEMBER_UNIT] });

const wordsOf = ({ result, said }: Logon): string => (result === "nothing" ? `no answer of login: ${said}` : result);

function logsOn(plan: Plan, host: Host, member: Person): Probe {
  const ticket = `${member.login}@${plan.domain.realm}`;
  return {
    id: `workstation-logon-${host.id}`,
    needs: ["N7", "O2"],
    from: host.id,
    title: {
      en: `A person of the directory (${member.login}) logs on at ${host.id}, and has a home of their own and a Kerberos ticket`,
      fr: `Une personne de l'annuaire (${member.login}) ouvre une session sur ${host.id}, avec son dossier personnel et un ticket Kerberos`,
    },
    expected: `a session in /home/${member.login}, mode 700, ticket of ${ticket}`,
    run: attempts(own(member)),
    judge: judged(z.tuple([logon]), ([seen]) => ({
      isGood:
        seen.result === "in" && seen.home === `/home/${member.login}` && seen.mode === "700" && seen.ticket === ticket,
      seen:
        seen.result === "in"
          ? `in after ${seen.took ?? 0} ms: ${seen.home ?? "?"}, mode ${seen.mode ?? "?"}, ticket of ${seen.ticket || "nobody"}`
          : wordsOf(seen),
    })),
    dependsOn: asMember(host),
  };
}

interface Refusal {
  readonly id: string;
  readonly title: Probe["title"];
  readonly expected: string;
  readonly run: Command;
  readonly isRefused: (all: readonly Logon[]) => boolean;
}

const refusal = (host: Host, { id, title, expected, run, isRefused }: Refusal): Probe => ({
  id,
  needs: ["N7", "O9"],
  from: host.id,
  title,
  expected,
  run,
  judge: judged(z.array(logon).min(1), (all) => ({
    isGood: isRefused(all),
    seen: all.map(wordsOf).join(", then "),
  })),
  deadlineSeconds: 40,
  isWaiting: true,
  dependsOn: asMember(host),
});

/** In the order of the attempts: somebody is refused, and who has the right is let in after it, so that SSSD did it. */
const refusedThenIn = ([first, second]: readonly Logon[]): boolean =>
  first?.result === "wrong" && second?.result === "in";

/** The right one afterwards: what is refused is the password, and asking often locks nobody out. */
const wrongPassword = (host: Host, member: Person): Probe =>
  refusal(host, {
    id: "workstation-wrong-password",
    title: {
      en: `A wrong password opens no session on ${host.id}, and the right one after it does`,
      fr: `Un mauvais mot de passe n'ouvre pas de session sur ${host.id}, et le bon ensuite en ouvre une`,
    },
    expected: "wrong, then in",
    run: attempts({ login: member.login, password: "not-the-password" }, own(member)),
    isRefused: refusedThenIn,
  });

const closedAccount = (host: Host, closed: Person, member: Person): Probe =>
  refusal(host, {
    id: "workstation-closed-account",
    title: {
      en: `A closed account (${closed.login}) opens no session on ${host.id} with its right password, when ${member.login} does`,
      fr: `Un compte fermé (${closed.login}) n'ouvre pas de session sur ${host.id} avec son bon mot de passe, quand ${member.login} en ouvre une`,
    },
    expected: "wrong, then in",
    run: attempts(own(closed), own(member)),
    isRefused: refusedThenIn,
  });

const withoutRight = (host: Host, stranger: Person): Probe =>
  refusal(host, {
    id: "workstation-no-right",
    title: {
      en: `An account of the domain that is in none of the plan's groups for it (${stranger.login}) opens no session on ${host.id}`,
      fr: `Un compte du domaine hors des groupes que dit le plan (${stranger.login}) n'ouvre pas de session sur ${host.id}`,
    },
    expected: "no right",
    run: attempts(own(stranger)),
    isRefused: ([first]) => first?.result === "no right",
  });
