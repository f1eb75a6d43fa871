import { z } from "zod";
import { poolOf } from "../infra/mark.ts";
import {
  begunBy,
  mayBeMaking,
  type Begun,
  type Download,
  type Pool,
  type Recovery,
  type Situation,
  type Standing,
} from "../infra/recovery.ts";
import { inDoubt } from "../infra/unfinished.ts";
import { deleteVolume, descriptionOf, destroyVm, tagVm } from "../pve/client/guests.ts";
import { insert } from "../pve/client/media.ts";
import { answers, seg, type PveClient } from "../pve/client/index.ts";
import { stopTask, tasksOf, untilNoneIsMade } from "../pve/client/tasks.ts";

type Say = (line: string) => void;
type Asked = Pick<Situation, "mark" | "isEmbedded" | "recorded" | "pending">;

/** What stands on the API of what the record speaks of, once nothing is being made any more. */
export async function lookAround(client: PveClient, asked: Asked, token: string, say: Say): Promise<Situation> {
  let listed = await client.listVms();
  // The API goes on with what the engine asked of it: a guest that is half made would be judged a stranger.
  if (mayBeMaking(asked.pending, listed)) {
    await untilNoneIsMade(client, token, (task, node) =>
      say(`waiting for ${task.type} ${task.id} on ${node}, which a run that broke off had begun`),
    );
    listed = await client.listVms();
  }
  const begun = begunBy(asked);
  const described = new Map<number, string>();
  const started = new Set<number>();
  for (const vm of inDoubt({ ...asked, listed }, poolOf(asked.mark))) {
    described.set(vm.vmid, await descriptionOf(client, vm));
    if (!asked.isEmbedded && (await wasStarted(client, vm))) started.add(vm.vmid);
  }
  return {
    ...asked,
    listed,
    described,
    started,
    standing: await standingOf(client, begun, token),
    pools: begun.length === 0 ? [] : await poolsOf(client),
  };
}

/** Whether the node knows of anybody who started it, by hand too; what an earlier guest of that id did is not its doing. */
async function wasStarted(client: PveClient, { node, vmid }: Situation["listed"][number]): Promise<boolean> {
  const tasks = z.array(z.object({ type: z.string() }));
  // The newest come first.
  const done = await client.get(`/nodes/${seg(node)}/tasks`, tasks, { source: "all", vmid, limit: 1_000 });
  return done.find(({ type }) => type === "qmstart" || type === "qmdestroy")?.type === "qmstart";
}

/** Does what was planned on the API, and says each thing that it does. */
export async function mend(client: PveClient, plan: Recovery, say: Say): Promise<void> {
  for (const vm of plan.leftovers) {
    say(`deleting ${vm.vmid} "${vm.name}" on ${vm.node}, which a run began and never recorded`);
    await destroyVm(client, vm.node, vm.vmid);
  }
  for (const { vm, tags } of plan.claims) {
    say(`marking ${vm.vmid} "${vm.name}" on ${vm.node} as this stack's, which it is by its description`);
    await tagVm(client, vm, tags);
  }
  for (const standing of plan.begun) await deleteBegun(client, standing, say);
  for (const { begun: thing, why } of plan.strangers)
    say(
      `leaving ${nameOf(thing)} alone: a run began to make one, and this one is not provably this stack's (${why}). If it is yours, delete it; if not, give the stack other names (docs/own-proxmox.md, settings)`,
    );
  for (const { vm, slot, volume } of plan.halfMade)
    if (await insert(client, { node: vm.node, vmId: vm.vmid, slot, volume }))
      say(`putting ${volume} into ${vm.name} on ${vm.node}, whose creation broke off before it got it`);
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
