import { isOwnTask } from "../access/others.ts";
import { failure } from "../api-error.ts";
import { flag, int, oneOf, opt, text, vmid } from "../schema/schema.ts";
import type { TaskState } from "../state/state.ts";
import { nodeOf } from "../world.ts";
import { method, subdirs } from "./method.ts";
import type { Call } from "./method.ts";

function identity(task: TaskState): Record<string, string | number> {
  return {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: task.starttime,
    type: task.type,
    id: task.id,
    user: task.user,
  };
}

/** A task as lists show it: `status` is how it ended. */
export const taskAnswer = (task: TaskState): Record<string, string | number> => ({
  ...identity(task),
  ...(task.exitstatus === undefined ? {} : { endtime: task.endtime ?? task.starttime, status: task.exitstatus }),
});

function taskOf(call: Call): TaskState {
  const upid = call.text("upid");
  const match = /^UPID:([^:]+):[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/.exec(upid);
  if (match === null) throw failure(`unable to parse worker upid '${upid}'`);
  const task = call.world.tasks.get(upid);
  if (task?.node !== call.node) throw failure("no such task");
  return task;
}

export const TASKS = [
  method(
    "GET",
    "/nodes/{node}/tasks",
    {
      errors: opt(flag(), { default: false }),
      limit: opt(int({ minimum: 0 }), { default: 50 }),
      since: opt(int()),
      source: opt(oneOf("archive", "active", "all"), { default: "archive" }),
      start: opt(int({ minimum: 0 })),
      statusfilter: opt(text()),
      typefilter: opt(text()),
      until: opt(int()),
      userfilter: opt(text()),
      vmid: opt(vmid),
    },
    (call) => {
      nodeOf(call.world, call.node);
      const source = call.optional("source") ?? "archive";
      const start = Number(call.optional("start") ?? 0);
      const matching = call.world.tasks.list().filter((task) => isWanted(call, task, source));
      return matching.slice(start, start + Number(call.optional("limit") ?? 50)).map(taskAnswer);
    },
  ),
  method("GET", "/nodes/{node}/tasks/{upid}", {}, () => subdirs("log", "status")),
  method("GET", "/nodes/{node}/tasks/{upid}/status", {}, async (call) => {
    const task = taskOf(call);
    await call.world.tasks.settle(task.upid);
    const exitstatus = call.world.tasks.isRunning(task.upid) ? undefined : task.exitstatus;
    return {
      ...identity(task),
      status: exitstatus === undefined ? "running" : "stopped",
      ...(exitstatus === undefined ? {} : { exitstatus }),
    };
  }),
  method(
    "GET",
    "/nodes/{node}/tasks/{upid}/log",
    {
      download: opt(flag()),
      limit: opt(int({ minimum: 0 }), { default: 50 }),
      start: opt(int({ minimum: 0 }), { default: 0 }),
    },
    (call) => {
      const { log } = taskOf(call);
      const start = Number(call.optional("start") ?? 0);
      const limit = Number(call.optional("limit") ?? 50);
      const lines = log.slice(start, limit === 0 ? undefined : start + limit);
      if (lines.length === 0) return [{ n: 1, t: "no content" }];
      return lines.map((t, index) => ({ n: start + index + 1, t }));
    },
  ),
  method("DELETE", "/nodes/{node}/tasks/{upid}", {}, (call) => {
    call.world.tasks.stop(taskOf(call).upid);
  }),
];

function isWanted(call: Call, task: TaskState, source: string): boolean {
  if (!call.may(`/nodes/${call.node}`, "Sys.Audit") && !isOwnTask(task.user, call.user)) return false;
  const isEnded = task.exitstatus !== undefined;
  const type = call.optional("typefilter");
  const user = call.optional("userfilter");
  const guest = call.optional("vmid");
  return (
    task.node === call.node &&
    (source === "all" || (source === "active") !== isEnded) &&
    (!call.flag("errors") || (isEnded && task.exitstatus !== "OK")) &&
    (type === undefined || task.type === type) &&
    (user === undefined || task.user.includes(user)) &&
    (guest === undefined || task.id === guest) &&
    task.starttime >= Number(call.optional("since") ?? 0) &&
    task.starttime <= Number(call.optional("until") ?? Number.POSITIVE_INFINITY)
  );
}
