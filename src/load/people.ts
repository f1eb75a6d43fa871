import { Fault } from "../core/fault.ts";
import { formatAddress } from "../core/ip.ts";
import { jsonText, type Text } from "../core/text.ts";
import { crowdOf, fqdnOf, hostsOf, outsiderOf, plays, portOf, seatsOf } from "../plan/query.ts";
import type { Host, Person, Plan } from "../plan/types.ts";
import { personPassword } from "../roles/person.ts";
import { phoneAccount } from "../roles/pbx/account.ts";
import { deskAt } from "../roles/pbx/numbers.ts";
import { gatewayOf } from "../roles/vpn/profile.ts";
import { profilePath } from "../roles/vpn/traveller.ts";
import type { Action } from "./script.ts";

/** Who works where: each at a workstation, and by the tunnel from the road warrior's place. */
export interface Crowd {
  readonly people: readonly Person[];
  /** Workstations with people, and the place beyond the operators last, in which everybody is at times. */
  readonly seats: readonly Seat[];
}

export interface Seat {
  readonly host: Host;
  readonly people: readonly Person[];
  readonly isOutside: boolean;
}

const ROLES = ["mail", "pbx", "ebrigade", "dc"] as const;
const WAIT_SECONDS = 10;
/** Of the ten kinds of service those that a program of ours speaks (programs/post.py). */
const MAIL = ["submission", "imaps"] as const;

/** @throws Fault LOAD_NOT_POSSIBLE that says what the plan lacks */
export function crowdIn(plan: Plan): Crowd {
  const people = crowdOf(plan).filter((p) => p.mailbox !== null && p.hasVpn && phoneAccount(plan, p) !== undefined);
  const desks = seatsOf(plan).filter((host) => deskAt(plan, host) !== undefined);
  const outside = outsiderOf(plan);
  const lacks = [
    ...ROLES.filter((role) => hostsOf(plan, role).length === 0).map((role) => `a host that plays ${role}`),
    ...(people.length < 2 ? ["two people of one line (`times`) with a mailbox, an extension and the VPN"] : []),
    ...(desks.length === 0 ? ["a workstation with a desk's telephone"] : []),
    ...(outside === undefined || !plays(outside, "field") || gatewayOf(plan) === null
      ? ["a road warrior and a VPN gateway"]
      : []),
  ];
  if (lacks.length > 0)
    throw new Fault(
      "LOAD_NOT_POSSIBLE",
      `People cannot work side by side: the plan lacks ${lacks.join(", ")}.`,
      "docs/load.md says what it takes; `kind: probe` and `times: 10` in people.yaml make ten people.",
    );
  const inside = desks.map((host, n) => ({
    host,
    people: people.filter((_, i) => i % desks.length === n),
    isOutside: false,
  }));
  return {
    people,
    seats: [...inside.filter((s) => s.people.length > 0), { host: outside!, people, isOutside: true }],
  };
}

/** What of a day is done at a seat. */
export const actionsAt = (seat: Seat, actions: readonly Action[]): readonly Action[] =>
  actions.filter((a) => (a.kind === "vpn") === seat.isOutside && seat.people.some((p) => p.login === a.who));

const mailServer = (plan: Plan): Readonly<Record<string, unknown>> => ({
  name: fqdnOf(plan, hostsOf(plan, "mail")[0]!),
  address: formatAddress(hostsOf(plan, "mail")[0]!.nics[0]!.address),
  ports: Object.fromEntries(MAIL.map((s) => [s, portOf(plan, s, "tcp")])),
  wait: WAIT_SECONDS,
});

/** What seat.py is asked at a seat, but for the folder and the limits. */
export function seatInput(plan: Plan, seat: Seat, actions: readonly Action[], run: string): Text {
  const web = hostsOf(plan, "ebrigade")[0]!;
  const numberOf = (login: string): string => String(plan.probePeople.get(login)!.extension);
  const boxes = mailServer(plan);
  const more = (a: Action): Readonly<Record<string, unknown>> => {
    switch (a.kind) {
      case "send":
        return { to: plan.probePeople.get(a.to!)!.mailbox };
      case "call":
        return { to: numberOf(a.to!), seconds: a.seconds };
      case "vpn":
        return {
          ...{ profile: profilePath(a.who), mail: boxes["address"] },
          web: formatAddress(web.nics[0]!.address),
        };
      case "read":
      case "web":
        return {};
    }
  };
  return jsonText({
    run,
    boxes,
    web: { name: fqdnOf(plan, web), port: portOf(plan, "https", "tcp") ?? 443 },
    people: Object.fromEntries(
      seat.people.map((p) => [
        p.login,
        {
          password: personPassword(p),
          address: p.mailbox,
          phone: seat.isOutside ? null : phoneAccount(plan, p)!,
        },
      ]),
    ),
    actions: actions.map((a) => ({ id: a.id, who: a.who, kind: a.kind, at: a.atMs, ...more(a) })),
  });
}

/** What boxes.py is asked: whose box, and which letters must be there. */
export const boxesInput = (
  plan: Plan,
  people: readonly Person[],
  expected: ReadonlyMap<string, readonly string[]>,
  run: string,
  seconds: number,
): Text =>
  jsonText({
    ...mailServer(plan),
    run,
    seconds,
    boxes: Object.fromEntries(
      people.map((p) => [p.login, { password: personPassword(p), expected: expected.get(p.login) ?? [] }]),
    ),
  });
