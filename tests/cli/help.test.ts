import { describe, expect, test } from "vitest";
import { commands, commonOptions } from "../../src/cli/commands.ts";
import { isMeant } from "../../src/cli/confirmed.ts";
import { frenchOfHelp, inFrench } from "../../src/cli/french/help.ts";
import { usage, usageOf } from "../../src/cli/help.ts";
import { wordsOf } from "../../src/cli/words.ts";

describe("help in French", () => {
  const asked = new Set<string>();
  const say = (text: string): string => {
    asked.add(text);
    return inFrench(text);
  };
  const pages = [usage(say), ...commands.map((spec) => usageOf(spec, say))];

  test("every text has its French, and no French is of a text that nobody says", () => {
    const known = new Set(frenchOfHelp);
    expect([...asked].filter((text) => !known.has(text))).toEqual([]);
    expect(frenchOfHelp.filter((text) => !asked.has(text))).toEqual([]);
  });

  test("every text of help passes by its reader's language", () => {
    const said = [
      ...commands.flatMap((c) => [c.summary, ...(c.details ?? []), ...c.positionals.map((p) => p.help)]),
      ...[...commands.flatMap((c) => c.options), ...commonOptions].map((o) => o.help),
    ];
    expect(said.filter((text) => !asked.has(text))).toEqual([]);
  });

  test("options and their values are the same in both", () => {
    const options = (page: string): readonly string[] => page.match(/^ {2}--[\w-]+(?: [A-Z]\S*)?/gm) ?? [];
    for (const [i, spec] of commands.entries()) expect(options(pages[i + 1]!)).toEqual(options(usageOf(spec)));
  });

  test("words of a command line that the English names are named in the French", () => {
    const words = (text: string): readonly string[] =>
      [
        ...new Set(text.match(/(?<![\w-])--[a-z][\w-]*|\$\([^)]*\)|\b[a-z]+\/[\w.]+|\d+(?:\.\d+){3}\/\d+/g) ?? []),
      ].sort();
    for (const text of frenchOfHelp) expect(words(inFrench(text)), text).toEqual(words(text));
  });

  test("English help is what it was without a language", () => {
    expect(usage()).toContain(`  up        ${commands[0]!.summary}`);
    expect(usageOf(commands[0]!)).toMatch(/^usage: maquette up \[options\]\n\ncreate or update/);
  });
});

describe("a question before what cannot be undone", () => {
  test.each([
    ["en", "yes", true],
    ["en", "oui", false],
    ["fr", "oui", true],
    ["fr", " oui\n", true],
    ["fr", "yes", true],
    ["fr", "o", false],
    ["fr", "", false],
  ] as const)("in %s, %j on the embedded lab", (language, answer, expected) => {
    expect(isMeant({ isEmbedded: true, language, stack: "lab" }, answer)).toBe(expected);
  });

  test("on a real Proxmox only the stack's name is an answer", () => {
    const own = { isEmbedded: false, language: "fr", stack: "salle" } as const;
    expect(["oui", "yes", "lab", "salle"].map((answer) => isMeant(own, answer))).toEqual([false, false, false, true]);
  });

  test("names the word that is an answer", () => {
    for (const [language, word] of [
      ["en", "yes"],
      ["fr", "oui"],
    ] as const)
      expect(wordsOf(language).confirm("lab")).toMatch(new RegExp(` ${word} ?: $`));
  });
});
