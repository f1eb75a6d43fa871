import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { jsonText, type SecretPlace } from "../../core/text.ts";
import { answeredBy, fqdnOf, hostsOf, outsiderOf, plays, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import { gatewayOf } from "../vpn/profile.ts";
import { tunnelAs } from "../vpn/traveller.ts";
import type { Correspondent, Correspondents } from "./people.ts";

/* What every probe of mail has: whom it asks, and how. */

/** With one controller away a server waits some seconds for its answer, and a busy machine for everything. */
const WAIT_SECONDS = 10;
const SERVICES = ["smtp", "submission", "submissions", "imaps", "managesieve", "http", "https"] as const;
export type Service = (typeof SERVICES)[number];

export interface Context {
  readonly plan: Plan;
  readonly server: Host;
  readonly people: Correspondents;
}

export const runsOn = ({ server }: Context, ...units: readonly string[]): Probe["dependsOn"] => ({
  host: server.id,
  units: units.map((u) => `${u}.service`),
});

/** Where the server is, for whoever asks it where the routes lead. */
export const askedOf = ({ plan, server }: Context): Readonly<Record<string, unknown>> => ({
  name: fqdnOf(plan, server),
  address: formatAddress(server.nics[0]!.address),
  ports: Object.fromEntries(SERVICES.map((s) => [s, portOf(plan, s, "tcp")])),
  wait: WAIT_SECONDS,
  tunnel: null,
});

export const asking = (program: string, context: Context, asked: Readonly<Record<string, unknown>>): Command =>
  pythonCommand(program, jsonText({ ...askedOf(context), ...asked }));

export const needsOf = (plan: Plan, ...more: readonly string[]): readonly string[] => [
  ...new Set([...answeredBy(plan, ...hostsOf(plan, "mail").map((h) => `host:${h.id}`)), ...more]),
];

/** How long a letter may be under way. */
export const ARRIVES_SECONDS = 15;

/** Of a letter that was sent and read: milliseconds, and what is not as it was sent. */
export const arrival = z.object({ sent: z.number(), arrived: z.number(), wrong: z.array(z.string()) });

export const seenOf = ({ sent, arrived, wrong }: z.infer<typeof arrival>): ReturnType<Probe["judge"]> => ({
  isGood: wrong.length === 0,
  seen: wrong.length > 0 ? wrong.join("; ") : `taken in ${sent} ms, there ${arrived} ms later, as it was sent`,
});

export interface Login {
  readonly login: string;
  readonly password: SecretPlace | string;
}

export const login = (person: Correspondent): Login => ({ login: person.login, password: personPassword(person) });

/** From outside, as whichever of the two may come in by the VPN. */
export interface ByTunnel {
  readonly from: Host;
  readonly who: Correspondent;
  readonly to: Correspondent;
  readonly way: ReturnType<typeof tunnelAs>;
}

/** How long a tunnel may take, on a busy machine too. */
const TUNNEL_SECONDS = 20;

/** Undefined where a plan has no road warrior, or none of the two may come in. */
export function tunnelOf({ plan, people }: Context): ByTunnel | undefined {
  const from = outsiderOf(plan);
  const [who, to] = people.first.hasVpn ? [people.first, people.second] : [people.second, people.first];
  if (from === undefined || !plays(from, "field") || !who.hasVpn || gatewayOf(plan) === null) return undefined;
  return { from, who, to, way: tunnelAs(who, TUNNEL_SECONDS) };
}
