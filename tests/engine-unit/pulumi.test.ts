import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { prepareEnvironment, wrapperFolder, type PulumiEnvironment } from "../../src/engine/environment.ts";
import { endLeftovers, leftoversFile } from "../../src/engine/leftovers.ts";
import { pulumi, type PulumiOptions } from "../../src/engine/pulumi.ts";
import { foldersOf, type Folders } from "../../src/stack/folders.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { isAlive, script, until } from "./programs.ts";

interface Lab {
  readonly folders: Folders;
  readonly environment: PulumiEnvironment;
  readonly folder: string;
  readonly run: (args: readonly string[], options?: Partial<PulumiOptions>) => ReturnType<typeof pulumi>;
}

/** A stack whose engine is a line of shell; `$LOG` in it is the event log. */
async function lab(body: string, env: NodeJS.ProcessEnv = { PATH: "/usr/bin:/bin" }, state?: string): Promise<Lab> {
  const folder = temporaryFolder();
  const folders = foldersOf(folder, "lab", {
    XDG_STATE_HOME: state ?? join(folder, "state"),
    XDG_DATA_HOME: join(folder, "data"),
    XDG_CACHE_HOME: join(folder, "cache"),
  });
  // An engine of a test that failed must not stay.
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  const find = 'for a in "$@"; do [ "$previous" = --event-log ] && LOG=$a; previous=$a; done';
  const file = script(join(folder, "engine's own", "pulumi"), `${find}\n${body}`);
  const program = { file, version: "3.255.0", source: "path" } as const;
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "root@pam!x=secret\n");
  const environment = await prepareEnvironment(
    {
      stack: "lab",
      folders,
      engine: { cli: program, language: program, plugin: program },
      endpoint: { url: "https://127.0.0.1:1/", tokenFile, caFile: join(folder, "ca.pem") },
      isInsecure: false,
      door: null,
      room: null,
      artefacts: null,
      isOpen: true,
    },
    env,
  );
  return {
    folders,
    environment,
    folder,
    run: (args, options = {}) =>
      pulumi(args, { project: folder, folders, environment, signal: ended.signal, ...options }),
  };
}

const event = (sequence: number, more: object = {}): string => JSON.stringify({ sequence, timestamp: 0, ...more });
afterEach(() => vi.unstubAllEnvs());

describe("the event log", () => {
  test("is followed while it grows: whole events alone, in order, however it is cut into writes", async () => {
    const long = event(2, { stdoutEvent: { message: "é".repeat(100_000), color: "" } });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "long"), long);
    const go = join(folder, "go");
    // It waits for the first event to be seen, so nothing is left to the end.
    const { run } = await lab(`
      printf '%s\\n%s' '${event(1)}' '{"sequ' > "$LOG"
      while [ ! -e ${go} ]; do sleep 0.01; done
      printf 'ence":7,"timestamp":0}\\n' >> "$LOG"
      head -c 100001 ${join(folder, "long")} >> "$LOG"; tail -c +100002 ${join(folder, "long")} >> "$LOG"
      printf '\\n%s' '${event(9)}' >> "$LOG"; printf '\\n' >> "$LOG"; printf '{"half' >> "$LOG"
      echo out; echo err >&2; exit 5`);
    const seen: EngineEvent[] = [];
    const ran = await run(["up"], {
      onEvent: (e) => {
        seen.push(e);
        writeFileSync(go, "");
      },
    });
    expect(ran).toEqual({ code: 5, stdout: "out\n", stderr: "err\n" });
    expect(seen.map((e) => e.sequence)).toEqual([1, 7, 2, 9]);
    expect(seen[2]!.stdoutEvent!.message).toHaveLength(100_000);
  });

  test("is asked for only where somebody listens, and its folder is removed, as are those of runs that were killed", async () => {
    const own = await lab('echo "$@"; echo "debug $PULUMI_DEBUG_COMMANDS"; [ -z "$LOG" ] || echo "$LOG"');
    const killed = spawnSync("true").pid;
    for (const pid of [killed, process.pid]) mkdirSync(join(own.folders.run, `events-${pid}-abc`), { recursive: true });
    const deaf = await own.run(["up", "--yes"]);
    expect(deaf.stdout).toBe("up --yes --non-interactive --color never\ndebug \n");
    const heard = await own.run(["up"], { onEvent: () => undefined });
    const log = heard.stdout.trim().split("\n").at(-1)!;
    expect(log).toContain(own.folders.run);
    expect(readdirSync(own.folders.run).filter((name) => name.startsWith("events-"))).toEqual([
      `events-${process.pid}-abc`,
    ]);
  });

  test("that is damaged is said in words when the run has ended, and its folder is removed", async () => {
    const own = await lab(`printf '%s\\n%s\\n%s\\n' '${event(1)}' '{broken' '${event(2)}' > "$LOG"; sleep 0.1`);
    const events = (): string[] => readdirSync(own.folders.run).filter((name) => name.startsWith("events-"));
    const fault = await faultOf(() => own.run(["up"], { onEvent: () => undefined }));
    expect(fault.code).toBe("ENGINE_EVENTS");
    expect(events()).toEqual([]);
  });
});

