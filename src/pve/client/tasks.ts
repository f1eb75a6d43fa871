import { z } from "zod";
import { upid } from "./answers.ts";
import { seg, type Parameters, type PveClient } from "./client.ts";
import { PveError } from "./error.ts";

/** A task of a node's list; times in seconds of that node's clock. */
export interface ListedTask {
  readonly upid: string;
  /** `qmclone`, `download` … */
  readonly type: string;
  /** What it works on: of a clone the source's VM id, of a download the file's name. */
  readonly id: string;
  /** The token that began it, `user@realm!name`. */
  readonly owner: string;
  readonly begunAt: number;
  /** Undefined while it runs. */
  readonly endedAt: number | undefined;
}

/** Proxmox names the token beside its user, the embedded API in one word, as a task's id does. */
const listed = z
  .object({
    upid,
    type: z.string(),
    id: z.string().default(""),
    user: z.string(),
    tokenid: z.string().optional(),
    starttime: z.number(),
    endtime: z.number().optional(),
  })
  .transform((t): ListedTask => ({
    upid: t.upid,
    type: t.type,
    id: t.id,
    owner: t.tokenid === undefined ? t.user : `${t.user}!${t.tokenid}`,
    begunAt: t.starttime,
    endedAt: t.endtime,
  }));

/** A node's tasks that a token began (`GET /nodes/{node}/tasks`). */
export async function tasksOf(
  client: PveClient,
  node: string,
  owner: string,
  filter: Parameters,
): Promise<readonly ListedTask[]> {
  const tasks = await client.get(`/nodes/${seg(node)}/tasks`, z.array(listed), { limit: 1_000, ...filter });
  return tasks.filter((t) => t.owner === owner);
}

/** What makes a guest. Until its end the guest has neither name nor tags: nobody can tell whose it is. */
const MAKERS: ReadonlySet<string> = new Set(["qmclone", "qmcreate"]);

/**
 * Waits until no clone or creation of a guest runs that the token began, on any node; how each ends is not asked.
 * @param onWait told of each before it is waited for
 * @throws PveError PVE_TASK_DEADLINE when one runs for ten minutes more
 */
export async function untilNoneIsMade(
  client: PveClient,
  owner: string,
  onWait: (task: ListedTask, node: string) => void,
): Promise<void> {
  const nodes = await client.get("/nodes", z.array(z.object({ node: z.string(), status: z.string().optional() })));
  await Promise.all(
    nodes
      // A node that is down answers nothing, and makes nothing.
      .filter(({ status }) => status !== "offline")
      .map(async ({ node }) => {
        const running = await tasksOf(client, node, owner, { source: "active" });
        for (const task of running.filter(({ type, endedAt }) => MAKERS.has(type) && endedAt === undefined)) {
          onWait(task, node);
          await ended(client, task.upid);
        }
      }),
  );
}

/** Stops a task, and waits until it has ended. */
export async function stopTask(client: PveClient, task: string): Promise<void> {
  await client.delete(`/nodes/${seg(task.split(":")[1]!)}/tasks/${seg(task)}`, z.unknown());
  await ended(client, task);
}

/** Until a task has ended, well or not. */
async function ended(client: PveClient, task: string): Promise<void> {
  await client.waitTask(task, { pollMs: 100 }).catch((error: unknown) => {
    if (!(error instanceof PveError && error.code === "PVE_TASK_FAILED")) throw error;
  });
}
