import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { Clone, type Ran } from "../../tests/engine/lab.ts";
import { EDITS, type Edit } from "./edits.ts";
import { seededPairs } from "./pairs.ts";

/*
 * One edit of each class on a lab that runs, as root on Linux: `npm run bench edits [NAME…]`; or COUNT pairs of edits by
 * seeds from FROM on: `npm run bench edits pairs [COUNT [FROM]]`. Each is followed by its return. It is carried out by one `up`, accepted and leaves nothing to preview; or it is refused, by `check`,
 * `preview` and `up` alike, and the lab is as it was. Edits that outcomes.jsonl has are not tried again, unless named.
 */

interface Outcome {
  readonly edit: string;
  readonly was: "done" | "refused";
  /** Seconds of the `up` that carried it out, and of the one that took it back. */
  readonly upSeconds: number;
  readonly backSeconds: number;
  readonly failure: string | null;
}

const KEPT = join(import.meta.dirname, "outcomes.jsonl");
const out = (line: string): void => void process.stdout.write(`${line}\n`);
process.env["MAQUETTE_GUESTS"] = "container";

const asked = process.argv.slice(2);
const isOfPairs = asked[0] === "pairs";
const known = existsSync(KEPT)
  ? readFileSync(KEPT, "utf8")
      .split("\n")
      .filter((l) => l !== "")
      .map((l) => (JSON.parse(l) as Outcome).edit)
  : [];
/** What is tried: of pairs those that are not kept yet. */
async function* chosen(): AsyncGenerator<Edit> {
  if (isOfPairs) {
    const [count, from] = [Number(asked[1] ?? 40), Number(asked[2] ?? 1)];
    if (!Number.isInteger(count) || !Number.isInteger(from)) throw new Error("say pairs [COUNT [FROM]], two numbers");
    for await (const pair of seededPairs(count, from)) if (!known.includes(pair.name)) yield pair;
    return;
  }
  yield* EDITS.filter((e) => (asked.length > 0 ? asked.includes(e.name) : !known.includes(e.name)));
}
const clone = new Clone();

const said = ({ code, stdout, stderr }: Ran): string =>
  `ended with ${code}: ${`${stdout}\n${stderr}`.trim().slice(-2500)}`;

/** What a preview says of itself: `refused` where an up would not begin, though the plan can be read. */
const says = ({ stdout }: Ran): { readonly refused?: unknown } =>
  stdout.startsWith("{") ? (JSON.parse(stdout) as { refused?: unknown }) : {};

/** What is not good, in words; undefined where all is. */
async function isWhole(up: Ran): Promise<string | undefined> {
  if (up.code !== 0) return `up ${said(up)}`;
  const accepted = await clone.maquette(["accept"]);
  if (accepted.code !== 0) return `accept ${said(accepted)}`;
  const preview = await clone.maquette(["preview", "--expect-no-changes"]);
  return preview.code === 0 ? undefined : `preview ${said(preview)}`;
}

const timed = async (argv: readonly string[]): Promise<readonly [Ran, number]> => {
  const started = performance.now();
  const ran = await clone.maquette(argv);
  return [ran, Math.round((performance.now() - started) / 100) / 10];
};

async function tryOut(edit: Edit): Promise<Outcome> {
  const back: (() => void)[] = [];
  for (const [name, change] of Object.entries(edit.of)) {
    const file = join(clone.root, "stacks/lab", `${name}.yaml`);
    const text = readFileSync(file, "utf8");
    const document = parseDocument(text);
    change(document);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
    back.push(() => writeFileSync(file, text));
  }
  const [preview] = await timed(["preview", "--json"]);
  const [up, upSeconds] = await timed(["up"]);
  const isRefused = preview.code !== 0 || (says(preview).refused ?? null) !== null;
  let failure = isRefused ? undefined : await isWhole(up);
  if (isRefused && up.code === 0) failure = `preview refuses what up does: ${said(preview)}`;
  if (edit.is === "refused" && !isRefused) failure ??= "it was not refused";
  if (edit.is === "done" && isRefused) failure ??= `preview ${said(preview)}\nup ${said(up)}`;
  for (const undo of back) undo();
  const [returned, backSeconds] = await timed(["up"]);
  const afterwards = await isWhole(returned);
  if (isRefused && !returned.stderr.includes("Nothing to change"))
    failure ??= `it was refused, and yet: ${said(returned)}`;
  failure ??= afterwards === undefined ? undefined : `taken back: ${afterwards}`;
  return { edit: edit.name, was: isRefused ? "refused" : "done", upSeconds, backSeconds, failure: failure ?? null };
}

let failures = 0;
try {
  const up = await clone.maquette(["up"]);
  if (up.code !== 0) throw new Error(`the lab does not come up: ${said(up)}`);
  for await (const edit of chosen()) {
    const outcome = await tryOut(edit);
    appendFileSync(KEPT, `${JSON.stringify(outcome)}\n`);
    out(
      `${edit.name}: ${outcome.was}, up ${outcome.upSeconds} s, back ${outcome.backSeconds} s${outcome.failure === null ? "" : ` FAILED ${outcome.failure}`}`,
    );
    if (outcome.failure !== null) failures++;
  }
} finally {
  await clone.dispose();
}
process.exitCode = failures === 0 ? 0 : 1;