describe("a run", () => {
  const begun = (folder: string): string => join(folder, "begun");
  const waits = (file: string): string =>
    `trap 'echo interrupted; exit 7' INT; echo $$ > ${file}.tmp; mv ${file}.tmp ${file}; while :; do sleep 0.01; done`;

  test("is interrupted once by an abort, and ends in its own way", async () => {
    const folder = temporaryFolder();
    const { run } = await lab(waits(begun(folder)));
    const controller = new AbortController();
    const running = run(["up"], { signal: controller.signal });
    await until(() => existsSync(begun(folder)), "the engine");
    controller.abort();
    expect(await running).toMatchObject({ code: 7, stdout: "interrupted\n" });
  });

  test("that was aborted before the engine was there is not left to run", async () => {
    const { run } = await lab("sleep 60");
    expect((await run(["up"], { signal: AbortSignal.abort() })).code).not.toBe(0);
  });

  test("is killed at its deadline, its children too, and says so", async () => {
    const folder = temporaryFolder();
    const { run } = await lab(`sleep 60 & echo $! > ${begun(folder)}; wait`);
    const fault = await faultOf(() => run(["up"], { deadlineMs: 3_000 }));
    expect(fault.code).toBe("ENGINE_DEADLINE");
    const child = Number(readFileSync(begun(folder), "utf8"));
    await until(() => !isAlive(child), "the child's end");
  });

  test("that cannot write its record whole is ended, and the disk is said to be full", async () => {
    const begun = join(temporaryFolder(), "begun");
    const own = await lab(`stacks="\${PULUMI_BACKEND_URL#file://}"; stacks="\${stacks%%\\?*}/.pulumi/stacks/maquette"
      trap 'echo interrupted > ${begun}; exit 7' INT
      printf '{"version":3,"checkpoint":{"la' > "$stacks/lab.json.1.tmp"; mv "$stacks/lab.json.1.tmp" "$stacks/lab.json"
      while :; do sleep 0.01; done`);
    const fault = await faultOf(() => own.run(["up"], { onEvent: () => undefined }));
    expect(fault.code).toBe("DISK_FULL");
    expect(fault.message).toMatch(/pulumi up could not write its record/);
    expect(readFileSync(begun, "utf8")).toBe("interrupted\n");
  });

  test("without an engine is said in words", async () => {
    const { run, folders } = await lab("exit 0");
    rmSync(wrapperFolder(folders), { recursive: true });
    const fault = await faultOf(() => run(["up"]));
    expect(fault.code).toBe("ENGINE_NO_PROGRAM");
    expect(fault.hint).toContain("doctor");
  });
});

describe("an engine that is killed", () => {
  /** It starts a plugin in a process group of its own, as Pulumi does, and an editor; `pids` then holds all three. */
  async function kill(
    prepare: (folders: Folders) => void = () => undefined,
  ): Promise<Lab & { readonly pids: number[] }> {
    const folder = temporaryFolder();
    const loop = "while :; do sleep 0.05; done";
    const plugin = script(join(folder, "pulumi-resource-x"), loop);
    const editor = script(join(folder, "editor"), `while [ -d ${folder} ]; do sleep 0.05; done`);
    const file = join(folder, "pids");
    const own = await lab(
      `setsid ${plugin} & p=$!; ${editor} & echo "$p $! $$" > ${file}.tmp; mv ${file}.tmp ${file}; wait`,
    );
    prepare(own.folders);
    const running = own.run(["up"]);
    await until(() => existsSync(file), "the engine");
    const pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
    // A child that was forked is its parent's program for a moment more.
    const isPlugin = (): boolean => readFileSync(`/proc/${pids[0]!}/cmdline`, "utf8").includes("pulumi-resource-x");
    if (existsSync("/proc/self")) await until(isPlugin, "the plugin");
    process.kill(pids[2]!, "SIGKILL");
    // And who was sent a signal lives for a moment more.
    await until(() => !isAlive(pids[2]!), "the engine's end");
    // Its output stays open in the editor's hands; who waits for that is of no interest here.
    void running;
    return { ...own, pids };
  }

  test("has its plugins ended at once, by their pid; an editor that was opened from it stays", async () => {
    const { pids, folders } = await kill();
    await until(() => !isAlive(pids[0]!), "the plugin's end");
    expect(isAlive(pids[1]!)).toBe(true);
    expect(await endLeftovers(folders)).toEqual([]);
  });

  test("has them ended by the next command where nobody watched, which says what it ended", async () => {
    const script = { text: "" };
    const { pids, folders } = await kill((f) => {
      script.text = readFileSync(leftoversFile(f), "utf8");
      rmSync(leftoversFile(f));
    });
    expect(isAlive(pids[0]!)).toBe(true);
    writeFileSync(leftoversFile(folders), script.text, { mode: 0o700 });
    expect(await endLeftovers(folders)).toEqual([
      expect.stringMatching(new RegExp(`^${pids[0]} .*/pulumi-resource-x`)),
    ]);
    await until(() => !isAlive(pids[0]!), "the plugin's end");
  });
});

