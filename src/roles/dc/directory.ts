import { contains, formatAddress, formatNetwork, networkOf, type Address, type Network } from "../../core/ip.ts";
import type { SecretPlace } from "../../core/text.ts";
import { fqdnOf, fullName, hostsOf, seatOf } from "../../plan/query.ts";
import type { Host, Plan, Person } from "../../plan/types.ts";
import type { Asked, AskedName, Need } from "../role.ts";
import {
  departmentUnit,
  groupUnit,
  machineDigest,
  machineLogin,
  machineUnit,
  peopleUnit,
  personDn,
  probeUnit,
  rootUnit,
  serviceAccount,
  ACCEPTANCE,
  serviceLogin,
  serviceUnit,
} from "./accounts.ts";
import { personDigest } from "../person.ts";
import { passwordPolicyOf } from "./password-policy.ts";
import type { Settings } from "./settings.ts";

/*
 * The plan as `templates/dc/domain.py` reads it: what should be in the directory, and who this controller is. Names of
 * places (DN) are relative to the domain's base. No secret is in it.
 */

export interface Account {
  readonly dn: string;
  /** Null takes the attribute away. */
  readonly attributes: Readonly<Record<string, string | null>>;
  /** Bits of userAccountControl that are set whatever else is ([MS-ADTS] 2.2.16). */
  readonly control: number;
  /** Of a password that is the stack's for good: another one here, and the account gets the stack's again. */
  readonly passwordDigest?: SecretPlace;
}

/** A machine that is a member of the domain. */
export interface Computer {
  readonly dn: string;
  /** Values that each attribute has at least: a member adds some of its own. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly passwordDigest: SecretPlace;
}

export interface DnsName {
  readonly zone: string;
  /** Below the zone. */
  readonly name: string;
  readonly type: "A" | "PTR";
  readonly data: string;
}

export interface Directory {
  readonly domain: string;
  readonly realm: string;
  readonly workgroup: string;
  readonly site: string;
  /** Inside networks and what they are, by network: `10.20.20.0/24`. */
  readonly subnets: Readonly<Record<string, string>>;
  /** Parents first; the first is the root of all that is ours. */
  readonly units: readonly { readonly dn: string; readonly description: string }[];
  /** Below these every account is the plan's, or is disabled. */
  readonly accountUnits: readonly string[];
  readonly accounts: Readonly<Record<string, Account>>;
  readonly machineUnit: string;
  /** Machines that are members, by sAMAccountName. */
  readonly computers: Readonly<Record<string, Computer>>;
  /** What the description of an account begins with that left the plan. */
  readonly removedMark: string;
  readonly groupUnit: string;
  readonly groups: Readonly<Record<string, { readonly description: string; readonly members: readonly string[] }>>;
  /** Rights (SDDL, `SID` for the group's) of these groups over the accounts of a unit. */
  readonly delegation: {
    readonly unit: string;
    readonly groups: readonly string[];
    readonly rights: readonly string[];
  };
  /** Attributes of the domain's head. */
  readonly passwordPolicy: Readonly<Record<string, string>>;
  readonly reverseZones: readonly string[];
  readonly nameServers: readonly string[];
  readonly records: readonly DnsName[];
}

export interface Peer {
  /** NetBIOS name, in capitals. */
  readonly name: string;
  readonly fqdn: string;
  readonly address: string;
}

/** Who this controller is, and who the others are. */
export interface Controller extends Peer {
  /** It makes the domain where nobody has it, and writes the plan into it. */
  readonly isFirst: boolean;
  readonly peers: readonly Peer[];
}

export const controllersOf = (plan: Plan): readonly Host[] => hostsOf(plan, "dc");

/** What a host needs that asks every controller over LDAPS. @param what `asks the directory who may come in` */
export const asksDirectory = (plan: Plan, what: string): readonly Need[] =>
  controllersOf(plan).map((dc) => ({ what, services: ["ldaps"], to: { kind: "host", host: dc.id } }));

/** At most 15 characters: the plan refuses a longer name of a host. */
const netbiosName = (host: Host): string => host.id.toUpperCase();

export function controllerOf(plan: Plan, host: Host): Controller {
  const all = controllersOf(plan);
  const peer = (h: Host): Peer => ({
    name: netbiosName(h),
    fqdn: fqdnOf(plan, h),
    address: formatAddress(h.nics[0]!.address),
  });
  return { ...peer(host), isFirst: all[0] === host, peers: all.filter((h) => h !== host).map(peer) };
}

