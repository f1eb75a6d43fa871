// `npm run lint:programs [-- --write]`: every Python, shell and PowerShell file of the repository by its linter, all of them
// packages of npm that are not bound to a machine. `--write` lays Python out as `ruff format` does.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import type { Finding } from "./lint/finding.ts";
import { formatPython, lintPython } from "./lint/python.ts";
import { lintPowerShell } from "./lint/powershell.ts";
import { lintShell } from "./lint/shell.ts";

type Language = "python" | "shell" | "powershell";
const byExtension: Readonly<Record<string, Language>> = { ".py": "python", ".sh": "shell", ".ps1": "powershell" };
const root = join(import.meta.dirname, "..");
const isWriting = process.argv.includes("--write");
const known = join(root, "node_modules/.cache/lint-programs.json");

/** By its name, or by its first line where the name says nothing. */
function languageOf(path: string, text: string): Language | undefined {
  if (extname(path) !== "") return byExtension[extname(path)];
  const interpreter = /^#!.*\b(sh|bash|python3?)$/m.exec(text.split("\n", 1)[0]!)?.[1];
  return interpreter === undefined ? undefined : interpreter.startsWith("python") ? "python" : "shell";
}

/** What Git has, and what it would take. */
function programs(): readonly { readonly path: string; readonly text: string; readonly language: Language }[] {
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr || String(listed.error)}`);
  return [...new Set(listed.stdout.split("\0"))].flatMap((path) => {
    const isCandidate = path !== "" && (extname(path) === "" || extname(path) in byExtension);
    if (!isCandidate || !statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return [];
    const text = readFileSync(join(root, path), "utf8");
    const language = languageOf(path, text);
    return language === undefined ? [] : [{ path, text, language }];
  });
}

async function findingsOf(path: string, text: string, language: Language): Promise<readonly Finding[]> {
  if (language === "shell") return lintShell(text);
  if (language === "powershell") return lintPowerShell(join(root, path), text);
  const found = lintPython(text);
  if (found.some((f) => f.code === "syntax")) return found;
  const laidOut = formatPython(text);
  if (laidOut === text) return found;
  if (isWriting) writeFileSync(join(root, path), laidOut);
  const line = laidOut.split("\n").findIndex((l, n) => l !== text.split("\n")[n]) + 1;
  return isWriting
    ? lintPython(laidOut)
    : [...found, { line, column: 1, code: "format", message: "not as ruff lays it out: npm run format" }];
}

/** Of the linters and of what they are told. */
const judges = ["package-lock.json", ...["python", "shell", "powershell"].map((l) => `scripts/lint/${l}.ts`)]
  .map((file) => readFileSync(join(root, file), "utf8"))
  .join("\0");
const all = programs();
// A script of PowerShell is judged with those beside it.
const besides = all.filter((p) => p.language === "powershell").map((p) => p.text);
const keyOf = ({ path, text, language }: (typeof all)[number]): string =>
  createHash("sha256")
    .update(JSON.stringify([judges, path, text, language === "powershell" ? besides : []]))
    .digest("hex");

const good = new Set(readKnown());
const stillGood: string[] = [];
let count = 0;
for (const program of all) {
  const key = keyOf(program);
  const findings = good.has(key) ? [] : await findingsOf(program.path, program.text, program.language);
  if (findings.length === 0) stillGood.push(key);
  count += findings.length;
  for (const { line, column, code, message } of findings)
    console.log(`${program.path}:${line}:${column} ${code} ${message}`);
}
mkdirSync(dirname(known), { recursive: true });
writeFileSync(known, JSON.stringify(stillGood));
if (count > 0) {
  console.log(`${count} findings in ${all.length} programs`);
  process.exitCode = 1;
}

/** Keys of what nothing was found in; what is no list of them is as good as none. */
function readKnown(): readonly string[] {
  try {
    return JSON.parse(readFileSync(known, "utf8")) as string[];
  } catch {
    return [];
  }
}
