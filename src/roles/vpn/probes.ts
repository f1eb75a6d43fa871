import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { answeredBy, fqdnOf, hostsOf, outsiderOf, plays } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { pythonCommand } from "../program.ts";
import type { Probe } from "../role.ts";
import { triersOf, type Triers } from "./people.ts";
import { accessesOf, gatewayOf, UNIT, type Gateway } from "./profile.ts";
import { poolOf, portsFrom, routedTo, type Port } from "./reach.ts";
import { profilePath, REVOKED, tunnelAs } from "./traveller.ts";
import TRIAL from "./trial.py";

/** A SYN is sent again after one second (tcp(7)), so that one lost packet is no silence. */
const WAIT_SECONDS = 2.5;

/** A handshake takes less than a second, a directory of which one half is away some more. */
const PATIENCE_SECONDS = 25;
/** By then whoever is let in is in; a refused certificate is silence. */
const SILENCE_SECONDS = 5;

/** What the program says to somebody who has not shown the password, who has no right, whose profile is another's. */
const SAID = {
  notYou: "account or password refused",
  noRight: "this account has no right to the VPN",
  notYours: "this profile is another account's",
} as const;

interface Trial {
  readonly plan: Plan;
  readonly from: Host;
  readonly gateway: Gateway;
  readonly triers: Triers;
}

/** From where a road warrior sits: what the tunnel opens, what stays shut, and who does not come in. */
export function probes(plan: Plan): readonly Probe[] {
  const gateway = gatewayOf(plan);
  const from = outsiderOf(plan);
  const triers = triersOf(plan);
  const pool = gateway && poolOf(plan, gateway.host);
  if (gateway === null || !pool || !triers || from === undefined || !plays(from, "field")) return [];
  const trial: Trial = { plan, from, gateway, triers };
  const ports = portsFrom(plan, pool);
  const holders = [triers.first, triers.second];
  return [
    ...refusals(trial),
    ...accessesOf(plan, gateway).flatMap(({ zone, address }, n) => {
      const person = holders[n];
      return person === undefined ? [] : [opens(trial, zone, address, person, ports, routedTo(plan, pool))];
    }),
  ];
}

const runsOn = ({ gateway }: Trial): Probe["dependsOn"] => ({
  host: gateway.host.id,
  units: [UNIT],
});

interface Attempt {
  readonly profile: string;
  readonly remote?: string;
  readonly login: Person;
  readonly password: ReturnType<typeof personPassword> | string;
  /** The account's own, tried afterwards: a wrong one that is counted is forgotten then. */
  readonly rightful?: ReturnType<typeof personPassword>;
  readonly patience?: number;
  readonly ports?: readonly Port[];
}

function attempt(
  { plan, gateway }: Trial,
  { profile, remote, login, password, rightful, patience = PATIENCE_SECONDS, ports = [] }: Attempt,
): Probe["run"] {
  const isAsked = ports.length > 0;
  return pythonCommand(
    TRIAL,
    jsonText({
      profile,
      remote: remote ?? null,
      login: login.login,
      password,
      rightful: rightful ?? null,
      patience,
      wait: isAsked ? WAIT_SECONDS : 0,
      asked: ports.map((p) => ({ name: p.name, address: formatAddress(p.address), port: p.port })),
      resolvers: isAsked ? resolversOf(plan) : [],
      question: fqdnOf(plan, gateway.host),
    }),
  );
}

const resolversOf = (plan: Plan): readonly { name: string; address: string }[] =>
  plan.domain.dns.map((a) => ({ name: `DNS ${formatAddress(a)}`, address: formatAddress(a) }));

const answers = z.record(z.string(), z.enum(["open", "refused", "silent", "unreachable"]));
const outcome = z.object({
  result: z.enum(["up", "refused", "shut"]),
  said: z.string(),
  isGreeted: z.boolean(),
  routes: z.array(z.string()),
  before: answers,
  after: answers,
  rightful: z.string(),
});
type Outcome = z.infer<typeof outcome>;

const judged =
  (judge: (o: Outcome) => ReturnType<Probe["judge"]>): Probe["judge"] =>
  ({ exitCode, stdout, stderr }) => {
    if (exitCode !== 0) return { isGood: false, seen: `exit ${exitCode}: ${stderr.trim().split("\n").at(-1) ?? ""}` };
    try {
      return judge(outcome.parse(JSON.parse(stdout)));
    } catch {
      return { isGood: false, seen: `no answer of the trying program: ${JSON.stringify(stdout.slice(0, 80))}` };
    }
  };

const some = (words: readonly string[]): string =>
  words.length <= 3 ? words.join(", ") : `${words.slice(0, 3).join(", ")} … (${words.length})`;

