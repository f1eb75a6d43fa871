import { setTimeout as sleep } from "node:timers/promises";
import { Agent, FormData, fetch } from "undici";
import type { RequestInit, Response } from "undici";
import type { z } from "zod";
import { Fault } from "../../core/fault.ts";
import * as answers from "./answers.ts";
import type { ListedVm } from "./answers.ts";
import { answerError, connectionError, PveError, unexpectedAnswer } from "./error.ts";

export interface PveClientOptions {
  /** `https://host:8006`; a path is ignored. */
  readonly endpoint: string;
  /** `user@realm!id=secret` */
  readonly token: string;
  /** Whom to trust: anybody (`insecure`), or this authority (PEM) besides the system's. Default: the system's. */
  readonly tls?: { readonly insecure: true } | { readonly ca: string };
  /** Patience for one answer, ms; default 60000. */
  readonly timeoutMs?: number;
}

/** Values of parameters; booleans become 1 and 0, undefined ones are left out. */
export type Parameters = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface WaitOptions {
  /** Milliseconds; default ten minutes. */
  readonly deadlineMs?: number;
  readonly onLog?: (line: string) => void;
  /** Milliseconds; default 500. */
  readonly pollMs?: number;
}

/**
 * A small client of the Proxmox VE API. Every failure is a {@link PveError}; answers are checked
 * where they come in, so what it returns has the type it says.
 */
export class PveClient {
  readonly endpoint: string;
  readonly #token: string;
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  /** @throws {Fault} PVE_ENDPOINT when the endpoint is no https address */
  constructor(options: PveClientOptions) {
    this.endpoint = readEndpoint(options.endpoint);
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    const tls =
      options.tls === undefined
        ? {}
        : "insecure" in options.tls
          ? { rejectUnauthorized: false }
          : { ca: options.tls.ca };
    this.#agent = new Agent({ connect: { ...tls, timeout: Math.min(10_000, this.#timeoutMs) }, connections: 8 });
  }

  get<T>(path: string, schema: z.ZodType<T>, parameters: Parameters = {}): Promise<T> {
    return this.#ask("GET", withQuery(path, parameters), schema);
  }

  post<T>(path: string, schema: z.ZodType<T>, parameters: Parameters = {}): Promise<T> {
    return this.#ask("POST", path, schema, form(parameters));
  }

  put<T>(path: string, schema: z.ZodType<T>, parameters: Parameters = {}): Promise<T> {
    return this.#ask("PUT", path, schema, form(parameters));
  }

  delete<T>(path: string, schema: z.ZodType<T>, parameters: Parameters = {}): Promise<T> {
    return this.#ask("DELETE", withQuery(path, parameters), schema);
  }

  version(): Promise<z.infer<typeof answers.version>> {
    return this.get("/version", answers.version);
  }

