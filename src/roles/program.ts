import type { z } from "zod";
import { programHead, PYTHON } from "../core/program.ts";
import { compose, type Text } from "../core/text.ts";
import type { Command, Probe } from "./role.ts";

/* Programs of ours that a probe runs in a host: how they are run, and how what they print is read. */

export const pythonCommand = (program: string, input: Text): Command => ({
  argv: PYTHON,
  input: compose(programHead(program), input),
});

/** What a program printed as JSON, judged; what it said instead where it failed. */
export const judged =
  <T>(schema: z.ZodType<T>, judge: (value: T) => ReturnType<Probe["judge"]>): Probe["judge"] =>
  ({ exitCode, stdout, stderr }) => {
    const last = stderr.trim().split("\n").at(-1) ?? "";
    if (exitCode !== 0) return { isGood: false, seen: last === "" ? `exit ${exitCode}` : last };
    try {
      return judge(schema.parse(JSON.parse(stdout)));
    } catch {
      return { isGood: false, seen: `no answer of the asking program: ${JSON.stringify(stdout.slice(0, 80))}` };
    }
  };
