import * as z from "zod";
import { whole } from "../../plan/scalars.ts";

/* What a plan may say of the domain's passwords. The bounds are ANSSI's guide (PA-078, 2021) and Active Directory's own. */

const passwords = z
  .strictObject({
    // 12 is the least that the guide calls long; 14 the most that the tools of Windows and Samba set.
    minimumLength: whole(12, 14, "Characters that a password has at least; fewer than 12 are guessed").default(12),
    remembered: whole(1, 24, "How many of the last passwords may not be taken again").default(24),
  })
  .register(z.globalRegistry, { description: "What a password must be" })
  .prefault({});

const lockout = z
  .strictObject({
    attempts: whole(3, 50, "Wrong passwords after which an account is locked").default(10),
    // Without an end whoever knows a name could shut somebody out for good.
    minutes: whole(1, 1440, "How long it is locked, and how long wrong passwords are counted").default(15),
  })
  .register(z.globalRegistry, { description: "What stops guessing" })
  .prefault({});

export const settings = z
  .strictObject({ passwords, lockout })
  .register(z.globalRegistry, { description: "The domain's password policy" });

export type Settings = z.output<typeof settings>;
