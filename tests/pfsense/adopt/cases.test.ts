import { describe, expect, test } from "vitest";
import { answerOf, caseFiles, loadCase, runCase } from "./case.ts";

describe.each(caseFiles().map((file) => ({ file, c: loadCase(file) })))("$file: $c.title", ({ c }) => {
  const imported = runCase(c);

  test("it says what was reviewed", () => {
    const answer = answerOf(imported);
    expect(answer).toEqual({ ...answer, opens: c.opens ?? [], groups: c.groups ?? [], ...pick(c) });
  });

  test("its documents hold the reviewed lines", () => {
    // Lines without their indentation: a case's own would be in the way.
    const bare = (text: string): string => text.replaceAll(/^ +/gm, "").trimEnd();
    const all = bare([...imported.documents.values()].join("\n"));
    for (const text of c.yaml ?? []) expect(all).toContain(bare(text));
  });

  test("the same file gives the same documents", () => {
    expect(runCase(c).documents).toEqual(imported.documents);
  });
});

const pick = ({ rows, not_carried, verdict }: ReturnType<typeof loadCase>) => ({ rows, not_carried, verdict });
