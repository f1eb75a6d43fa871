import { z } from "zod";
import type { ProbeStep } from "../../../roles/role.ts";
import { command, drift, fillCommand, held, inputsOf, withInput, name, type Kind, type SentCommand } from "./kind.ts";

const SECONDS = 30;

const declared = z.object({
  kind: z.literal("probe"),
  name,
  run: command,
  deadlineSeconds: z.number().optional(),
  ...drift,
});

type Declared = z.infer<typeof declared>;
interface Sent {
  readonly kind: "probe";
  readonly name: string;
  readonly run: SentCommand;
  readonly seconds: number;
}

const kind: Kind<Declared, Sent, z.infer<typeof held>, ProbeStep> = {
  argvs: (step) => [step.run.argv],
  texts: (step) => inputsOf([step.run]),
  withTexts: (step, write) => ({ ...step, run: withInput(step.run, write) }),
  fill: ({ kind, name, run, deadlineSeconds }, resolve) => ({
    kind,
    name,
    run: fillCommand(run, resolve),
    seconds: deadlineSeconds ?? SECONDS,
  }),
  words: ({ holds }) => (holds ? undefined : "has not passed"),
};

export const probe = { ...kind, declared, found: held };
