import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Lab } from "./lab.ts";
import type { Answer } from "./lab.ts";

interface TracedCall {
  readonly line: number;
  readonly status: number;
  readonly verb: string;
  readonly path: string;
  readonly fields: Record<string, string>;
  readonly said: string;
}

type Entry = { readonly kind: "operation"; readonly name: string } | ({ readonly kind: "call" } & TracedCall);

async function readTrace(name: string): Promise<Entry[]> {
  const text = await readFile(new URL(`fixtures/${name}.trace`, import.meta.url), "utf8");
  return text.split("\n").flatMap((line, index): Entry[] => {
    const operation = /^#{4,} (.+)$/.exec(line)?.[1];
    if (operation !== undefined) return [{ kind: "operation", name: operation }];
    const match = /^\S+ (\d+) (\w+) (\S+) (\{.*?\})(?: {2}!! (.*))?$/.exec(line);
    if (match === null) return [];
    const [, status, verb, path, fields, said = ""] = match;
    const parsed = JSON.parse(fields!) as Record<string, string>;
    return [{ kind: "call", line: index + 1, status: Number(status), verb: verb!, path: path!, fields: parsed, said }];
  });
}

/**
 * Sends the calls of a trace and knows what differs between the stub that made it and Proxmox:
 * UPIDs are the simulator's own, and a template's disk is called `base-…`.
 */
class Replay {
  readonly lab: Lab;
  /** The stub's UPIDs in the trace to the simulator's, by task type and guest. */
  readonly #upids = new Map<string, string[]>();
  readonly sent: { readonly call: TracedCall; readonly answer: Answer }[] = [];

  constructor(lab: Lab) {
    this.lab = lab;
  }

  async send(call: TracedCall): Promise<void> {
    const answer = await this.#answer(call);
    this.sent.push({ call, answer });
    const context = `line ${call.line}: ${call.verb} ${call.path} ${JSON.stringify(answer.errors)}`;
    expect(`${answer.status} ${answer.status === 200 ? "" : answer.phrase}`, context).toBe(
      `${call.status} ${call.said}`,
    );
    if (typeof answer.data === "string" && answer.data.startsWith("UPID:")) {
      const [, , , , , type, id] = answer.data.split(":");
      const key = `${type!}:${id!}`;
      this.#upids.set(key, [...(this.#upids.get(key) ?? []), answer.data]);
    }
  }

  async #answer(call: TracedCall): Promise<Answer> {
    if (call.path.endsWith("/upload")) {
      const { content, filename } = call.fields as { content: string; filename: string };
      return this.lab.upload("pve1", "local", { content }, filename, Buffer.alloc(Number(call.fields["filesize"])));
    }
    const task = /^(\/nodes\/pve1\/tasks\/)UPID:[^:]+:\w+:\w+:\w+:([^:]+:[^:]*):[^:]+:(\/status)$/.exec(call.path);
    if (task === null) return this.lab.call(call.verb, this.#asNow(call.path), call.fields);
    const upid = this.#upids.get(task[2]!)?.at(-1);
    expect(upid, `line ${call.line}: a task ${task[2]} was started`).toBeDefined();
    const answer = await this.lab.call("GET", `${task[1]!}${encodeURIComponent(upid!)}/status`);
    expect(answer.data, `line ${call.line}`).toMatchObject({ status: "stopped", exitstatus: "OK" });
    return answer;
  }

  #asNow(path: string): string {
    return path.replace("local-lvm:vm-900-disk-0", "local-lvm:base-900-disk-0");
  }
}

const BRIDGE = { iface: "vmbr9", type: "bridge", autostart: 1, bridge_vlan_aware: 1 };

async function addBridge(lab: Lab): Promise<void> {
  await lab.ok("POST", "/nodes/pve1/network", BRIDGE);
  await lab.task("PUT", "/nodes/pve1/network");
}

const addImage = (lab: Lab): Promise<string> =>
  lab.task("POST", "/nodes/pve1/storage/local/download-url", {
    content: "import",
    filename: "base.qcow2",
    url: "https://images.example.invalid/base.qcow2",
  });

describe("the calls of the real provider", () => {
  let lab: Lab;
  afterEach(() => lab.end());

  it("are all accepted as a plugin built from the published source made them, and end in an empty cluster", async () => {
    lab = await Lab.start({ nodes: ["pve1", "pve2"] });
    await addImage(lab);
    const replay = new Replay(lab);
    for (const entry of await readTrace("provider-published")) if (entry.kind === "call") await replay.send(entry);
    expect(replay.sent.length).toBeGreaterThan(160);
    expect(await lab.ok("GET", "/cluster/resources", { type: "vm" })).toEqual([]);
    expect(await lab.ok("GET", "/nodes/pve1/storage/local-lvm/content")).toEqual([]);
    expect(await lab.ok("GET", "/pools")).toEqual([]);
  });

  it("are all accepted as a bridged plugin made them: up, update, refresh, destroy of every kind of resource", async () => {
    lab = await Lab.start({ nodes: ["pve1", "pve2"] });
    await addImage(lab);
    const replay = new Replay(lab);
    for (const entry of await readTrace("provider-bridge")) {
      if (entry.kind === "operation") await prepare(lab, entry.name);
      else if (!isBeforeTheFixes(entry)) await replay.send(entry);
    }
    expect(replay.sent.length).toBeGreaterThan(600);
    expect(await lab.ok("GET", "/cluster/resources", { type: "vm" })).toEqual([]);
  });

  /** The stub let guests start on a bridge that an operation before had removed; Proxmox and the simulator do not. */
  async function prepare(at: Lab, operation: string): Promise<void> {
    if (operation === "vm1 up") await addBridge(at);
    if (operation === "vlan up") await at.ok("DELETE", "/nodes/pve1/network/vmbr9");
    if (operation.startsWith("second part")) await at.ok("DELETE", "/nodes/pve1/network/vmbr9.50");
  }

  /** The first stub named a clone's disk after its template: those three calls speak of another guest's disk. */
  const isBeforeTheFixes = (call: TracedCall): boolean =>
    call.path.endsWith("/qemu/901/config") && (call.fields["scsi0"] ?? "").includes("vm-900-disk-0");
});
