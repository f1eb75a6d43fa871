import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf, hostsOf, outsiderOf, plays, portOf, seatsOf } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import ANSWER from "./answer.py";
import CALL from "./call.py";
import CALLED from "./called.py";
import MARKS from "./marks.py";
import MESSAGE from "./message.py";
import { CONFERENCE_PIN, numbersOf, type Desk, type Numbers, type Phone } from "./numbers.ts";
import REGISTER from "./register.py";
import type { Settings } from "./settings.ts";
import { probeTravellers } from "../vpn/people.ts";
import { gatewayOf } from "../vpn/profile.ts";
import { tunnelAs } from "../vpn/traveller.ts";

/**
 * How long the far end waits for the call that it is to answer: on a machine with much to do the caller's phone, and the
 * tunnel before it, take their time to start. Whoever is called and waits no longer sends callers to the voicemail.
 */
const ANSWER_SECONDS = 30;
const LISTEN_SECONDS = 8;
/** The room asks for its PIN, and tells whoever is first that nobody else is there. */
const MEET_SECONDS = 25;

const call = z.object({
  number: z.string(),
  result: z.string(),
  setup: z.number().optional(),
  heard: z.boolean().optional(),
  tone: z.number().optional(),
  other: z.number().optional(),
  met: z.record(z.string(), z.enum(["silent", "own", "content"])).optional(),
  secured: z.boolean().optional(),
  sent: z.number().optional(),
  received: z.number().optional(),
});
type Call = z.infer<typeof call>;

/** Every call was answered, encrypted, and heard; packets went both ways. */
const judgeCalls = judged(z.array(call).min(1), (calls) => {
  const wrong = calls.find((c) => faultOf(c) !== undefined);
  if (wrong !== undefined) return { isGood: false, seen: `${wrong.number}: ${faultOf(wrong)!}` };
  const [first] = calls as [Call];
  if (calls.length > 1) return { isGood: true, seen: `${calls.map((c) => c.number).join(", ")} answered and heard` };
  const { setup = 0, sent = 0, received = 0 } = first;
  return {
    isGood: true,
    seen: `answered in ${setup} ms, heard, encrypted; ${sent} packets out, ${received} in`,
  };
});

const MET = { silent: "was not heard", own: "was heard, and did not hear everybody" } as const;

function faultOf(call: Call): string | undefined {
  const { result, heard, tone = 0, other = 0, met, secured, sent = 0, received = 0 } = call;
  if (result !== "answered") return result;
  if (met !== undefined && heard !== true) {
    const lacking = Object.entries(met).flatMap(([name, word]) => (word === "content" ? [] : [`${name} ${MET[word]}`]));
    return `in the room, and ${lacking.join(", ")}`;
  }
  if (heard !== true) {
    const sounds = tone + other === 0 ? "silent" : `not understood: ${tone} % our tone, ${other} % another sound`;
    return `answered, and ${sounds} (${sent} packets out, ${received} in)`;
  }
  if (secured !== true) return "heard, and not encrypted";
  return sent === 0 || received === 0 ? `${sent} packets out, ${received} in` : undefined;
}

/** What telephony owes its users, asked from where they sit; with two desks or more. */
export function probes(plan: Plan, settings: Settings): readonly Probe[] {
  const [server] = hostsOf(plan, "pbx");
  if (server === undefined) return [];
  const numbers = numbersOf(plan, settings);
  const desks = numbers.desks.filter((d) => seatsOf(plan).some((seat) => seat.id === d.host));
  const [first, second] = desks;
  if (first === undefined || second === undefined) return [];
  const outside = phonesOutside({ plan, server, numbers, first, second });
  const context: Context = { plan, server, numbers, first, second, outside };
  return [
    toDesk(context, first, second),
    toDesk(context, second, first),
    ...fromOutside(context),
    ...toOutside(context),
    ...toGroup(context),
    conference(context),
    voicemail(context),
    ...emergency(context),
    marks(context),
    wrongSecret(context),
  ];
}

interface Context {
  readonly plan: Plan;
  readonly server: Host;
  readonly numbers: Numbers;
  readonly first: Desk;
  readonly second: Desk;
  readonly outside: readonly Outside[];
}

