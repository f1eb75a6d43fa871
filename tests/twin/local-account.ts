import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Every path below a folder, as root sees it: folders down to a depth, and in them what is there. */
export async function pathsUnder(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below: string[] = [];
  for (const e of entries) {
    const path = join(folder, e.name);
    below.push(...(e.isDirectory() && depth > 0 ? await pathsUnder(path, depth - 1) : [path]));
  }
  return [folder, ...below];
}

/** The processes of a control group's name, as this machine numbers them. */
export async function processesOf(group: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "")));
  return pids.filter((_, n) => groups[n]!.includes(`/${group}`));
}

/* What an account does with each path: it lists, reads, writes, connects, and runs what it finds. */
const WALKER = `
const fs = require("node:fs"), net = require("node:net");
let text = "";
process.stdin.on("data", (d) => (text += d)).on("end", async () => {
  const got = [];
  const attempt = (what, path, work) => { try { work(); got.push(what + " " + path); } catch {} };
  for (const path of JSON.parse(text)) {
    let kind;
    try { kind = fs.statSync(path); } catch { continue; }
    if (kind.isDirectory()) {
      attempt("lists", path, () => fs.readdirSync(path));
      attempt("writes in", path, () => fs.accessSync(path, fs.constants.W_OK));
    } else if (kind.isSocket()) {
      await new Promise((done) => {
        const socket = net.createConnection(path, () => { got.push("connects to " + path); socket.destroy(); done(); });
        socket.on("error", done);
      });
    } else if (kind.isFile()) {
      attempt("reads", path, () => fs.closeSync(fs.openSync(path, "r")));
      attempt("writes", path, () => fs.accessSync(path, fs.constants.W_OK));
      attempt("runs", path, () => fs.accessSync(path, fs.constants.X_OK));
    }
  }
  process.stdout.write(JSON.stringify(got));
});`;

/** @returns what that account gets of the paths: "reads …", "lists …" */
export function whatGets(uid: number, paths: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", WALKER], { uid, gid: uid, cwd: "/", env: {} });
    let text = "";
    let words = "";
    child.stdout.setEncoding("utf8").on("data", (said: string) => (text += said));
    child.stderr.setEncoding("utf8").on("data", (said: string) => (words += said));
    child.once("error", reject);
    child.once("close", () => {
      if (text === "") reject(new Error(words));
      else resolve(JSON.parse(text) as string[]);
    });
    child.stdin.end(JSON.stringify(paths));
  });
}
