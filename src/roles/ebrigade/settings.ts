import * as z from "zod";
import { id, naming } from "../../plan/scalars.ts";

/* What a plan may say to eBrigade. */

const group = () => id().register(naming, { kind: "group" });

export const settings = z
  .strictObject({
    group: group()
      .register(z.globalRegistry, {
        description: "Whose members eBrigade lets in, when the directory knows their password",
      })
      .default("cod-membres"),
    administrators: group()
      .nullable()
      .register(z.globalRegistry, {
        description: "Whose members may do everything in eBrigade, of those that it lets in; null: nobody",
      })
      .default(null),
    grades: z
      .array(
        z.strictObject({
          code: z
            .string()
            .regex(/^[A-Z][A-Z0-9]{0,5}$/)
            .register(z.globalRegistry, { description: "Its short name in eBrigade, six letters and digits at most" }),
          name: z.string().min(1).max(50).register(z.globalRegistry, { description: "Its name there" }),
          group: group().register(z.globalRegistry, { description: "Whose members have it" }),
        }),
      )
      .register(z.globalRegistry, {
        description: "Grades that people have in eBrigade, the highest first; of several a person has the highest",
      })
      .default([]),
  })
  .register(z.globalRegistry, { description: "Who comes in to eBrigade, and as what" });

export type Settings = z.output<typeof settings>;
