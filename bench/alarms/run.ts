import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { programHead, PYTHON } from "../../src/core/program.ts";
import { keptOutcomes } from "../kept.ts";
import { faults, type Fault } from "./faults.ts";

/*
 * Every alarm is tried: `npm run bench alarms [WORD]`, on the lab that stands, as whoever brought it up. Each fault is done to
 * a guest, and what Zabbix calls it and when is read from Zabbix, when the letter lay in an administrator's box from the
 * mail server. A fault that outcomes.jsonl has is not tried again; with WORD only those whose name has it.
 */

/** Seconds are from the fault, or from what undid it; null where it did not come. */
interface Outcome {
  readonly fault: string;
  readonly isService: boolean;
  /** As Zabbix names it. */
  readonly problem: string;
  readonly problemSeconds: number | null;
  readonly letterSeconds: number | null;
  readonly recoverySeconds: number | null;
  readonly recoveryLetterSeconds: number | null;
  /** Letters of this problem, which should be one and one of its end. */
  readonly letters: number;
  /** What else was told from the fault to the end. */
  readonly others: readonly string[];
  readonly failure: string | null;
}

const KEPT = join(import.meta.dirname, "outcomes.jsonl");
const LETTERS = readFileSync(join(import.meta.dirname, "letters.py"), "utf8");
const BIN = join(import.meta.dirname, "../../bin/maquette");
const READER = "recette.admin";
const LIMIT_MS = 300_000;
/** A console's command has a minute. */
const TURN_SECONDS = 40;
const [PROBLEM, RECOVERY] = ["Problème : ", "Rétabli : "] as const;
const [word] = process.argv.slice(2);
const out = (line: string): void => void process.stdout.write(`${line}\n`);

async function maquette(args: readonly string[], input = ""): Promise<string> {
  const ran = spawn(BIN, args, { stdio: ["pipe", "pipe", "pipe"] });
  let [said, wrong] = ["", ""];
  ran.stdout.on("data", (data: Buffer) => (said += data.toString()));
  ran.stderr.on("data", (data: Buffer) => (wrong += data.toString()));
  ran.stdin.end(input);
  const code = await new Promise((resolve, reject) => ran.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`maquette ${args.slice(0, 3).join(" ")}: ${wrong.trim().split("\n").at(-1) ?? ""}`);
  return said;
}

/** When it began, by the guest's own clock. */
async function done(host: string, script: string): Promise<number> {
  const said = await maquette(["console", host, "--", "sudo", "sh"], `date +%s.%N\n(${script}) >&2\n`);
  return Number(said.split("\n")[0]);
}

interface Letters {
  readonly last: number;
  readonly letters: readonly { readonly subject: string; readonly at: number }[];
}

const password = await maquette(["secret", `password/probe/${READER}`, "--stdout"]);