const asterisk = ({ server }: Context): Probe["dependsOn"] => ({ host: server.id, units: ["asterisk.service"] });

const calling = (asked: Readonly<Record<string, unknown>>): Command => pythonCommand(CALL, jsonText(asked));
const answering = (from: Phone): Command =>
  pythonCommand(ANSWER, JSON.stringify({ from: from.number, seconds: ANSWER_SECONDS }));

function toDesk(context: Context, from: Desk, to: Desk): Probe {
  return {
    id: `pbx-call-${from.host}`,
    needs: ["N5", "N11", "O3"],
    from: from.host,
    title: {
      en: `${from.host} calls ${to.host}, and each hears the other`,
      fr: `${from.host} appelle ${to.host}, et chacun entend l'autre`,
    },
    expected: "a call that carries voice both ways, encrypted",
    before: [{ on: to.host, run: answering(from) }],
    run: calling({ dial: [to.number], listen: "tone", seconds: LISTEN_SECONDS }),
    judge: judgeCalls,
    deadlineSeconds: 45,
    dependsOn: asterisk(context),
  };
}

/** A tunnel is up within a second or two, on a busy machine some more. */
const TUNNEL_SECONDS = 15;

/** Of acceptance's people those who may come in by the VPN and have a telephone, and no work of their own; no two probes are one of them at a time. */
export const callersOutside = (plan: Plan): readonly Person[] =>
  probeTravellers(plan).filter((p) => p.extension !== null && !p.isDisabled && p.oneOf === null);

interface Outside {
  readonly host: Host;
  readonly phone: Phone;
  /** What call.py and called.py are told of it. */
  readonly outside: Readonly<Record<string, unknown>>;
  readonly holds: string;
}

/** Phones on the road: signalling and voice by a tunnel alone. */
function phonesOutside({ plan, server, numbers }: Omit<Context, "outside">): readonly Outside[] {
  const host = outsiderOf(plan);
  if (host === undefined || !plays(host, "field") || gatewayOf(plan) === null) return [];
  return callersOutside(plan).flatMap((who) => {
    const phone = numbers.people.find((p) => p.account === who.login);
    if (phone === undefined) return [];
    const { tunnel, holds } = tunnelAs(who, TUNNEL_SECONDS);
    const outside = {
      tunnel,
      resolvers: plan.domain.dns.map(formatAddress),
      account: {
        ...{ login: phone.account, secret: secret("password", phone.secret), server: fqdnOf(plan, server) },
        port: portOf(plan, "sip-tls", "tcp"),
      },
    };
    return [{ host, phone, outside, holds }];
  });
}

/** A call from the road, as a road warrior's phone makes it. */
function fromOutside(context: Context): readonly Probe[] {
  const { first } = context;
  const [caller] = context.outside;
  if (caller === undefined) return [];
  const { host, phone, outside, holds } = caller;
  return [
    {
      id: `pbx-call-${host.id}`,
      needs: ["N5", "N12", "O3"],
      from: host.id,
      title: {
        en: `Over the tunnel ${host.id} calls ${first.host}, and each hears the other`,
        fr: `Par le tunnel, ${host.id} appelle ${first.host}, et chacun entend l'autre`,
      },
      expected: "a call that carries voice both ways, encrypted",
      before: [{ on: first.host, run: answering(phone) }],
      run: calling({ dial: [first.number], listen: "tone", seconds: LISTEN_SECONDS, outside }),
      judge: judgeCalls,
      deadlineSeconds: 60,
      isWaiting: true,
      holds,
      dependsOn: asterisk(context),
    },
  ];
}

/** A call to the road: whoever sits there has a phone that the exchange finds behind the tunnel. */
function toOutside(context: Context): readonly Probe[] {
  const { first } = context;
  const called = context.outside[1];
  if (called === undefined) return [];
  const { host, phone, outside, holds } = called;
  return [
    {
      id: `pbx-call-${first.host}-${host.id}`,
      needs: ["N5", "N12", "O3"],
      from: first.host,
      title: {
        en: `${first.host} calls ${host.id} over the tunnel, and each hears the other`,
        fr: `${first.host} appelle ${host.id} par le tunnel, et chacun entend l'autre`,
      },
      expected: "a call that carries voice both ways, encrypted",
      before: [
        {
          on: host.id,
          run: pythonCommand(CALLED, jsonText({ from: first.number, seconds: ANSWER_SECONDS, outside })),
        },
      ],
      run: calling({ dial: [phone.number], listen: "tone", seconds: LISTEN_SECONDS }),
      judge: judgeCalls,
      deadlineSeconds: 60,
      isWaiting: true,
      holds,
      dependsOn: asterisk(context),
    },
  ];
}

