import { describe, expect, test } from "vitest";
import { checkRouters } from "../../../src/cli/routers.ts";
import type { AdoptionProof } from "../../../src/pfsense/adopt/index.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import { answerOf, caseFiles, loadCase, runCase } from "./case.ts";
import { emittedOf } from "./office.ts";

describe.each(caseFiles().map((file) => ({ file, c: loadCase(file) })))("$file: $c.title", ({ c }) => {
  const imported = runCase(c);

  test("it says what was reviewed", () => {
    const answer = answerOf(imported);
    expect(answer).toEqual({ ...answer, opens: c.opens ?? [], groups: c.groups ?? [], ...pick(c) });
  });

  test("the file that is emitted from it fares as the plan does", () => {
    if (c.not_emitted !== undefined) {
      expect(() => emittedOf(imported)).toThrow(expect.objectContaining({ code: c.not_emitted }));
      return;
    }
    const { config, proof } = emittedOf(imported);
    expect(proof.against).toBe("emitted");
    expect(faresOf(proof)).toEqual(faresOf(imported.proof));
    // What leaves as another source has been said, and is no longer "equal".
    const isSaid = imported.notCarried.some((d) => d.code === "IMPORT_OUTBOUND" && d.severity === "error");
    expect(proof.translations.length > 0 && !isSaid).toBe(false);
    if (proof.translations.length > 0) expect(proof.verdict).toBe("differs");
    // What DHCP gives is the one thing that stands in no file.
    expect(rulesOf(config).diagnostics.filter((d) => d.code !== "PFSENSE_ADDRESS_UNKNOWN")).toEqual([]);
  });

  test("the routers' own proof finds nothing in it that the rows do not say, nor the other way round", () => {
    const codes = checkRouters(imported.plan).diagnostics.map((d) => d.code);
    expect(codes.filter((code) => code === "POLICY_PROOF_MISSING" || code === "POLICY_PROOF_EXCESS")).toEqual([]);
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

/** A proof without the names of rules, which are others in another file, and without what only files translate. */
const faresOf = ({ undecided, ways }: AdoptionProof) => ({
  undecided,
  ways: ways.map((w) => ({
    ...w,
    differences: w.differences.map((d) => [d.flows, d.example, d.original, d.adopted.action]),
  })),
});

const pick = ({ rows, not_carried, verdict }: ReturnType<typeof loadCase>) => ({ rows, not_carried, verdict });
