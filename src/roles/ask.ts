import { z } from "zod";
import { formatAddress, type Address } from "../core/ip.ts";
import { pythonCommand } from "./program.ts";
import type { Command, Probe } from "./role.ts";
import ASK from "./ask.py";

/** Something that may answer: `mail tcp/993`. */
export interface Target {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly address: Address;
  readonly port: number;
  /** What a server says first; without it an answer of any kind counts. */
  readonly greeting?: string;
}

/** A SYN is sent again after one second (tcp(7)), so that one lost packet is no silence. */
const WAIT_SECONDS = 2.5;

export const askCommand = (targets: readonly Target[]): Command =>
  pythonCommand(
    ASK,
    JSON.stringify({
      wait: WAIT_SECONDS,
      targets: targets.map((t) => ({ ...t, address: formatAddress(t.address) })),
    }),
  );

const answerList = z.array(
  z.object({ name: z.string(), result: z.enum(["open", "refused", "silent", "unreachable"]), said: z.string() }),
);
export type Answer = z.infer<typeof answerList>[number];

/** What the script said, or why it said nothing. */
function answersIn(said: Parameters<Probe["judge"]>[0]): readonly Answer[] | string {
  if (said.exitCode !== 0) return `exit ${said.exitCode}: ${said.stderr.trim().split("\n").at(-1) ?? ""}`;
  try {
    return answerList.parse(JSON.parse(said.stdout));
  } catch {
    return `no answer of the asking program: ${JSON.stringify(said.stdout.slice(0, 80))}`;
  }
}

/** Most that is named in a table's cell. */
const NAMED = 3;
const some = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} … (${names.length})`;

/** All of them must be open. */
export const judgeOpen = (): Probe["judge"] => (said) => {
  const answers = answersIn(said);
  if (typeof answers === "string") return { isGood: false, seen: answers };
  const others = answers.filter((a) => a.result !== "open");
  if (others.length === 0)
    return {
      isGood: answers.length > 0,
      seen: answers.length === 1 ? answers[0]!.said || "open" : `${answers.length} open`,
    };
  return { isGood: false, seen: some(others.map((a) => `${a.name} ${a.result}`)) };
};

/**
 * All must be silent but the controls, of which one must answer: where nothing at all gets through, silence shows
 * nothing.
 */
export const judgeSilent =
  (controls: ReadonlySet<string>): Probe["judge"] =>
  (said) => {
    const answers = answersIn(said);
    if (typeof answers === "string") return { isGood: false, seen: answers };
    const answered = answers.filter((a) => a.result === "open" || a.result === "refused");
    const wrong = answered.filter((a) => !controls.has(a.name));
    if (wrong.length > 0) return { isGood: false, seen: some(wrong.map((a) => `${a.name} ${a.result}`)) };
    const control = answered.find((a) => controls.has(a.name));
    const asked = answers.length - answers.filter((a) => controls.has(a.name)).length;
    return control
      ? { isGood: asked > 0, seen: `${asked} silent; ${control.name} ${control.result}` }
      : { isGood: false, seen: `nothing shown: ${some([...controls])} should answer and is silent too` };
  };