/** A group in which the second desk is. */
function toGroup(context: Context): readonly Probe[] {
  const { first, second, numbers } = context;
  const group = numbers.groups.find(
    (g) => g.phones.includes(second) && g.phones.every((p) => numbers.desks.some((d) => d === p)),
  );
  if (group === undefined) return [];
  return [
    {
      id: `pbx-group-${first.host}`,
      needs: ["N5", "O3"],
      from: first.host,
      title: {
        en: `The group "${group.name}" rings ${second.host}, which answers ${first.host}`,
        fr: `Le groupe « ${group.name} » sonne sur ${second.host}, qui répond à ${first.host}`,
      },
      expected: "a call that carries voice both ways, encrypted",
      before: [{ on: second.host, run: answering(first) }],
      run: calling({ dial: [group.number], listen: "tone", seconds: LISTEN_SECONDS }),
      judge: judgeCalls,
      deadlineSeconds: 45,
      dependsOn: asterisk(context),
    },
  ];
}

/** Each one's tones in the room, in Hz: no one a multiple of another's, and all within what a telephone carries. */
const TONES = [
  { own: 700, content: 900 },
  { own: 1100, content: 1300 },
  { own: 1700, content: 1900 },
] as const;

/** Two desks, and who is on the road where somebody is. The last that comes asks whether each heard each. */
function conference(context: Context): Probe {
  const { first, second, numbers } = context;
  const traveller = context.outside[2];
  const all = traveller === undefined ? [second.host, first.host] : [second.host, first.host, traveller.host.id];
  const tonesOf = new Map(all.map((name, n) => [name, TONES[n]!]));
  const joining = (name: string, more: Readonly<Record<string, unknown>>): Command =>
    calling({
      dial: [numbers.conference],
      digits: secret("pin", CONFERENCE_PIN),
      seconds: MEET_SECONDS,
      meet: { ...tonesOf.get(name)!, others: Object.fromEntries([...tonesOf].filter(([other]) => other !== name)) },
      ...more,
    });
  const from = all.at(-1)!;
  const others = all.slice(0, -1);
  return {
    id: "pbx-conference",
    needs: traveller === undefined ? ["N5", "O3"] : ["N5", "N12", "O3"],
    from,
    title: {
      en: `${from} meets ${others.join(" and ")} in the crisis room by its PIN, and each hears each`,
      fr: `${from} retrouve ${others.join(" et ")} dans la salle de crise par son code, et chacun entend chacun`,
    },
    expected: "each hears each of the others",
    before: others.map((on) => ({ on, run: joining(on, { stay: true }) })),
    run: joining(from, traveller === undefined ? {} : { outside: traveller.outside }),
    ...(traveller && { holds: traveller.holds }),
    judge: judgeCalls,
    deadlineSeconds: 60,
    isWaiting: true,
    dependsOn: asterisk(context),
  };
}

const kept = z.object({ bytes: z.number(), level: z.number() });
/** Of samples of 16 bits: what is below is silence. */
const LOUD = 200;

/**
 * Spoken for six seconds: on a busy machine the exchange begins to listen late, and it keeps nothing that is shorter than
 * two (voicemail.conf, minsecs).
 */
