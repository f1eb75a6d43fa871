import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { clearLocks, parseCheckpoint, readCheckpoint, type Checkpoint } from "../engine/checkpoint.ts";
import { forget } from "../engine/forget.ts";
import { endLeftovers } from "../engine/leftovers.ts";
import {
  beginsGuests,
  begunBy,
  planRecovery,
  type Begun,
  type Download,
  type Pool,
  type Standing,
} from "../infra/recovery.ts";
import { deleteVolume, destroyVm } from "../pve/client/guests.ts";
import { insert } from "../pve/client/media.ts";
import { answers, seg, type PveClient } from "../pve/client/index.ts";
import { stopTask, tasksOf, untilNoneIsMade } from "../pve/client/tasks.ts";
import type { Context } from "./context.ts";
import { rewriteRecord } from "./rewrite-record.ts";
import type { Session } from "./session.ts";

/**
 * Makes good what an interrupted run left, before the engine goes on: stale locks, operations whose end nobody
 * saw, programs that a killed engine left running, and what the state never recorded. Says each thing that it does;
 * does nothing after a run that ended well.
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
  // A plugin that outlived its engine may still be making what is listed below.
  for (const left of await endLeftovers(folders)) say(`ended process ${left}, which a killed engine left`);
  const checkpoint = await checkpointOf(context, session);
  const begun = begunBy({ recorded: checkpoint.resources, pending: checkpoint.pending });
  const token = await tokenId(session);
  // The API goes on with what the killed engine asked of it: a guest that is half made would be judged a stranger.
  if (beginsGuests(checkpoint.pending))
    await untilNoneIsMade(session.client, token, (task, node) =>
      say(`waiting for ${task.type} ${task.id} on ${node}, which a run that was killed had begun`),
    );
  const plan = planRecovery({
    mark,
    isEmbedded: context.isEmbedded,
    recorded: checkpoint.resources,
    pending: checkpoint.pending,
    listed: await session.client.listVms(),
    standing: await standingOf(session.client, begun, token),
    pools: begun.length === 0 ? [] : await poolsOf(session.client),
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
  for (const standing of plan.begun) await deleteBegun(session.client, standing, say);
  for (const { begun: thing, why } of plan.strangers)
    say(
      `leaving ${nameOf(thing)} alone: a run began to make one, and this one is not provably this stack's (${why}). If it is yours, delete it; if not, give the stack other names (docs/own-proxmox.md, settings)`,
    );
  for (const { vm, slot, volume } of plan.halfMade)
    if (await insert(session.client, { node: vm.node, vmId: vm.vmid, slot, volume }))
      say(`putting ${volume} into ${vm.name} on ${vm.node}, whose creation broke off before it got it`);
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
  if (plan.needsRefresh) {
    say("asking the API what is there");
    const said: string[] = [];
    const refreshed = await session.pulumi(["refresh", "--yes", "--skip-preview"], {
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
}

/** What is begun and is there, with what tells whose it is. */
async function standingOf(client: PveClient, begun: readonly Begun[], token: string): Promise<Standing[]> {
  const found: Standing[] = [];
  for (const thing of begun) {
    const standing = await look(client, thing, token);
    if (standing) found.push(standing);
  }
  return found;
}

const commented = z.object({ comment: z.string().default("") });