  /**
   * All virtual machines of the cluster, templates too, in the order of their ids. Which there are, the cluster knows;
   * how each is, its node is asked: what the cluster says of names and states is pvestatd's, some ten seconds old.
   */
  async listVms(): Promise<readonly ListedVm[]> {
    const vms = await this.get("/cluster/resources", answers.vmList, { type: "vm" });
    const nodes = [...new Set(vms.map(({ node }) => node))];
    const asked = await Promise.all(nodes.map(async (node) => this.#guestsOf(node)));
    const now = new Map(asked.flat().map((vm) => [vm.vmid, vm]));
    return vms.map((vm) => ({ ...vm, ...now.get(vm.vmid) })).toSorted((a, b) => a.vmid - b.vmid);
  }

  /** A node's own word of its guests; nothing of a node that does not answer. */
  async #guestsOf(node: string): Promise<readonly answers.GuestNow[]> {
    try {
      return await this.get(`/nodes/${seg(node)}/qemu`, answers.guestsNow);
    } catch (error) {
      if (error instanceof PveError && error.code === "PVE_NODE_UNREACHABLE") return [];
      throw error;
    }
  }

  /** What the token may do on a path, by itself and by its user (`GET /access/permissions`). */
  async permissionsOn(path: string): Promise<ReadonlySet<string>> {
    const found = await this.get("/access/permissions", answers.permissions, { path });
    return new Set(Object.keys(found[path] ?? {}));
  }

  /**
   * Takes off a lock that an interrupted task left, where the API can: the embedded one has a call for what on a node
   * is `qm unlock`, and Proxmox lets no token do it.
   * @returns whether it could
   */
  async unlock(vmId: number): Promise<boolean> {
    const response = await this.#fetch("POST", "/maquette/unlock", form({ vmid: vmId }));
    await response.text();
    return response.ok;
  }

  /** Is there such a volume (`local:iso/x.iso`) on that storage? */
  async hasVolume(node: string, storage: string, volume: string): Promise<boolean> {
    const content = await this.get(`/nodes/${seg(node)}/storage/${seg(storage)}/content`, answers.volumes);
    return content.some(({ volid }) => volid === volume);
  }

  /**
   * Waits for a task.
   * @throws {PveError} PVE_TASK_FAILED with the log's last lines, PVE_TASK_DEADLINE
   */
  async waitTask(upid: string, options: WaitOptions = {}): Promise<void> {
    const node = /^UPID:([^:]+):/.exec(upid)?.[1];
    if (node === undefined) throw new Fault("PVE_UPID", `${JSON.stringify(upid)} is no task id`, "this is a defect");
    const path = `/nodes/${seg(node)}/tasks/${seg(upid)}`;
    const deadline = Date.now() + (options.deadlineMs ?? 600_000);
    let seen = 0;
    for (;;) {
      const status = await this.get(`${path}/status`, answers.taskStatus);
      if (options.onLog !== undefined) seen = await this.#passLog(path, seen, options.onLog);
      if (status.status === "stopped") return this.#checkEnd(path, upid, status.exitstatus ?? "unknown");
      if (Date.now() >= deadline) {
        const message = `task ${status.type} ${status.id} still runs after ${options.deadlineMs ?? 600_000} ms`;
        throw new PveError("PVE_TASK_DEADLINE", message, "look at the task on the node; it goes on", {
          status: 0,
          phrase: "",
        });
      }
      await sleep(Math.min(options.pollMs ?? 500, Math.max(1, deadline - Date.now())));
    }
  }

  /** Uploads a file (content `iso`, `vztmpl` or `import`) and waits until it has its place. */
  async upload(node: string, storage: string, content: string, filename: string, bytes: Uint8Array): Promise<void> {
    const path = `/nodes/${seg(node)}/storage/${seg(storage)}/upload`;
    const body = new FormData();
    body.set("content", content);
    body.set("filename", new Blob([Uint8Array.from(bytes)]), filename);
    await this.waitTask(await this.#ask("POST", path, answers.upid, { body }), { pollMs: 100 });
  }

  /** Lets go of the connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #passLog(path: string, seen: number, onLog: (line: string) => void): Promise<number> {
    const lines = await this.get(`${path}/log`, answers.taskLog, { start: seen, limit: 500 });
    const fresh = lines.filter(({ n, t }) => n > seen && t !== "no content");
    for (const { t } of fresh) onLog(t);
    return fresh.at(-1)?.n ?? seen;
  }

  async #checkEnd(path: string, upid: string, exitstatus: string): Promise<void> {
    if (exitstatus === "OK" || exitstatus.startsWith("WARNINGS")) return;
    const lines = await this.get(`${path}/log`, answers.taskLog, { limit: 500 });
    const tail = lines.slice(-5).map(({ t }) => `  ${t}`);
    throw new PveError(
      "PVE_TASK_FAILED",
      [`task ${upid} failed: ${exitstatus}`, ...tail].join("\n"),
      "the task's log on the node has it all",
      {
        status: 0,
        phrase: exitstatus,
      },
    );
  }

  async #ask<T>(verb: string, path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> {
    const what = `${verb} ${path.split("?")[0]!}`;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(verb, `/api2/json${path}`, init);
      text = await response.text();
    } catch (error) {
      throw connectionError(this.endpoint, what, timeoutOf(error));
    }
    return readAnswer(what, this.endpoint, response, text, schema);
  }

  #fetch(verb: string, path: string, init: RequestInit): Promise<Response> {
    return fetch(`${this.endpoint}${path}`, {
      ...init,
      method: verb,
      dispatcher: this.#agent,
      redirect: "manual",
      signal: AbortSignal.timeout(this.#timeoutMs),
      headers: {
        ...(init.headers as Record<string, string> | undefined),
        authorization: `PVEAPIToken=${this.#token}`,
      },
    });
  }
}

/** An abort by our own clock is a time-out like any other. */
function timeoutOf(error: unknown): unknown {
  if (!(error instanceof Error && error.name === "TimeoutError")) return error;
  return Object.assign(new Error(error.message), { code: "ETIMEDOUT" });
}

function readAnswer<T>(what: string, endpoint: string, response: Response, text: string, schema: z.ZodType<T>): T {
  const { status, statusText: phrase } = response;
  const envelope = answers.envelope.safeParse(parseJson(text));
  if (!response.ok) {
    // A refused token is answered without JSON by some versions.
    if (!envelope.success && status !== 401 && !isProxmox(response)) throw notProxmox(what, endpoint, status, phrase);
    const { errors, message } = envelope.data ?? {};
    throw answerError(what, {
      status,
      phrase,
      ...(errors ? { errors } : {}),
      ...(message === undefined ? {} : { message }),
    });
  }
  if (!envelope.success) throw notProxmox(what, endpoint, status, phrase);
  const data = schema.safeParse(envelope.data.data);
  if (data.success) return data.data;
  throw unexpectedAnswer(what, envelope.data.data, data.error.issues, { status, phrase });
}

const isProxmox = (response: Response): boolean => (response.headers.get("server") ?? "").startsWith("pve-api-daemon");

function notProxmox(what: string, endpoint: string, status: number, phrase: string): PveError {
  const hint =
    "the endpoint is the address of the web interface, usually https://NODE:8006; is a proxy or a login page in between?";
  return new PveError("PVE_NOT_PROXMOX", `${what}: what answers at ${endpoint} is no Proxmox VE`, hint, {
    status,
    phrase,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== "https:")
    throw new Fault(
      "PVE_ENDPOINT",
      `${JSON.stringify(endpoint)} is no https address`,
      "for example https://192.0.2.1:8006",
    );
  return url.origin;
}

/** One segment of a path. `!` and `:` stay readable; slashes of volume ids do not. */
export const seg = (value: string): string => encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%40", "@");

function encode(parameters: Parameters): URLSearchParams {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value as string | number | boolean])
      encoded.append(name, typeof one === "boolean" ? (one ? "1" : "0") : String(one));
  }
  return encoded;
}

function withQuery(path: string, parameters: Parameters): string {
  const query = encode(parameters).toString();
  return query === "" ? path : `${path}?${query}`;
}

const form = (parameters: Parameters): RequestInit => ({
  body: encode(parameters).toString(),
  headers: { "content-type": "application/x-www-form-urlencoded" },
});
