import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, type Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { keyOf, USER } from "../../src/door/index.ts";
import type { SecretSource } from "../../src/provision/secrets.ts";
import { Reached, sentSteps, type RoleState } from "../../src/provision/steps/index.ts";
import type { StackSecret } from "../../src/stack/secret.ts";
import { run, type Ran } from "../../tests/engine/lab.ts";

/*
 * The peer: pyinfra (PyPI), asking the same of the same hosts. It reaches each by a port of this machine's loopback that
 * ends where our own connection would: at the guest's own socket, or behind the bastion, to which one connection is open
 * before any clock runs. What it needs (the key, files with secrets in them) lies in a folder for this user alone, which
 * goes when the bench ends.
 */

const PYINFRA = "pyinfra==3.10.0";
const DEADLINE_MS = 180_000;
/** Of the bastion: the lab runs already. */
const ANSWER_MS = 20_000;
const GUARD = "guard, ";
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** One operation of pyinfra, as deploy.py reads it. */
type Asked =
  | { readonly kind: "packages"; readonly name: string; readonly packages: readonly string[] }
  | {
      readonly kind: "file";
      readonly name: string;
      readonly path: string;
      /** Of a file in the folder, relative. */
      readonly content: string;
      readonly user: string;
      readonly group: string;
      readonly mode: string;
    }
  | { readonly kind: "absent"; readonly name: string; readonly path: string }
  | { readonly kind: "unit"; readonly name: string; readonly unit: string; readonly isRunning: boolean }
  | { readonly kind: "guard"; readonly name: string; readonly argv: readonly string[]; readonly input: string };

/** `pyinfra --json`, as far as it is needed. */
const planned = z.object({
  plan: z.array(z.object({ name: z.string(), hosts_with_change: z.array(z.string()) })),
});
const done = z.object({
  results: z.object({
    operations: z.array(
      z.object({
        name: z.string(),
        success: z.array(z.string()),
        error: z.array(z.string()),
        no_change: z.array(z.string()),
      }),
    ),
    failed_hosts: z.array(z.string()),
  }),
});

export interface PeerOptions {
  /** Of the user: the virtual environment is made there once. */
  readonly cache: string;
  readonly roles: readonly RoleState[];
  /** Folder of the guests' own sockets. */
  readonly sockets: string;
  readonly secret: StackSecret;
  readonly secrets: SecretSource;
  readonly onProgress: (line: string) => void;
}

export class Peer {
  readonly version = PYINFRA.replace("==", " ");
  /** How many of each kind it asks. */
  readonly counts: Readonly<Record<Asked["kind"], number>>;
  readonly hosts: number;
  readonly #program: string;
  readonly #folder: string;
  readonly #roads: Roads;
  readonly #asked: number;
  /** Its process group: it must not outlive a bench that is broken off. */
  #running: number | undefined;

