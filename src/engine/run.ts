import { spawn } from "node:child_process";
import { errnoOf, Fault } from "../core/fault.ts";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The process and its children are killed when it passes. */
  readonly deadlineMs: number;
  /** Each line of stderr as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  /** The last 200 lines of stderr. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, in a process group of its own so that a deadline ends its children too.
 * @throws Fault ENGINE_DEADLINE, ENGINE_INTERRUPTED, ENGINE_NO_PROGRAM
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const kill = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, options.deadlineMs);
    const abort = (): void => kill();
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort, { once: true });
    let stdout = "";
    const tail: string[] = [];
    let partial = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const lines = (partial + text).split("\n");
      partial = lines.pop()!;
      for (const line of lines) {
        tail.push(line);
        if (tail.length > 200) tail.shift();
        options.onLine?.(line);
      }
    });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    };
    child.on("error", (error) => {
      settle();
      const why = errnoOf(error) === "ENOENT" ? "is not on PATH" : `cannot be run (${error.message})`;
      const hint = `Install ${program}, or run \`maquette doctor\`.`;
      reject(new Fault("ENGINE_NO_PROGRAM", `${program} ${why}.`, hint, error));
    });
    child.on("close", (code) => {
      settle();
      if (partial !== "") tail.push(partial);
      if (options.signal?.aborted) {
        const hint = "Run the same command again: what was built or downloaded so far is kept.";
        reject(new Fault("ENGINE_INTERRUPTED", `${program} ${args[0] ?? ""} was interrupted.`, hint));
      } else if (isLate) {
        reject(
          new Fault(
            "ENGINE_DEADLINE",
            `${program} ${args[0] ?? ""} did not end within ${Math.round(options.deadlineMs / 1000)} s; last lines: ${tail.slice(-3).join(" | ")}`,
            "Run the same command again: what was built or downloaded so far is kept.",
          ),
        );
      } else resolve({ code: code ?? 1, stdout, stderr: tail.join("\n") });
    });
  });
}
