// The few things that need root, each of them small enough to be read: starting the machine room, and apt-get.
// Under sudo this file is a process of its own that keeps root while the command becomes the user (invoker.js);
// for root itself its functions are called directly.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";

const START_DEADLINE_MS = 60_000;

/**
 * Starts the machine room, which outlives this command.
 * @param {{ file: string, settings: object, logFile: string }} wanted its program, its one argument, its log
 * @returns {Promise<{ kind: "ready" } | { kind: "failed", message: string }>}
 */
export function startRoom({ file, settings, logFile }) {
  // Above the disks of all labs; nobody but root has anything to do in either.
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, ["--enable-source-maps", file, JSON.stringify(settings)], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    cwd: "/",
    env: {
      PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      LC_ALL: "C.UTF-8",
      // A run of the tests finds by it what it left behind (tests/run/machine-state.ts).
      ...(process.env.MAQUETTE_TEST_RUN && { MAQUETTE_TEST_RUN: process.env.MAQUETTE_TEST_RUN }),
    },
  });
  closeSync(log);
  return new Promise((resolve) => {
    const fail = (message) => resolve({ kind: "failed", message });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`it did not start within ${START_DEADLINE_MS / 1000} s`);
    }, START_DEADLINE_MS);
    child.once("message", (message) => {
      clearTimeout(timer);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(message);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`it ended while starting (${signal ?? `exit ${code}`})`);
    });
    child.once("error", (error) => fail(error.message));
  });
}

const LOCK_SECONDS = 300;

/**
 * Installs packages with apt-get.
 * @param {{ packages: string[] }} wanted
 * @returns {Promise<{ kind: "ready" } | { kind: "failed", message: string }>}
 */
export async function install({ packages }) {
  const bad = packages.find((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name));
  if (bad !== undefined) return { kind: "failed", message: `"${bad}" is no package's name` };
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  // A machine that has just started installs its own updates: who holds the lock is waited for.
  const options = ["-qq", "-o", `DPkg::Lock::Timeout=${LOCK_SECONDS}`];
  const apt = (args) =>
    spawnSync("apt-get", [...options, ...args], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const wanted = ["install", "-y", "--no-install-recommends", ...packages];
  let ran = apt(wanted);
  // Lists that are older than the archive, or none yet.
  if (ran.status !== 0) {
    apt(["update"]);
    ran = apt(wanted);
  }
  if (ran.status === 0) return { kind: "ready" };
  const why = `${ran.stderr ?? ""}`.trim().split("\n").at(-1) || (ran.error?.message ?? `exit ${ran.status}`);
  return { kind: "failed", message: why };
}

const abilities = { startRoom, install };

// As a process of its own: one request a message, one answer; it ends with the command.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.title = "maquette-rooter";
  process.on("SIGINT", () => undefined);
  process.on("message", ({ id, name, wanted }) => {
    abilities[name](wanted).then(
      (answer) => process.send({ id, answer }),
      (error) => process.send({ id, answer: { kind: "failed", message: error.message } }),
    );
  });
  process.on("disconnect", () => process.exit(0));
}
