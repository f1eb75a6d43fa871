import type { Diagnostic } from "../../core/diagnostics.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { iredmail } from "../artefacts.ts";
import type { Settings } from "./settings.ts";

/** Who brings the mail server: iRedMail's release, or Debian's packages alone. */
export type Flavour = "iredmail" | "debian";

/** What the setting says; left to itself, iRedMail where all of its files are here. */
export function flavourOf(plan: Plan, { flavour }: Pick<Settings, "flavour">): Flavour {
  if (flavour !== "auto") return flavour;
  return iredmail.every(({ id }) => plan.artefacts.includes(id)) ? "iredmail" : "debian";
}

/** What a host is for good: neither flavour can become the other where boxes are. */
export const FLAVOURS: Readonly<Record<Flavour, string>> = {
  iredmail: "the flavour iredmail (settings.mail.flavour)",
  debian: "the flavour debian (settings.mail.flavour)",
};

/** What iRedMail's programs take (docs/roles/mail.md has what was measured), and its scanner more. */
const MEMORY_MIB = { release: 2048, antivirus: 3072 } as const;

/** A machine that is too small for the flavour, and a scanner where nobody asks one. */
export function flavourFindings(plan: Plan, told: Pick<Settings, "flavour" | "antivirus">): readonly Diagnostic[] {
  const said = plan.settings.get("mail");
  if (flavourOf(plan, told) === "debian") {
    if (!told.antivirus || told.flavour === "auto") return [];
    return [
      {
        severity: "error",
        place: said?.places.get("settings\nmail\nantivirus") ?? hostsOf(plan, "mail")[0]!.place,
        path: "settings.mail.antivirus",
        code: "MAIL_NO_SCANNER",
        fact: "the virus scanner is iRedMail's, and the flavour is debian",
        hint: "Take the other flavour, or leave antivirus out",
      },
    ];
  }
  const least = told.antivirus ? MEMORY_MIB.antivirus : MEMORY_MIB.release;
  return hostsOf(plan, "mail")
    .filter((host) => host.memoryMiB < least)
    .map((host) => ({
      severity: "error",
      place: host.place,
      path: `hosts.${host.id}.memoryMiB`,
      code: "MAIL_MACHINE_TOO_SMALL",
      fact: `iRedMail${told.antivirus ? " with its virus scanner" : ""} takes ${least} MiB, and "${host.id}" has ${host.memoryMiB}`,
      hint: "Give it more memory, or let roles.yaml say flavour: debian",
    }));
}
