import { spawn } from "node:child_process";

import { Fault } from "../../../core/fault.ts";

export interface RunOptions {
  readonly input?: string;
  /** Half a minute when absent. */
  readonly timeoutMs?: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command with a deadline; its exit code is the caller's business. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [name = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"], timeout: options.timeoutMs ?? 30_000 });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (d: Buffer) => out.push(d));
    child.stderr.on("data", (d: Buffer) => err.push(d));
    const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8");
    child.on("error", (error) => resolve({ code: 127, stdout: "", stderr: error.message }));
    child.on("close", (code, signal) => {
      const killed = signal === null ? "" : `\nended by ${signal}: it took too long, or was stopped`;
      resolve({ code: code ?? 124, stdout: text(out), stderr: `${text(err)}${killed}` });
    });
    // Who does not read its input is no failure of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/**
 * Runs a command that must succeed.
 * @throws Fault ROUTER_COMMAND with the command, its exit code and what it last said
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code === 0) return stdout;
  const said = `${stderr}${stdout}`.trim().split("\n").slice(-6).join("\n");
  const hint = "Read the journal of maquette-router.service for what went before.";
  throw new Fault("ROUTER_COMMAND", `${command.slice(0, 6).join(" ")} failed (exit ${code}): ${said}`, hint);
}
