import { describe, expect, test } from "vitest";
import { faultText, findingText, languageSaid } from "../../src/cli/said.ts";
import { formatDiagnostic, type Diagnostic } from "../../src/core/diagnostics.ts";

const noLab = { code: "DOOR_NO_LAB", message: "There is no lab yet.", hint: "Run `maquette up`." };
const unknownZone: Diagnostic = {
  code: "PLAN_UNKNOWN_ZONE",
  severity: "error",
  place: { file: "hosts.yaml", line: 37, column: 17 },
  path: "hosts.pc1.nics[0].zone",
  fact: '"servres" is not a zone',
  hint: 'did you mean "servers"? Zones are declared in addressing.yaml',
};

describe("a fault", () => {
  test("is in English as it was thrown", () => {
    expect(faultText(noLab, "en")).toBe("DOOR_NO_LAB There is no lab yet.\n  hint: Run `maquette up`.");
  });

  test("is in French its code's sentences around what the message holds", () => {
    expect(faultText(noLab, "fr")).toBe(
      "DOOR_NO_LAB Il n'y a pas encore de maquette.\n  détail : There is no lab yet.\n  conseil : Lancez `maquette up`.",
    );
  });

  test.each([
    ["a command of this case", "DOOR_CUT", "`maquette console dc1 --screen` shows it."],
    ["a name that is near", "CLI_UNKNOWN_COMMAND", 'Did you mean "status"?'],
    ["an option that is near", "DOOR_NO_UNIT", "Did you mean sshd?"],
    ["the names that there are", "SNAPSHOT_UNKNOWN", "There are monday, tuesday."],
    ["an address", "PVE_CONNECTION", "check https://192.0.2.1:8006"],
    ["what its cure sends the reader to", "CLI_USAGE", "Choose another name."],
  ])("keeps an English hint for %s", (_, code, hint) => {
    expect(faultText({ code, message: "m", hint }, "fr")).toContain(`\n  précision : ${hint}`);
  });

  test.each([
    ["DOOR_NO_POWER", "Run `maquette up` as root (sudo): it starts those that ran."],
    ["ACCEPT_COMMAND", "Look at its journal: `maquette logs HOST`."],
    ["PVE_RESET", "try again; if it goes on, look at the node's log"],
    ["PLAN_WRONG_TYPE", ""],
  ])("%s: no English hint that says nothing else", (code, hint) => {
    expect(faultText({ code, message: "m", hint }, "fr")).not.toContain("précision :");
  });

  test("of a code of another version is said as it came", () => {
    const strange = { ...noLab, code: "DOOR_OF_TOMORROW" };
    expect(faultText(strange, "fr")).toBe(faultText(strange, "en"));
  });

  test("shows no character that a terminal would obey", () => {
    for (const language of ["en", "fr"] as const)
      expect(faultText({ ...noLab, message: "\u001b[2Jx", hint: "\u001b]0;`y`\u0007" }, language)).not.toMatch(
        /[\u001b\u0007]/,
      );
  });
});

describe("a finding", () => {
  test("is in English the two lines of the house style", () => {
    expect(findingText(unknownZone, "en")).toBe(formatDiagnostic(unknownZone));
  });

  test("has its place first in French too", () => {
    expect(findingText(unknownZone, "fr").split("\n")).toEqual([
      "hosts.yaml:37:17 PLAN_UNKNOWN_ZONE hosts.pc1.nics[0].zone: Cette zone n'existe pas.",
      '  détail : "servres" is not a zone',
      "  conseil : Corrigez le nom, ou ajoutez-la à addressing.yaml.",
      '  précision : did you mean "servers"? Zones are declared in addressing.yaml',
    ]);
  });
});

describe("the language of an error", () => {
  test.each([
    ["a line that is not understood", ["statsu", "--lang", "fr"], {}, "fr"],
    ["an option before the command", ["--lang=fr", "statsu"], {}, "fr"],
    ["the last of two", ["--lang=fr", "up", "--lang", "en"], {}, "en"],
    ["what follows -- is not maquette's", ["ssh", "pc1", "--", "ls", "--lang", "fr"], {}, "en"],
    ["the environment", ["up"], { MAQUETTE_LANG: "fr" }, "fr"],
    ["the locale", ["up"], { LANG: "fr_FR.UTF-8" }, "fr"],
    ["no language: the environment's", ["up", "--lang", "xx"], { MAQUETTE_LANG: "fr" }, "fr"],
    ["no language in the environment: the locale's", ["up"], { MAQUETTE_LANG: "xx", LANG: "fr_FR" }, "fr"],
    ["an option without its value", ["up", "--lang"], { LANG: "C" }, "en"],
  ] as const)("%s", (_, argv, env, expected) => {
    expect(languageSaid(argv, env)).toBe(expected);
  });
});
