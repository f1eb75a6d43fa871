import * as z from "zod";
import { line, naming } from "../scalars.ts";

const need = z
  .strictObject({
    text: line("What the customer asks for"),
    by: z.array(z.string().min(1).max(200).register(naming, { kind: "cover" })).register(z.globalRegistry, {
      description: "What answers it, as host:rtr-a, zone:dmz, flow:F412, forward:vpn; empty with a reason",
    }),
    outOfScope: line("What the mock-up cannot show, and why").optional(),
  })
  .register(z.globalRegistry, { description: "A need or an objective" });

export const coverage = z
  .strictObject({
    needs: z.record(z.string().min(1).max(63), need).register(z.globalRegistry, { description: "Needs N1 to N13" }),
    objectives: z
      .record(z.string().min(1).max(63), need)
      .register(z.globalRegistry, { description: "Objectives O1 to O9" }),
  })
  .register(z.globalRegistry, {
    title: "Coverage",
    description: "Needs and objectives of the customer, and what of the plan answers each",
  });

export type CoverageDocument = z.infer<typeof coverage>;
