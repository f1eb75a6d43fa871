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
    windows: z
      .strictObject({
        edition: z
          .string()
          .regex(/^[\p{L}\p{N}][\p{L}\p{N} .-]{0,63}$/u)
          .register(z.globalRegistry, {
            description: "Name of the image on the CD of Windows, as `dism /Get-WimInfo` lists it",
          })
          .default("Windows 10 Pro"),
        language: z
          .enum(["fr-FR", "fr-BE", "fr-CA", "fr-CH", "en-US"])
          .register(z.globalRegistry, { description: "Language and keyboard, one that the CD has" })
          .default("fr-FR"),
        drive: z
          .string()
          .regex(/^\\\\[\w.-]{1,64}(?:\\[\w.$-]{1,64}){1,4}$/)
          .register(z.globalRegistry, { description: "Share that people have as drive P: from their logon on" })
          .optional(),
      })
      .register(z.globalRegistry, { description: "Of workstations whose image is Windows" })
      .prefault({}),
  })
  .register(z.globalRegistry, { description: "Who may use the workstations, and what is on them" });

export type Settings = z.output<typeof settings>;
