// Destroys the run's lab when the run has ended, however it did: its end of the pipe closes also where it was killed.
// In a session of its own, so that an interrupt at the terminal leaves it at work.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Clone } from "../engine/lab.ts";
import { runningCommands } from "./running-commands.ts";

const DESTROY_MS = 300_000;

/** @returns what is wrong, in words; empty where nothing is */
async function takeDown(folder: string): Promise<string> {
  if (!existsSync(join(folder, "home"))) {
    rmSync(folder, { recursive: true });
    return "";
  }
  const clone = new Clone({ folder });
  try {
    // Whatever of its commands is still at work it waits for.
    const { code, stdout, stderr } = await clone.maquette(["destroy", "--yes"], { deadlineMs: DESTROY_MS });
    if (code !== 0) return `it is not destroyed (exit ${code}): ${stdout}${stderr}`;
    const left = [...runningCommands()].filter((line) => line.includes(clone.root));
    return left.length === 0 ? "" : `there is left of it:\n${left.join("\n")}`;
  } finally {
    clone.remove();
  }
}

process.stdin.resume().once("end", () => {
  void takeDown(process.argv[2]!).then((wrong) => {
    if (wrong === "") return;
    process.stderr.write(`the lab of the run: ${wrong}\n`);
    process.exitCode = 1;
  });
});
