import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrivate } from "../stack/folders.ts";
import { Fault } from "../core/fault.ts";
import { clearLocks, parseCheckpoint, readCheckpoint, type Checkpoint } from "../engine/checkpoint.ts";
import { planRecovery } from "../infra/recovery.ts";
import { destroyVm } from "../pve/client/guests.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/**
 * Makes good what an interrupted run left, before the engine goes on: stale locks, operations whose end nobody
 * saw, and VMs that the state never recorded. Says each thing that it does; does nothing after a run that ended well.
 */
export async function recover(context: Context, session: Session, mark: string): Promise<void> {
  const { io, folders, stack } = context;
  const say = (line: string): void => io.err(`recovering: ${line}`);
  if (session.isOwnBackend) {
    const cleared = await clearLocks(folders, stack, (h) =>
      say(`waiting for a run that is still at work (process ${h.pid} on ${h.hostname})`),
    );
    if (cleared > 0) say(`removed the lock of a run that died`);
  }
  const checkpoint = await checkpointOf(context, session);
  const plan = planRecovery({
    mark,
    isEmbedded: context.isEmbedded,
    recorded: checkpoint.resources,
    pending: checkpoint.pending,
    listed: await session.client.listVms(),
  });
  if (plan.isStateLost) {
    const names = plan.unknown.map((vm) => `${vm.vmid} "${vm.name}" on ${vm.node}`).join(", ");
    throw new Fault(
      "STATE_LOST",
      `Guests with this stack's mark stand on ${session.endpoint.url} that Pulumi's state does not know, so it was lost or is older than they are: ${names}.`,
      `Restore ${folders.backend} (or the configured backend) from a backup; or delete those guests by hand and run up again.`,
    );
  }
  for (const vm of plan.leftovers) {
    say(`deleting ${vm.vmid} "${vm.name}" on ${vm.node}, which a run began and never recorded`);
    await destroyVm(session.client, vm.node, vm.vmid);
  }
  if (plan.dropsPending) {
    const begun = checkpoint.pending.map((p) => `${p.type} ${p.resource.urn.split("::").pop()!}`);
    say(`dropping ${begun.length} operations that a run began: ${begun.join(", ")}`);
    await dropPending(context, session);
  }
  if (plan.needsRefresh) {
    say("asking the API what is there");
    const refreshed = await session.pulumi(["refresh", "--yes", "--skip-preview"]);
    if (refreshed.code !== 0) {
      throw new Fault(
        "STATE_NO_REFRESH",
        `Pulumi's refresh failed: ${refreshed.stderr.trim() || refreshed.stdout.trim().split("\n").slice(-8).join("\n")}`,
        "Mend what it names, then run the same command again.",
      );
    }
  }
}

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

/** Rewrites the checkpoint through Pulumi itself, so that its integrity checks hold. */
async function dropPending(context: Context, session: Session): Promise<void> {
  const file = join(context.folders.run, "checkpoint.json");
  try {
    const exported = await session.pulumi(["stack", "export", "--file", file]);
    if (exported.code !== 0) throw notRewritten(exported.stderr);
    const document = JSON.parse(await readFile(file, "utf8")) as { deployment: Record<string, unknown> };
    document.deployment["pending_operations"] = [];
    await writePrivate(file, JSON.stringify(document));
    const imported = await session.pulumi(["stack", "import", "--file", file]);
    if (imported.code !== 0) throw notRewritten(imported.stderr);
  } finally {
    await rm(file, { force: true });
  }
}

const notRewritten = (why: string): Fault =>
  new Fault(
    "STATE_NOT_REWRITTEN",
    `Pulumi does not let its checkpoint be mended: ${why.trim()}`,
    "Run the same command again; if it stays, `pulumi stack export` shows what is in it.",
  );