/** Shut before, open by the tunnel as the table has it, and nothing beside that. */
function opens(
  trial: Trial,
  zone: string,
  address: string,
  person: Person,
  ports: readonly Port[],
  routes: readonly string[],
): Probe {
  const { plan, from } = trial;
  const allowed = ports.filter((p) => p.isAllowed).map((p) => p.name);
  const shut = ports.filter((p) => !p.isAllowed).map((p) => p.name);
  const resolvers = resolversOf(plan).map((r) => r.name);
  const isAnswer = (word: string | undefined): boolean => word === "open" || word === "refused";
  return {
    id: `vpn-opens-${zone}`,
    needs: needsOf(plan, "N4", "N5"),
    from: from.id,
    title: {
      en: `By ${zone} the tunnel opens to ${from.id} what the flow table says, which was shut before, and nothing else`,
      fr: `Par ${zone}, le tunnel ouvre à ${from.id} ce que dit la matrice, fermé auparavant, et rien d'autre`,
    },
    expected: `${allowed.length} ports and ${resolvers.length} resolvers, ${shut.length} ports shut`,
    run: attempt(trial, {
      profile: profilePath(person.login),
      remote: address,
      login: person,
      password: personPassword(person),
      ports,
    }),
    holds: tunnelAs(person, PATIENCE_SECONDS).holds,
    judge: judged((o) => {
      const early = [...allowed, ...shut, ...resolvers].filter((name) => isAnswer(o.before[name]));
      if (early.length > 0) return { isGood: false, seen: `without the tunnel: ${some(early)}` };
      if (o.result !== "up") return { isGood: false, seen: `${o.result}: ${o.said}` };
      const wrong = [
        ...allowed.filter((name) => !isAnswer(o.after[name])).map((name) => `${name} ${o.after[name] ?? "?"}`),
        ...resolvers.filter((name) => o.after[name] !== "open").map((name) => `${name} ${o.after[name] ?? "?"}`),
        ...shut.filter((name) => o.after[name] !== "silent").map((name) => `${name} ${o.after[name] ?? "?"}`),
        ...routes.filter((route) => !o.routes.includes(route)).map((route) => `no route to ${route}`),
        ...o.routes.filter((route) => !routes.includes(route)).map((route) => `a route to ${route}`),
      ];
      const open = allowed.filter((name) => o.after[name] === "open").length;
      return wrong.length > 0
        ? { isGood: false, seen: some(wrong) }
        : {
            isGood: allowed.length > 0 && shut.length > 0,
            seen: `${resolvers.length} resolvers, ${allowed.length} ports answer (${open} open), ${shut.length} silent`,
          };
    }),
    deadlineSeconds: 60,
    isWaiting: true,
    dependsOn: runsOn(trial),
  };
}

const needsOf = (plan: Plan, ...more: readonly string[]): readonly string[] => [
  ...new Set([...answeredBy(plan, ...hostsOf(plan, "vpn").map((h) => `host:${h.id}`)), ...more]),
];

interface Refusal {
  readonly id: string;
  readonly title: Probe["title"];
  readonly expected: string;
  readonly attempt: Attempt;
  readonly isRefused: (o: Outcome) => boolean;
}

/** But for the revoked one by the outsider's certificate, by which nobody comes in: whoever does ends others under his own. */
function refusals(trial: Trial): readonly Probe[] {
  const { first, second, outsider } = trial.triers;
  const said =
    (words: string) =>
    (o: Outcome): boolean =>
      o.result === "refused" && o.said === words;
  const all: readonly Refusal[] = [
    {
      // Silence takes longest: begun first.
      id: "vpn-revoked",
      title: {
        en: "A revoked certificate does not open the VPN, with the right account and password",
        fr: "Un certificat révoqué n'ouvre pas le VPN, avec le bon compte et le bon mot de passe",
      },
      expected: "the gateway greets, and ends the handshake",
      attempt: {
        profile: profilePath(REVOKED),
        login: first,
        password: personPassword(first),
        patience: SILENCE_SECONDS,
      },
      isRefused: (o) => o.result === "shut" && o.isGreeted,
    },
    {
      id: "vpn-wrong-password",
      title: { en: "A wrong password does not open the VPN", fr: "Un mauvais mot de passe n'ouvre pas le VPN" },
      expected: SAID.notYou,
      attempt: {
        profile: profilePath(outsider.login),
        login: outsider,
        password: "not-the-password",
        rightful: personPassword(outsider),
      },
      isRefused: (o) => said(SAID.notYou)(o) && o.rightful === SAID.noRight,
    },
    {
      id: "vpn-empty-password",
      title: { en: "An empty password does not open the VPN", fr: "Un mot de passe vide n'ouvre pas le VPN" },
      expected: SAID.notYou,
      attempt: { profile: profilePath(outsider.login), login: outsider, password: "" },
      isRefused: said(SAID.notYou),
    },
    {
      id: "vpn-outside-group",
      title: {
        en: "An account outside the group does not open the VPN, with its own certificate and the right password",
        fr: "Un compte hors du groupe n'ouvre pas le VPN, avec son certificat et le bon mot de passe",
      },
      expected: SAID.noRight,
      attempt: { profile: profilePath(outsider.login), login: outsider, password: personPassword(outsider) },
      isRefused: said(SAID.noRight),
    },
    {
      id: "vpn-stolen-profile",
      title: {
        en: "Somebody's profile does not open the VPN to another account that has the right",
        fr: "Le profil d'une personne n'ouvre pas le VPN à un autre compte qui en a le droit",
      },
      expected: SAID.notYours,
      attempt: { profile: profilePath(outsider.login), login: second, password: personPassword(second) },
      isRefused: said(SAID.notYours),
    },
  ];
  return all.map(({ id, title, expected, attempt: what, isRefused }) => ({
    id,
    needs: needsOf(trial.plan),
    from: trial.from.id,
    title,
    expected,
    run: attempt(trial, what),
    judge: judged((o) => ({
      isGood: isRefused(o),
      seen:
        o.result === "up"
          ? "it is in"
          : `${o.isGreeted ? "" : "no greeting: "}${o.said}${o.rightful === "" ? "" : `; with its own password: ${o.rightful}`}`,
    })),
    deadlineSeconds: 60,
    isWaiting: true,
    dependsOn: runsOn(trial),
  }));
}
