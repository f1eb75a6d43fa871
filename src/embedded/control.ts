import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { openSync, closeSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { diskFault, privateFolder, writePrivate, type Folders } from "../stack/folders.ts";
import type { Endpoint } from "../stack/endpoint.ts";
import { lockFolder } from "../stack/lock.ts";
import { processState } from "../stack/process.ts";
import { recorderSockets } from "./recorder/places.ts";
import { TOKEN_ID } from "./token.ts";
import { daemonRecord, type DaemonArguments, type DaemonRecord, type ReadyMessage } from "./protocol.ts";

export interface EmbeddedOptions {
  readonly folders: Folders;
  readonly nodes: readonly string[];
  /** The bundled daemon. */
  readonly daemonFile: string;
  /** How long a task of the embedded API takes; 0 ends at once. */
  readonly taskDurationMs?: number;
  /** The machine room's socket; null: guests in memory. */
  readonly room: string | null;
  readonly onProgress?: (line: string) => void;
}

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 15_000;

const recordFile = (folders: Folders): string => join(folders.run, "daemon.json");
const caFile = (folders: Folders): string => join(folders.run, "ca.pem");
const tokenFileOf = (folders: Folders): string => join(folders.run, "token");

/**
 * Makes sure that this stack's embedded API runs, from these sources and with these nodes; a second caller waits
 * for the first. @throws Fault EMBEDDED_…
 */
export async function ensureEmbedded(options: EmbeddedOptions): Promise<Endpoint> {
  const { folders } = options;
  await privateFolder(folders.run);
  await privateFolder(folders.pve);
  const release = await lockFolder(folders.run, "the embedded API", { staleMs: 20_000, waitMs: 120_000 });
  try {
    const build = await buildOf(options.daemonFile);
    const record = await readRecord(folders);
    if (record) {
      const alive = await handshake(folders, record);
      if (alive && isAsWanted(record, build, options)) return endpointOf(folders, record);
      if (alive)
        options.onProgress?.("the embedded Proxmox VE API runs from other sources or settings: starting it again");
      await endProcess(folders, record);
    }
    const token = await ensureToken(folders);
    // The same port as before, so that what a shell has exported stays true; another one if somebody took it.
    const started =
      (record ? await start(options, build, token, record.port) : undefined) ?? (await start(options, build, token, 0));
    if (!started)
      throw new Fault(
        "EMBEDDED_PORT",
        "No port on 127.0.0.1 is free for the embedded API.",
        "End some programs, then run the same command again.",
      );
    return endpointOf(folders, started);
  } finally {
    await release();
  }
}

const isAsWanted = (record: DaemonRecord, build: string, options: EmbeddedOptions): boolean =>
  record.build === build &&
  record.taskDurationMs === (options.taskDurationMs ?? 0) &&
  record.room === options.room &&
  record.sockets === recorderSockets(options.folders) &&
  JSON.stringify(record.nodes) === JSON.stringify(options.nodes);

/** The running API of this stack, or undefined: nothing is started. */
export async function findEmbedded(
  folders: Folders,
): Promise<(Endpoint & { readonly record: DaemonRecord }) | undefined> {
  const record = await readRecord(folders);
  return record && (await handshake(folders, record)) ? { ...endpointOf(folders, record), record } : undefined;
}

/** Whether the API that ran last, or runs, has guests that run: its record says so even when it is dead. */
export async function lastRoom(folders: Folders): Promise<string | null> {
  return (await readRecord(folders))?.room ?? null;
}

/** Ends this stack's embedded API, if it runs, and waits until it is gone. */
export async function stopEmbedded(folders: Folders): Promise<void> {
  const record = await readRecord(folders);
  if (record) await endProcess(folders, record);
}

const endpointOf = (folders: Folders, record: DaemonRecord): Endpoint => ({
  url: `https://127.0.0.1:${record.port}/`,
  tokenFile: tokenFileOf(folders),
  caFile: caFile(folders),
});

async function ensureToken(folders: Folders): Promise<string> {
  const file = tokenFileOf(folders);
  try {
    // A lab that an older version made keeps its token, root's, until it is destroyed: it has things that take more rights.
    await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw diskFault(error, `read ${file}`);
    await writePrivate(file, `${TOKEN_ID}=${randomUUID()}\n`);
  }
  return file;
}

async function readRecord(folders: Folders): Promise<DaemonRecord | undefined> {
  try {
    return daemonRecord.parse(JSON.parse(await readFile(recordFile(folders), "utf8")));
  } catch (error) {
    if (errnoOf(error) === "EACCES") throw diskFault(error, `read ${recordFile(folders)}`);
    // Absent, or of another version: as good as no daemon.
    return undefined;
  }
}

const buildOf = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex")
    .slice(0, 16);

async function start(
  options: EmbeddedOptions,
  build: string,
  tokenFile: string,
  port: number,
): Promise<DaemonRecord | undefined> {
  const { folders, nodes } = options;
  const settings: DaemonArguments = {
    stateDir: folders.pve,
    tokenFile,
    caFile: caFile(folders),
    recordFile: recordFile(folders),
    port,
    nodes: [...nodes],
    taskDurationMs: options.taskDurationMs ?? 0,
    room: options.room,
    sockets: recorderSockets(folders),
    build,
  };
  const logFile = join(folders.run, "daemon.log");
  let log: number;
  try {
    log = openSync(logFile, "a", 0o600);
  } catch (error) {
    throw diskFault(error, `write ${logFile}`);
  }
  const child = spawn(process.execPath, ["--enable-source-maps", options.daemonFile, JSON.stringify(settings)], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    cwd: folders.run,
  });
  closeSync(log);
  const answer = await new Promise<ReadyMessage>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new Fault(
          "EMBEDDED_DEADLINE",
          `The embedded API did not start within ${START_DEADLINE_MS / 1000} s.`,
          `Its log is ${logFile}.`,
        ),
      );
    }, START_DEADLINE_MS);
    child.once("message", (message) => {
      clearTimeout(timer);
      resolve(message as ReadyMessage);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      reject(
        new Fault(
          "EMBEDDED_DIED",
          `The embedded API ended while starting (${signal ?? `exit ${code ?? "?"}`}).`,
          `Its log is ${logFile}.`,
        ),
      );
    });
    child.once("error", reject);
  });
  if (child.connected) child.disconnect();
  child.unref();
  if (answer.kind === "failed") {
    if (answer.code === "PVE_PORT_IN_USE") return undefined;
    throw new Fault(answer.code, answer.message, answer.hint);
  }
  return answer.record;
}

