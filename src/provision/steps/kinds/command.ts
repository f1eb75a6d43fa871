import { z } from "zod";
import type { CommandStep } from "../../../roles/role.ts";
import {
  command as line,
  drift,
  fillCommand,
  held,
  inputsOf,
  withInput,
  name,
  type Kind,
  type SentCommand,
} from "./kind.ts";

const SECONDS = 60;

const declared = z.object({
  kind: z.literal("command"),
  name,
  unless: line,
  run: line,
  deadlineSeconds: z.number().optional(),
  ...drift,
});

type Declared = z.infer<typeof declared>;
interface Sent {
  readonly kind: "command";
  readonly name: string;
  readonly unless: SentCommand;
  readonly run: SentCommand;
  readonly seconds: number;
}

const kind: Kind<Declared, Sent, z.infer<typeof held>, CommandStep> = {
  argvs: (step) => [step.unless.argv, step.run.argv],
  texts: (step) => inputsOf([step.unless, step.run]),
  withTexts: (step, write) => ({ ...step, unless: withInput(step.unless, write), run: withInput(step.run, write) }),
  fill: ({ kind, name, unless, run, deadlineSeconds }, resolve) => ({
    kind,
    name,
    unless: fillCommand(unless, resolve),
    run: fillCommand(run, resolve),
    seconds: deadlineSeconds ?? SECONDS,
  }),
  words: ({ holds, said }) => (holds ? undefined : `its guard does not hold: ${lastLine(said)}`),
};

const lastLine = (text = ""): string => text.trim().split("\n").at(-1) || "it gave no reason";

export const command = { ...kind, declared, found: held };
