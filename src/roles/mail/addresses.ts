import type { Diagnostic } from "../../core/diagnostics.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Person, Plan } from "../../plan/types.ts";
import type { Settings } from "./settings.ts";

/*
 * Addresses beside the mailboxes, and what is wrong with them. Who is in a group the directory says, when mail comes: here
 * stands only which group it is.
 */

/** No domain (RFC 2606 §2): by an address in it an alias names a group to Postfix, and nobody can send to it. */
export const GROUP_DOMAIN = "groups.invalid";

/** What every domain answers to (RFC 2142), and what a host's own programs write to. */
const STANDARD = ["postmaster", "abuse", "root"] as const;

export interface Alias {
  /** Local part. */
  readonly name: string;
  /** Addresses, of people and in the domain of groups. */
  readonly to: readonly string[];
}

const everybody = (plan: Plan): readonly Person[] => [...plan.people.values(), ...plan.probePeople.values()];

const groupAddress = (group: string): string => `${group}@${GROUP_DOMAIN}`;

/** Of one word of the plan; undefined where it is nobody's. */
function addressOf(plan: Plan, word: string): string | undefined {
  const [kind, id] = word.split(":") as [string, string];
  if (kind === "group") return plan.groups.has(id) ? groupAddress(id) : undefined;
  return everybody(plan).find((p) => p.login === id)?.mailbox ?? undefined;
}

/** In the plan's order, after those that every domain has. */
export function aliasesOf(plan: Plan, { aliases }: Settings): readonly Alias[] {
  const taken = new Set([...Object.keys(aliases), ...everybody(plan).flatMap((p) => p.mailbox?.split("@")[0] ?? [])]);
  const administrators = [...plan.groups.values()].filter((g) => g.grants.includes("admin"));
  return [
    ...STANDARD.filter((name) => !taken.has(name)).map((name) => ({
      name,
      to: administrators.map((g) => groupAddress(g.id)),
    })),
    ...Object.entries(aliases).map(([name, words]) => ({
      name,
      to: [...new Set(words.flatMap((word) => addressOf(plan, word) ?? []))],
    })),
  ];
}

/** An alias that is somebody's mailbox, or nobody's; an address by which two would log on; a quota that no message fits into. */
export function addressFindings(plan: Plan, settings: Settings): readonly Diagnostic[] {
  const said = plan.settings.get("mail");
  const somewhere = said?.place ?? hostsOf(plan, "mail")[0]!.place;
  const at = (...path: readonly string[]): Pick<Diagnostic, "severity" | "place" | "path"> => ({
    severity: "error",
    place: said?.places.get(["settings", "mail", ...path].join("\n")) ?? somewhere,
    path: ["settings.mail", ...path].join("."),
  });
  const taken = Object.keys(settings.aliases).flatMap((name): Diagnostic[] => {
    const owner = everybody(plan).find((p) => p.mailbox === `${name}@${plan.domain.name}`);
    if (owner === undefined) return [];
    const fact = `"${name}" is already the mailbox of "${owner.login}" (${owner.place.file}:${owner.place.line})`;
    return [{ ...at("aliases", name), code: "MAIL_ALIAS_TAKEN", fact, hint: "Choose another local part" }];
  });
  const nobody = Object.entries(settings.aliases).flatMap(([name, words]) =>
    words.flatMap((word): Diagnostic[] => {
      if (addressOf(plan, word) !== undefined) return [];
      const fact = `"${word}" of the alias "${name}" is nobody with a mailbox`;
      const hint = "Name a group of people.yaml, or a person who has a mailbox there";
      return [{ ...at("aliases", name), code: "MAIL_ALIAS_UNKNOWN", fact, hint }];
    }),
  );
  const { quotaMiB, messageMiB } = settings;
  const small: readonly Diagnostic[] =
    quotaMiB >= messageMiB
      ? []
      : [
          {
            ...at(said?.places.has("settings\nmail\nquotaMiB") ? "quotaMiB" : "messageMiB"),
            code: "MAIL_QUOTA_TOO_SMALL",
            fact: `a mailbox holds ${quotaMiB} MiB, and a message may have ${messageMiB}`,
            hint: "Raise quotaMiB, or lower messageMiB",
          },
        ];
  return [...taken, ...nobody, ...othersLogins(plan), ...small];
}

/** Whoever sets up a mail program has an address, and it is a login: of its owner alone. */
function othersLogins(plan: Plan): readonly Diagnostic[] {
  return everybody(plan).flatMap((person): readonly Diagnostic[] => {
    const other = everybody(plan).find((p) => p !== person && `${p.login}@${plan.domain.name}` === person.mailbox);
    if (other === undefined) return [];
    return [
      {
        severity: "error",
        place: person.place,
        path: `people.${person.login}.mailbox`,
        code: "MAIL_ADDRESS_IS_A_LOGIN",
        fact: `the mailbox of "${person.login}" is the login of "${other.login}", so that neither could log on by it`,
        hint: "Choose another local part",
      },
    ];
  });
}
