import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRandom } from "../policy/classbench.ts";
import { handMutants } from "./hand.ts";
import { mutantsOf, type Mutant } from "./mutate.ts";

/*
 * Which wrong edits of the code that judges would no unit test notice? `npm run bench mutants [SEED [COUNT]]` makes COUNT
 * edits that SEED chooses, `npm run bench mutants hand` those of hand.ts, one at a time, in a clone of the last commit: the
 * tests of the file's room first, and of what they let live all unit tests that import the file. Ctrl-C ends it with what
 * is judged. The table that it ends with is Markdown, for README.md beside it.
 */

/** A pattern of `git ls-files`, and where the tests of such a file are. */
const ROOMS = [
  ["src/core/*.ts", "tests/core"],
  ["src/policy/engine/*.ts", "tests/policy"],
  ["src/pfsense/read/*.ts", "tests/pfsense"],
  ["src/pfsense/rules/*.ts", "tests/pfsense"],
  ["src/accept/live/*.ts", "tests/accept"],
  ["src/provision/witness/*.ts", "tests/provision/witness"],
  ["src/provision/steps/*.ts", "tests/provision"],
] as const;

/** A mutant may never end. Far beyond what all unit tests take on a busy machine. */
const DEADLINE_MS = 600_000;

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const git = (...words: string[]): readonly string[] =>
  execFileSync("git", words, { encoding: "utf8" }).split("\n").filter(Boolean);

const isByHand = process.argv[2] === "hand";
const [seed, count] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 200)];
const packages = join(process.cwd(), "node_modules");
const interrupted = new AbortController();
process.on("SIGINT", () => interrupted.abort());
const isInterrupted = (): boolean => interrupted.signal.aborted;
// A clone of the last commit: what is being edited stays as it is, and some tests ask Git about their tree.
const copy = mkdtempSync(join(tmpdir(), "maquette-mutants-"));
try {
  execFileSync("git", ["clone", "--quiet", ".", copy]);
  process.chdir(copy);
  symlinkSync(packages, "node_modules");
  if (await isKilled(["run"])) throw new Error("the unit tests fail without any mutant");
  const roomOf = new Map(ROOMS.flatMap(([pattern, tests]) => git("ls-files", pattern).map((file) => [file, tests])));
  const readText = (file: string): string => readFileSync(file, "utf8");
  const all = [...roomOf.keys()].flatMap((file) => mutantsOf(file, readText(file)));
  const chosen = isByHand ? handMutants(readText) : shuffled(all, seed).slice(0, count);
  out(
    `${chosen.length} mutants ${isByHand ? "by hand" : `of ${all.length}, seed ${seed}`}, commit ${git("rev-parse", "--short", "HEAD")[0]!}`,
  );
  const survivors: Mutant[] = [];
  let judged = 0;
  for (const mutant of chosen) {
    if (isInterrupted()) break;
    const source = readFileSync(mutant.file, "utf8");
    writeFileSync(mutant.file, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
    const by = (await isKilled(["run", roomOf.get(mutant.file)!]))
      ? "its room"
      : (await isKilled(["related", mutant.file, "--run"]))
        ? "others"
        : undefined;
    writeFileSync(mutant.file, source);
    // A test that was interrupted has judged nothing.
    if (isInterrupted()) break;
    judged++;
    if (by === undefined) survivors.push(mutant);
    out(`${judged} ${placeOf(mutant, source)}: ${mutant.what}: ${by === undefined ? "SURVIVES" : `killed by ${by}`}`);
  }
  out(`\n${judged - survivors.length} of ${judged} are killed.\n\n| where | edit | stands there |\n|---|---|---|`);
  for (const m of survivors) {
    const source = readFileSync(m.file, "utf8");
    out(`| ${placeOf(m, source)} | ${m.what} | \`${lineOf(m, source)}\` |`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Does a test of the unit project fail in the copy, or never end? */
function isKilled(words: readonly string[]): Promise<boolean> {
  const vitest = ["node_modules/vitest/vitest.mjs", ...words, "--project", "unit", "--bail", "1"];
  return new Promise((resolve) => {
    execFile(process.execPath, vitest, { timeout: DEADLINE_MS, maxBuffer: 1 << 28 }, (error) =>
      resolve(error !== null),
    );
  });
}

/** Fisher and Yates' shuffle. A run that is cut short has judged a sample as well. */
function shuffled<T>(list: readonly T[], from: number): readonly T[] {
  const random = makeRandom(from);
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function placeOf({ file, start }: Mutant, source: string): string {
  return `${file}:${source.slice(0, start).split("\n").length}`;
}

function lineOf({ start }: Mutant, source: string): string {
  return source.split("\n")[source.slice(0, start).split("\n").length - 1]!.trim().replaceAll("|", "\\|");
}