test("the plugins of an engine that runs are nobody's leftovers", async () => {
  const folder = temporaryFolder();
  const plugin = script(
    join(folder, "pulumi-resource-x"),
    `touch ${folder}/up; while [ ! -e ${folder}/go ]; do sleep 0.05; done`,
  );
  const { run, folders } = await lab(`${plugin}; echo "plugin ended with $?"`);
  const running = run(["up"]);
  await until(() => existsSync(join(folder, "up")), "the plugin");
  expect(await endLeftovers(folders)).toEqual([]);
  writeFileSync(join(folder, "go"), "");
  expect((await running).stdout).toBe("plugin ended with 0\n");
});

describe("the folder for temporary files", () => {
  const folders = (own: Lab): string[] => readdirSync(join(own.folders.run, "t"));

  test("is each engine's own, for this user alone, whatever the user's is, and gone when it has ended", async () => {
    const told = 'echo "$TMPDIR $(stat -c %a "$TMPDIR") $(stat -c %u "$TMPDIR")"';
    const file = script(join(temporaryFolder(), "pulumi-resource-x"), `${told}; touch "$TMPDIR/left"`);
    const own = await lab(`${told}; ${file}`);
    vi.stubEnv("TMPDIR", "/nonexistent");
    const lines = (await own.run(["up"])).stdout.trim().split("\n");
    expect(lines).toHaveLength(2);
    // The plugin has the engine's.
    expect(lines[1]).toBe(lines[0]);
    const [folder, mode, user] = lines[0]!.split(" ");
    expect(folder).toMatch(new RegExp(`^${own.folders.run}/t/\\d+-\\d+$`));
    expect([mode, user]).toEqual(["700", String(process.getuid!())]);
    const other = (await own.run(["up"])).stdout.split(" ")[0];
    expect(other).not.toBe(folder);
    await until(() => folders(own).length === 0, "the folders' end");
  });

  test("of a killed engine goes before the next command looks, and that of a living one stays", async () => {
    const folder = temporaryFolder();
    const own = await lab(
      `echo "$TMPDIR" > ${folder}/x; mv ${folder}/x ${folder}/at; while [ ! -e ${folder}/go ]; do sleep 0.05; done`,
    );
    const dead = join(own.folders.run, "t", `${spawnSync("true").pid}-1`);
    mkdirSync(join(dead, "pulumi-node-pipes1"), { recursive: true });
    const running = own.run(["up"]);
    await until(() => existsSync(join(folder, "at")), "the engine");
    await endLeftovers(own.folders);
    const living = readFileSync(join(folder, "at"), "utf8").trim();
    expect(folders(own)).toEqual([basename(living)]);
    writeFileSync(join(folder, "go"), "");
    expect((await running).code).toBe(0);
  });

  test("is elsewhere where its path would be too long for a socket, and gone from there too", async () => {
    const long = join(temporaryFolder(), "a-state-folder-whose-path-is-long".repeat(3));
    const own = await lab('echo "$TMPDIR $(stat -c %a "$TMPDIR")"', { PATH: "/usr/bin:/bin" }, long);
    const [folder, mode] = (await own.run(["up"])).stdout.trim().split(" ");
    expect(folder!.length).toBeLessThan(60);
    expect(mode).toBe("700");
    await until(() => !existsSync(folder!) && folders(own).length === 0, "the folders' end");
  });

  test("that is elsewhere goes too where the stack's state is deleted while its engine ends", async () => {
    const folder = temporaryFolder();
    const long = join(folder, "a-state-folder-whose-path-is-long".repeat(3));
    const own = await lab(
      `echo "$TMPDIR" > ${folder}/x; mv ${folder}/x ${folder}/at; while [ ! -e ${folder}/go ]; do sleep 0.05; done`,
      { PATH: "/usr/bin:/bin" },
      long,
    );
    const running = own.run(["up"]);
    await until(() => existsSync(join(folder, "at")), "the engine");
    const elsewhere = readFileSync(join(folder, "at"), "utf8").trim();
    // Whoever waits for its end reads a script that goes with the state.
    if (existsSync("/proc/self")) await until(() => isOpen(leftoversFile(own.folders)), "who waits");
    rmSync(long, { recursive: true });
    writeFileSync(join(folder, "go"), "");
    await running;
    await until(() => !existsSync(elsewhere), "the folder's end");
  });
});

