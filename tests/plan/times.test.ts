import { describe, expect, test } from "vitest";
import { parsePlan } from "../../src/plan/index.ts";
import { crowdOf } from "../../src/plan/query.ts";
import { directoryOf } from "../../src/roles/dc/directory.ts";
import { settings as dcSettings } from "../../src/roles/dc/settings.ts";
import { askedIn, vocabulary } from "../../src/roles/registry.ts";
import { bytesOf, labDocuments } from "./lab-documents.ts";

const documents = await labDocuments();
const people = documents.people as { people: Record<string, object> };

/** The lab with other words for the one who stands for several, and others beside. */
const outcomeOf = (words: object, beside: Readonly<Record<string, object>> = {}): ReturnType<typeof parsePlan> =>
  parsePlan(
    bytesOf({
      ...documents,
      people: {
        ...people,
        people: {
          ...people.people,
          "recette.usager": { ...people.people["recette.usager"], ...words },
          ...beside,
        },
      },
    }),
    { roles: vocabulary },
  );

const said = (outcome: ReturnType<typeof parsePlan>): readonly string[] =>
  outcome.ok ? [] : outcome.errors.map((e) => `${e.code} ${e.path}: ${e.fact}`);

describe("somebody whom the plan has several times", () => {
  test("is as many people, each with a mailbox and an extension of its own, and an account", () => {
    const outcome = outcomeOf({ times: 3 });
    if (!outcome.ok) throw new Error(said(outcome).join("\n"));
    const plan = outcome.value;
    expect(crowdOf(plan).map(({ login, mailbox, extension, hasVpn }) => [login, mailbox, extension, hasVpn])).toEqual([
      ["recette.usager1", "recette.usager1@cod.test", 600, true],
      ["recette.usager2", "recette.usager2@cod.test", 601, true],
      ["recette.usager3", "recette.usager3@cod.test", 602, true],
    ]);
    expect(plan.probePeople.has("recette.usager")).toBe(false);
    const { accounts } = directoryOf(plan, askedIn(plan), dcSettings.parse({}));
    expect(Object.keys(accounts).filter((login) => login.startsWith("recette.usager"))).toHaveLength(3);
  });

  test("is nobody's work where the account is closed", () => {
    const outcome = outcomeOf({ disabled: true });
    expect(outcome.ok && crowdOf(outcome.value)).toEqual([]);
  });

  test("is acceptance's alone, with logins and extensions that nobody else has", () => {
    const here = 'PLAN_BAD_VALUE people["recette.usager"].times';
    expect(said(outcomeOf({ kind: "user" }))).toEqual([`${here}: people are numbered where they are acceptance's`]);
    expect(said(outcomeOf({}, { "recette.usager2": people.people["recette.nomade1"]! }))).toEqual([
      `${here}: "recette.usager2" is already somebody`,
    ]);
    expect(said(outcomeOf({ extension: 9995 }))).toEqual([`${here}: the last extension would be 10004`]);
    expect(said(outcomeOf({ extension: 185 }))[0]).toContain("PLAN_EXTENSION_DUPLICATE");
  });
});
