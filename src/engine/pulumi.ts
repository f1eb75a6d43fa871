import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { errnoOf, Fault } from "../core/fault.ts";
import { privateFolder, type Folders } from "../stack/folders.ts";
import { ownBackend, signalReaches } from "./checkpoint.ts";
import { keepWhole } from "./keeper.ts";
import { wrapperFolder, type PulumiEnvironment } from "./environment.ts";

export interface PulumiRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PulumiOptions {
  /** The folder of its project (project.ts). */
  readonly project: string;
  readonly folders: Folders;
  readonly environment: PulumiEnvironment;
  /** Each event of the engine as it comes; asks for the event log. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** Interrupts the engine, which then finishes what is in flight and writes its checkpoint. */
  readonly signal?: AbortSignal;
  /** More variables, for the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** The engine is killed when it passes; default two hours. */
  readonly deadlineMs?: number;
}

/**
 * Runs the stack's `pulumi`, non-interactively. Why not the Automation API: after each operation it starts the CLI
 * three more times for outputs and history, which is more than the operation itself takes here
 * (docs/decisions/003-engine-events.md). The event log is the one that the Automation API reads.
 */
export async function pulumi(args: readonly string[], options: PulumiOptions): Promise<PulumiRun> {
  const wantsEvents = options.onEvent !== undefined;
  const folder = wantsEvents ? await eventsFolder(options.folders) : undefined;
  const log = folder === undefined ? undefined : join(folder, "events.jsonl");
  const cutOff = new AbortController();
  const keeper = wantsEvents ? await keepOwn(options, () => cutOff.abort()) : undefined;
  try {
    const tail = log === undefined ? undefined : await tailEvents(log, options.onEvent!);
    try {
      return await spawnPulumi(
        [...args, "--non-interactive", "--color", "never", ...(log === undefined ? [] : ["--event-log", log])],
        options,
        wantsEvents,
        cutOff.signal,
      );
    } finally {
      await tail?.end();
    }
  } finally {
    await keeper?.end();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    // Whatever else that run had to say comes from it.
    if (cutOff.signal.aborted) throw noRoom(args[0] ?? "");
  }
}

/** Keeps the newest whole checkpoint of a run on this clone's own backend. */
async function keepOwn(
  { folders, environment }: PulumiOptions,
  onCutOff: () => void,
): Promise<{ end(): Promise<void> } | undefined> {
  if (environment["PULUMI_BACKEND_URL"] !== ownBackend(folders)) return undefined;
  return keepWhole(folders, environment["PULUMI_STACK"] ?? "", onCutOff);
}

const noRoom = (command: string): Fault =>
  new Fault(
    "DISK_FULL",
    `pulumi ${command} could not write its record of the stack whole, and was ended: the disk is full.`,
    "Free some space, then run the same command again: it goes on from the last whole record, and finds what that lacks.",
  );

/** A folder for one run's events; those of runs that were killed go away. */
async function eventsFolder({ run }: Folders): Promise<string> {
  await privateFolder(run);
  for (const name of await readdir(run)) {
    const pid = /^events-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !signalReaches(Number(pid))) await rm(join(run, name), { recursive: true, force: true });
  }
  return mkdtemp(join(run, `events-${process.pid}-`));
}

/** How long an engine that cannot write its record may take to end: each try costs it eight seconds. */
const CUT_OFF_GRACE_MS = 30_000;

async function spawnPulumi(
  args: readonly string[],
  options: PulumiOptions,
  wantsEvents: boolean,
  cutOff: AbortSignal,
): Promise<PulumiRun> {
  const { folders, project, environment } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(join(wrapperFolder(folders), "pulumi"), args, {
      cwd: project,
      env: {
        ...process.env,
        ...environment,
        ...options.env,
        ...(wantsEvents ? { PULUMI_DEBUG_COMMANDS: "true" } : {}),
      },
      stdio: ["ignore", "pipe", "pipe"],
      // A Ctrl-C of the terminal reaches us; we pass one on, so that the engine is interrupted once and not twice.
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const interrupt = (): void => void child.kill("SIGINT");
    if (options.signal?.aborted) interrupt();
    options.signal?.addEventListener("abort", interrupt, { once: true });
    const deadlineMs = options.deadlineMs ?? 7_200_000;
    let isLate = false;
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    };
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, deadlineMs);
    let grace: NodeJS.Timeout | undefined;
    const endCutOff = (): void => {
      interrupt();
      grace = setTimeout(kill, CUT_OFF_GRACE_MS);
    };
    cutOff.addEventListener("abort", endCutOff, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      cutOff.removeEventListener("abort", endCutOff);
      options.signal?.removeEventListener("abort", interrupt);
    };
    child.on("error", (error) => {
      settle();
      reject(
        new Fault("ENGINE_NO_PROGRAM", `The engine does not start: ${error.message}.`, "Run `maquette doctor`.", error),
      );
    });
    child.on("close", (code) => {
      settle();
      if (isLate) {
        const what = `pulumi ${args[0] ?? ""} did not end within ${Math.round(deadlineMs / 1000)} s and was killed.`;
        reject(new Fault("ENGINE_DEADLINE", what, "Run the same command again: it mends what was in flight."));
      } else resolve({ code: code ?? 137, stdout, stderr });
    });
  });
}

/** Follows a growing file of one JSON event a line. */
async function tailEvents(path: string, onEvent: (event: EngineEvent) => void): Promise<{ end(): Promise<void> }> {
  await writeFile(path, "", { mode: 0o600 });
  const file = await open(path, "r");
  const chunk = Buffer.alloc(1 << 16);
  let rest = Buffer.alloc(0);
  let position = 0;
  let reading = Promise.resolve();
  let failure: unknown;
  const drain = async (): Promise<void> => {
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const last = bytes.lastIndexOf(10);
      rest = Buffer.from(bytes.subarray(last + 1));
      if (last < 0) continue;
      for (const line of bytes.subarray(0, last).toString("utf8").split("\n")) {
        if (line !== "") onEvent(parseEvent(line));
      }
    }
  };
  const next = (): void => {
    // Nobody waits for it before the end: a failure is kept until then.
    reading = reading.then(async () => {
      if (failure === undefined) await drain().catch((error: unknown) => (failure = error));
    });
  };
  const watcher = watch(path, next);
  return {
    async end() {
      watcher.close();
      next();
      try {
        await reading;
      } finally {
        await file.close();
      }
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as it was thrown
      if (failure !== undefined) throw failure;
    },
  };
}

function parseEvent(line: string): EngineEvent {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch (error) {
    throw new Fault(
      "ENGINE_EVENTS",
      `Pulumi's event log cannot be read: ${line.slice(0, 80)}`,
      "Is the disk full? Free some space, then run the same command again.",
      error,
    );
  }
}
