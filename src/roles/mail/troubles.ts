import type { Plan } from "../../plan/types.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Trouble } from "../role.ts";
import { spoiltFile } from "../troubles.ts";

/** Faults of a mail server that somebody may be set to find. */
export function troubles(plan: Plan): readonly Trouble[] {
  return hostsOf(plan, "mail").map(({ id }) =>
    spoiltFile(
      {
        id: `mail-transport-${id}`,
        level: 3,
        on: id,
        shows: ["pc1", "pc2", "field"].map((seat) => `mail-letter-${seat}`),
        told: {
          en: `on ${id}, Postfix' virtual_transport no longer led to Dovecot: letters were taken and waited in the queue`,
          fr: `sur ${id}, le virtual_transport de Postfix ne menait plus à Dovecot : les lettres étaient acceptées puis attendaient`,
        },
        hints: [
          { en: "Letters are taken, and do not arrive.", fr: "Les lettres sont acceptées, et n'arrivent pas." },
          {
            en: `On ${id}, postqueue -p says why each one waits.`,
            fr: `Sur ${id}, postqueue -p dit pourquoi chacune attend.`,
          },
        ],
      },
      "/etc/postfix/main.cf",
      "s|^virtual_transport = .*|virtual_transport = lmtp:unix:private/dovecot-ltmp|",
      ["systemctl", "reload", "postfix"],
    ),
  );
}
