import { NEED_IDS, OBJECTIVE_IDS } from "../names.ts";
import { withSuggestion, below, keyOf, problem, type Where } from "../problem.ts";
import type { Grant } from "../types.ts";
import type { Rule } from "./rule.ts";
import { repeats } from "./zones.ts";

export const mailboxesDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.people.values(), (person) => person.mailbox)) {
    const fact = `${again.mailbox ?? ""} is already the mailbox of "${first.login}"`;
    yield problem("PLAN_MAILBOX_DUPLICATE", below(draft.origin(again), "mailbox"), fact, "Choose another local part");
  }
};

export const extensionsDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.people.values(), (person) => person.extension)) {
    const fact = `extension ${again.extension ?? 0} is already that of "${first.login}"`;
    yield problem("PLAN_EXTENSION_DUPLICATE", below(draft.origin(again), "extension"), fact, "Choose a free extension");
  }
};

/** A key says who came: one that two people hold, or one person twice, says less. */
export const sshKeysDiffer: Rule = function* (draft) {
  const all = [...draft.people.values()].flatMap((person) => person.sshKeys.map((key, i) => ({ person, key, i })));
  for (const { first, again } of repeats(all, ({ key }) => key.blob)) {
    const isOwn = first.person === again.person;
    const fact = isOwn ? "stands twice in one list" : `is already a key of "${first.person.login}"`;
    const hint = isOwn
      ? "Remove one of them"
      : "Each person has a pair of keys of their own; ask for the other's .pub file";
    yield problem("PLAN_SSH_KEY_DUPLICATE", below(draft.origin(again.person), "sshKeys", again.i), fact, hint);
  }
};

/** The tunnel needs somebody who may use it; the supervision somebody whom it can write to. */
export const everyRightIsHeld: Rule = function* (draft) {
  if (draft.kind === "site") return;
  if (!draft.isWhole("people", "people") || !draft.isWhole("people", "groups")) return;
  for (const grant of ["vpn", "admin"] as const satisfies readonly Grant[]) {
    const groups = [...draft.groups.values()].filter((group) => group.grants.includes(grant)).map((group) => group.id);
    const holders = [...draft.people.values()].filter((person) => person.groups.some((name) => groups.includes(name)));
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

/** What the customer asked of the lab is a closed list: each id is answered, none is invented. A site has needs of its own. */
export const everyNeedIsCovered: Rule = function* (draft) {
  for (const [section, ids, what] of [
    ["needs", NEED_IDS, "need"],
    ["objectives", OBJECTIVE_IDS, "objective"],
  ] as const) {
    const whole = draft.isWhole("coverage", section);
    const range = `${ids[0] ?? ""} to ${ids.at(-1) ?? ""}`;
    const stated = [...draft.coverage.values()].filter((c) => draft.origin(c).path[0] === section);
    for (const coverage of stated) {
      const where = draft.origin(coverage);
      if (draft.kind === "lab" && !ids.includes(coverage.id)) {
        const hint = withSuggestion(coverage.id, ids, `The customer's ${section} are ${range}`);
        yield problem("PLAN_NEED_UNKNOWN", keyOf(where), `"${coverage.id}" is no ${what} of the customer`, hint);
      } else if (coverage.by.length === 0 && coverage.outOfScope === null) {
        const hint = "Name what answers it in by, or say why not in outOfScope";
        yield problem("PLAN_NEED_UNCOVERED", keyOf(where), `${what} ${coverage.id} is answered by nothing`, hint);
      }
    }
    if (draft.kind === "site" || !whole) continue;
    for (const id of ids) {
      if (stated.some((coverage) => coverage.id === id)) continue;
      const where: Where = { document: "coverage", path: [section], at: "key" };
      yield problem("PLAN_NEED_UNCOVERED", where, `${what} ${id} is not there`, `Add ${id} with what answers it`);
    }
  }
};