/** Whether the process of the record answers as this stack's API; false for a stranger on its port. */
async function handshake(folders: Folders, record: DaemonRecord): Promise<boolean> {
  try {
    const answer = await call(folders, record, "GET", "/maquette/handshake", 3_000);
    return (JSON.parse(answer) as { pid?: number }).pid === record.pid;
  } catch {
    return false;
  }
}

async function call(
  folders: Folders,
  record: DaemonRecord,
  method: string,
  path: string,
  deadlineMs: number,
): Promise<string> {
  const ca = await readFile(caFile(folders), "utf8");
  const token = (await readFile(tokenFileOf(folders), "utf8")).trim();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: record.port,
        method,
        path,
        ca,
        headers: { authorization: `PVEAPIToken=${token}` },
        agent: false,
      },
      (incoming) => {
        let body = "";
        incoming.setEncoding("utf8").on("data", (text: string) => (body += text));
        incoming.on("error", reject);
        incoming.on("end", () => {
          if (incoming.statusCode === 200) resolve(body);
          else reject(new Error(`HTTP ${incoming.statusCode ?? "?"}`));
        });
      },
    );
    outgoing.setTimeout(deadlineMs, () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Asks it to end, then makes it: only a process whose command line names this stack's folder. */
async function endProcess(folders: Folders, record: DaemonRecord): Promise<void> {
  const start = (await isOurs(folders, record.pid)) ? (await processState(record.pid))?.start : undefined;
  await call(folders, record, "POST", "/maquette/shutdown", 3_000).catch(() => undefined);
  // By its start and not by its command: that is gone a moment before its files and its port are.
  const lives = async (): Promise<boolean> => {
    const now = await processState(record.pid);
    return now !== undefined && now.start === start && !now.isZombie;
  };
  const deadline = Date.now() + STOP_DEADLINE_MS;
  for (let isKilled = false; await lives();) {
    if (!isKilled && Date.now() > deadline - STOP_DEADLINE_MS / 2) {
      killQuietly(record.pid, "SIGKILL");
      isKilled = true;
    }
    if (Date.now() > deadline) {
      throw new Fault(
        "EMBEDDED_WONT_END",
        `The embedded API (process ${record.pid}) does not end.`,
        `Run \`kill -9 ${record.pid}\`, then the same command again.`,
      );
    }
    // There is no event for the end of a process that is not our child.
    await sleep(20);
  }
  await rm(recordFile(folders), { force: true });
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) !== "ESRCH")
      throw new Fault(
        "EMBEDDED_NOT_YOURS",
        `Cannot end process ${pid}: ${messageOf(error)}.`,
        "It belongs to another user: run maquette as that user.",
      );
  }
}

async function isOurs(folders: Folders, pid: number): Promise<boolean> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    return command.includes(folders.pve) && (await processState(pid))?.isZombie === false;
  } catch {
    return false;
  }
}
