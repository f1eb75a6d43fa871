import type { Plan } from "../../plan/types.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Trouble } from "../role.ts";
import { spoiltFile } from "../troubles.ts";

/** Faults of a telephone exchange that somebody may be set to find. */
export function troubles(plan: Plan): readonly Trouble[] {
  return hostsOf(plan, "pbx").map(({ id }) =>
    spoiltFile(
      {
        id: `pbx-emergency-${id}`,
        level: 3,
        on: id,
        shows: ["pbx-emergency"],
        told: {
          en: `on ${id}, the dial plan answered emergency numbers with the busy tone`,
          fr: `sur ${id}, le plan de numérotation répondait « occupé » aux numéros d'urgence`,
        },
        hints: [
          {
            en: "Some numbers are answered otherwise than others.",
            fr: "Certains numéros ne répondent pas comme les autres.",
          },
          {
            en: `On ${id}, asterisk -rx 'dialplan show' tells what each number does.`,
            fr: `Sur ${id}, asterisk -rx 'dialplan show' dit ce que fait chaque numéro.`,
          },
        ],
      },
      "/etc/asterisk/extensions.conf",
      "s/^exten => emergency,1,Answer()/exten => emergency,1,Busy(2)/",
      ["asterisk", "-rx", "dialplan reload"],
    ),
  );
}
