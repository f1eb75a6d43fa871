import { Fault } from "../core/fault.ts";
import type { Checkpoint } from "../engine/checkpoint.ts";
import { consoleOf } from "../provision/console.ts";
import { routerDrift, routerState, type RouterState } from "../provision/router-config.ts";
import { SecretSource } from "../provision/secrets.ts";
import {
  digestOf,
  hasPlaces,
  Reached,
  reachOf,
  roleState,
  runnerOf,
  sentRole,
  wordsOfDrift,
  type RoleState,
} from "../provision/steps/index.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { contentOf } from "../provision/artefacts.ts";
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
  /** It could not be asked: nothing is known of it. */
  readonly isSilent?: true;
}

/** A lab whose machine room has just been started again boots meanwhile. */
const ANSWER_MS = 45_000;
const ROLE = "provision:index:Role";
const ROUTER = "provision:index:Router";

/**
 * Asks every host that has roles whether its files, packages, units and guards are as the state says: one connection
 * and one question a host, all at once. Nothing is changed.
 * @param only those hosts alone
 */
export async function askHosts(
  context: Pick<Context, "folders">,
  session: Pick<Session, "sockets" | "room" | "artefacts">,
  checkpoint: Checkpoint,
  only?: ReadonlySet<string>,
): Promise<readonly Drift[]> {
  const isAsked = (host: string): boolean => only?.has(host) !== false;
  const byHost = new Map<string, RoleState[]>();
  for (const { type, outputs } of checkpoint.resources) {
    const parsed = type === ROLE ? roleState.safeParse(outputs) : undefined;
    if (parsed?.success !== true || !isAsked(parsed.data.host)) continue;
    byHost.set(parsed.data.host, [...(byHost.get(parsed.data.host) ?? []), parsed.data]);
  }
  const routers = checkpoint.resources.flatMap(({ type, outputs }) => {
    const parsed = type === ROUTER ? routerState.safeParse(outputs) : undefined;
    return parsed?.success === true && isAsked(parsed.data.host) ? [parsed.data] : [];
  });
  if (byHost.size === 0 && routers.length === 0) return [];
  const folder = context.folders.secrets;
  const secret = await loadStackSecret(folder);
  const content = contentOf({ folder: session.artefacts, cache: context.folders.cache }, { mayLack: true });
  const secrets = new SecretSource(secret, new Vault(folder), content);
  const reached = new Reached(session.sockets, secret);
  try {
    const asked = [
      ...routers.map((router) => askRouter(router, session.room, secrets)),
      ...[...byHost.values()].map((roles) => askHost(roles, reached, secrets)),
    ];
    return (await Promise.all(asked)).flat();
  } finally {
    await reached.close();
  }
}

async function askRouter(router: RouterState, room: string | null, secrets: SecretSource): Promise<readonly Drift[]> {
  if (room === null) return [];
  const what = await routerDrift(router, consoleOf(room, router.vmId), secrets);
  return what === undefined ? [] : [{ host: router.host, role: "router", step: null, what }];
}

async function askHost(
  roles: readonly RoleState[],
  reached: Reached,
  secrets: SecretSource,
): Promise<readonly Drift[]> {
  const { host } = roles[0]!;
  const whole = (what: string): Drift => ({ host, role: roles[0]!.role, step: null, what });
  try {
    const sent = await Promise.all(roles.map((r) => sentRole(r, secrets)));
    const enter = (): ReturnType<Reached["to"]> => reached.to(reachOf(roles[0]!), ANSWER_MS);
    const seen = await runnerOf(await enter(), roles[0]!.reach.os, enter).check(sent);
    if (seen.instance !== roles[0]!.instance) return [whole("is another machine than the one that was configured")];
    return roles.flatMap((role, r) => {
      // Sent last with other secrets than now: what differs there is a change to come, and shown as one.
      const isOther = digestOf(sent[r]!.steps, secrets) !== role.digest;
      return role.steps.flatMap((step, n): Drift[] => {
        if (isOther && hasPlaces(step)) return [];
        const found = seen.roles[role.role]?.[n];
        const what = found === undefined ? "not known to the host" : wordsOfDrift(step, found);
        return what === undefined ? [] : [{ host, role: role.role, step: step.name, what }];
      });
    });
  } catch (error) {
    if (error instanceof Fault) return [{ ...whole(error.message), isSilent: true }];
    throw error;
  }
}
