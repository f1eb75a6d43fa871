import { networkOf, type Address } from "../core/ip.ts";
import type { Endpoint, Host, Nic, Person, Plan, Service } from "./types.ts";

/*
 * What many rooms ask of a plan. Each question stands here once; who plays a role is asked by the role's name, which
 * the rooms below the roles know of few: routers, the bastion, workstations, and whoever plays the Internet.
 */

type Hosts = Pick<Plan, "hosts">;

export const plays = (host: Host, role: string): boolean => host.roles.includes(role);

/** Those that play a role, in the order of hosts.yaml. */
export const hostsOf = (plan: Hosts, role: string): readonly Host[] =>
  [...plan.hosts.values()].filter((host) => plays(host, role));

export const isRouter = (host: Host): boolean => plays(host, "router");

export const routersOf = (plan: Hosts): readonly Host[] => hostsOf(plan, "router");

/** An end of a flow or an invariant that is one router by its name. */
export function isRoutersName(plan: Hosts, end: Endpoint): boolean {
  const host = end.kind === "host" ? plan.hosts.get(end.host) : undefined;
  return host !== undefined && isRouter(host);
}

/** The one way in for administration; undefined where a plan has none. */
export const bastionOf = (plan: Hosts): Host | undefined => hostsOf(plan, "bastion")[0];

/** Where users sit: what asks the lab's services as people do, by programs that Windows does not run. */
export const seatsOf = (plan: Pick<Plan, "hosts" | "images">): readonly Host[] =>
  hostsOf(plan, "workstation").filter((host) => plan.images.get(host.image)?.os !== "windows");
export const seatOf = (plan: Pick<Plan, "hosts" | "images">): Host | undefined => seatsOf(plan)[0];

/** Somebody on the Internet who carries nobody's traffic: a guest with no leg but in zones beyond the operators. */
export const outsiderOf = (plan: Pick<Plan, "hosts" | "zones">): Host | undefined =>
  [...plan.hosts.values()].find((host) => host.nics.every((nic) => plan.zones.get(nic.zone)?.kind === "outside"));

/** Of whoever plays the Internet, the leg in a zone beyond the operators. */
export const outsideLeg = (plan: Pick<Plan, "zones">, host: Host): Nic =>
  host.nics.find((nic) => plan.zones.get(nic.zone)!.kind === "outside") ?? host.nics[0]!;

/**
 * Where the simulated Internet's web answers: on the outside leg, on an address that is nobody's resolver or monitor.
 * Undefined where the plan has a real access.
 */
export function simulatedWeb(plan: Plan): Address | undefined {
  const [host] = hostsOf(plan, "internet");
  if (host === undefined) return undefined;
  const outside = outsideLeg(plan, host);
  const busy = [...plan.domain.forwarders, ...[...plan.zones.values()].flatMap((z) => z.wan?.monitor ?? [])];
  return outside.aliases.find((a) => !busy.some((b) => isSame(a, b))) ?? outside.address;
}

export const isSame = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value;

/** `dc1.cod.test` */
export const fqdnOf = (plan: Pick<Plan, "domain">, host: Host): string => `${host.id}.${plan.domain.name}`;

/** All that it answers to, aliases among them. */
export const addressesOf = (host: Host): readonly Address[] =>
  host.nics.flatMap((nic) => [nic.address, ...nic.aliases]);

/** The first port of a service by a protocol; undefined where the plan does not name it so. */
export function portOf(plan: Plan, service: Service["id"], protocol: "tcp" | "udp"): number | undefined {
  const terms = plan.services.get(service)?.terms ?? [];
  return terms.flatMap((term) => (term.protocol === protocol ? term.ports : []))[0]?.lo;
}

/** One address as an end of a flow. */
export const endOf = (address: Address): Endpoint => ({
  kind: "network",
  network: networkOf(address, address.family === 4 ? 32 : 128),
});

/** Needs and objectives that something answers: `host:mail`, `invariant:dmz-contained`. */
export const answeredBy = (plan: Plan, ...covers: readonly string[]): readonly string[] =>
  [...plan.coverage.values()].filter((c) => covers.some((by) => c.by.includes(by))).map((c) => c.id);

/** A person's name in the directory: the full name, with the login where two have one name. */
export function directoryName(
  people: Iterable<Pick<Person, "givenName" | "surname" | "login">>,
  person: Pick<Person, "givenName" | "surname" | "login">,
): string {
  const name = fullName(person);
  const namesakes = [...people].filter((p) => fullName(p).toLowerCase() === name.toLowerCase());
  return namesakes.length > 1 ? `${name} (${person.login})` : name;
}

/** Of acceptance's people those who work side by side: whom the plan has several times, and not closed. */
export const crowdOf = (plan: Pick<Plan, "probePeople">): readonly Person[] =>
  [...plan.probePeople.values()].filter((person) => person.oneOf !== null && !person.isDisabled);

/** As people are listed: `Élise Fontaine`. */
export const fullName = (person: Pick<Person, "givenName" | "surname">): string =>
  `${person.givenName} ${person.surname}`;
