import { z } from "zod";
import type { PackagesStep } from "../../../roles/role.ts";
import { drift, name, type Kind } from "./kind.ts";

const declared = z.object({ kind: z.literal("packages"), name, packages: z.array(z.string()), ...drift });
const found = z.object({ missing: z.array(z.string()) });

type Declared = z.infer<typeof declared>;
interface Sent {
  readonly kind: "packages";
  readonly name: string;
  readonly packages: readonly string[];
}

const kind: Kind<Declared, Sent, z.infer<typeof found>, PackagesStep> = {
  argvs: (step) => [step.packages],
  texts: () => [],
  withTexts: (step) => step,
  fill: ({ kind, name, packages }) => ({ kind, name, packages }),
  words: ({ missing }) => (missing.length === 0 ? undefined : `missing: ${missing.join(", ")}`),
  cure: (host) =>
    `Does ${host} reach its archive (\`maquette ssh ${host} -- sudo apt-get update\`), and does the package have that name there? Correct it, then run \`maquette up\` again: it goes on at this step.`,
};

export const packages = { ...kind, declared, found };
