/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access -- tests look into whatever the API answers */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { startSimulator } from "../../src/pve/simulator/index.ts";
import type { RunningSimulator, SimulatorOptions } from "../../src/pve/simulator/index.ts";

export const TOKEN = "root@pam!test=5d0b7d35-secret";

export interface Answer {
  readonly status: number;
  readonly phrase: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever the API answers
  readonly data: any;
  readonly errors: Readonly<Record<string, string>>;
}

export type Fields = Readonly<Record<string, string | number>>;

/** A simulator in a folder of its own, and calls to it as the provider makes them. */
export class Lab {
  readonly stateDir: string;
  readonly #options: Partial<SimulatorOptions>;
  #simulator: RunningSimulator | undefined;
  #agent: Agent | undefined;

  private constructor(stateDir: string, options: Partial<SimulatorOptions>) {
    this.stateDir = stateDir;
    this.#options = options;
  }

  static async start(options: Partial<SimulatorOptions> = {}): Promise<Lab> {
    const lab = new Lab(options.stateDir ?? (await mkdtemp(join(tmpdir(), "pve-sim-"))), options);
    await lab.boot();
    return lab;
  }

  get simulator(): RunningSimulator {
    return this.#simulator!;
  }

  async boot(options: Partial<SimulatorOptions> = {}): Promise<void> {
    const all = { ...this.#options, ...options };
    const log = (line: string): void => {
      throw new Error(`the simulator reports a defect: ${line}`);
    };
    this.#simulator = await startSimulator({ tokens: [TOKEN], log, ...all, stateDir: this.stateDir });
    this.#agent = new Agent({ connect: { ca: this.#simulator.certificatePem } });
  }

  async halt(): Promise<void> {
    await this.#agent?.destroy();
    await this.#simulator?.close();
  }

  /** Forgets everything that is not on disk: a new process on the same folder. */
  async restart(options: Partial<SimulatorOptions> = {}): Promise<void> {
    await this.halt();
    await this.boot(options);
  }

  async end(): Promise<void> {
    await this.halt();
    await rm(this.stateDir, { recursive: true, force: true });
  }

  /** A call below /api2/json; parameters in the query for GET and DELETE, else as a form. */
  call(verb: string, path: string, fields: Fields = {}, token = TOKEN): Promise<Answer> {
    return this.raw(verb, `/api2/json${path}`, fields, token);
  }

  async raw(verb: string, path: string, fields: Fields = {}, token = TOKEN): Promise<Answer> {
    const encoded = new URLSearchParams(
      Object.entries(fields).map(([k, v]): [string, string] => [k, String(v)]),
    ).toString();
    const inQuery = verb === "GET" || verb === "DELETE";
    const response = await request(`${this.simulator.url}${path}${inQuery && encoded !== "" ? `?${encoded}` : ""}`, {
      method: verb as "GET",
      dispatcher: this.#agent!,
      headers: {
        authorization: `PVEAPIToken=${token}`,
        ...(inQuery ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(inQuery ? {} : { body: encoded }),
    });
    return read(response.statusCode, response.statusText, await response.body.text());
  }

  async upload(
    node: string,
    storage: string,
    fields: Fields,
    filename: string,
    bytes: Buffer,
    token = TOKEN,
  ): Promise<Answer> {
    const boundary = "----boundary-of-a-test";
    const part = (head: string, body: Buffer | string): Buffer =>
      Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
        Buffer.from(body),
        Buffer.from("\r\n"),
      ]);
    const body = Buffer.concat([
      ...Object.entries(fields).map(([name, value]) => part(`name="${name}"`, String(value))),
      part(`name="filename"; filename="${filename}"\r\nContent-Type: application/octet-stream`, bytes),
      Buffer.from(`--${boundary}--\r\n`),
    ]);
    const response = await request(`${this.simulator.url}/api2/json/nodes/${node}/storage/${storage}/upload`, {
      method: "POST",
      dispatcher: this.#agent!,
      headers: { authorization: `PVEAPIToken=${token}`, "content-type": `multipart/form-data; boundary=${boundary}` },
      body,
    });
    return read(response.statusCode, response.statusText, await response.body.text());
  }

  /** A call that must succeed. @returns its data */
  async ok(verb: string, path: string, fields: Fields = {}): Promise<Answer["data"]> {
    const answer = await this.call(verb, path, fields);
    if (answer.status !== 200)
      throw new Error(`${verb} ${path}: ${answer.status} ${answer.phrase} ${JSON.stringify(answer.errors)}`);
    return answer.data;
  }

  /** A call that starts a task; waits for it. @returns how the task ended */
  async task(verb: string, path: string, fields: Fields = {}): Promise<string> {
    return this.ended((await this.ok(verb, path, fields)) as string);
  }

  async ended(upid: string): Promise<string> {
    const node = upid.split(":")[1]!;
    for (;;) {
      const status = await this.ok("GET", `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`);
      if (status.status === "stopped") return status.exitstatus as string;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The least that makes a guest: a disk and a NIC. */
  createVm(vmid: number, fields: Fields = {}, node = "pve1"): Promise<string> {
    return this.task("POST", `/nodes/${node}/qemu`, {
      vmid,
      name: `vm${vmid}`,
      memory: 512,
      scsi0: "local-lvm:4",
      net0: "model=virtio,bridge=vmbr0",
      ...fields,
    });
  }
}

function read(status: number, phrase: string, text: string): Answer {
  const body = (text === "" ? {} : (JSON.parse(text) ?? {})) as { data?: unknown; errors?: Record<string, string> };
  return { status, phrase, data: "data" in body ? body.data : body, errors: body.errors ?? {} };
}
