import * as z from "zod";
import { id, naming } from "../../plan/scalars.ts";

/* What a plan may say to eBrigade. */

export const settings = z
  .strictObject({
    group: id()
      .register(naming, { kind: "group" })
      .register(z.globalRegistry, {
        description: "Whose members eBrigade lets in, when the directory knows their password",
      })
      .default("cod-membres"),
  })
  .register(z.globalRegistry, { description: "Who comes in to eBrigade" });

export type Settings = z.output<typeof settings>;
