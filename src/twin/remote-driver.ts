import { createConnection, type Socket } from "node:net";
import { errnoOf, Fault } from "../core/fault.ts";
import { GuestDriverError } from "../pve/simulator/guest-driver.ts";
import type {
  AgentInfo,
  ExecResult,
  GuestDescription,
  GuestDriver,
  GuestStatus,
  Log,
  PowerListener,
  ReconcileEntry,
} from "../pve/simulator/guest-driver.ts";
import { onLines } from "./lines.ts";
import { EXEC_MS, ROOM_GONE, type Answer, type CallName } from "./protocol.ts";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly log: Log;
}

const silent: Log = () => undefined;

/**
 * The guest driver as the API's process sees it: every call goes to the machine room. When the room is gone, so is
 * the power of all guests; when it is back, those that ran run again, as after a power cut of a node.
 */
export class RemoteDriver implements GuestDriver {
  readonly kind = "container";
  readonly #path: string;
  readonly #log: Log;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners: PowerListener[] = [];
  /** What the API has told of each guest, and whether it ran when last seen: for a room that comes back. */
  readonly #known = new Map<number, { guest: GuestDescription; isOn: boolean }>();
  #socket: Promise<Socket> | undefined;
  #next = 1;
  #isClosed = false;
  /** Has a room been lost, so that the next one has to be told what should run? */
  #isLost = false;
  /** Settles when the guests of a room that came back run again. */
  #comeback: Promise<void> = Promise.resolve();

  constructor(path: string, log: Log = silent) {
    this.#path = path;
    this.#log = log;
  }

  async create(guest: GuestDescription, log: Log): Promise<void> {
    await this.#call("create", [guest], log);
    this.#known.set(guest.vmid, { guest, isOn: false });
  }

  async clone(
    source: { readonly vmid: number; readonly snapshot?: string },
    guest: GuestDescription,
    options: { readonly isFull: boolean },
    log: Log,
  ): Promise<void> {
    await this.#call("clone", [source, guest, options], log);
    this.#known.set(guest.vmid, { guest, isOn: false });
  }

  async update(guest: GuestDescription, log: Log): Promise<void> {
    await this.#call("update", [guest], log);
    const known = this.#known.get(guest.vmid);
    this.#known.set(guest.vmid, { guest, isOn: known?.isOn ?? false });
  }

  async destroy(vmid: number, log: Log): Promise<void> {
    await this.#call("destroy", [vmid], log);
    this.#known.delete(vmid);
  }

  async start(guest: GuestDescription, log: Log): Promise<void> {
    await this.#call("start", [guest], log);
    this.#known.set(guest.vmid, { guest, isOn: true });
  }

  async stop(vmid: number, log: Log): Promise<void> {
    await this.#call("stop", [vmid], log);
    this.#isOff(vmid);
  }

