import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckpoint, type Checkpoint } from "../../src/engine/checkpoint.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { asShipped } from "../plans/shipped.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A clone of the repository in a folder of its own, with state and secrets of its own: what a test does there, two
 * people on one machine do. The engine's cache is the user's, so that it is built once.
 */
export class Clone {
  readonly root: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;

  /**
   * @param options plan: of its embedded lab, from the repository's root: the shipped one, or a smaller one of tests;
   *   folder: where it lies, also one that was made there before, as that one left it
   */
  constructor(options: { readonly plan?: string; readonly folder?: string } = {}) {
    const { plan = "stacks/lab", folder = mkdtempSync(join(tmpdir(), "maquette-clone-")) } = options;
    this.root = join(folder, "repo");
    this.home = join(folder, "home");
    if (!existsSync(this.root)) this.copySources(plan);
    this.env = {
      ...process.env,
      MAQUETTE_LANG: "en",
      XDG_STATE_HOME: join(this.home, "state"),
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? homedir(), ".cache"),
    };
    delete this.env["MAQUETTE_ROOT"];
    // Set by vitest for its own children.
    delete this.env["NODE_OPTIONS"];
  }

  /** Brings the repository as it is now, in the place of what is there. */
  copySources(plan = "stacks/lab"): void {
    const from = repositoryRoot();
    rmSync(this.root, { recursive: true, force: true });
    const skipped = new Set(["node_modules", ".git", "coverage"].map((n) => join(from, n)));
    cpSync(from, this.root, { recursive: true, preserveTimestamps: true, filter: (path) => !skipped.has(path) });
    symlinkSync(join(from, "node_modules"), join(this.root, "node_modules"));
    const settings = join(this.root, "Pulumi.lab.yaml");
    writeFileSync(settings, readFileSync(settings, "utf8").replace(/^( *maquette:plan: ).*$/m, `$1${plan}`));
    asShipped(this.root);
  }

  /** Runs the CLI of this clone. */
  maquette(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(join(this.root, "bin/maquette"), args, {
      ...options,
      cwd: this.root,
      env: { ...this.env, ...options.env },
    });
  }

  /** Runs a line of shell after `eval "$(bin/maquette env)"`, as a person would type it. */
  shell(line: string, options: RunOptions = {}): Promise<Ran> {
    return run("sh", ["-c", `eval "$(bin/maquette env)" && ${line}`], {
      ...options,
      cwd: this.root,
      env: { ...this.env, ...options.env },
    });
  }

  /** A line of shell in an environment that was asked for before, so that asking is not measured. */
  inEnvironment(environment: NodeJS.ProcessEnv, line: string, options: RunOptions = {}): Promise<Ran> {
    return run("sh", ["-c", line], { ...options, cwd: this.root, env: { ...this.env, ...environment } });
  }

  /** The same in another stack's environment. */
  inStack(stack: string, line: string, options: RunOptions = {}): Promise<Ran> {
    const shell = `eval "$(bin/maquette env --stack ${stack} 2>/dev/null)" && ${line}`;
    return run("sh", ["-c", shell], { ...options, cwd: this.root, env: { ...this.env, ...options.env } });
  }

  file(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /**
   * Edits a file of this clone.
   * @returns what puts it back as it was
   * @throws Error where nothing would change: the test means another text than the file has
   */
  edit(path: string, change: (text: string) => string): () => void {
    const before = this.file(path);
    const after = change(before);
    if (after === before) throw new Error(`${path} has nothing to change there`);
    writeFileSync(join(this.root, path), after);
    return () => writeFileSync(join(this.root, path), before);
  }

  /** Ends what runs and removes the folder. */
  async dispose(): Promise<void> {
    if (existsSync(this.home)) await this.maquette(["destroy", "--yes"]);
    this.remove();
  }

  /** Removes the folder, and ends what still runs of it. */
  remove(): void {
    for (const pid of this.daemons()) process.kill(pid, "SIGKILL");
    rmSync(join(this.root, ".."), { recursive: true, force: true });
  }

  /** Process ids of this clone's embedded APIs, by their own record. */
  daemons(stack = "lab"): number[] {
    return this.states(stack).flatMap((folder) => {
      const file = join(folder, "run", "daemon.json");
      if (!existsSync(file)) return [];
      const { pid } = JSON.parse(readFileSync(file, "utf8")) as { pid: number };
      return existsSync(`/proc/${pid}`) ? [pid] : [];
    });
  }

  /** Ends this clone's embedded API as a shutdown of the machine does: what it holds is on the disk then. */
  async shutDown(): Promise<void> {
    for (const pid of this.daemons()) {
      process.kill(pid, "SIGTERM");
      while (existsSync(`/proc/${pid}`)) await sleep(10);
    }
  }

  /** Keeps the engine's record and all that the embedded API has, for `restore`. */
  async keep(name: string): Promise<void> {
    await this.shutDown();
    this.#copy(this.#clone(), join(this.home, "kept", name));
  }

  /** Puts both back as they were when they were kept: what the lab was then, without making it again. */
  async restore(name: string): Promise<void> {
    await this.shutDown();
    this.#copy(join(this.home, "kept", name), this.#clone());
  }

  #clone(): string {
    return join(this.states()[0]!, "..");
  }

  #copy(from: string, to: string): void {
    for (const part of ["backend", "lab"]) {
      rmSync(join(to, part), { recursive: true, force: true });
      // A socket is its process's, which has ended.
      const filter = (path: string): boolean => !lstatSync(path).isSocket();
      cpSync(join(from, part), join(to, part), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
        filter,
      });
    }
  }

  /** A client of this clone's embedded API, which must run; whoever asks closes it. */
  api(stack = "lab"): PveClient {
    const file = (name: string): string => readFileSync(join(this.states(stack)[0]!, "run", name), "utf8");
    const { port } = JSON.parse(file("daemon.json")) as { port: number };
    return new PveClient({
      endpoint: `https://127.0.0.1:${port}/`,
      token: file("token").trim(),
      tls: { ca: file("ca.pem") },
    });
  }

  /** What Pulumi has recorded of the stack; undefined while there is nothing, or while it is being written. */
  checkpoint(stack = "lab"): Checkpoint | undefined {
    const [folder] = this.states(stack);
    if (folder === undefined) return undefined;
    try {
      return parseCheckpoint(
        readFileSync(join(folder, "..", "backend/.pulumi/stacks/maquette", `${stack}.json`), "utf8"),
      );
    } catch {
      return undefined;
    }
  }

  /** Where the stack's secret, pass phrase and vault lie. */
  secrets(stack = "lab"): string {
    const base = join(this.home, "data", "maquette");
    return join(base, cloneFolder(base)!, stack);
  }

  /** The stack's state folder, once it exists. */
  states(stack = "lab"): string[] {
    const base = join(this.home, "state", "maquette");
    if (!existsSync(base)) return [];
    const key = cloneFolder(base);
    return key === undefined ? [] : [join(base, key, stack)];
  }
}

function cloneFolder(base: string): string | undefined {
  return readdirSync(base).find((name) => /^[0-9a-f]{10}$/.test(name));
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  /** Called once the process is there. */
  readonly onSpawn?: (pid: number) => void;
  /** All that it has said on its stderr, whenever there is more. */
  readonly onSaid?: (stderr: string) => void;
  /** It is killed once it has said nothing for so long: as long as it says what it has done, it gets on. */
  readonly deadlineMs?: number;
}

/** Runs a program in a process group of its own; a test that gives up kills the group. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (t: string) => {
      timer.refresh();
      stdout += t;
    });
    child.stderr.setEncoding("utf8").on("data", (t: string) => {
      timer.refresh();
      stderr += t;
      options.onSaid?.(stderr);
    });
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    const silentMs = options.deadlineMs ?? 600_000;
    const timer = setTimeout(() => {
      process.kill(-child.pid!, "SIGKILL");
      reject(new Error(`${program} ${args.join(" ")} said nothing for ${silentMs / 1000} s\n${stdout}\n${stderr}`));
    }, silentMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === null ? -1 : 137), stdout, stderr });
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
  });
}
