import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startSimulator } from "../pve/simulator/index.ts";
import { Fault, messageOf } from "../core/fault.ts";
import { daemonArguments, type ReadyMessage } from "./protocol.ts";

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
        process.disconnect();
        resolve();
      });
    });
  // Its starter's terminal must not take it down.
  process.on("SIGHUP", () => undefined);
  try {
    const token = readFileSync(settings.tokenFile, "utf8").trim();
    let isStopping = false;
    const stop = async (): Promise<void> => {
      if (isStopping) return;
      isStopping = true;
      await simulator.close();
      process.exit(0);
    };
    const simulator = await startSimulator({
      stateDir: settings.stateDir,
      host: "127.0.0.1",
      port: settings.port,
      nodes: settings.nodes,
      tokens: [token],
      taskDurationMs: settings.taskDurationMs,
      onShutdown: () => void stop(),
      log: (line) => process.stderr.write(`${new Date().toISOString()} ${line}\n`),
    });
    process.once("SIGTERM", () => void stop());
    process.once("SIGINT", () => void stop());
    await answer({
      kind: "ready",
      port: simulator.port,
      certificate: simulator.certificatePem,
      folder: join(settings.stateDir),
    });
  } catch (error) {
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
