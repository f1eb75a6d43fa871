import { readFile } from "node:fs/promises";
import { Fault } from "../core/fault.ts";
import { clearLocks, parseCheckpoint, type Checkpoint } from "../engine/checkpoint.ts";
import { forget } from "../engine/forget.ts";
import { endLeftovers } from "../engine/leftovers.ts";
import { forgetRestored, isRestored, readCheckpoint } from "../engine/whole.ts";
import { standingGuests } from "../infra/displaced.ts";
import { planRecovery } from "../infra/recovery.ts";
import type { Context } from "./context.ts";
import { lookAround, mend } from "./mend.ts";
import { rewriteRecord } from "./rewrite-record.ts";
import type { Session } from "./session.ts";

/**
 * Makes good what an interrupted run left, before the engine goes on: stale locks, operations whose end nobody
 * saw, programs that a killed engine left running, and what the state never recorded. Says each thing that it does;
 * does nothing after a run that ended well.
 * @param startOff starts guests that are off, where that may be done, before anything is asked through them; but none of
 *   those that are not finished, of which the record says what was wanted
 */
export async function recover(
  context: Context,
  session: Session,
  mark: string,
  startOff?: (unfinished: ReadonlySet<string>) => Promise<void>,
): Promise<void> {
  const { io, folders, stack } = context;
  const say = (line: string): void => io.err(`recovering: ${line}`);
  if (session.isOwnBackend) {
    const cleared = await clearLocks(folders, stack, (h) =>
      say(`waiting for a run that is still at work (process ${h.pid} on ${h.hostname})`),
    );
    if (cleared > 0) say(`removed the lock of a run that died`);
  }
  // A plugin that outlived its engine may still be making what is listed below.
  for (const left of await endLeftovers(folders)) say(`ended process ${left}, which a killed engine left`);
  const checkpoint = await checkpointOf(context, session);
  const situation = await lookAround(
    session.client,
    { mark, isEmbedded: context.isEmbedded, recorded: checkpoint.resources, pending: checkpoint.pending },
    await tokenId(session),
    say,
  );
  const plan = planRecovery(situation);
  if (plan.isStateLost) {
    const names = plan.unknown.map((vm) => `${vm.vmid} "${vm.name}" on ${vm.node}`).join(", ");
    throw new Fault(
      "STATE_LOST",
      `Guests with this stack's mark stand on ${session.endpoint.url} that Pulumi's state does not know, so it was lost or is older than they are: ${names}.`,
      `Restore ${folders.backend} (or the configured backend) from a backup; or delete those guests by hand and run up again.`,
    );
  }
  await mend(session.client, plan, say);
  if (plan.doubles.length > 0) {
    for (const { urn, inputs } of plan.doubles)
      say(
        `forgetting ${urn!.split("::").pop()!}, which is a second record of VM ${String(inputs?.["vmId"])}; the guest stays`,
      );
    const urns = new Set(plan.doubles.map((d) => d.urn!));
    await rewriteRecord(context, session, (now) => forget(now, urns));
  }
  if (plan.dropsPending) {
    const begun = checkpoint.pending.map((p) => `${p.type} ${p.resource.urn.split("::").pop()!}`);
    say(`dropping ${begun.length} operations that a run began: ${begun.join(", ")}`);
    await rewriteRecord(context, session, (now) => ({ ...now, pending_operations: [] }));
  }
  // Of what was changed since an older copy of the record nothing in it tells.
  if (plan.needsRefresh || (await isRestored(folders))) {
    const begun = checkpoint.pending.map((p) => p.resource.urn);
    const broken = checkpoint.resources.flatMap((r) => ((r.initErrors ?? []).length > 0 ? [r.urn] : []));
    await startOff?.(new Set([...begun, ...broken]));
    say("asking the API what is there");
    const said: string[] = [];
    const refreshed = await session.pulumi(["refresh", "--yes", "--skip-preview", ...(await unreachable())], {
      onEvent: ({ diagnosticEvent: d }) => {
        if (d?.severity === "error") said.push(d.message.replaceAll(/<\{%[^%]*%\}>/g, "").trim());
      },
    });
    if (refreshed.code !== 0) {
      throw new Fault(
        "STATE_NO_REFRESH",
        `Pulumi's refresh failed: ${said.join("\n") || refreshed.stderr.trim() || refreshed.stdout.trim().split("\n").slice(-8).join("\n")}`,
        "Mend what it names, then run the same command again.",
      );
    }
  }
  await forgetRestored(folders);

  /** Leaves out what is read on the hosts, where the way to all of them is off: each would be waited for. */
  async function unreachable(): Promise<readonly string[]> {
    const standing = standingGuests(checkpoint.resources, await session.client.listVms(), mark);
    const isOff = (role: string): boolean => {
      const own = standing.filter((g) => g.role === role);
      return own.length > 0 && own.every((g) => g.vm.status !== "running");
    };
    if (!isOff("router") && !isOff("bastion")) return [];
    return ["Role", "Router"].flatMap((type) => ["--exclude", `**provision:index:${type}::**`]);
  }
}

/** `user@realm!name`, as tasks bear it. */
const tokenId = async (session: Session): Promise<string> =>
  (await readFile(session.endpoint.tokenFile, "utf8")).trim().split("=")[0]!;

/** The stack's recorded state, from this clone's own backend or through Pulumi. */
export async function checkpointOf(context: Context, session: Session): Promise<Checkpoint> {
  if (session.isOwnBackend)
    return (await readCheckpoint(context.folders, context.stack)) ?? { resources: [], pending: [] };
  const exported = await session.pulumi(["stack", "export"]);
  if (exported.code !== 0)
    throw new Fault(
      "STATE_NO_EXPORT",
      `Pulumi cannot read the stack's state: ${exported.stderr.trim()}`,
      "Check the backend; then run the same command again.",
    );
  return parseCheckpoint(exported.stdout);
}
