import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { startVitest, type TestModule } from "vitest/node";
import config from "../../vitest.config.ts";
import { table, type File, type Project } from "./table.ts";

/*
 * What of the tests takes how long: each project by itself, one after another, with the CPU time of its workers and all
 * that they waited for. `npm run bench ci [PROJECT …] [FILE …]`, as root where guests are to run. The table that it ends
 * with is Markdown, for README.md beside it.
 */

const out = (line: string): void => void process.stdout.write(`${line}\n`);

const projects = (config.test?.projects ?? []).flatMap((p) =>
  typeof p === "object" && "test" in p && typeof p.test.name === "string" ? [p.test.name] : [],
);
const asked = process.argv.slice(2);
const chosen = asked.filter((word) => projects.includes(word));
const files = asked.filter((word) => !projects.includes(word));

const measured: Project[] = [];
for (const name of chosen.length > 0 ? chosen : projects) measured.push(await measure(name));
out("");
out(`${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`);
for (const line of table(measured)) out(line);

async function measure(name: string): Promise<Project> {
  const before = { load: load(), cpuMs: childrensCpuMs(), at: performance.now() };
  const seen: File[] = [];
  const vitest = await startVitest("test", files, {
    run: true,
    project: [name],
    passWithNoTests: true,
    reporters: ["default", { onTestModuleEnd: (module) => void seen.push(fileOf(module)) }],
  });
  await vitest.close();
  return {
    name,
    wallMs: performance.now() - before.at,
    cpuMs: childrensCpuMs() - before.cpuMs,
    load: [before.load, load()],
    files: seen,
  };
}

function fileOf(module: TestModule): File {
  const tests = [...module.children.allTests()].map((t) => t.result().state);
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  return {
    path: module.relativeModuleId,
    ms: duration + collectDuration + setupDuration,
    passed: tests.filter((s) => s === "passed").length,
    failed: tests.filter((s) => s === "failed").length + (tests.length === 0 && !module.ok() ? 1 : 0),
    skipped: tests.filter((s) => s === "skipped").length,
  };
}

/** User and system time of this process's children that have ended, and of theirs (proc_pid_stat(5), fields 16 and 17). */
function childrensCpuMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The second field may hold anything but ends in the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Ticks of 10 ms (USER_HZ).
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function load(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ")[0]!;
}
