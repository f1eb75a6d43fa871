import { describe, expect, test } from "vitest";
import { parsePlan, type Plan } from "../../../src/plan/index.ts";
import { roleFindings } from "../../../src/roles/findings.ts";
import { numbersOf } from "../../../src/roles/pbx/numbers.ts";
import { vocabulary } from "../../../src/roles/registry.ts";
import { bytesOf, labDocuments } from "../../plan/lab-documents.ts";

const documents = await labDocuments();

interface Person {
  readonly extension?: number;
}

/** The lab with other settings of the exchange, and other extensions. */
function planOf(pbx: object | null, extensions: Readonly<Record<string, number>> = {}): Plan {
  const people = documents.people as { people: Record<string, Person> };
  const changed = Object.fromEntries(
    Object.entries(people.people).map(([login, person]) => [
      login,
      login in extensions ? { ...person, extension: extensions[login] } : person,
    ]),
  );
  const roles = { settings: pbx === null ? {} : { pbx } };
  const outcome = parsePlan(bytesOf({ ...documents, people: { ...people, people: changed }, roles }), {
    roles: vocabulary,
  });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

const found = (plan: Plan): readonly string[] =>
  roleFindings(plan).map((f) => `${f.place?.file ?? ""} ${f.code} ${f.path}: ${f.fact}`);

describe("the numbering plan", () => {
  test("has people by their extension, desks by their workstation, and nothing that nobody asked for", () => {
    const bare = numbersOf(planOf(null));
    const claire = bare.people.find((p) => p.number === "101");
    expect(claire).toMatchObject({
      account: "claire.morel",
      mail: "claire.morel@cod.test",
      secret: "sip/claire.morel",
    });
    expect([bare.desks, bare.groups, bare.conference]).toEqual([[], [], "500"]);
    expect(bare.emergency.map((e) => e.number).sort()).toEqual(["112", "15", "17", "18"]);
    const desks = numbersOf(planOf({ desks: { pc1: 301 } })).desks;
    expect(desks).toMatchObject([{ account: "poste-pc1", host: "pc1", number: "301", mail: null }]);
  });

  test("has acceptance's people with an extension, who are in no group of phones and whose box forgets what it has mailed", () => {
    const members = ["group:cod-membres", "department:sidsic"];
    const numbers = numbersOf(planOf({ groups: { "200": { name: "Tous", members } } }));
    expect(numbers.people.find((p) => p.number === "190")).toMatchObject({
      account: "recette.membre",
      isForgetful: true,
    });
    expect(numbers.people.filter((p) => p.isForgetful).map((p) => p.account)).toEqual([
      "recette.nomade4",
      "recette.nomade5",
      "recette.nomade6",
      "recette.membre",
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `recette.usager${n}`),
    ]);
    expect(numbers.groups[0]!.phones.map((p) => p.account)).not.toContain("recette.membre");
  });

  test("rings whom a group names: a group, a department, a person, a desk or all of them, each once", () => {
    const members = ["group:communication", "department:communication", "person:claire.morel", "desk:pc2", "desks"];
    const plan = planOf({ desks: { pc1: 301, pc2: 302 }, groups: { "200": { name: "Tous", members } } });
    expect(numbersOf(plan).groups[0]!.phones.map((p) => p.account)).toEqual([
      "thomas.noel",
      "claire.morel",
      "poste-pc2",
      "poste-pc1",
    ]);
    expect(found(plan)).toEqual([]);
  });
});

describe("numbers that meet are a finding where the second stands", () => {
  test.each([
    ["an emergency number", {}, 112, /112 is the extension of yann\.caradec, and already the emergency number of/],
    ["a desk", { desks: { pc1: 301 } }, 301, /301 is the extension of yann\.caradec, and already the desk at pc1/],
    ["the crisis room", {}, 500, /500 is the extension of yann\.caradec, and already the crisis room/],
    [
      "a group",
      { groups: { "200": { name: "Salle", members: ["person:claire.morel"] } } },
      200,
      /200 is the extension of yann\.caradec, and already the group "Salle" \(roles\.yaml:\d+\)/,
    ],
  ])("an extension and %s", (_, settings, extension, words) => {
    const plan = planOf(settings, { "yann.caradec": extension });
    const [finding, ...others] = roleFindings(plan);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "PBX_NUMBER_TAKEN", severity: "error" });
    expect(finding!.fact).toMatch(words);
    expect(finding!.place).toEqual(plan.people.get("yann.caradec")!.place);
    expect(finding!.path).toBe("people.yann.caradec.extension");
  });

  test("two desks, a code that is another's, and one key for two transfers", () => {
    const plan = planOf({
      desks: { pc1: 301, pc2: 301 },
      codes: { echo: "*98", blindTransfer: "*2" },
    });
    const places = roleFindings(plan).map((f) => [f.code, f.path, f.place?.file]);
    expect(places).toEqual([
      ["PBX_NUMBER_TAKEN", "settings.pbx.codes.echo", "roles.yaml"],
      ["PBX_NUMBER_TAKEN", "settings.pbx.desks.pc2", "roles.yaml"],
      ["PBX_NUMBER_TAKEN", "settings.pbx.codes.attendedTransfer", "roles.yaml"],
    ]);
    const lines = roleFindings(plan).map((f) => f.place!.line);
    expect(new Set(lines).size).toBeGreaterThan(1);
  });

  test("two people with one extension are said by the plan alone", () => {
    expect(() => planOf(null, { "yann.caradec": 101 })).toThrow(/extension 101 is already that of "claire\.morel"/);
  });
});

test("a member that is nobody with a phone, and a desk where nobody sits, are said with what to name", () => {
  const plan = planOf({
    desks: { pc9: 301, mail: 302 },
    groups: { "200": { name: "Vide", members: ["group:nobody", "desk:pc1", "person:claire.morel"] } },
  });
  expect(found(plan)).toEqual([
    'roles.yaml PBX_MEMBER_UNKNOWN settings.pbx.groups.200.members: "group:nobody" of the group "Vide" is nobody with a phone',
    'roles.yaml PBX_MEMBER_UNKNOWN settings.pbx.groups.200.members: "desk:pc1" of the group "Vide" is nobody with a phone',
    'roles.yaml PBX_DESK_WITHOUT_HOST settings.pbx.desks.pc9: "pc9" is not a host',
    'roles.yaml PBX_DESK_WITHOUT_HOST settings.pbx.desks.mail: "mail" plays mail, not workstation',
  ]);
});
