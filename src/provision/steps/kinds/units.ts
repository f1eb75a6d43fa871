import { z } from "zod";
import type { UnitsStep } from "../../../roles/role.ts";
import { drift, name, type Kind } from "./kind.ts";

const declared = z.object({
  kind: z.literal("units"),
  name,
  units: z.array(z.string()),
  state: z.enum(["running", "off", "masked"]),
  ...drift,
});
/** By unit, what is wrong with it. */
const found = z.object({ wrong: z.record(z.string(), z.string()) });

type Declared = z.infer<typeof declared>;
interface Sent {
  readonly kind: "units";
  readonly name: string;
  readonly units: readonly string[];
  readonly state: "running" | "off" | "masked";
}

const kind: Kind<Declared, Sent, z.infer<typeof found>, UnitsStep> = {
  argvs: (step) => [step.units],
  texts: () => [],
  withTexts: (step) => step,
  fill: ({ kind, name, units, state }) => ({ kind, name, units, state }),
  words({ wrong }) {
    const units = Object.entries(wrong).map(([unit, why]) => `${unit} ${why}`);
    return units.length === 0 ? undefined : units.join(", ");
  },
};

export const units = { ...kind, declared, found };
