import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import { fullName, hostsOf, plays } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { settingsOf } from "../settings.ts";
import { settings, type Settings } from "./settings.ts";

/*
 * The numbering plan: who and what answers which number, and what is wrong with it. A function of the plan; the files of
 * Asterisk and of the softphones are written from it.
 */

/** A phone that registers: a person's own, or one of a desk. */
export interface Phone {
  /** Its login, and the endpoint's name: the person's, or `poste-pc1`. */
  readonly account: string;
  readonly number: string;
  readonly name: string;
  /** Where its messages are sent; null for a desk, and for who has no mailbox. */
  readonly mail: string | null;
  /** Label of its secret among the stack's. */
  readonly secret: string;
  /** Acceptance's: a message that has been mailed does not fill its box. */
  readonly isForgetful: boolean;
}

export interface Desk extends Phone {
  readonly host: Host["id"];
}

export interface RingGroup {
  readonly number: string;
  readonly name: string;
  readonly phones: readonly Phone[];
}

export interface Numbers {
  readonly people: readonly Phone[];
  readonly desks: readonly Desk[];
  readonly groups: readonly RingGroup[];
  readonly conference: string;
  readonly emergency: readonly { readonly number: string; readonly name: string }[];
  readonly settings: Settings;
}

/** The label of the crisis room's PIN. */
export const CONFERENCE_PIN = "pbx/conference";

const pbxSettings = (plan: Plan): Settings => settingsOf(plan, { id: "pbx", settings });

const phoneOf = (person: Person, extension: number): Phone => ({
  account: person.login,
  number: String(extension),
  name: fullName(person),
  mail: person.mailbox,
  secret: `sip/${person.login}`,
  isForgetful: person.kind === "probe",
});

const deskOf = (host: Host["id"], number: number): Desk => ({
  account: `poste-${host}`,
  host,
  number: String(number),
  name: `Poste ${host}`,
  mail: null,
  secret: `sip/poste-${host}`,
  isForgetful: false,
});

/** Of a plan whose numbers have faults (`numberFindings`) what can be made of it. */
export function numbersOf(plan: Plan, told: Settings = pbxSettings(plan)): Numbers {
  const everybody = [...plan.people.values(), ...plan.probePeople.values()];
  const people = everybody.flatMap((p) => (p.extension === null || p.isDisabled ? [] : [phoneOf(p, p.extension)]));
  const desks = Object.entries(told.desks).map(([host, number]) => deskOf(host, number));
  const members = (word: string): readonly Phone[] => {
    const [kind, id] = word.split(":") as [string, string | undefined];
    const whose = (isIt: (person: Person) => boolean): readonly Phone[] =>
      people.filter((phone) => plan.people.has(phone.account) && isIt(plan.people.get(phone.account)!));
    switch (kind) {
      case "group":
        return whose((p) => p.groups.includes(id!));
      case "department":
        return whose((p) => p.department === id);
      case "person":
        return whose((p) => p.login === id);
      case "desk":
        return desks.filter((d) => d.host === id);
      default:
        return desks;
    }
  };
  return {
    people,
    desks,
    groups: Object.entries(told.groups).map(([number, { name, members: words }]) => ({
      number,
      name,
      phones: [...new Set(words.flatMap(members))],
    })),
    conference: String(told.conference),
    emergency: Object.entries(told.emergency).map(([number, { name }]) => ({ number, name })),
    settings: told,
  };
}

/** The phone at a host; undefined for one that has none. */
export const deskAt = (plan: Plan, host: Host): Desk | undefined =>
  hostsOf(plan, "pbx").length === 0 ? undefined : numbersOf(plan).desks.find((d) => d.host === host.id);

interface Use {
  readonly number: string;
  readonly whose: string;
  readonly place: Place;
  readonly path: string;
}

