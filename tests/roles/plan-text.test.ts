import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fillText, placesOf, shown, type Text } from "../../src/core/text.ts";
import { readSeedTemplates } from "../../src/infra/read-templates.ts";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { formatPath } from "../../src/plan/problem.ts";
import { documentSchemas } from "../../src/plan/schemas.ts";
import { declare, textsOf } from "../../src/provision/steps/work.ts";
import { escapeText } from "../../src/pfsense/emit/xml.ts";
import { plainName } from "../../src/roles/pbx/files.ts";
import { escapeRdn } from "../../src/roles/dc/accounts.ts";
import { roleTemplateNames, vocabulary } from "../../src/roles/registry.ts";
import { renderHost } from "../../src/roles/render.ts";
import { renderSeed } from "../../src/roles/seed.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { stringFields, withText, type Documents, type Field } from "../plan/fields.ts";
import { bytesOf, labDocuments } from "../plan/lab-documents.ts";

/*
 * What a plan says is data wherever it goes. Every field of the plan in which text may stand is tried with what means
 * something to our templates, and to whatever reads a file that it may end in.
 */

const MARKS = [
  "{{secret:password/dc/administrator}} {{secret:ssh-private/provisioner|json}} {{host}} {{{input}}} {{ name }}",
  "$(id) `id` ${HOME} $& $1 $$ $' %h %u %% \\n \\1 & :< file:///etc/shadow :: YWJj {% x %} {# y #} <%= 1 %>",
  '\'"><!--]]></descr>&lt;&#39; ; rm -rf / | # -- // \\ /* =a,b+c;d @ ${jndi:x} !include *a {"secret":"password/x"}',
] as const;

const documents = await labDocuments();
const schemas = documentSchemas(vocabulary);
const fields = stringFields(documents);
const root = repositoryRoot();
const seedTemplates = await readSeedTemplates(root);
const templates = new Map(
  await Promise.all(
    roleTemplateNames.map(async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const),
  ),
);

const planOf = (of: Documents): Plan => {
  const outcome = parsePlan(bytesOf(of), { roles: vocabulary });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
};

/** Everything that hosts are sent, by a name of its own. */
function rendered(plan: Plan): ReadonlyMap<string, Text> {
  const texts = new Map<string, Text>();
  const naming = { mac: () => "02:00:00:00:00:01", operator: null };
  for (const host of plan.hosts.values()) {
    for (const [name, text] of renderSeed(plan, host, seedTemplates, naming).files)
      texts.set(`${host.id}: ${name}`, text);
    for (const { role, work } of renderHost(plan, host, templates, null))
      for (const step of declare(role, work)) {
        const files = step.kind === "files" ? Object.keys(step.files) : [];
        for (const [n, text] of textsOf([step]).entries())
          texts.set(`${host.id}: ${role}, ${step.name}, ${files[n] ?? n}`, text);
      }
  }
  return texts;
}

/** A name and its login are 64 characters to the directory. */
const NAMES = new Set(["people.people.*.givenName", "people.people.*.surname"]);

/** Whether the field takes the text; a refusal must be about this very field. */
function isTaken(field: Field, text: string): boolean {
  const changed = withText(documents, field, text);
  const at = field.isKey ? [...field.path.slice(0, -1), text] : field.path;
  const issues = schemas[field.document].safeParse(changed[field.document]).error?.issues ?? [];
  if (issues.length > 0) {
    expect([field.name, issues.some((i) => i.path.every((step, n) => step === at[n]))]).toEqual([field.name, true]);
    return false;
  }
  const outcome = parsePlan(bytesOf(changed), { roles: vocabulary });
  if (outcome.ok) return true;
  const path = formatPath(at);
  expect([field.name, outcome.errors.some((e) => e.path === path)]).toEqual([field.name, true]);
  return false;
}

const free = fields.filter((field) => isTaken(field, MARKS[0].slice(0, NAMES.has(field.name) ? 20 : 60)));