/** Who has an account: the COD's people, and those of acceptance whom some role's probes log on as. */
export const accountHolders = (plan: Plan, asked: Asked): readonly Person[] => [
  ...plan.people.values(),
  ...[...plan.probePeople.values()].filter((p) => asked.people.includes(p.login)),
];

/** UF_DONT_EXPIRE_PASSWD and UF_NOT_DELEGATED: nobody can act in its name elsewhere. */
const SERVICE_CONTROL = 0x10000 | 0x100000;
/** UF_ACCOUNTDISABLE. */
const ACCOUNT_DISABLED = 0x2;
/** rangeUpper of the attribute `department` in Active Directory's schema. */
const DEPARTMENT_LENGTH = 64;

/**
 * What administrators of the plan may do to the people's accounts: set a password, unlock, ask for a new password at
 * the next logon. They are not Domain Admins: an account that reads mail must not be worth the domain.
 */
const ACCOUNT_RIGHTS: readonly string[] = [
  // User-Force-Change-Password; lockoutTime; pwdLastSet. For user objects below (bf967aba-…).
  "(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;SID)",
  "(OA;CIIO;RPWP;28630ebf-41d5-11d1-a9c1-0000f80367c1;bf967aba-0de6-11d0-a285-00aa003049e2;SID)",
  "(OA;CIIO;RPWP;bf967a0a-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;SID)",
];

/** @param asked what other roles ask of the directory */
export function directoryOf(plan: Plan, asked: Asked, settings: Settings): Directory {
  const people = accountHolders(plan, asked);
  return {
    domain: plan.domain.name,
    realm: plan.domain.realm,
    workgroup: plan.domain.netbios,
    site: plan.name,
    subnets: Object.fromEntries(insideNetworks(plan).map((n) => [formatNetwork(n.network), n.description])),
    units: unitsOf(plan, asked),
    accountUnits: [peopleUnit(plan), serviceUnit(plan)],
    accounts: {
      ...Object.fromEntries(people.map((person) => [person.login, personAccount(plan, person)])),
      ...Object.fromEntries(asked.accounts.map((id) => [serviceLogin(id), serviceAccountOf(plan, id)])),
    },
    machineUnit: machineUnit(plan),
    computers: Object.fromEntries(membersOf(plan, asked).map((host) => [machineLogin(host), computerOf(plan, host)])),
    removedMark: "Retiré du plan",
    groupUnit: groupUnit(plan),
    groups: Object.fromEntries(
      [...plan.groups.values()].map((group) => [
        group.id,
        {
          description: group.description,
          members: people.filter((p) => p.groups.includes(group.id)).map((p) => personDn(plan, p)),
        },
      ]),
    ),
    delegation: {
      unit: peopleUnit(plan),
      groups: [...plan.groups.values()].filter((g) => g.grants.includes("admin")).map((g) => g.id),
      rights: ACCOUNT_RIGHTS,
    },
    passwordPolicy: passwordPolicyOf(settings),
    reverseZones: [...new Set(insideNetworks(plan).map(({ network }) => reverseZone(network)))],
    nameServers: controllersOf(plan).map((h) => fqdnOf(plan, h)),
    records: [...recordsOf(plan), ...asked.names.map((name) => askedRecord(plan, name))],
  };
}

function personAccount(plan: Plan, person: Person): Account {
  const department = plan.departments.get(person.department)!;
  const extension = person.extension === null ? null : String(person.extension);
  const closed = person.isDisabled ? ACCOUNT_DISABLED : 0;
  return {
    dn: personDn(plan, person),
    attributes: {
      givenName: person.givenName,
      sn: person.surname,
      displayName: fullName(person),
      title: person.title,
      department: department.name.length <= DEPARTMENT_LENGTH ? department.name : department.id.toUpperCase(),
      mail: person.mailbox,
      telephoneNumber: extension,
      ipPhone: extension,
      userPrincipalName: `${person.login}@${plan.domain.name}`,
    },
    ...(person.kind === "probe"
      ? { control: SERVICE_CONTROL | closed, passwordDigest: personDigest(person) }
      : { control: closed }),
  };
}

function serviceAccountOf(plan: Plan, id: string): Account {
  const login = serviceLogin(id);
  const seat = id === ACCEPTANCE ? seatOf(plan) : undefined;
  const machines = [...controllersOf(plan), ...(seat === undefined ? [] : [seat])];
  return {
    dn: `CN=${login},${serviceUnit(plan)}`,
    attributes: {
      displayName: login,
      userPrincipalName: `${login}@${plan.domain.name}`,
      // Where it may log on. A simple bind is a logon at the controller that is asked, refused (data 531) without its name.
      userWorkstations: machines.map(netbiosName).join(","),
    },
    control: SERVICE_CONTROL,
    passwordDigest: serviceAccount(plan, id).passwordDigest,
  };
}

