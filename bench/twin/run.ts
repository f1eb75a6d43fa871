import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnSync } from "node:child_process";
import { z } from "zod";
import { roomPlaces } from "../../src/embedded/room.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { askRoom } from "../../src/twin/remote-driver.ts";
import { Clone } from "../../tests/engine/lab.ts";

/*
 * What running guests take, in one run on one machine, as root: the lab cold (no image yet) and warm, a rollback of
 * all guests until each answers SSH, drills, throughput and latency through a router, memory and disk.
 * `npm run bench twin [cold]`: RUNS (default 3) warm cycles; DRILLS (default 10) of each.
 */

const RUNS = Number(process.env["RUNS"] ?? 3);
const DRILLS = Number(process.env["DRILLS"] ?? 10);
process.env["MAQUETTE_GUESTS"] = "container";

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;
const since = (started: number): number => (performance.now() - started) / 1000;

async function measured(clone: Clone, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const started = performance.now();
  const ran = await clone.maquette(args, { env });
  if (ran.code !== 0) throw new Error(`maquette ${args.join(" ")} failed (${ran.code})\n${ran.stdout}\n${ran.stderr}`);
  return since(started);
}

const clone = new Clone();
const lab = { maquette: (args: readonly string[]) => clone.maquette(args) };
try {
  out(`load at the start: ${spawnSync("cat", ["/proc/loadavg"], { encoding: "utf8" }).stdout.trim()}`);
  if (process.argv.includes("cold")) {
    const fresh = await mkdtemp(join(tmpdir(), "maquette-cold-"));
    try {
      const env = { MAQUETTE_TWIN_DIR: fresh };
      out(`lab, cold (images built): ${(await measured(clone, ["up", "--skip-preview"], env)).toFixed(1)} s`);
      await measured(clone, ["destroy", "--yes"], env);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  const ups: number[] = [];
  const downs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    if (run > 0) downs.push(await measured(clone, ["destroy", "--yes"]));
    ups.push(await measured(clone, ["up", "--skip-preview"]));
  }
  out(`lab, warm: up ${ups.map((s) => s.toFixed(1)).join(" ")} s, median ${median(ups).toFixed(1)} s`);
  out(`destroy: ${downs.map((s) => s.toFixed(1)).join(" ")} s`);
  const places = roomPlaces(foldersOf(clone.root, "lab", clone.env));
  await rollback(places.run);
  await throughLab(places.socket);
  sizes(places.home, places.images);
  for (const drill of ["router", "wan"]) {
    const ran = await lab.maquette(["drill", drill, "--times", String(DRILLS), "--json"]);
    out(`drill ${drill}, exit ${ran.code}:`);
    out(ran.stdout.trim());
  }
} finally {
  await clone.maquette(["destroy", "--yes"]);
  await clone.dispose();
}

/** Snapshot of every guest, then all rolled back and started, until each answers SSH. */
async function rollback(run: string): Promise<void> {
  const env = JSON.parse((await clone.maquette(["env", "--json"])).stdout) as Record<string, string>;
  const token = spawnSync("cat", [join(foldersOf(clone.root, "lab", clone.env).run, "token")], { encoding: "utf8" });
  const client = new PveClient({
    endpoint: env["PROXMOX_VE_ENDPOINT"]!,
    token: token.stdout.trim(),
    tls: { insecure: true },
  });
  const guests = (await client.listVms()).filter((vm) => !vm.template);
  const each = async (work: (path: string) => Promise<string>): Promise<void> => {
    const one = async (vm: (typeof guests)[number]): Promise<void> =>
      client.waitTask(await work(`/nodes/${vm.node}/qemu/${vm.vmid}`), { pollMs: 20 });
    await Promise.all(guests.map(one));
  };
  const task = z.string();
  let started = performance.now();
  await each((path) => client.post(`${path}/snapshot`, task, { snapname: "bench" }));
  out(`snapshot of ${guests.length} running guests: ${since(started).toFixed(1)} s`);
  started = performance.now();
  await each((path) => client.post(`${path}/snapshot/bench/rollback`, task));
  await each((path) => client.post(`${path}/status/start`, task));
  await Promise.all(guests.map((vm) => banner(join(run, "g", String(vm.vmid), "ssh"))));
  out(`rollback of all, started, each answers SSH: ${since(started).toFixed(1)} s`);
  await client.close();
}

/** The first bytes of SSH on a guest's own socket. */
async function banner(path: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const said = await new Promise<boolean>((resolve) => {
      const socket = createConnection(path);
      socket.once("data", (d) => {
        resolve(d.toString("latin1").startsWith("SSH-"));
        socket.destroy();
      });
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
    if (said) return;
    await sleep(20);
  }
  throw new Error(`${path} does not answer`);
}

/** From a workstation: through a router to the DMZ, and beside it on its own segment. */
async function throughLab(socket: string): Promise<void> {
  const run = async (vmid: number, script: string): Promise<string> =>
    ((await askRoom(socket, "exec", [vmid, ["sh", "-c", script], ""])) as { readonly stdout: string }).stdout.trim();
  const [pc1, pc2, web] = [1031, 1032, 1021];
  // The routers elect again after the rollback.
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    await run(web, "systemd-run -q --unit=bench-sink sh -c 'while :; do nc -l -p 443 >/dev/null; done' || :");
    if ((await run(pc1, "nc -z -w 1 10.20.40.10 443 && echo yes || :")) === "yes") break;
    await sleep(100);
  }
  await run(pc2, "systemd-run -q --unit=bench-sink sh -c 'while :; do nc -l -p 443 >/dev/null; done'");
  const rate = async (address: string): Promise<number> => {
    const begun = performance.now();
    await run(pc1, `dd if=/dev/zero bs=1M count=800 2>/dev/null | nc -N -w 20 ${address} 443`);
    return (800 * 8 * 1.048576) / ((performance.now() - begun) / 1000) / 1000;
  };
  // A refused port answers at once: the round trip, without a listener's own time.
  const trip = (address: string, port: number): Promise<string> =>
    run(
      pc1,
      `python3 -c "
import socket,time
ts=[]
for _ in range(300):
    s=socket.socket(); t=time.perf_counter()
    s.connect_ex(('${address}',${port}))
    ts.append(time.perf_counter()-t); s.close()
ts.sort(); print(round(ts[150]*1e6))"`,
    );
  out(
    `throughput, one TCP stream: routed ${(await rate("10.20.40.10")).toFixed(1)} Gb/s, same segment ${(await rate("10.20.30.12")).toFixed(1)} Gb/s`,
  );
  await run(web, "systemctl stop bench-sink");
  await run(pc2, "systemctl stop bench-sink");
  out(
    `a TCP round trip, median of 300: routed ${await trip("10.20.40.10", 443)} µs, same segment ${await trip("10.20.30.12", 443)} µs`,
  );
}

function sizes(home: string, images: string): void {
  const du = (path: string): number =>
    Number(spawnSync("du", ["-sm", path], { encoding: "utf8" }).stdout.split("\t")[0] ?? 0);
  const memory = (vmid: string): number => {
    const path = spawnSync(
      "sh",
      [
        "-c",
        `cat /sys/fs/cgroup/memory/maquette-*/${vmid}/memory.usage_in_bytes /sys/fs/cgroup/maquette-*/${vmid}/memory.current 2>/dev/null | head -1`,
      ],
      { encoding: "utf8" },
    );
    return Math.round(Number(path.stdout) / 1e6);
  };
  const guests = readdirSync(join(home, "g")).filter((vmid) => Number(vmid) < 9000);
  out("| guest | memory MB | own disk MB |\n|---|---|---|");
  for (const vmid of guests) out(`| ${vmid} | ${memory(vmid)} | ${du(join(home, "g", vmid, "up"))} |`);
  out(`images of all: ${du(images)} MB`);
}