function voicemail(context: Context): Probe {
  const { first, second, server, numbers } = context;
  const { message } = numbers.settings.codes;
  return {
    id: "pbx-voicemail",
    needs: ["O3"],
    from: server.id,
    title: {
      en: `A message that ${first.host} leaves for ${second.host} is in its box`,
      fr: `Un message que ${first.host} laisse à ${second.host} est dans sa boîte`,
    },
    expected: "a message with sound",
    before: [{ on: first.host, run: calling({ dial: [message + second.number], listen: null, seconds: 6 }) }],
    run: pythonCommand(MESSAGE, JSON.stringify({ box: second.number, seconds: 10, since: 30 })),
    judge: judged(kept, ({ bytes, level }) => ({
      isGood: level > LOUD,
      seen: level > LOUD ? `${bytes} bytes of sound` : "a message that is silent",
    })),
    deadlineSeconds: 40,
    isWaiting: true,
    dependsOn: asterisk(context),
  };
}

function emergency(context: Context): readonly Probe[] {
  const { first, numbers } = context;
  const dial = numbers.emergency.map((e) => e.number);
  if (dial.length === 0) return [];
  return [
    {
      id: "pbx-emergency",
      needs: ["O3"],
      from: first.host,
      title: {
        en: `The emergency numbers ${dial.join(", ")} are answered by their announcements`,
        fr: `Les numéros d'urgence ${dial.join(", ")} sont répondus par leur annonce`,
      },
      expected: "speech at each",
      run: calling({ dial, listen: "speech", seconds: 5 }),
      judge: judgeCalls,
      deadlineSeconds: 40,
      isWaiting: true,
      dependsOn: asterisk(context),
    },
  ];
}

/** RFC 4594: voice, and its signalling. */
const [EF, CS3] = ["46", "24"];
const counts = z.record(z.string(), z.number());
const seenMarks = z.object({ in: counts, out: counts, signalling: counts });

function marks(context: Context): Probe {
  const { plan, server, first, numbers } = context;
  const rtp = plan.services.get("rtp")!.terms.flatMap((t) => (t.protocol === "udp" ? t.ports : []))[0]!;
  const only = (found: Readonly<Record<string, number>>, mark: string): boolean =>
    Object.keys(found).length === 1 && mark in found;
  return {
    id: "pbx-dscp",
    needs: ["N11"],
    from: server.id,
    title: {
      en: `Voice of and to ${first.host} is marked EF on the cable of ${server.id}, signalling CS3`,
      fr: `La voix de et vers ${first.host} est marquée EF sur le câble de ${server.id}, la signalisation CS3`,
    },
    expected: "EF both ways, CS3",
    before: [
      {
        on: first.host,
        run: calling({ dial: [numbers.settings.codes.echo], stay: true, seconds: 3 }),
      },
    ],
    run: pythonCommand(
      MARKS,
      JSON.stringify({
        peer: formatAddress(plan.hosts.get(first.host)!.nics[0]!.address),
        seconds: 8,
        ports: [rtp.lo, rtp.hi],
        sip: portOf(plan, "sip-tls", "tcp"),
        least: 20,
      }),
    ),
    judge: judged(seenMarks, ({ in: into, out, signalling }) => ({
      isGood: only(into, EF) && only(out, EF) && only(signalling, CS3),
      seen: `in ${JSON.stringify(into)}, out ${JSON.stringify(out)}, signalling ${JSON.stringify(signalling)}`.replaceAll(
        '"',
        "",
      ),
    })),
    deadlineSeconds: 45,
    isWaiting: true,
    dependsOn: asterisk(context),
  };
}

const refusal = z.object({ challenged: z.boolean(), answer: z.string() });

function wrongSecret(context: Context): Probe {
  const { plan, server, first } = context;
  return {
    id: `pbx-wrong-secret-${first.host}`,
    needs: ["N5", "O9"],
    from: first.host,
    title: {
      en: `A wrong secret is refused at the telephone exchange`,
      fr: `Un mauvais secret est refusé par le serveur de téléphonie`,
    },
    expected: "asked for a secret, then 401",
    run: pythonCommand(
      REGISTER,
      JSON.stringify({
        server: formatAddress(server.nics[0]!.address),
        port: portOf(plan, "sip", "udp"),
        account: first.account,
        secret: "not-the-secret",
        wait: 4,
      }),
    ),
    judge: judged(refusal, ({ challenged, answer }) => ({
      isGood: challenged && /^SIP\/2\.0 40[13] /.test(answer),
      seen: `${challenged ? "asked for the secret; " : ""}${answer}`,
    })),
    dependsOn: asterisk(context),
  };
}
