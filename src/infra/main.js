// What `pulumi` runs. The program itself is program.ts; its exports are the stack's outputs.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { load } from "../../bin/load.js";

// Pulumi formats a stack for each of thousands of promises, a third of a preview; this much is enough to find a defect.
Error.stackTraceLimit = 3;

endWithTheEngine();

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { run } = await load(root, "program");
export const { guests, mark } = await run(root);

/**
 * When the engine is killed, its language host and this program would stay, and the SDK spins on a connection that is
 * gone. A thread of its own notices even then: the engine is our parent's parent (proc(5), field 4 of stat).
 */
function endWithTheEngine() {
  if (process.platform !== "linux") return;
  const host = process.ppid;
  const stat = readFileSync(`/proc/${host}/stat`, "utf8");
  const engine = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  if (!(engine > 1)) return;
  const watch = `
    const { existsSync, readFileSync } = require("node:fs");
    const isOwn = (pid, word) => { try { return readFileSync("/proc/" + pid + "/cmdline", "utf8").includes(word); } catch { return false; } };
    setInterval(() => {
      if (existsSync("/proc/${engine}")) return;
      if (isOwn(${host}, "pulumi-language")) try { process.kill(${host}, "SIGKILL"); } catch {}
      process.kill(process.pid, "SIGKILL");
    }, 1000);`;
  new Worker(watch, { eval: true }).unref();
}
