import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import type { Measured } from "../role.ts";
import OPEN from "./open.py";
import { triersOf } from "./people.ts";
import type { Settings } from "./settings.ts";
import { need } from "./steps.ts";

const WAIT_SECONDS = 10;

/** Whether a member of the group sees a page, with the directory and all that makes it; asked on the server itself. */
export function measured(plan: Plan, settings: Settings): readonly Measured[] {
  const [server] = hostsOf(plan, "ebrigade");
  const member = triersOf(plan, settings)?.member;
  if (server === undefined || member === undefined) return [];
  return [
    {
      host: server.id,
      word: "ebrigade",
      name: "eBrigade s'ouvre à un membre (-1 : il ne s'ouvre pas)",
      program: OPEN,
      input: jsonText({
        name: fqdnOf(plan, server),
        port: need(plan, "https"),
        address: formatAddress(server.nics[0]!.address),
        person: { login: member.login, password: personPassword(member) },
        wait: WAIT_SECONDS,
        tunnel: null,
      }),
      unit: "s",
      everySeconds: 30,
      deadlineSeconds: 2 * WAIT_SECONDS,
      problems: [
        {
          name: "eBrigade ne s'ouvre plus",
          isWrong: (item) => `max(${item},#2)<0`,
          unless: [{ host: server.id, service: "https" }],
          unlessSilent: [],
        },
      ],
    },
  ];
}
