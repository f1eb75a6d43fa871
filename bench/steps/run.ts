import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { askHosts } from "../../src/cli/ask-hosts.ts";
import { wordsOf } from "../../src/cli/words.ts";
import { Fault } from "../../src/core/fault.ts";
import { findRoom, roomPlaces } from "../../src/embedded/room.ts";
import { readCheckpoint } from "../../src/engine/whole.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { roleState, type RoleState } from "../../src/provision/steps/index.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { loadStackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { run } from "../../tests/engine/lab.ts";
import { Peer } from "./peer.ts";

/*
 * What a lab that is as the plan says takes to find that out, in one run on one machine: our asking of all hosts,
 * pyinfra's of the same hosts, and a whole `up` that changes nothing. In turn, the first of each not counted.
 * `npm run bench steps`, as whoever ran `bin/maquette up` before; RUNS (default 5) of each.
 */

const RUNS = Number(process.env["RUNS"] ?? 5);
const STACK = "lab";
const ROLE = "provision:index:Role";

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const err = (line: string): void => void process.stderr.write(`${line}\n`);
const load = (): string => readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;

const root = repositoryRoot();
const folders = foldersOf(root, STACK);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await bench();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  err(`${error.code} ${error.message}\n  hint: ${error.hint}`);
  process.exitCode = 2;
}

async function bench(): Promise<void> {
  const checkpoint = await readCheckpoint(folders, STACK);
  const roles = (checkpoint?.resources ?? []).flatMap((r): RoleState[] =>
    r.type === ROLE ? [roleState.parse(r.outputs)] : [],
  );
  const places = roomPlaces(folders);
  if (checkpoint === undefined || roles.length === 0 || (await findRoom(places)) === undefined)
    throw new Fault(
      "BENCH_NO_LAB",
      "No lab of this clone runs on this machine.",
      "Run `bin/maquette up` as root, then `npm run bench steps` again.",
    );
  const session = { sockets: join(places.run, "g"), room: places.socket, artefacts: null };
  const secret = await loadStackSecret(folders.secrets);
  const secrets = new SecretSource(secret, new Vault(folders.secrets));

  const ours = async (): Promise<number> => {
    const started = performance.now();
    const drifts = await askHosts({ folders }, session, checkpoint);
    const seconds = (performance.now() - started) / 1000;
    if (drifts.length > 0)
      throw new Fault(
        "BENCH_DRIFT",
        `The lab is not as the plan says: ${drifts.map((d) => `${d.host}: ${d.step ?? d.role} ${d.what}`).join("; ")}.`,
        "Run `bin/maquette up`, then `npm run bench steps` again.",
      );
    return seconds;
  };
  const up = async (): Promise<number> => {
    const started = performance.now();
    const ran = await run(join(root, "bin/maquette"), ["up"], { cwd: root, env: process.env });
    const seconds = (performance.now() - started) / 1000;
    if (ran.code !== 0 || !ran.stderr.includes(wordsOf("en").upToDate))
      throw new Error(`this \`up\` was to change nothing (exit ${ran.code})\n${ran.stdout}\n${ran.stderr}`);
    return seconds;
  };

  // Ours first: where something differs, that is said before another tool is let near it.
  await ours();
  const peer = await Peer.prepare({
    cache: folders.cache,
    roles,
    sockets: session.sockets,
    secret,
    secrets,
    onProgress: err,
  });
  try {
    err(`${peer.version} looks whether it would change anything`);
    await peer.refuseChanges();
    const measured = [
      { what: `our asking of ${peer.hosts} hosts, connections included`, aim: "2 s", work: ours, seconds: [] },
      { what: `${peer.version}, the same of the same`, aim: "", work: () => peer.ask(), seconds: [] },
      { what: "of which its start, asking nobody", aim: "", work: () => peer.start(), seconds: [] },
      { what: "`maquette up` that changes nothing", aim: "8 s", work: up, seconds: [] },
    ] as { readonly what: string; readonly aim: string; readonly work: () => Promise<number>; seconds: number[] }[];
    for (const { work } of measured) await work();
    const before = load();
    for (let round = 0; round < RUNS; round++) {
      // Each begins a round once in a while: none always comes after the same one.
      const order = [...measured.slice(round % measured.length), ...measured.slice(0, round % measured.length)];
      for (const { work, seconds } of order) seconds.push(await work());
      err(`round ${round + 1} of ${RUNS}: ${measured.map((m) => m.seconds.at(-1)!.toFixed(2)).join(", ")} s`);
    }
    const { packages, file, absent, unit, guard } = peer.counts;
    out(
      `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? "?"}), ${Math.round(totalmem() / 2 ** 30)} GiB; load before ${before}, after ${load()}.`,
    );
    out(
      `${peer.hosts} hosts: ${file} files, ${absent} that must not be there, ${packages} packages, ${unit} units, ${guard} guards.\n`,
    );
    out(`| what, median of ${RUNS} in turn | s | each | aim |`);
    out("| --- | --- | --- | --- |");
    for (const { what, aim, seconds } of measured)
      out(`| ${what} | ${median(seconds).toFixed(2)} | ${seconds.map((s) => s.toFixed(2)).join(" ")} | ${aim} |`);
    const [own, theirs, start] = measured.map((m) => median(m.seconds)) as [number, number, number, number];
    out(
      `\npyinfra takes ${(theirs / own).toFixed(1)} times as long as our asking; ${((theirs - start) / own).toFixed(1)} times without its start.`,
    );
  } finally {
    await peer.dispose();
  }
}