async function look(client: PveClient, begun: Begun, token: string): Promise<Standing | undefined> {
  switch (begun.kind) {
    case "ha-rule": {
      const rules = await client.get("/cluster/ha/rules", z.array(z.object({ rule: z.string() })));
      return rules.some((r) => r.rule === begun.rule) ? { begun } : undefined;
    }
    case "ha-resource": {
      const resources = await client.get("/cluster/ha/resources", z.array(commented.extend({ sid: z.string() })));
      const resource = resources.find((r) => r.sid === begun.sid);
      return resource && { begun, comment: resource.comment };
    }
    case "seed":
      return (await client.hasVolume(begun.node, begun.storage, begun.volume)) ? { begun } : undefined;
    case "image": {
      const createdAt = await creationOf(client, begun);
      const downloads = await downloadsOf(client, begun, token);
      const isThere = createdAt !== undefined || downloads.some((d) => d.endedAt === undefined);
      return isThere ? { begun, createdAt, downloads } : undefined;
    }
    case "bridge": {
      const interfaces = await client.get(
        `/nodes/${seg(begun.node)}/network`,
        z.array(z.object({ iface: z.string(), comments: z.string().default("") })),
      );
      const bridge = interfaces.find((i) => i.iface === begun.name);
      return bridge && { begun, comment: bridge.comments.trim() };
    }
    case "pool": {
      const pool = (await poolsOf(client)).find((p) => p.name === begun.name);
      return pool && { begun, comment: pool.comment };
    }
  }
}

const poolsOf = (client: PveClient): Promise<readonly Pool[]> =>
  client.get(
    "/pools",
    z.array(commented.extend({ poolid: z.string() }).transform((p) => ({ name: p.poolid, comment: p.comment }))),
  );

type BegunImage = Extract<Begun, { kind: "image" }>;

/** 0 where the storage does not tell. */
async function creationOf(client: PveClient, { node, storage, volume }: BegunImage): Promise<number | undefined> {
  const content = await client.get(
    `/nodes/${seg(node)}/storage/${seg(storage)}/content`,
    z.array(z.object({ volid: z.string(), ctime: z.number().default(0) })),
  );
  return content.find((v) => v.volid === volume)?.ctime;
}

async function downloadsOf(client: PveClient, image: BegunImage, token: string): Promise<readonly Download[]> {
  const tasks = await tasksOf(client, image.node, token, { source: "all", typefilter: "download" });
  return tasks
    .filter((t) => t.id === image.fileName)
    .map(({ upid, begunAt, endedAt }) => ({ task: upid, begunAt, endedAt }));
}

/** `user@realm!name`, as tasks bear it. */
const tokenId = async (session: Session): Promise<string> =>
  (await readFile(session.endpoint.tokenFile, "utf8")).trim().split("=")[0]!;

async function deleteBegun(client: PveClient, standing: Standing, say: (line: string) => void): Promise<void> {
  const { begun, downloads = [] } = standing;
  for (const { task } of downloads.filter((d) => d.endedAt === undefined)) {
    say(`stopping the download of ${nameOf(begun)}, which a run began and never recorded`);
    await stopTask(client, task);
  }
  // A download that was stopped in time leaves no file.
  if (begun.kind === "image" && !(await client.hasVolume(begun.node, begun.storage, begun.volume))) return;
  say(`deleting ${nameOf(begun)}, which a run began and never recorded`);
  switch (begun.kind) {
    case "ha-rule":
      return client.delete(`/cluster/ha/rules/${seg(begun.rule)}`, answers.nothing);
    case "ha-resource":
      return client.delete(`/cluster/ha/resources/${seg(begun.sid)}`, answers.nothing);
    case "seed":
    case "image":
      return deleteVolume(client, begun.node, begun.storage, begun.volume);
    case "bridge": {
      const network = `/nodes/${seg(begun.node)}/network`;
      await client.delete(`${network}/${seg(begun.name)}`, answers.nothing);
      return client.waitTask(await client.put(network, answers.upid), { pollMs: 200 });
    }
    case "pool":
      return client.delete("/pools", answers.nothing, { poolid: begun.name });
  }
}

function nameOf(begun: Begun): string {
  switch (begun.kind) {
    case "ha-rule":
      return `the HA rule ${begun.rule}`;
    case "ha-resource":
      return `the HA resource ${begun.sid}`;
    case "seed":
    case "image":
      return `${begun.volume} on ${begun.node}`;
    case "bridge":
      return `the bridge ${begun.name} on ${begun.node}`;
    case "pool":
      return `the pool ${begun.name}`;
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