/** Whether some process has the file open (proc(5)). */
function isOpen(path: string): boolean {
  const links = (pid: string): string[] => {
    try {
      return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      // It has ended meanwhile.
      return [];
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => links(pid).includes(path));
}

describe("the environment", () => {
  test("names secrets by their files alone", async () => {
    const { environment } = await lab("exit 0");
    expect(JSON.stringify(environment)).not.toContain("secret\\n");
    expect(JSON.stringify(environment)).not.toContain("root@pam");
    expect(readFileSync(environment["PULUMI_CONFIG_PASSPHRASE_FILE"]!, "utf8")).toBe("this protects nothing");
  });

  test("hands the token from its file to the engine, and lets nothing of the user's own Pulumi or Proxmox through", async () => {
    for (const [name, value] of Object.entries({
      PULUMI_CONFIG_PASSPHRASE: "another",
      PULUMI_SELF_MANAGED_STATE_GZIP: "true",
      PULUMI_SELF_MANAGED_STATE_LEGACY_LAYOUT: "true",
      PROXMOX_VE_API_TOKEN: "another",
      PROXMOX_VE_USERNAME: "root@pam",
      PROXMOX_VE_PASSWORD: "another",
      PROXMOX_VE_AUTH_TICKET: "another",
    }))
      vi.stubEnv(name, value);
    const { run } = await lab("env; umask");
    const { stdout } = await run(["up"]);
    const lines = stdout.split("\n");
    expect(lines).toContain("PROXMOX_VE_API_TOKEN=root@pam!x=secret");
    expect(lines.filter((l) => l.includes("another") || l.startsWith("PROXMOX_VE_USERNAME"))).toEqual([]);
    expect(lines.filter((l) => l.startsWith("PULUMI_SELF_MANAGED"))).toEqual([]);
    expect(lines).toContain("0077");
  });

  test("puts its wrapper first on PATH, once, however often it is prepared, and no empty part: that would be the working folder", async () => {
    for (const path of ["/usr/bin:/bin", undefined, ""]) {
      const { environment, folders } = await lab("exit 0", path === undefined ? {} : { PATH: path });
      const wrapper = wrapperFolder(folders);
      expect(environment["PATH"]!.split(":")).toEqual([wrapper, ...(path ?? "").split(":").filter((p) => p !== "")]);
      const engine = { file: join(folders.stack, "x"), version: "1", source: "path" } as const;
      const again = await prepareEnvironment(
        {
          stack: "lab",
          folders,
          engine: { cli: engine, language: engine, plugin: engine },
          endpoint: null,
          isInsecure: true,
          door: null,
          room: null,
          artefacts: null,
          isOpen: false,
        },
        { PATH: environment["PATH"] },
      );
      expect(again["PATH"]).toBe(environment["PATH"]);
      expect(again["PROXMOX_VE_ENDPOINT"]).toBe("");
    }
  });

  test("gives a stack of one's own a random pass phrase, and keeps it", async () => {
    const { folders } = await lab("exit 0");
    const own = { ...folders, secrets: join(folders.secrets, "..", "mine") };
    const engine = { file: "/x", version: "1", source: "path" } as const;
    const options = {
      stack: "mine",
      folders: own,
      engine: { cli: engine, language: engine, plugin: engine },
      endpoint: null,
      isInsecure: false,
      door: null,
      room: null,
      artefacts: null,
      isOpen: false,
    };
    const [one, two] = [await prepareEnvironment(options, {}), await prepareEnvironment(options, {})];
    expect(two).toEqual(one);
    expect(readFileSync(one["PULUMI_CONFIG_PASSPHRASE_FILE"]!, "utf8")).toMatch(/^[\w-]{32}$/);
  });
});
