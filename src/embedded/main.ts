import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startSimulator, type RunningSimulator } from "../pve/simulator/index.ts";
import { Fault, messageOf } from "../core/fault.ts";
import { writePrivate } from "../stack/folders.ts";
import { RemoteDriver } from "../twin/remote-driver.ts";
import { RecordingDriver } from "./recorder/driver.ts";
import { TOKEN_GRANTS } from "./token.ts";
import { daemonArguments, type DaemonRecord, type ReadyMessage } from "./protocol.ts";

/**
 * The embedded Proxmox VE API as a process of its own: it outlives the command that started it, and ends with
 * `maquette destroy`. It answers its starter once, by the IPC channel, then lets go of it.
 */
export async function main(): Promise<void> {
  const settings = daemonArguments.parse(JSON.parse(process.argv[2] ?? "{}"));
  const answer = (message: ReadyMessage): Promise<void> =>
    new Promise((resolve) => {
      if (!process.send) return resolve();
      process.send(message, () => {
        // Its starter may be gone.
        if (process.connected) process.disconnect();
        resolve();
      });
    });
  // What it writes is for its user alone, sockets too.
  process.umask(0o077);
  // Its starter's terminal must not take it down.
  process.on("SIGHUP", () => undefined);
  const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  let simulator: RunningSimulator | undefined;
  try {
    const token = readFileSync(settings.tokenFile, "utf8").trim();
    let isStopping = false;
    const stop = async (): Promise<void> => {
      if (isStopping) return;
      isStopping = true;
      await simulator?.close();
      process.exit(0);
    };
    simulator = await startSimulator({
      stateDir: settings.stateDir,
      host: "127.0.0.1",
      port: settings.port,
      nodes: settings.nodes,
      tokens: [token],
      grants: TOKEN_GRANTS,
      taskDurationMs: settings.taskDurationMs,
      driver:
        settings.room === null
          ? new RecordingDriver({ folder: join(settings.stateDir, "memory"), sockets: settings.sockets, log })
          : new RemoteDriver(settings.room, log),
      onShutdown: () => void stop(),
      log,
    });
    process.once("SIGTERM", () => void stop());
    process.once("SIGINT", () => void stop());
    const record: DaemonRecord = {
      pid: process.pid,
      port: simulator.port,
      build: settings.build,
      nodes: settings.nodes,
      taskDurationMs: settings.taskDurationMs,
      room: settings.room,
      sockets: settings.sockets,
      startedAt: new Date().toISOString(),
    };
    await writePrivate(settings.caFile, simulator.certificatePem);
    await writePrivate(settings.recordFile, `${JSON.stringify(record)}\n`);
    await answer({ kind: "ready", record });
  } catch (error) {
    await simulator?.close();
    await answer({
      kind: "failed",
      code: error instanceof Fault ? error.code : "EMBEDDED_FAILED",
      message: messageOf(error),
      hint: error instanceof Fault ? error.hint : "This is a defect: the log beside the run files has the details.",
    });
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
}
