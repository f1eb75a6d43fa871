import { Fault } from "../core/fault.ts";
import { EXEC_MS, GUEST_OFF, ROOM_GONE } from "../twin/protocol.ts";
import { askRoom } from "../twin/remote-driver.ts";
import { ROOM } from "./environment.ts";

/** A command in a guest by its console: out of band, whatever the firewalls say. */
export type ConsoleRun = (
  argv: readonly string[],
  input: string,
  /** After which the command is ended; a minute where it is not said. */
  deadlineMs?: number,
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

/** A guest's console in the machine room. */
export const consoleOf =
  (room: string, vmid: number): ConsoleRun =>
  async (argv, input, deadlineMs = EXEC_MS) =>
    (await askRoom(room, "exec", [vmid, argv, input, deadlineMs])) as Awaited<ReturnType<ConsoleRun>>;

/** Whether a guest was not asked because it has no power: it alone, or its whole machine room. */
export const isOff = (error: unknown): boolean =>
  error instanceof Fault && (error.code === GUEST_OFF || error.code === ROOM_GONE);

/** Consoles where the environment says so. @throws Fault ROUTER_NO_CONSOLE */
export const consolesOf =
  (env: NodeJS.ProcessEnv) =>
  (vmid: number): ConsoleRun => {
    const room = env[ROOM];
    if (room !== undefined && room !== "") return consoleOf(room, vmid);
    throw new Fault(
      "ROUTER_NO_CONSOLE",
      "This shell does not say where the routers' consoles are.",
      'Run `eval "$(bin/maquette env)"` in the repository, then the same command again.',
    );
  };
