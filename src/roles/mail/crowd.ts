import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { crowdOf, fqdnOf, hostsOf, portOf, seatOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Probe } from "../role.ts";
import LOGINS from "./logins.py";

const WAIT_SECONDS = 10;
/** As long as somebody looks at a page that does not open. */
const SLOWEST_MS = 10_000;

const answer = z.object({ in: z.int(), slowest: z.number(), why: z.string() });

/** All who work side by side come into their boxes at one moment. What a whole day of theirs costs, `maquette load` measures. */
export function crowdProbes(plan: Plan): readonly Probe[] {
  const people = crowdOf(plan).filter((p) => p.mailbox !== null);
  const [server] = hostsOf(plan, "mail");
  const seat = seatOf(plan);
  const port = portOf(plan, "imaps", "tcp");
  if (people.length < 2 || server === undefined || seat === undefined || port === undefined) return [];
  const count = people.length;
  return [
    {
      id: "users-at-once",
      needs: ["N8"],
      from: seat.id,
      title: {
        en: `${count} people come into their boxes at one moment, each with the directory's password`,
        fr: `${count} personnes entrent au même instant dans leur boîte, chacune avec le mot de passe de l'annuaire`,
      },
      expected: `all ${count} in within ${SLOWEST_MS / 1000} s`,
      run: pythonCommand(
        LOGINS,
        jsonText({
          ...{ name: fqdnOf(plan, server), address: formatAddress(server.nics[0]!.address) },
          ...{ ports: { imaps: port }, wait: WAIT_SECONDS },
          people: Object.fromEntries(people.map((p) => [p.login, personPassword(p)])),
        }),
      ),
      judge: judged(answer, ({ in: entered, slowest, why }) => ({
        isGood: entered === count && slowest <= SLOWEST_MS,
        seen: `${entered} of ${count} in, the slowest after ${slowest} ms${why === "" ? "" : `; ${why}`}`,
      })),
      dependsOn: { host: server.id, units: ["dovecot.service"] },
    },
  ];
}
