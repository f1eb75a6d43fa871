import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Ran } from "../engine/lab.ts";
import { isAlive, until } from "../engine-unit/programs.ts";
import { BareClone } from "./clone.ts";

let clone: BareClone;
beforeAll(() => {
  clone = new BareClone(true).withEngine();
});
afterAll(() => clone.dispose());

/** A message as a person should get it: code, sentence, cure; no trace, and the exit code of a failure. */
function expectFault(ran: Ran, code: string, cure: RegExp): void {
  expect(ran.stderr).toMatch(new RegExp(`(^|\\n)${code} `));
  expect(ran.stderr).toMatch(/\n {2}hint: \S/);
  expect(ran.stderr).toMatch(cure);
  expect(ran.stderr).not.toMatch(/\n {4}at |CLI_DEFECT|node:internal/);
  expect([ran.code, ran.stdout]).toEqual([2, ""]);
}

/** Puts something else in a file's place for one test. */
function instead(name: string, put: (path: string) => void): void {
  const path = join(clone.root, name);
  renameSync(path, `${path}.kept`);
  put(path);
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
    renameSync(`${path}.kept`, path);
  });
}

describe("a plan", () => {
  const planWith = (change: (folder: string) => void): string => {
    const folder = clone.at("plan");
    cpSync(join(clone.root, "stacks/lab"), folder, { recursive: true });
    onTestFinished(() => rmSync(folder, { recursive: true }));
    change(folder);
    return folder;
  };

  test("with faults in several files gets all of them at once, by place, and exit 1", async () => {
    const folder = planWith((at) => {
      for (const [name, from, to] of [
        ["hosts.yaml", "image: debian-13", "image: debian-99"],
        ["hosts.yaml", "zone: dmz, address: 10.20.40.2 }", "zone: dzm, address: 10.20.40.2 }"],
        ["flows.yaml", "id: ", "idd: "],
      ] as const)
        writeFileSync(join(at, name), readFileSync(join(at, name), "utf8").replace(from, to));
    });
    const ran = await clone.maquette(["check", "--plan", folder]);
    expect([ran.code, ran.stderr]).toEqual([1, ""]);
    expect(ran.stdout).toMatch(/hosts\.yaml:\d+:\d+ .*debian-99/);
    expect(ran.stdout).toMatch(/flows\.yaml:\d+:\d+ .*idd/);
    const json = await clone.maquette(["check", "--plan", folder, "--json"]);
    const { ok, findings } = JSON.parse(json.stdout) as { ok: boolean; findings: { hint: string }[] };
    expect([json.code, ok]).toEqual([1, false]);
    expect(findings.length).toBeGreaterThan(1);
    for (const { hint } of findings) expect(hint).not.toBe("");
  });

  test.each<[string, (at: string) => void, RegExp]>([
    ["that is not YAML", (at) => writeFileSync(join(at, "flows.yaml"), "a: [1\nb: }"), /flows\.yaml:\d+:\d+/],
    [
      "that is no text",
      (at) => writeFileSync(join(at, "flows.yaml"), Buffer.from([0xff, 0xfe, 0, 0xd8])),
      /flows\.yaml/,
    ],
    ["of which a file is missing", (at) => rmSync(join(at, "people.yaml")), /people\.yaml/],
    [
      "of which a file is a folder",
      (at) => (rmSync(join(at, "people.yaml")), mkdirSync(join(at, "people.yaml"))),
      /people\.yaml/,
    ],
  ])("%s is said by file, with exit 1", async (_, change, place) => {
    const ran = await clone.maquette(["check", "--plan", planWith(change)]);
    expect([ran.code, ran.stderr]).toEqual([1, ""]);
    expect(ran.stdout).toMatch(place);
    expect(ran.stdout).not.toMatch(/\n {4}at /);
  });

  test("that is not there is said by its folder", async () => {
    const ran = await clone.maquette(["check", "--plan", clone.at("nowhere")]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(clone.at("nowhere"));
    expect(ran.stdout).toContain("hint:");
  });
});

describe("a stack", () => {
  test("that was never set up is said with the way to set it up", async () => {
    expectFault(await clone.maquette(["check", "--stack", "nope"]), "STACK_UNKNOWN", /docs\/own-proxmox\.md/);
  });

  test.each<[string, string, RegExp]>([
    ["is not YAML", "config: [1\n", /not YAML.*line/],
    [
      "has a wrong value",
      "config:\n  maquette:copy: many\n  maquette:nodes: []\n",
      /maquette:copy.*\n.*maquette:nodes/,
    ],
    ["has an unknown setting", "config:\n  maquette:colour: blue\n", /colour/],
  ])("whose file %s is told what is wrong", async (_, text, what) => {
    instead("Pulumi.lab.yaml", (path) => writeFileSync(path, text));
    expectFault(await clone.maquette(["check"]), "STACK_SETTINGS", what);
  });

  test("whose file is a folder is told so", async () => {
    instead("Pulumi.lab.yaml", (path) => mkdirSync(path));
    expectFault(await clone.maquette(["check"]), "STACK_SETTINGS", /Pulumi\.lab\.yaml cannot be read/);
  });

  test("lab with somebody's endpoint is refused before anything is asked of it", async () => {
    const text = "config:\n  maquette:endpoint: https://127.0.0.1.example.org:8006/\n";
    instead("Pulumi.lab.yaml", (path) => writeFileSync(path, text));
    expectFault(await clone.maquette(["up"]), "STACK_LAB_IS_EMBEDDED", /stack of another name/);
  });
});

describe("a folder", () => {
  test.each(["XDG_STATE_HOME", "XDG_DATA_HOME"])("%s that is a file is named, with the cure", async (name) => {
    const file = clone.at("a-file");
    writeFileSync(file, "");
    const ran = await clone.maquette(["env"], { env: { [name]: file } });
    expectFault(ran, "DISK_NOT_A_FOLDER", new RegExp(`${file}.*\\n.*${name}`));
    expect(readFileSync(file, "utf8")).toBe("");
  });

  test("XDG_CACHE_HOME that is a file is said, too, though nothing can be bundled then", async () => {
    const file = clone.at("a-file");
    writeFileSync(file, "");
    expectFault(
      await clone.maquette(["check"], { env: { XDG_CACHE_HOME: file } }),
      "CLI_NOT_BUILT",
      /hint: .*disk|rights/,
    );
  });

  test("asked for by --out that cannot be made is said by name", async () => {
    const file = clone.at("a-file");
    writeFileSync(file, "");
    expectFault(await clone.maquette(["render", "dc1", "--out", file]), "CLI_CANNOT_WRITE", /a-file/);
  });

  // A file system of a few pages in a mount namespace of its own: it is gone with the process.
  const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
  const onFullDisk = (variable: string, args: string, sizeKiB: number, isFilled: boolean): Ran => {
    const disk = clone.at("disk");
    mkdirSync(disk, { recursive: true });
    const fill = isFilled ? `head -c 1M /dev/zero 2>/dev/null > ${disk}/fill` : "true";
    const mount = `mount -t tmpfs -o size=${sizeKiB}k none ${disk}; ${fill}`;
    const line = `${mount}; ${join(clone.root, "bin/maquette")} ${args}; code=$?; find ${disk} -type f >&2; exit $code`;
    const ran = spawnSync("unshare", ["-rm", "sh", "-c", line], {
      env: { ...clone.env, [variable]: disk },
      cwd: clone.root,
      encoding: "utf8",
    });
    return { code: ran.status ?? -1, stdout: ran.stdout, stderr: ran.stderr };
  };

  const why = canMount ? "" : " (skipped: no mount namespace of a user's own is to be had here)";
  test.skipIf(!canMount)(`on a full disk is said to be full${why}`, () => {
    expectFault(onFullDisk("XDG_DATA_HOME", "env", 16, true), "DISK_FULL", /Free some space/);
    expectFault(onFullDisk("XDG_STATE_HOME", "env", 16, true), "DISK_FULL", /Free some space/);
  });

  test.skipIf(!canMount)(`of bundles on a full disk is said, and nothing half-written is left in it${why}`, () => {
    const ran = onFullDisk("XDG_CACHE_HOME", "check", 400, false);
    expectFault(ran, "CLI_NOT_BUILT", /disk/);
    expect(ran.stderr).not.toContain(`\n${clone.at("disk")}`);
  });
});

describe("an engine", () => {
  test("that cannot be had without Go is said with every cure, and nothing is left half-made", async () => {
    const env = { MAQUETTE_ENGINE: "build", XDG_STATE_HOME: clone.at("other-state"), PATH: clone.at("only-node") };
    mkdirSync(clone.at("only-node"), { recursive: true });
    if (!existsSync(clone.at("only-node", "node"))) symlinkSync(process.execPath, clone.at("only-node", "node"));
    const ran = await clone.maquette(["env"], { env });
    expectFault(ran, "ENGINE_NO_GO", /Install Go.*Pulumi.*on PATH/);
    expect(existsSync(clone.at("other-state"))).toBe(false);
  });

  test("asked for from nowhere is refused", async () => {
    expectFault(
      await clone.maquette(["env"], { env: { MAQUETTE_ENGINE: "x" } }),
      "ENGINE_SOURCE",
      /path, download or build/,
    );
  });

  test("whose build is interrupted ends its compiler, and leaves nothing half-made", async () => {
    const pidFile = clone.at("go-pid");
    clone.program(
      "go",
      `[ "$1" = env ] && { echo go1.99.0; exit 0; }\necho $$ > ${pidFile}.tmp; mv ${pidFile}.tmp ${pidFile}; exec sleep 60`,
    );
    onTestFinished(() => rmSync(clone.at("bin", "go")));
    const ran = await clone.maquette(["env"], {
      env: { MAQUETTE_ENGINE: "build" },
      onSpawn: (pid) =>
        void until(() => existsSync(pidFile), "the compiler").then(
          () => process.kill(pid, "SIGINT"),
          () => process.kill(pid, "SIGKILL"),
        ),
    });
    expectFault(ran, "CLI_INTERRUPTED", /maquette up/);
    expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
    const cache = clone.at("cache", "maquette", "engine");
    expect(readdirSync(cache).filter((n) => n.startsWith(".build") || n.startsWith("pulumi-"))).toEqual([]);
  });
});

describe("bin/maquette", () => {
  test("in a clone where nothing is installed says so, and how", async () => {
    const bare = new BareClone(false);
    onTestFinished(() => bare.dispose());
    const ran = await bare.maquette(["up"]);
    expectFault(ran, "CLI_NOT_INSTALLED", /npm start/);
    expect(ran.stderr).toContain(bare.root);
    expect(readdirSync(bare.folder).sort()).toEqual(["bin", "repo"]);
  });

  test("is not disturbed by what an editor leaves among the sources", async () => {
    const link = join(clone.root, "src", ".#main.ts");
    symlinkSync("user@host.1234:5678", link);
    onTestFinished(() => rmSync(link));
    expect(await clone.maquette(["--version"])).toEqual({ code: 0, stdout: "maquette 0.1.0\n", stderr: "" });
  });

  test("says what is wrong with a source that does not compile", async () => {
    const file = join(clone.root, "src", "cli", "table.ts");
    const kept = readFileSync(file);
    writeFileSync(file, "export const = ;\n");
    onTestFinished(() => writeFileSync(file, kept));
    expectFault(await clone.maquette(["--version"]), "CLI_NOT_BUILT", /src\/cli\/table\.ts:1/);
  });
});

describe("env", () => {
  test("quotes for a shell whatever a path holds", async () => {
    const strange = clone.at("it's a $HOME `folder`");
    const ran = await clone.maquette(["env", "--stack", "mine"], { env: { XDG_STATE_HOME: strange } });
    expect(ran.code, ran.stderr).toBe(0);
    const shell = spawnSync("sh", ["-c", `${ran.stdout}\nprintf %s "$PULUMI_HOME"`], { encoding: "utf8" });
    expect(shell.stdout.startsWith(strange)).toBe(true);
    expect(ran.stderr).toContain("STACK_UNKNOWN");
    for (const line of ran.stdout.trim().split("\n")) expect(line).toMatch(/^export [A-Z_]+='/);
  });
});
