import { describe, expect, test } from "vitest";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { directoryOf } from "../../src/roles/dc/directory.ts";
import { settings as dcSettings } from "../../src/roles/dc/settings.ts";
import { numbersOf } from "../../src/roles/pbx/numbers.ts";
import { askedIn, vocabulary } from "../../src/roles/registry.ts";
import { travellers } from "../../src/roles/vpn/people.ts";
import { bytesOf, labDocuments } from "./lab-documents.ts";

const documents = await labDocuments();

/** The lab with these people disabled. */
function outcomeOf(...logins: readonly string[]): ReturnType<typeof parsePlan> {
  const people = documents.people as { people: Record<string, object> };
  const changed = Object.fromEntries(
    Object.entries(people.people).map(([login, person]) => [
      login,
      logins.includes(login) ? { ...person, disabled: true } : person,
    ]),
  );
  return parsePlan(bytesOf({ ...documents, people: { ...people, people: changed } }), { roles: vocabulary });
}

function planOf(...logins: readonly string[]): Plan {
  const outcome = outcomeOf(...logins);
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

const control = (plan: Plan, login: string): number =>
  directoryOf(plan, askedIn(plan), dcSettings.parse({})).accounts[login]!.control;
const phones = (plan: Plan): readonly string[] => numbersOf(plan).people.map((p) => p.account);

describe("somebody whom the plan has disabled", () => {
  test("has a closed account, with all that is theirs", () => {
    const closed = planOf("claire.morel");
    expect([control(planOf(), "claire.morel") & 2, control(closed, "claire.morel") & 2]).toEqual([0, 2]);
    expect(closed.people.get("claire.morel")).toMatchObject({
      mailbox: "claire.morel@cod.test",
      groups: expect.arrayContaining(["nomades"]) as unknown,
    });
  });

  test("has no right of a group, and no telephone", () => {
    const closed = planOf("claire.morel", "elise.fontaine");
    const who = (login: string): unknown => closed.people.get(login);
    expect(who("claire.morel")).toMatchObject({ hasVpn: false });
    expect(who("elise.fontaine")).toMatchObject({ hasVpn: false, isAdmin: false });
    expect(travellers(closed).map((p) => p.login)).not.toContain("claire.morel");
    expect(phones(planOf())).toContain("claire.morel");
    expect(phones(closed)).not.toContain("claire.morel");
  });

  test("holds no right for anybody else's sake", () => {
    const outcome = outcomeOf("elise.fontaine", "yann.caradec");
    expect(outcome.ok ? [] : outcome.errors.map((e) => `${e.code} ${e.fact}`)).toContain(
      'PLAN_GRANT_NOBODY nobody is in a group that grants "admin"',
    );
  });
});
