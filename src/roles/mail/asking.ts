import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import type { Correspondents } from "./people.ts";

/* What every probe of mail has: whom it asks, and how. */

/** With one controller away a server waits some seconds for its answer, and a busy machine for everything. */
const WAIT_SECONDS = 10;
const SERVICES = ["smtp", "submission", "imaps", "managesieve"] as const;
export type Service = (typeof SERVICES)[number];

export interface Context {
  readonly plan: Plan;
  readonly server: Host;
  readonly people: Correspondents;
}

export const runsOn = ({ server }: Context, ...units: readonly string[]): Probe["dependsOn"] => ({
  host: server.id,
  units: units.map((u) => `${u}.service`),
});

export const asking = (program: string, { plan, server }: Context, asked: Readonly<Record<string, unknown>>): Command =>
  pythonCommand(
    program,
    jsonText({
      name: fqdnOf(plan, server),
      address: formatAddress(server.nics[0]!.address),
      ports: Object.fromEntries(SERVICES.map((s) => [s, portOf(plan, s, "tcp")])),
      wait: WAIT_SECONDS,
      tunnel: null,
      ...asked,
    }),
  );