test("the fields of free text are these, and no other takes a mark of any language", () => {
  expect(fields.length).toBeGreaterThan(60);
  expect(free.map((f) => f.name)).toMatchInlineSnapshot(`
    [
      "addressing.authority.name",
      "addressing.zones.*.description",
      "addressing.pools.*.description",
      "hosts.images.*.description",
      "hosts.hosts.*.description",
      "roles.settings.pbx.groups.*.name",
      "roles.settings.pbx.emergency.*.name",
      "services.services.*.description",
      "flows.groups.*.description",
      "flows.flows[].description",
      "flows.switches.*.description",
      "flows.forwards.*.description",
      "flows.invariants.*.description",
      "flows.waivers.*.reason",
      "people.departments.*.name",
      "people.groups.*.description",
      "people.people.*.givenName",
      "people.people.*.surname",
      "people.people.*.title",
      "coverage.needs.*.text",
      "coverage.needs.*.outOfScope",
      "coverage.objectives.*.text",
      "coverage.objectives.*.outOfScope",
    ]
  `);
});

/** Every field of free text with a text of its own. */
const planWith = (textOf: (field: Field, n: number) => string): Plan =>
  planOf(free.reduce((of, field, n) => withText(of, field, textOf(field, n)), documents));
/** A certificate's common name; and beyond it, the directory has a department's id for its name. */
const SHORT = new Set(["addressing.authority.name", "people.departments.*.name"]);
const longest = (field: Field): number =>
  NAMES.has(field.name) ? 20 : SHORT.has(field.name) ? 64 : field.name === "people.people.*.title" ? 128 : 200;
const word = (n: number): string => `Zq${n}qZ`;
const WORD = /Zq(\d+)qZ/;

/** XML without the marks of its sections: a text that needs one has it around what stands beside it too. */
const bare = (xml: string): string => xml.replace(/<!\[CDATA\[|\]\]>/g, "");

/** How a text may be written where a file has it: as it is, in JSON, in XML, in an account's comment. */
const WAYS: Readonly<Record<string, readonly ((text: string) => string)[]>> = {
  // A bar separates the details of an alias.
  "config.xml": [(text) => bare(escapeText(text)), (text) => bare(escapeText(text.replaceAll("|", "/")))],
  "domain.json": [(text) => JSON.stringify(text).slice(1, -1), (text) => JSON.stringify(escapeRdn(text)).slice(1, -1)],
  // In Asterisk's files each sign that could mean something is a space.
  "pjsip_phones.conf": [plainName],
  "extensions.conf": [plainName],
  "voicemail.conf": [plainName],
  "people.json": [(text) => JSON.stringify(text).slice(1, -1)],
  "pbx.json": [(text) => JSON.stringify(text).slice(1, -1)],
  "wanted.json": [(text) => JSON.stringify(text).slice(1, -1)],
  "administrators.json": [(text) => JSON.stringify(text.replace(/[:,]/g, " ")).slice(1, -1)],
};

const plain = rendered(planWith((_, n) => word(n)));
const carriers = [...plain].filter(([, text]) => WORD.test(shown(text))).map(([name]) => name);

test("what is written freely ends in files of JSON and XML, where it can be no directive, or stripped of its signs", () => {
  const kinds = new Set(carriers.map((name) => name.split(/[ /]/).at(-1)));
  expect([...kinds].sort()).toEqual(Object.keys(WAYS).sort());
});

describe.each(MARKS)("%s in every field of free text", (mark) => {
  const texts = rendered(planWith((field) => mark.slice(0, longest(field))));

  test("makes no place for a secret and fills none, in seeds and steps", () => {
    for (const [name, text] of texts) expect([name, placesOf(text)]).toEqual([name, placesOf(plain.get(name)!)]);
    expect([...texts.keys()]).toEqual([...plain.keys()]);
  });

  test("comes out as it went in, and changes nothing around it", () => {
    const resolve = (kind: string, label: string): string => `<${kind} ${label}>`;
    for (const [name, text] of texts) {
      const written = (of: Text): string => (name.endsWith(".xml") ? bare : String)(fillText(of, resolve));
      const pieces = written(plain.get(name)!).split(WORD);
      let rest = written(text);
      for (const [n, piece] of pieces.entries()) {
        const given = n % 2 === 1 ? mark.slice(0, longest(free[Number(piece)]!)) : piece;
        const ways = n % 2 === 1 ? WAYS[name.split(/[ /]/).at(-1)!]!.map((way) => way(given)) : [given];
        const way = ways.find((w) => rest.startsWith(w));
        expect([name, rest.slice(0, 80), ways]).toEqual([name, expect.any(String), way === undefined ? [] : ways]);
        rest = rest.slice(way!.length);
      }
      expect([name, rest]).toEqual([name, ""]);
    }
  });
});