/** Hosts that some role makes members of the domain. */
export const membersOf = (plan: Plan, asked: Asked): readonly Host[] => asked.members.map((id) => plan.hosts.get(id)!);

/** Bits of msDS-SupportedEncryptionTypes ([MS-KILE] 2.2.7): AES alone. Without them a member gets tickets for itself in RC4. */
const AES = 0x8 | 0x10;

function computerOf(plan: Plan, host: Host): Computer {
  const name = fqdnOf(plan, host);
  return {
    dn: `CN=${netbiosName(host)},${machineUnit(plan)}`,
    attributes: {
      dNSHostName: [name],
      servicePrincipalName: [`HOST/${netbiosName(host)}`, `HOST/${name}`],
      "msDS-SupportedEncryptionTypes": [String(AES)],
    },
    passwordDigest: machineDigest(host),
  };
}

function unitsOf(plan: Plan, asked: Asked): Directory["units"] {
  return [
    { dn: rootUnit(plan), description: `Ce que décrit le plan ${plan.name}` },
    { dn: peopleUnit(plan), description: "Personnes, par service" },
    ...[...plan.departments.values()].map((d) => ({ dn: departmentUnit(plan, d.id), description: d.name })),
    ...(asked.people.length === 0
      ? []
      : [{ dn: probeUnit(plan), description: "Comptes inventés pour la recette, sans personne derrière" }]),
    { dn: groupUnit(plan), description: "Groupes, d'où découlent les droits" },
    { dn: serviceUnit(plan), description: "Comptes des services, en lecture seule" },
    { dn: machineUnit(plan), description: "Postes et serveurs membres du domaine" },
  ];
}

interface InsideNetwork {
  readonly network: Network;
  readonly description: string;
}

function insideNetworks(plan: Plan): readonly InsideNetwork[] {
  const zones = [...plan.zones.values()].filter((z) => z.kind === "inside");
  return [
    ...zones.map((z) => ({ network: z.subnet, description: z.description })),
    ...[...plan.pools.values()].map((p) => ({ network: p.network, description: p.description })),
  ];
}

/** Labels of an address from its last: octets, or for IPv6 nibbles (RFC 1035 §3.5, RFC 3596 §2.5). */
function reverseLabels(address: Address): readonly string[] {
  if (address.family === 4) return formatAddress(address).split(".").reverse();
  return Array.from(address.value.toString(16).padStart(32, "0")).reverse();
}

const suffix = (address: Address): string => (address.family === 4 ? "in-addr.arpa" : "ip6.arpa");

/** The zone of a network, at the octet (for IPv6 the nibble) at or above its prefix. */
export function reverseZone(network: Network): string {
  const address = { family: network.family, value: network.base };
  const labels = reverseLabels(address);
  const kept = Math.max(1, Math.floor(network.prefix / (network.family === 4 ? 8 : 4)));
  return [...labels.slice(labels.length - kept), suffix(address)].join(".");
}

function askedRecord(plan: Plan, { name, host }: AskedName): DnsName {
  const { address } = plan.hosts.get(host)!.nics[0]!;
  return { zone: plan.domain.name, name, type: "A", data: formatAddress(address) };
}

function recordsOf(plan: Plan): readonly DnsName[] {
  const networks = insideNetworks(plan).map((n) => n.network);
  const controllers = new Set(controllersOf(plan));
  return [...plan.hosts.values()].flatMap((host): DnsName[] => {
    const inside = host.nics.filter((nic) => plan.zones.get(nic.zone)!.kind === "inside");
    const first = inside[0];
    if (first === undefined) return [];
    const fqdn = fqdnOf(plan, host);
    // A controller says its own address (samba_dnsupdate), as it says its SRV records.
    const forward: DnsName[] =
      controllers.has(host) || first.address.family !== 4
        ? []
        : [{ zone: plan.domain.name, name: host.id, type: "A", data: formatAddress(first.address) }];
    const backward = inside.map(({ address, prefix }): DnsName => {
      const zone = reverseZone(networks.find((n) => contains(n, address)) ?? networkOf(address, prefix));
      const whole = [...reverseLabels(address), suffix(address)].join(".");
      return { zone, name: whole.slice(0, -zone.length - 1), type: "PTR", data: fqdn };
    });
    return [...forward, ...backward];
  });
}
