import * as z from "zod";
import { whole } from "../../plan/scalars.ts";

/* What a plan may say to the mail server, beside the mailboxes of its people. */

export const settings = z
  .strictObject({
    flavour: z
      .enum(["auto", "iredmail", "debian"])
      .register(z.globalRegistry, {
        description:
          "Who brings the mail server: iRedMail's release, Debian's packages alone, or (auto) iRedMail where all of its files are here",
      })
      .default("auto"),
    antivirus: z
      .boolean()
      .register(z.globalRegistry, {
        description:
          "iRedMail's virus scanner, clamd: with the signatures that come from outside a gigabyte of memory more; here it has one",
      })
      .default(false),
    quotaMiB: whole(1, 1_048_576, "What a mailbox holds; a message that does not fit goes back to its sender").default(
      1024,
    ),
    messageMiB: whole(1, 1024, "The largest message that is taken, attachments as they are sent").default(25),
    aliases: z
      .record(
        z
          .string()
          .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/)
          .max(64)
          .register(z.globalRegistry, { description: "Local part of an address" }),
        z
          .array(z.string().regex(/^(?:group|person):[a-z][a-z0-9.-]{0,62}$/))
          .min(1)
          .max(32)
          .register(z.globalRegistry, { description: "Who gets its mail: group:ID, person:LOGIN" }),
      )
      .register(z.globalRegistry, {
        description:
          "Addresses beside the mailboxes: of a group, whose members the directory says, and of people. postmaster, abuse and root are the administrators' unless they stand here",
      })
      .default({}),
  })
  .register(z.globalRegistry, { description: "Sizes of mail, and addresses beside the mailboxes" });

export type Settings = z.output<typeof settings>;
