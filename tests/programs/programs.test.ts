import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { programsForEsbuild, readProgram } from "../../bin/programs.js";
import PROBE from "../../src/accept/drill/probe.py";
import { temporaryFolder } from "../stack/temporary.ts";

/** Writes files beside each other. @returns the path of the first */
function written(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, Object.keys(files)[0]!);
}

/** As a guest runs it: the text alone. */
const python = (text: string): string => execFileSync("python3", ["-S", "-E", "-c", text], { encoding: "utf8" });

test("a program that imports what is beside it runs where nothing is beside it", () => {
  const path = written({
    "main.py":
      '"""Says."""\nimport json\n\nfrom inner import SAID, say\n\nif __name__ == "__main__":\n    say(json.dumps([SAID, __name__]))\n',
    "inner.py":
      'import os\nfrom deepest import WORD\n\nSAID = WORD + "\\t\\"quoted\\" \\\\ é"\n\n\ndef say(text):\n    print(text, __name__)\n',
    "deepest.py": 'WORD = "a"\n',
  });
  const { text, files } = readProgram(path);
  expect(python(text)).toBe('["a\\t\\"quoted\\" \\\\ \\u00e9", "__main__"] inner\n');
  expect(files.map((f) => f.split("/").at(-1)).sort()).toEqual(["deepest.py", "inner.py", "main.py"]);
});

test("a module that two import is one, and made before both", () => {
  const path = written({
    "main.py": "from left import add\nfrom right import seen\n\nadd(1)\nprint(seen())\n",
    "left.py": "from common import kept\n\n\ndef add(x):\n    kept.append(x)\n",
    "right.py": "import common\n\n\ndef seen():\n    return common.kept\n",
    "common.py": "kept = []\n",
  });
  expect(python(readProgram(path).text)).toBe("[1]\n");
});

test("a program that imports nothing of ours goes as it stands", () => {
  const path = written({ "main.py": "import json, os\nprint(1)\n" });
  expect(readProgram(path)).toEqual({ text: "import json, os\nprint(1)\n", files: [path] });
});

test("modules that import each other are refused", () => {
  const path = written({ "main.py": "import a\n", "a.py": "import b\n", "b.py": "import a\n" });
  expect(() => readProgram(path)).toThrow(/a\.py imports itself, by .*b\.py/);
});

test("PowerShell takes in what it dot-sources, as often as it does", () => {
  const path = written({
    "main.ps1": '# What.\n. "$PSScriptRoot\\begin.ps1"\nSay $x\n',
    "begin.ps1": '. "$PSScriptRoot\\words.ps1"\n$x = "$&"\n',
    "words.ps1": "function Say($x) { $x }\n",
  });
  expect(readProgram(path).text).toBe('# What.\nfunction Say($x) { $x }\n\n$x = "$&"\n\nSay $x\n');
});

test("it is the same text in the tests, in a bundle and under Node", async () => {
  const root = join(import.meta.dirname, "../..");
  const path = join(root, "src/accept/drill/probe.py");
  expect(PROBE).toBe(readProgram(path).text);
  const contents = `import PROBE from ${JSON.stringify(path)};\nprocess.stdout.write(PROBE);\n`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    plugins: [programsForEsbuild],
  });
  const nodes = (source: string, ...words: string[]): string =>
    execFileSync(process.execPath, [...words, "--input-type=module", "-e", source], { cwd: root, encoding: "utf8" });
  expect(nodes(outputFiles[0]!.text)).toBe(PROBE);
  expect(nodes(contents, "--import", "./bin/typescript.js")).toBe(PROBE);
});