  async shutdown(vmid: number, options: { readonly timeoutMs: number }, log: Log): Promise<boolean> {
    const isOff = (await this.#call("shutdown", [vmid, options], log)) as boolean;
    if (isOff) this.#isOff(vmid);
    return isOff;
  }

  async reboot(guest: GuestDescription, log: Log): Promise<void> {
    await this.#call("reboot", [guest], log);
    this.#known.set(guest.vmid, { guest, isOn: true });
  }

  async pause(vmid: number): Promise<void> {
    await this.#call("pause", [vmid]);
  }

  async resume(vmid: number): Promise<void> {
    await this.#call("resume", [vmid]);
  }

  async snapshot(vmid: number, name: string, options: { readonly withMemory: boolean }, log: Log): Promise<void> {
    await this.#call("snapshot", [vmid, name, options], log);
  }

  async rollback(guest: GuestDescription, name: string, log: Log): Promise<void> {
    await this.#call("rollback", [guest, name], log);
    this.#known.set(guest.vmid, { guest, isOn: false });
  }

  async deleteSnapshot(vmid: number, name: string, log: Log): Promise<void> {
    await this.#call("deleteSnapshot", [vmid, name], log);
  }

  async status(vmids: readonly number[]): Promise<ReadonlyMap<number, GuestStatus>> {
    try {
      return new Map((await this.#call("status", [vmids])) as [number, GuestStatus][]);
    } catch (error) {
      if (!(error instanceof RoomGone)) throw error;
      // Without a machine room nothing runs; what is known is off.
      return new Map(vmids.flatMap((vmid) => (this.#known.has(vmid) ? [[vmid, OFF] as const] : [])));
    }
  }

  async agent(vmid: number): Promise<AgentInfo | undefined> {
    return ((await this.#call("agent", [vmid])) as AgentInfo | null) ?? undefined;
  }

  async exec(vmid: number, argv: readonly string[], input: string, deadlineMs = EXEC_MS): Promise<ExecResult> {
    return (await this.#call("exec", [vmid, argv, input, deadlineMs])) as ExecResult;
  }

  async console(vmid: number, options: { readonly tailLines: number }): Promise<readonly string[]> {
    return (await this.#call("console", [vmid, options])) as readonly string[];
  }

  async setLink(vmid: number, index: number, isUp: boolean): Promise<void> {
    await this.#call("setLink", [vmid, index, isUp]);
  }

  async reconcile(entries: readonly ReconcileEntry[], log: Log): Promise<void> {
    this.#isClosed = false;
    this.#isLost = false;
    for (const { guest, shouldRun } of entries) this.#known.set(guest.vmid, { guest, isOn: shouldRun });
    await this.#call("reconcile", [entries], log);
  }

  onPower(listener: PowerListener): void {
    this.#listeners.push(listener);
  }

  /** Lets go of the room: it keeps its guests under power until it is told to end, as a hypervisor's API does. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const socket = await this.#socket?.catch(() => undefined);
    if (socket === undefined || socket.destroyed) return;
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.destroy();
    await gone;
  }

  #tell(vmid: number, isOn: boolean): void {
    for (const listener of this.#listeners) listener(vmid, isOn);
  }

  #isOff(vmid: number): void {
    const known = this.#known.get(vmid);
    if (known) known.isOn = false;
  }

  async #call(call: CallName, parameters: readonly unknown[], log: Log = silent): Promise<unknown> {
    const socket = await this.#connect(call);
    return this.#send(socket, call, parameters, log);
  }

  #send(socket: Socket, call: CallName, parameters: readonly unknown[], log: Log): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, log });
      socket.write(`${JSON.stringify({ id, call, parameters })}\n`);
    });
  }

  async #connect(call: CallName): Promise<Socket> {
    this.#socket ??= this.#open();
    let socket: Socket;
    try {
      socket = await this.#socket;
    } catch (error) {
      this.#socket = undefined;
      throw error;
    }
    // Calls for one guest must not overlap: whoever comes meanwhile waits until those that ran run again.
    if (call !== "reconcile") {
      if (this.#isLost) {
        this.#isLost = false;
        this.#comeback = this.#startAgain(socket);
      }
      await this.#comeback;
    }
    return socket;
  }

  async #startAgain(socket: Socket): Promise<void> {
    const entries = [...this.#known.values()].map(({ guest, isOn }) => ({ guest, shouldRun: isOn, snapshots: [] }));
    this.#log("the machine room is back: guests that ran are started again");
    await this.#send(socket, "reconcile", [entries], this.#log);
    const statuses = new Map(
      (await this.#send(socket, "status", [[...this.#known.keys()]], silent)) as [number, GuestStatus][],
    );
    for (const [vmid, known] of this.#known) {
      const isOn = (statuses.get(vmid)?.power ?? "stopped") !== "stopped";
      // That they lost power has been told.
      if (known.isOn && isOn) this.#tell(vmid, true);
      known.isOn = isOn;
    }
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#path);
      let wasOpen = false;
      socket.once("connect", () => {
        wasOpen = true;
        resolve(socket);
      });
      socket.once("error", (error) => {
        const isGone = ["ENOENT", "ECONNREFUSED"].includes(errnoOf(error) ?? "");
        reject(isGone ? new RoomGone() : error);
      });
      onLines(socket, (line) => this.#receive(JSON.parse(line) as Answer));
      socket.once("close", () => {
        // An attempt that found nobody has lost nothing.
        if (!wasOpen) return;
        this.#socket = undefined;
        for (const [id, { reject: fail }] of this.#pending) {
          this.#pending.delete(id);
          fail(new RoomGone());
        }
        if (this.#isClosed) return;
        this.#isLost = true;
        for (const [vmid, { isOn }] of this.#known) if (isOn) this.#tell(vmid, false);
      });
    });
  }

  #receive(answer: Answer): void {
    if ("event" in answer) {
      this.#isOff(answer.vmid);
      this.#tell(answer.vmid, false);
      return;
    }
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) return;
    if ("log" in answer) return pending.log(answer.log);
    this.#pending.delete(answer.id);
    if ("result" in answer) return pending.resolve(answer.result);
    const { kind, message, code, hint } = answer.failure;
    // A task shows one line: what a person is to do belongs to it.
    if (kind === "fault") return pending.reject(new GuestDriverError(`${code ?? ""} ${message} ${hint ?? ""}`.trim()));
    pending.reject(kind === "guest" ? new GuestDriverError(message) : new Error(message));
  }
}

const OFF: GuestStatus = { power: "stopped", uptimeSeconds: 0, memoryBytes: 0, cpu: 0, pid: 0 };

class RoomGone extends GuestDriverError {
  constructor() {
    super("the machine room of this lab does not run, so its guests have no power: run `maquette up` as root (sudo)");
  }
}

const GUEST_HINT = "`maquette status` says what runs, and `maquette up` starts what is off.";

/** One call of a command to the machine room. @throws Fault TWIN_GONE, TWIN_GUEST, TWIN_GUEST_OFF, or the room's own */
export async function askRoom(
  path: string,
  call: CallName,
  parameters: readonly unknown[],
  log: Log = silent,
): Promise<unknown> {
  const socket = createConnection(path);
  try {
    return await new Promise((resolve, reject) => {
      socket.once("error", (error) =>
        reject(
          new Fault(
            ROOM_GONE,
            `The machine room of this lab does not answer (${error.message}).`,
            "Run `maquette up` as root (sudo): it starts it.",
            error,
          ),
        ),
      );
      socket.once("close", () =>
        reject(
          new Fault(ROOM_GONE, "The machine room of this lab ended while it worked.", "Run the same command again."),
        ),
      );
      onLines(socket, (line) => {
        const answer = JSON.parse(line) as Answer;
        if ("event" in answer) return;
        if ("log" in answer) return log(answer.log);
        if ("result" in answer) return resolve(answer.result);
        const { kind, message, code, hint } = answer.failure;
        if (kind === "fault") return reject(new Fault(code ?? "TWIN_FAILED", message, hint ?? ""));
        if (kind === "guest") return reject(new Fault(code ?? "TWIN_GUEST", `${message}.`, GUEST_HINT));
        reject(new Error(message));
      });
      socket.write(`${JSON.stringify({ id: 1, call, parameters })}\n`);
    });
  } finally {
    socket.destroy();
  }
}
