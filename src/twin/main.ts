import { Fault, messageOf } from "../core/fault.ts";
import { openRoom, type Room } from "./room.ts";
import { roomArguments } from "./protocol.ts";

/** The machine room as a process of its own (`maquette-twin` in `ps`): it outlives the command that started it. */
const settings = roomArguments.parse(JSON.parse(process.argv[2] ?? "{}"));
process.title = `maquette-twin-${settings.key}`;
process.umask(0o022);
process.on("SIGHUP", () => undefined);

const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
let room: Room | undefined;
let isEnding = false;
const end = async (): Promise<void> => {
  if (isEnding) return;
  isEnding = true;
  try {
    await room?.close();
  } catch (error) {
    log(`not everything could be ended: ${messageOf(error)}`);
  }
  process.exit(0);
};
process.once("SIGTERM", () => void end());
process.once("SIGINT", () => void end());

const answer = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (!process.send) return resolve();
    process.send(message, () => {
      // Its starter may be gone.
      if (process.connected) process.disconnect();
      resolve();
    });
  });
try {
  room = await openRoom(settings, log, () => void end());
  await answer({ kind: "ready" });
} catch (error) {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const hint = error instanceof Fault ? ` ${error.hint}` : "";
  await answer({ kind: "failed", message: `${messageOf(error)}${hint}` });
  process.exitCode = 1;
}
