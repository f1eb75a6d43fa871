import { Fault } from "../core/fault.ts";
import type { Checkpoint } from "../engine/checkpoint.ts";
import { SecretSource } from "../provision/secrets.ts";
import {
  Reached,
  reachOf,
  roleState,
  runnerOf,
  sentRole,
  wordsOfDrift,
  type RoleState,
} from "../provision/steps/index.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { Vault } from "../stack/vault.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** Something on a host that is not as the engine last left it. */
export interface Drift {
  readonly host: string;
  readonly role: string;
  /** Null where the whole host is meant. */
  readonly step: string | null;
  readonly what: string;
}

/** A lab whose machine room has just been started again boots meanwhile. */
const ANSWER_MS = 45_000;
const ROLE = "provision:index:Role";

/**
 * Asks every host that has roles whether its files, packages, units and guards are as the state says: one connection
 * and one question a host, all at once. Nothing is changed.
 * @param only those hosts alone
 */
export async function askHosts(
  context: Pick<Context, "folders">,
  session: Pick<Session, "sockets">,
  checkpoint: Checkpoint,
  only?: ReadonlySet<string>,
): Promise<readonly Drift[]> {
  const byHost = new Map<string, RoleState[]>();
  for (const { type, outputs } of checkpoint.resources) {
    const parsed = type === ROLE ? roleState.safeParse(outputs) : undefined;
    if (parsed?.success !== true || only?.has(parsed.data.host) === false) continue;
    byHost.set(parsed.data.host, [...(byHost.get(parsed.data.host) ?? []), parsed.data]);
  }
  if (byHost.size === 0) return [];
  const folder = context.folders.secrets;
  const secret = await loadStackSecret(folder);
  const secrets = new SecretSource(secret, new Vault(folder));
  const reached = new Reached(session.sockets, secret);
  try {
    const asked = [...byHost.values()].map((roles) => askHost(roles, reached, secrets));
    return (await Promise.all(asked)).flat();
  } finally {
    await reached.close();
  }
}

async function askHost(
  roles: readonly RoleState[],
  reached: Reached,
  secrets: SecretSource,
): Promise<readonly Drift[]> {
  const { host } = roles[0]!;
  const whole = (what: string): readonly Drift[] => [{ host, role: roles[0]!.role, step: null, what }];
  try {
    const sent = await Promise.all(roles.map((r) => sentRole(r, secrets)));
    const connection = await reached.to(reachOf(roles[0]!), ANSWER_MS);
    const seen = await runnerOf(connection, roles[0]!.reach.os).check(sent);
    if (seen.instance !== roles[0]!.instance) return whole("is another machine than the one that was configured");
    return roles.flatMap((role) =>
      role.steps.flatMap((step, n): Drift[] => {
        const found = seen.roles[role.role]?.[n];
        const what = found === undefined ? "not known to the host" : wordsOfDrift(step, found);
        return what === undefined ? [] : [{ host, role: role.role, step: step.name, what }];
      }),
    );
  } catch (error) {
    if (error instanceof Fault) return whole(error.message);
    throw error;
  }
}
