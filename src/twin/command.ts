import { spawn } from "node:child_process";
import { Fault } from "../core/fault.ts";

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  /** Default 60 s; the command is killed then. */
  readonly deadlineMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Each line of either stream as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended badly: which, how, and what it said last. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly result: CommandResult;
  constructor(what: string, result: CommandResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-4).join("; ");
    super(`${what} ended with ${result.exitCode}${said === "" ? "" : `: ${said}`}`);
    this.result = result;
  }
}

/**
 * Runs a command to its end. @throws Fault TWIN_COMMAND_MISSING, TWIN_DEADLINE; an exit code is the caller's to judge
 */
export function command(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const deadlineMs = options.deadlineMs ?? 60_000;
  return new Promise((resolve, reject) => {
    // A group of its own, so that a deadline ends its children as well.
    const child = spawn(argv[0]!, argv.slice(1), {
      stdio: ["pipe", "pipe", "pipe"],
      env: options.env ?? process.env,
      detached: true,
    });
    const output = { stdout: "", stderr: "" };
    const partial = { stdout: "", stderr: "" };
    let isLate = false;
    const end = (): void => {
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, "SIGKILL");
        } catch {
          // It ended meanwhile.
        }
      }
    };
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, deadlineMs);
    options.signal?.addEventListener("abort", end, { once: true });
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
        if (!options.onLine) return;
        const lines = (partial[stream] + text).split("\n");
        partial[stream] = lines.pop()!;
        for (const line of lines) options.onLine(line);
      });
    }
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
      work();
    };
    child.once("error", (error) =>
      settle(() =>
        reject(
          new Fault(
            "TWIN_COMMAND_MISSING",
            `${argv[0]!} cannot be run: ${error.message}.`,
            "Run `maquette doctor`: it names the packages that the running lab needs.",
            error,
          ),
        ),
      ),
    );
    child.once("close", (code, signal) =>
      settle(() => {
        if (options.signal?.aborted) return reject(options.signal.reason as Error);
        if (isLate)
          return reject(
            new Fault(
              "TWIN_DEADLINE",
              `${argv.slice(0, 3).join(" ")} … did not end within ${deadlineMs / 1000} s; last words: ${lastWords(output)}`,
              "Run the same command again; if it hangs again, look at the machine's disk and archive.",
            ),
          );
        resolve({ exitCode: code ?? 128 + (signal === "SIGKILL" ? 9 : 15), ...output });
      }),
    );
    // A command that ends without reading its input is judged by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

const lastWords = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string =>
  (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "none";

/** The same for a command that must succeed. @returns its stdout @throws CommandFailed */
export async function must(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await command(argv, options);
  if (result.exitCode !== 0) throw new CommandFailed(argv.slice(0, 4).join(" "), result);
  return result.stdout;
}
