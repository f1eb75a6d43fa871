import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatPython, lintPython } from "../../scripts/lint/python.ts";
import { lintPowerShell } from "../../scripts/lint/powershell.ts";
import { lintShell } from "../../scripts/lint/shell.ts";
import { temporaryFolder } from "../stack/temporary.ts";

describe("PowerShell", () => {
  const prelude = "function Say($x) { $x }\n$asked = 1\n";
  const found = (text: string): string[] => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "prelude.ps1"), prelude);
    const path = join(folder, "main.ps1");
    const whole = `. "$PSScriptRoot\\prelude.ps1"\n${text}`;
    writeFileSync(path, whole);
    return lintPowerShell(path, whole).map((f) => `${f.line}:${f.column} ${f.code}`);
  };

  test("that is right is left alone, with what it takes in", () => {
    expect(
      found('foreach ($n in $asked) { $m = $n; Say "$($m) $env:X" }\nGet-Item x | ForEach-Object { $_.Name }'),
    ).toEqual([]);
  });

  test.each([
    ["if (1 -eq 1) { Say 1", "syntax"],
    ["Say @{a = 1", "syntax"],
  ])("%s is not read", (text, code) => {
    expect(found(text).some((f) => f.endsWith(code))).toBe(true);
  });

  test.each([
    ["Say $askd", "2:5 undefined-variable"],
    ['Say "$($askd)"', "2:8 undefined-variable"],
    ["Sya 1", "2:1 unknown-command"],
    ["Get-Itm x", "2:1 unknown-command"],
    ["if ($asked -eq $null) { Say 1 }", "2:5 null-comparison"],
  ])("%s is a finding", (text, finding) => {
    expect(found(text)).toEqual([finding]);
  });
});

test("Python is judged and laid out by ruff", () => {
  const unused = "import os\n\nx = undefined\n";
  expect(lintPython(unused).map((f) => `${f.line} ${f.code}`)).toEqual(["3 F821", "1 F401"]);
  expect(lintPython("import subprocess\n\nsubprocess.run('ls', shell=True, check=True)\n").map((f) => f.code)).toEqual([
    "S602",
  ]);
  expect(formatPython("x = {'a':1}\n")).toBe('x = {"a": 1}\n');
});

test("shell is judged by shellcheck, in the shell that it names, a template's places being words", async () => {
  expect((await lintShell('#!/bin/sh\nrm -r "$1"/*\necho $2\n')).map((f) => `${f.line} ${f.code}`)).toContain(
    "3 SC2086",
  );
  expect((await lintShell("#!/bin/sh\necho ${1:0:2}\n")).map((f) => f.code)).toContain("SC3057");
  expect(await lintShell('#!/bin/bash\nx=$1\necho "${x:0:2}" {{address}}\n')).toEqual([]);
});
