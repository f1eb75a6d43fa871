import * as z from "zod";

/* What a plan may say of its workstations. */

export const settings = z
  .strictObject({
    logon: z
      .array(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/))
      .register(z.globalRegistry, {
        description:
          "Groups of people.yaml whose members may log on at the workstations; none: everybody of the domain",
      })
      .default([]),
    desktop: z
      .boolean()
      .register(z.globalRegistry, {
        description: "Thunderbird and Firefox ESR are installed, some 600 MB; their settings are there in any case",
      })
      .default(false),
  })
  .register(z.globalRegistry, { description: "Who may use the workstations, and what is on them" });

export type Settings = z.output<typeof settings>;
