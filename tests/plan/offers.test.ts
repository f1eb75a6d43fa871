import { expect, test } from "vitest";
import { parse } from "yaml";
import { jsonSchemaOf } from "../../src/plan/json-schema.ts";
import { offersOf } from "../../src/plan/offers.ts";
import { documentsIn, parsePlan, type DocumentName } from "../../src/plan/index.ts";
import { vocabulary } from "../../src/roles/registry.ts";

const documents = await documentsIn("tests/plans/lab");
const offers = offersOf(documents);

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly type?: string;
}

/** What an editor is told of the place in a document: `flows[].from[]`, `hosts.*.role`. */
function at(document: DocumentName, path: string, offered = offers): Node {
  let node = jsonSchemaOf(document, vocabulary, offered) as Node;
  for (const step of path.replaceAll("[]", ".[]").split("."))
    node = step === "[]" ? node.items! : step === "*" ? node.additionalProperties! : node.properties![step]!;
  return node;
}
const namesAt = (document: DocumentName, path: string): readonly string[] => at(document, path).anyOf![0]!.enum!;

test("names of the plan are offered where they may stand, with what the plan says of them", () => {
  const [names, any] = at("flows", "flows[].from[]").anyOf!;
  expect(names!.enum).toEqual(
    expect.arrayContaining(["any", "internet", "firewall", "users", "dc1", "staff", "zone:vpn"]),
  );
  expect(names!.enum).toEqual(expect.arrayContaining(["host:vpn", "host:internet", "vpn-clients"]));
  for (const name of ["vpn", "field"]) expect(names!.enum).not.toContain(name);
  expect(names!.enumDescriptions![names!.enum!.indexOf("dc1")]).toBe("host: Contrôleur de domaine principal");
  // Another text is no error: an address, or a name that was just added.
  expect(any).toMatchObject({ type: "string" });

  expect(namesAt("flows", "groups.*.members[]")).not.toContain("staff");
  expect(namesAt("flows", "flows[].services[]")).toContain("syslog-tls");
  expect(namesAt("flows", "flows[].owner")).toContain("cod");
  expect(namesAt("flows", "invariants.*.except[]")).toContain("F412");
  expect(namesAt("coverage", "needs.*.by[]")).toEqual(expect.arrayContaining(["host:mail", "zone:dmz", "flow:F412"]));
  expect(namesAt("hosts", "hosts.*.nics[].zone")).toContain("dmz");
  expect(namesAt("hosts", "hosts.*.image")).toContain("debian-13");
  expect(namesAt("people", "people.*.groups[]")).toContain("nomades");
  expect(namesAt("addressing", "pools.*.via")).toContain("vpn");
  expect(at("hosts", "hosts.*.role").enum).toEqual([...vocabulary.keys()]);
});

test("every end that is offered is one that the loader takes", () => {
  const flows = parse(Buffer.from(documents.get("flows.yaml")!).toString()) as { groups: object };
  const all = { description: "All", members: offers.member.map((o) => o.name) };
  const changed = { ...flows, groups: { ...flows.groups, all } };
  const outcome = parsePlan(new Map([...documents, ["flows.yaml", Buffer.from(JSON.stringify(changed))]]));
  expect(outcome.ok ? [] : outcome.errors).toEqual([]);
});

test("a plan that is wrong somewhere offers what can be read of it", () => {
  const broken = new Map([...documents, ["hosts.yaml", Buffer.from("hosts: [")], ["people.yaml", Buffer.of(0xff)]]);
  const some = offersOf(broken);
  expect(some.zone).toEqual(offers.zone);
  expect([some.host, some.department]).toEqual([[], []]);
  expect(at("flows", "flows[].owner", some)).toMatchObject({ type: "string" });
  expect(offersOf(new Map()).end.map((o) => o.name)).toEqual(["any", "internet", "firewall"]);
});