/** Two things at one number, members that are nobody, desks where no workstation is. */
export function numberFindings(plan: Plan, told: Settings = pbxSettings(plan)): readonly Diagnostic[] {
  const said = plan.settings.get("pbx");
  const somewhere = said?.place ?? hostsOf(plan, "pbx")[0]!.place;
  const at = (...path: readonly string[]): Pick<Diagnostic, "severity" | "place" | "path"> => ({
    severity: "error",
    place: said?.places.get(["settings", "pbx", ...path].join("\n")) ?? somewhere,
    path: ["settings.pbx", ...path].join("."),
  });
  const use = (number: string | number, whose: string, ...path: readonly string[]): Use => {
    const { place, path: shown } = at(...path);
    return { number: String(number), whose, place: place!, path: shown };
  };
  const { codes } = told;
  const uses: readonly Use[] = [
    ...Object.entries(told.emergency).map(([n, { name }]) => use(n, `the emergency number of ${name}`, "emergency", n)),
    ...(["voicemail", "message", "echo"] as const).map((c) => use(codes[c], `the code "${c}"`, "codes", c)),
    use(told.conference, "the crisis room", "conference"),
    ...Object.entries(told.groups).map(([n, { name }]) => use(n, `the group "${name}"`, "groups", n)),
    ...Object.entries(told.desks).map(([host, n]) => use(n, `the desk at ${host}`, "desks", host)),
    ...[...plan.people.values(), ...plan.probePeople.values()].flatMap((p): Use[] =>
      p.extension === null
        ? []
        : [
            {
              number: String(p.extension),
              whose: `the extension of ${p.login}`,
              place: p.place,
              path: `people.${p.login}.extension`,
            },
          ],
    ),
  ];
  const first = new Map<string, Use>();
  const taken = uses.flatMap((again): Diagnostic[] => {
    const before = first.get(again.number);
    first.set(again.number, before ?? again);
    // Two people with one extension are the plan's own finding.
    if (before === undefined || (isOfPerson(before) && isOfPerson(again))) return [];
    return [
      {
        ...{ code: "PBX_NUMBER_TAKEN", severity: "error", place: again.place, path: again.path },
        fact: `${again.number} is ${again.whose}, and already ${before.whose} (${before.place.file}:${before.place.line})`,
        hint: isOfPerson(again) ? "Choose a free extension" : "Choose another number for one of the two",
      },
    ];
  });
  const nobody = Object.entries(told.groups).flatMap(([number, group]) =>
    group.members.flatMap((word): Diagnostic[] => {
      const alone: Settings = { ...told, groups: { [number]: { ...group, members: [word] } } };
      if (numbersOf(plan, alone).groups[0]!.phones.length > 0) return [];
      const fact = `"${word}" of the group "${group.name}" is nobody with a phone`;
      const hint =
        "Name a group, a department or a person of people.yaml with extensions, or a desk of settings.pbx.desks";
      return [{ ...at("groups", number, "members"), code: "PBX_MEMBER_UNKNOWN", fact, hint }];
    }),
  );
  const placeless = Object.keys(told.desks).flatMap((id): Diagnostic[] => {
    const host = plan.hosts.get(id);
    if (host !== undefined && plays(host, "workstation")) return [];
    const fact =
      host === undefined ? `"${id}" is not a host` : `"${id}" plays ${host.roles.join(", ")}, not workstation`;
    return [{ ...at("desks", id), code: "PBX_DESK_WITHOUT_HOST", fact, hint: "Name a workstation of hosts.yaml" }];
  });
  const { blindTransfer, attendedTransfer } = codes;
  const keys: readonly Diagnostic[] =
    blindTransfer === attendedTransfer
      ? [
          {
            ...at("codes", "attendedTransfer"),
            code: "PBX_NUMBER_TAKEN",
            fact: `${attendedTransfer} is both transfers`,
            hint: "Choose other keys for one of them",
          },
        ]
      : [];
  return [...taken, ...nobody, ...placeless, ...keys];
}

const isOfPerson = ({ path }: Use): boolean => path.startsWith("people.");
