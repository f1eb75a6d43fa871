import { below, problem, type Where } from "../problem.ts";
import { directoryName } from "../query.ts";
import type { Draft } from "../draft.ts";
import type { Grant, Person } from "../types.ts";
import { repeats, type Rule } from "../rule.ts";

/** Acceptance's people stand in one directory with the others. */
const everybody = (draft: Draft): readonly Person[] => [...draft.people.values(), ...draft.probePeople.values()];

export const mailboxesDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(everybody(draft), (person) => person.mailbox)) {
    const fact = `${again.mailbox ?? ""} is already the mailbox of "${first.login}"`;
    yield problem("PLAN_MAILBOX_DUPLICATE", below(draft.origin(again), "mailbox"), fact, "Choose another local part");
  }
};

export const extensionsDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(everybody(draft), (person) => person.extension)) {
    const fact = `extension ${again.extension ?? 0} is already that of "${first.login}"`;
    yield problem("PLAN_EXTENSION_DUPLICATE", below(draft.origin(again), "extension"), fact, "Choose a free extension");
  }
};

/** A key says who came: one that two people hold, or one person twice, says less. */
export const sshKeysDiffer: Rule = function* (draft) {
  const all = everybody(draft).flatMap((person) => person.sshKeys.map((key, i) => ({ person, key, i })));
  for (const { first, again } of repeats(all, ({ key }) => key.blob)) {
    const isOwn = first.person === again.person;
    const fact = isOwn ? "stands twice in one list" : `is already a key of "${first.person.login}"`;
    const hint = isOwn
      ? "Remove one of them"
      : "Each person has a pair of keys of their own; ask for the other's .pub file";
    yield problem("PLAN_SSH_KEY_DUPLICATE", below(draft.origin(again.person), "sshKeys", again.i), fact, hint);
  }
};

/** Common-Name and Title of Active Directory's schema (rangeUpper): a controller refuses what is longer. */
const LONGEST = { name: 64, title: 128 } as const;

export const namesFitTheDirectory: Rule = function* (draft) {
  if (draft.kind === "site") return;
  for (const person of everybody(draft)) {
    const name = directoryName(everybody(draft), person);
    const where = (field: string): Where => below(draft.origin(person), field);
    if (name.length > LONGEST.name) {
      const fact = `"${name}" has ${name.length} characters, and the directory holds ${LONGEST.name}`;
      const hint = "Write a name by which the person is known; the login counts where two have one name";
      yield problem(
        "PLAN_NAME_TOO_LONG",
        where(person.givenName.length > person.surname.length ? "givenName" : "surname"),
        fact,
        hint,
      );
    }
    if (person.title.length > LONGEST.title) {
      const fact = `the function has ${person.title.length} characters, and the directory holds ${LONGEST.title}`;
      yield problem("PLAN_NAME_TOO_LONG", where("title"), fact, "Say it in fewer words");
    }
  }
};

/** The tunnel needs somebody who may use it; the supervision somebody whom it can write to. */
export const everyRightIsHeld: Rule = function* (draft) {
  if (draft.kind === "site") return;
  if (!draft.isWhole("people", "people") || !draft.isWhole("people", "groups")) return;
  for (const grant of ["vpn", "admin"] as const satisfies readonly Grant[]) {
    const groups = [...draft.groups.values()].filter((group) => group.grants.includes(grant)).map((group) => group.id);
    const holders = [...draft.people.values()].filter(
      (person) => !person.isDisabled && person.groups.some((name) => groups.includes(name)),
    );
    const where: Where = { document: "people", path: ["groups"], at: "key" };
    if (groups.length === 0)
      yield problem("PLAN_GRANT_NOBODY", where, `no group grants "${grant}"`, `Write grants: [${grant}] on a group`);
    else if (holders.length === 0)
      yield problem(
        "PLAN_GRANT_NOBODY",
        where,
        `nobody is in a group that grants "${grant}"`,
        `Put a person in ${groups.join(" or ")}`,
      );
    else if (grant === "admin" && holders.every((person) => person.mailbox === null))
      yield problem(
        "PLAN_GRANT_NOBODY",
        where,
        "no administrator has a mailbox for alerts",
        "Give one of them a mailbox",
      );
  }
};