  private constructor(program: string, folder: string, roads: Roads, hosts: ReadonlyMap<string, readonly Asked[]>) {
    this.#program = program;
    this.#folder = folder;
    this.#roads = roads;
    this.hosts = hosts.size;
    process.once("exit", () => {
      try {
        if (this.#running !== undefined) process.kill(-this.#running, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    });
    const all = [...hosts.values()].flat();
    const count = (kind: Asked["kind"]): number => all.filter((a) => a.kind === kind).length;
    this.#asked = all.length;
    this.counts = {
      packages: all.reduce((n, a) => n + (a.kind === "packages" ? a.packages.length : 0), 0),
      file: count("file"),
      absent: count("absent"),
      unit: count("unit"),
      guard: count("guard"),
    };
  }

  static async prepare(options: PeerOptions): Promise<Peer> {
    const program = await install(options.cache, options.onProgress);
    const folder = await mkdtemp(join(tmpdir(), "maquette-bench-"));
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    process.once("exit", remove);
    const roads = new Roads(options.sockets, options.secret);
    try {
      const hosts = await write(folder, roads, options);
      return new Peer(program, folder, roads, hosts);
    } catch (error) {
      await roads.close();
      remove();
      throw error;
    }
  }

  /** What its start alone takes: Python, and its own modules. @returns seconds */
  async start(): Promise<number> {
    return (await this.#run(["--version"])).seconds;
  }

  /** @throws Error naming what it would change: it must not, so it is asked before it is let loose */
  async refuseChanges(): Promise<void> {
    const { plan } = planned.parse(JSON.parse((await this.#run(["--json", "--dry", ...FILES])).ran.stdout));
    const would = plan.filter((o) => o.hosts_with_change.length > 0 && !isGuard(o.name));
    if (would.length > 0)
      throw new Error(
        `${this.version} would change ${would.map((o) => `"${o.name}" on ${o.hosts_with_change.join(", ")}`).join("; ")}`,
      );
  }

  /** One whole run that finds nothing to do. @returns seconds */
  async ask(): Promise<number> {
    const { seconds, ran } = await this.#run(["--json", "--yes", "--no-wait", ...FILES]);
    const { operations, failed_hosts: failed } = done.parse(JSON.parse(ran.stdout)).results;
    const bad = operations.filter((o) => o.error.length > 0 || (o.success.length > 0 && !isGuard(o.name)));
    if (bad.length > 0 || failed.length > 0)
      throw new Error(
        `${this.version} changed or failed: ${bad.map((o) => `"${o.name}" on ${[...o.success, ...o.error].join(", ")}`).join("; ")} ${failed.join(", ")}`,
      );
    const asked = operations.reduce((n, o) => n + o.success.length + o.no_change.length, 0);
    if (asked !== this.#asked) throw new Error(`${this.version} did ${asked} operations of ${this.#asked}`);
    return seconds;
  }

  async #run(args: readonly string[]): Promise<{ readonly seconds: number; readonly ran: Ran }> {
    const started = performance.now();
    const ran = await run(this.#program, args, {
      cwd: this.#folder,
      env: { ...process.env, MAQUETTE_BENCH_FOLDER: this.#folder },
      deadlineMs: DEADLINE_MS,
      onSpawn: (pid) => (this.#running = pid),
    });
    this.#running = undefined;
    const seconds = (performance.now() - started) / 1000;
    if (ran.code !== 0)
      throw new Error(`pyinfra failed (exit ${ran.code})\n${ran.stdout.slice(-2000)}\n${ran.stderr.slice(-4000)}`);
    return { seconds, ran };
  }

  async dispose(): Promise<void> {
    await this.#roads.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const FILES = [here("inventory.py"), here("deploy.py")];

/** pyinfra writes `server.shell (name)` or the name alone. */
const isGuard = (name: string): boolean => name.includes(GUARD);

/** A virtual environment of its own under the cache, made once; a half-made one is made again. */
async function install(cache: string, onProgress: PeerOptions["onProgress"]): Promise<string> {
  const home = join(cache, "bench", PYINFRA.replace("==", "-"));
  const ready = join(home, "maquette-ready");
  const program = join(home, "bin", "pyinfra");
  if (existsSync(ready)) return program;
  onProgress(`installing ${PYINFRA} into ${home}`);
  await rm(home, { recursive: true, force: true });
  await mkdir(join(home, ".."), { recursive: true });
  for (const [command, ...args] of [
    ["python3", "-m", "venv", home],
    [join(home, "bin", "python"), "-m", "pip", "install", "-q", PYINFRA],
  ] as const) {
    const ran = await run(command, args, { env: process.env, deadlineMs: 300_000 });
    if (ran.code !== 0)
      throw new Error(`${command} ${args.join(" ")} failed: the bench needs Python 3 with venv and pip\n${ran.stderr}`);
  }
  await writeFile(ready, "");
  return program;
}

/** Everything that pyinfra reads. */
async function write(
  folder: string,
  roads: Roads,
  { roles, secret, secrets }: PeerOptions,
): Promise<ReadonlyMap<string, readonly Asked[]>> {
  const hosts = new Map<string, Asked[]>();
  const ports = new Map<string, number>();
  const keys: string[] = [];
  const put = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content, { mode: 0o600 });
  let files = 0;
  for (const role of roles) {
    if (role.reach.os !== "debian")
      throw new Error(`${role.host} runs ${role.reach.os}: the bench speaks Debian alone`);
    let asked = hosts.get(role.host);
    if (asked === undefined) {
      hosts.set(role.host, (asked = []));
      const port = await roads.open(role);
      ports.set(role.host, port);
      const label = `host/${role.host}`;
      keys.push(`[127.0.0.1]:${port} ${secret.sshKey(label, label).publicKey.split(" ").slice(0, 2).join(" ")}`);
    }
    for (const step of await sentSteps(role, secrets)) {
      const name = `${role.role}, ${step.name}`;
      switch (step.kind) {
        case "packages":
          asked.push({ kind: "packages", name, packages: step.packages });
          break;
        case "units":
          // That a masked one is masked pyinfra has no operation for: it is asked whether it is off.
          for (const unit of step.units)
            asked.push({ kind: "unit", name: `${name}, ${unit}`, unit, isRunning: step.state === "running" });
          break;
        case "command":
          asked.push({ kind: "guard", name: `${GUARD}${name}`, argv: step.unless.argv, input: step.unless.input });
          break;
        case "files":
          for (const [path, file] of Object.entries(step.files)) {
            const content = `file-${files++}`;
            await put(content, file.content);
            const [user, group = user] = file.owner.split(":") as [string, string?];
            asked.push({ kind: "file", name: `${name}, ${path}`, path, content, user, group, mode: file.mode });
          }
          for (const path of step.absent) asked.push({ kind: "absent", name: `${name}, no ${path}`, path });
          break;
        case "probe":
          // Asked when something has changed: here nothing has.
          break;
      }
    }
  }
  await put("key", keyOf(secret));
  await put("known_hosts", `${keys.join("\n")}\n`);
  await put("ssh_config", "");
  const listed = [...hosts].map(([host, asked]) => [host, { port: ports.get(host)!, asked }] as const);
  await put("hosts.json", JSON.stringify({ user: USER, hosts: Object.fromEntries(listed) }));
  return hosts;
}

/** Ports of the loopback, each of which ends in one guest's SSH server. */
class Roads {
  readonly #sockets: string;
  readonly #reached: Reached;
  readonly #servers: Server[] = [];
  readonly #clients = new Set<Socket>();

  constructor(sockets: string, secret: StackSecret) {
    this.#sockets = sockets;
    this.#reached = new Reached(sockets, secret);
  }

  /** @returns the port */
  async open({ host, vmId, reach }: RoleState): Promise<number> {
    const far = await this.#farEnd(host, vmId, reach);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#clients.add(client);
      client.once("close", () => this.#clients.delete(client));
      client.on("error", () => client.destroy());
      far().then(
        (guest) => {
          // Either may be cut; the other one then ends too.
          pipeline(client, guest, () => undefined);
          pipeline(guest, client, () => undefined);
        },
        () => client.destroy(),
      );
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** Our own way to the host. */
  async #farEnd(host: string, vmId: number, reach: RoleState["reach"]): Promise<() => Promise<Duplex>> {
    if (reach.way !== "inside") {
      if (reach.way === "door" && reach.bastion.address !== null)
        throw new Error(`${host} is on another machine: the bench is about a lab whose guests run on this one`);
      const path = join(this.#sockets, String(vmId), "ssh");
      return () => Promise.resolve(createConnection({ path, allowHalfOpen: true }));
    }
    const { bastion } = reach;
    const door = { host: bastion.host, vmId: bastion.vmId, way: "door", address: "", bastion } as const;
    const connection = await this.#reached.to(door, ANSWER_MS);
    return () => connection.forward(reach.address, 22);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await this.#reached.close();
  }
}