async function lettersAfter(after: number, subject: string, seconds: number): Promise<Letters> {
  const asked = { server: "mail.cod.test", login: READER, password: password.trimEnd(), after, subject, seconds };
  const argv = PYTHON.map((part) => (/[;()]/.test(part) ? `'${part.replaceAll("'", `'\\''`)}'` : part));
  const line = ["console", "pc1", "--", "sudo", ...argv];
  return JSON.parse(await maquette(line, programHead(LETTERS) + JSON.stringify(asked))) as Letters;
}

/** Until it is there; else what there was at the end. */
async function awaited(after: number, subject: string): Promise<Letters> {
  const until = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await lettersAfter(after, subject, TURN_SECONDS).catch(() => ({ last: after, letters: [] }));
    if (found.letters.some((one) => one.subject.startsWith(subject)) || Date.now() > until) return found;
  }
}

/** When Zabbix saw a problem that began after a time, and when its end; in seconds since 1970. */
async function seen(problem: string, since: number): Promise<readonly [number | null, number | null]> {
  const query = `SELECT e.clock + e.ns / 1e9, r.clock + r.ns / 1e9 FROM events e
    LEFT JOIN event_recovery USING (eventid) LEFT JOIN events r ON r.eventid = event_recovery.r_eventid
    WHERE e.source = 0 AND e.object = 0 AND e.value = 1 AND e.clock >= ${Math.floor(since)}
    AND starts_with(e.name, '${problem.replaceAll("'", "''")}') ORDER BY e.eventid LIMIT 1;\n`;
  const line = ["sudo", "runuser", "-u", "zabbix", "--", "psql", "-qAt", "-d", "zabbix", "-f", "-"];
  const [row = ""] = (await maquette(["console", "supervision", "--", ...line], query)).trim().split("\n");
  const [began = "", ended = ""] = row.split("|");
  return [began === "" ? null : Number(began), ended === "" ? null : Number(ended)];
}

async function seenWithin(problem: string, since: number): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  while ((await seen(problem, since))[0] === null && Date.now() < until) continue;
}

const tenth = (from: number, to: number | null | undefined): number | null =>
  to === null || to === undefined ? null : Math.round((to - from) * 10) / 10;

async function tried(fault: Fault): Promise<Outcome> {
  const { last } = await lettersAfter(0, "", 0);
  const began = await done(fault.on, fault.does);
  if (fault.isMail) await seenWithin(fault.problem, began);
  else await awaited(last, PROBLEM + fault.problem);
  const [problemAt] = await seen(fault.problem, began);
  let undone: number;
  if (fault.undoes === "") {
    undone = Date.now() / 1000;
    await maquette(["up"]);
  } else undone = await done(fault.on, fault.undoes);
  const again = await awaited(last, RECOVERY + fault.problem);
  const [, recoveryAt] = await seen(fault.problem, began);
  const of = (start: string): Letters["letters"] =>
    again.letters.filter((one) => one.subject.startsWith(start + fault.problem));
  const [problem, recovery] = [of(PROBLEM), of(RECOVERY)];
  const letters = problem.length + recovery.length;
  const failure =
    problemAt === null
      ? "Zabbix saw nothing under that name"
      : problem.length === 0
        ? "no letter"
        : recovery.length === 0
          ? "no letter of its end"
          : letters === 2
            ? null
            : `${problem.length} letters, and ${recovery.length} of its end`;
  return {
    fault: fault.id,
    isService: fault.isService,
    problem: fault.problem,
    problemSeconds: tenth(began, problemAt),
    letterSeconds: tenth(began, problem[0]?.at),
    recoverySeconds: tenth(undone, recoveryAt),
    recoveryLetterSeconds: tenth(undone, recovery[0]?.at),
    letters,
    others: again.letters
      .map((one) => one.subject)
      .filter((subject) => !subject.includes(fault.problem))
      .sort(),
    failure,
  };
}

/** @param sorted not empty */
const middle = (sorted: readonly number[]): number => {
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
};
const shown = (seconds: number | null): string => (seconds === null ? "–" : seconds.toFixed(0));
const known = keptOutcomes<Outcome>(KEPT);
for (const fault of faults.filter((f) => f.id.includes(word ?? "") && !known.some((o) => o.fault === f.id))) {
  const outcome = await tried(fault);
  appendFileSync(KEPT, `${JSON.stringify(outcome)}\n`);
  known.push(outcome);
  out(`${outcome.fault}: ${outcome.failure ?? `letter after ${shown(outcome.letterSeconds)} s`}`);
}
out("\n| Fault | Zabbix | Letter | End in Zabbix | Letter of it | Other letters |\n|---|--:|--:|--:|--:|--:|");
for (const o of known)
  out(
    `| ${[o.fault, ...[o.problemSeconds, o.letterSeconds, o.recoverySeconds, o.recoveryLetterSeconds].map(shown), o.others.length].join(" | ")} |`,
  );
const services = known
  .flatMap((o) => (o.isService && o.letterSeconds !== null ? [o.letterSeconds] : []))
  .sort((a, b) => a - b);
if (services.length > 0)
  out(`\nA service that stops: median ${shown(middle(services))} s, worst ${shown(services.at(-1)!)} s.`);
process.exitCode = known.some((o) => o.failure !== null) ? 1 : 0;
