import { describe, expect, test } from "vitest";
import { parsePlan, type Plan } from "../../../src/plan/index.ts";
import { roleFindings } from "../../../src/roles/findings.ts";
import { aliasesOf } from "../../../src/roles/mail/addresses.ts";
import { settings } from "../../../src/roles/mail/settings.ts";
import { vocabulary } from "../../../src/roles/registry.ts";
import { settingsOf } from "../../../src/roles/settings.ts";
import { bytesOf, labDocuments } from "../../plan/lab-documents.ts";

const documents = await labDocuments();

const outcomeOf = (mail: object | null): ReturnType<typeof parsePlan> =>
  parsePlan(bytesOf({ ...documents, roles: { settings: mail === null ? {} : { mail } } }), { roles: vocabulary });

function planOf(mail: object | null): Plan {
  const outcome = outcomeOf(mail);
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

const found = (mail: object): readonly string[] =>
  roleFindings(planOf(mail)).map((f) => `${f.place?.file ?? ""}:${f.place?.line ?? 0} ${f.code} ${f.path}: ${f.fact}`);

const aliases = (mail: object | null): Record<string, readonly string[]> => {
  const plan = planOf(mail);
  return Object.fromEntries(
    aliasesOf(plan, settingsOf(plan, { id: "mail", settings })).map(({ name, to }) => [name, to]),
  );
};

describe("addresses beside the mailboxes", () => {
  const administrators = ["administrateurs@groups.invalid"];

  test("are the administrators' where every domain has one", () => {
    expect(aliases(null)).toEqual({ postmaster: administrators, abuse: administrators, root: administrators });
  });

  test("are of groups and people, each once, and the plan's word counts for the standard ones", () => {
    const told = {
      cod: ["group:cod-membres", "person:claire.morel", "person:claire.morel"],
      abuse: ["person:paul.girard"],
    };
    expect(aliases({ aliases: told })).toEqual({
      postmaster: administrators,
      root: administrators,
      cod: ["cod-membres@groups.invalid", "claire.morel@cod.test"],
      abuse: ["paul.girard@cod.test"],
    });
  });

  test("are findings where they are somebody's mailbox, or nobody's", () => {
    const told = { "claire.morel": ["group:cod-membres"], cod: ["group:nobody", "person:recette.nomade1"] };
    expect(found({ aliases: told })).toEqual([
      expect.stringMatching(
        /^roles\.yaml:\d+ MAIL_ALIAS_TAKEN settings\.mail\.aliases\.claire\.morel: "claire\.morel" is already the mailbox of "claire\.morel" \(people\.yaml:\d+\)$/,
      ),
      expect.stringMatching(
        /^roles\.yaml:\d+ MAIL_ALIAS_UNKNOWN settings\.mail\.aliases\.cod: "group:nobody" of the alias "cod" is nobody with a mailbox$/,
      ),
      expect.stringMatching(/MAIL_ALIAS_UNKNOWN .*"person:recette\.nomade1" of the alias "cod"/),
    ]);
  });
});

describe("sizes", () => {
  test("a box of nothing is no box", () => {
    const outcome = outcomeOf({ quotaMiB: 0 });
    expect(outcome.ok ? [] : outcome.errors.map((e) => `${e.code} ${e.path}`)).toEqual([
      "PLAN_BAD_VALUE settings.mail.quotaMiB",
    ]);
  });

  test("a box holds a message", () => {
    expect(found({ quotaMiB: 10 })).toEqual([
      expect.stringMatching(/^roles\.yaml:\d+ MAIL_QUOTA_TOO_SMALL settings\.mail\.quotaMiB: a mailbox holds 10 MiB, /),
    ]);
    expect(found({ messageMiB: 1024 })).toEqual([]);
    expect(found({ quotaMiB: 1000, messageMiB: 1024 })).toHaveLength(1);
  });
});
