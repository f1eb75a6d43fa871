import type { Plan } from "../../plan/types.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Trouble } from "../role.ts";
import { spoiltFile } from "../troubles.ts";
import { CONFIG, UNIT } from "./profile.ts";

/** Faults of a VPN gateway that somebody may be set to find. */
export function troubles(plan: Plan): readonly Trouble[] {
  return hostsOf(plan, "vpn").map(({ id }) =>
    spoiltFile(
      {
        id: `vpn-port-${id}`,
        level: 3,
        on: id,
        shows: ["vpn-opens-wan1", "vpn-opens-wan2"],
        told: {
          en: `on ${id}, OpenVPN listened on another port than the routers forward`,
          fr: `sur ${id}, OpenVPN écoutait sur un autre port que celui que les routeurs redirigent`,
        },
        hints: [
          { en: "The gateway runs, and hears nobody.", fr: "La passerelle tourne, et n'entend personne." },
          { en: `On ${id}, ss -lun tells where it listens.`, fr: `Sur ${id}, ss -lun dit où elle écoute.` },
        ],
      },
      CONFIG,
      "s/^port .*/port 1195/",
      ["systemctl", "restart", UNIT],
    ),
  );
}
