import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckpoint, type Checkpoint } from "../../src/engine/checkpoint.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

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

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "maquette-clone-"));
    const from = repositoryRoot();
    this.root = join(folder, "repo");
    this.home = join(folder, "home");
    const skipped = new Set(["node_modules", ".git", "coverage"].map((n) => join(from, n)));
    cpSync(from, this.root, { recursive: true, preserveTimestamps: true, filter: (path) => !skipped.has(path) });
    symlinkSync(join(from, "node_modules"), join(this.root, "node_modules"));
    this.env = {
      ...process.env,
      XDG_STATE_HOME: join(this.home, "state"),
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? homedir(), ".cache"),
    };
    delete this.env["MAQUETTE_ROOT"];
    // Set by vitest for its own children.
    delete this.env["NODE_OPTIONS"];
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

  /** Ends what runs and removes the folder. */
  async dispose(): Promise<void> {
    if (existsSync(this.home)) await this.maquette(["destroy", "--yes"]);
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
    child.stdout.setEncoding("utf8").on("data", (t: string) => (stdout += t));
    child.stderr.setEncoding("utf8").on("data", (t: string) => (stderr += t));
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    const timer = setTimeout(() => {
      process.kill(-child.pid!, "SIGKILL");
      reject(new Error(`${program} ${args.join(" ")} did not end in time\n${stdout}\n${stderr}`));
    }, options.deadlineMs ?? 240_000);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === null ? -1 : 137), stdout, stderr });
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
  });
}
