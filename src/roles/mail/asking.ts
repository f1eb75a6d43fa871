import type { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Command, Probe } from "../role.ts";
import type { Correspondents } from "./people.ts";

/* What every probe of mail has: whom it asks, how, and how an answer is read. */

type Judge = Probe["judge"];

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

/** Nothing of the guest's own settings or site packages has a say (python3(1): -S, -E). */
export const asking = (
  program: string,
  { plan, server }: Context,
  asked: Readonly<Record<string, unknown>>,
): Command => ({
  argv: ["python3", "-S", "-E", "-c", program],
  input: jsonText({
    name: fqdnOf(plan, server),
    address: formatAddress(server.nics[0]!.address),
    ports: Object.fromEntries(SERVICES.map((s) => [s, portOf(plan, s, "tcp")])),
    wait: WAIT_SECONDS,
    tunnel: null,
    ...asked,
  }),
});

/** What a program printed as JSON, judged; what it said instead where it failed. */
export const judged =
  <T>(schema: z.ZodType<T>, judge: (value: T) => ReturnType<Judge>): Judge =>
  ({ exitCode, stdout, stderr }) => {
    const last = stderr.trim().split("\n").at(-1) ?? "";
    if (exitCode !== 0) return { isGood: false, seen: last === "" ? `exit ${exitCode}` : last };
    try {
      return judge(schema.parse(JSON.parse(stdout)));
    } catch {
      return { isGood: false, seen: `no answer of the asking program: ${JSON.stringify(stdout.slice(0, 80))}` };
    }
  };
