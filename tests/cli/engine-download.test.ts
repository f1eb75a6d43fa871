import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { releaseOf } from "../../src/engine/download/releases.ts";
import { pins } from "../../src/engine/pins.ts";
import { archiveOf, sha256, shell, type Entry } from "../engine-unit/download/archives.ts";
import { deadPort, proxy, publisher, type Publisher } from "../download/publisher.ts";
import type { Ran } from "../engine/lab.ts";
import { BareClone } from "./clone.ts";

/*
 * The road of a user who has Node and Git and no Go, through the program as it is shipped: bin/maquette, its bundle, the
 * packages beside it, and the variables that Node itself reads. Where the archives come from is the test's.
 */

const release = { pulumi: releaseOf("pulumi", {}), proxmoxve: releaseOf("proxmoxve", {}) };

/** A `pulumi` that says its version, and keeps what it was started with. */
const pulumiProgram = (log: string, version: string): string =>
  shell(`[ "$1" = version ] && { echo "v${version}"; exit 0; }\n{ echo "$0 $*"; env; } >> ${log}`);

let clone: BareClone;
let from: Publisher;
let log: string;

beforeAll(() => {
  clone = new BareClone(true);
  log = clone.at("log");
});
afterAll(() => clone.dispose());

const cliOf = (content: string): Buffer =>
  archiveOf([
    { path: "pulumi/pulumi", content },
    { path: "pulumi/pulumi-language-nodejs", content: shell("exit 0") },
    { path: "pulumi/pulumi-watch", content: "x" },
  ]);
let cli: Buffer;
const pluginEntry: Entry = { path: "pulumi-resource-proxmoxve", content: shell("echo the plugin") };
const plugin = archiveOf([pluginEntry]);

beforeEach(async () => {
  for (const name of ["cache/maquette/engine", "state", "data"])
    rmSync(clone.at(name), { recursive: true, force: true });
  writeFileSync(log, "");
  cli = cliOf(pulumiProgram(log, pins.cli));
  from = await publisher({
    [`/engine/${release.pulumi.archive}`]: cli,
    [`/engine/${release.proxmoxve.archive}`]: plugin,
    [`/engine/pulumi-${pins.cli}-checksums.txt`]: `${sha256(cli)}  ${release.pulumi.archive}\n`,
    [`/engine/pulumi-proxmoxve_${pins.plugin}_checksums.txt`]: `${sha256(plugin)}  ${release.proxmoxve.archive}\n`,
  });
});

const pinsFile = (): string => join(clone.root, "src/engine/pins.ts");
const shippedPins = readFileSync(new URL("../../src/engine/pins.ts", import.meta.url), "utf8");

/**
 * The clone as it is shipped, but for the digest of this machine's archive of Pulumi: that archive is the test's. Only
 * what changes is written, because a changed source is bundled anew.
 */
function pin(archive: Buffer): void {
  const digest = release.pulumi.pinned;
  const wanted = digest === undefined ? shippedPins : shippedPins.replace(digest, sha256(archive));
  if (readFileSync(pinsFile(), "utf8") !== wanted) writeFileSync(pinsFile(), wanted);
}

/** A stack of which nothing is configured: its `env` gets the engine and no more. */
const getEngine = (env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  clone.maquette(["env", "--stack", "mine"], {
    env: { MAQUETTE_ENGINE_MIRROR: `${from.url}/engine`, NODE_EXTRA_CA_CERTS: from.caFile, ...env },
  });
const engine = (): string => clone.at("cache/maquette/engine");
const left = (): string[] =>
  existsSync(engine())
    ? readdirSync(engine())
        .filter((n) => !n.endsWith(".lock"))
        .sort()
    : [];
const bothPlaces = [release.proxmoxve.folder, release.pulumi.folder].sort();

describe("an engine that is downloaded", () => {
  beforeEach(() => pin(cli));

  test("is verified, runs, is kept, and `doctor` says that it was verified", async () => {
    const ran = await getEngine();
    expect(ran.stderr).not.toMatch(/no download|semver/);
    expect(ran.code).toBe(0);
    expect(left()).toEqual(bothPlaces);
    const started = readFileSync(log, "utf8");
    expect(started).toContain(`${join(engine(), release.pulumi.folder, "pulumi")} stack select --create`);
    const home = /^PULUMI_HOME=(.*)$/m.exec(started)![1]!;
    const file = join(home, `plugins/resource-proxmoxve-v${pins.plugin}/pulumi-resource-proxmoxve`);
    expect(readFileSync(file, "utf8")).toBe(pluginEntry.content);
    const asked = from.asked.length;
    expect((await getEngine()).code).toBe(0);
    expect(from.asked).toHaveLength(asked);

    const doctor = await clone.maquette(["doctor", "--json"]);
    const { findings } = JSON.parse(doctor.stdout) as { findings: { what: string; state: string; fact: string }[] };
    for (const what of ["pulumi", "language host", "proxmoxve plugin"]) {
      const found = findings.find((f) => f.what === what)!;
      expect(found).toMatchObject({ state: "good" });
      expect(found.fact).toMatch(/the official download, verified on \d{4}-/);
    }
  });

  test("is not any file that stands at its place, and `doctor` says so", async () => {
    const place = join(engine(), release.pulumi.folder);
    mkdirSync(place, { recursive: true });
    for (const name of ["pulumi", "pulumi-language-nodejs"])
      writeFileSync(join(place, name), shell("echo foreign >&2; exit 9"), { mode: 0o755 });
    const doctor = await clone.maquette(["doctor"]);
    expect(doctor.stdout).toMatch(/pulumi +missing .*no record beside it says that it was verified/);
    const ran = await getEngine();
    expect(ran.code).toBe(0);
    expect(ran.stderr).not.toContain("foreign");
  });

  test("comes through the proxy that the environment names, of which the engine itself sees nothing", async () => {
    const through = await proxy();
    const ran = await getEngine({ HTTPS_PROXY: through.url, https_proxy: "", NO_PROXY: "nobody.example" });
    expect(ran.code).toBe(0);
    expect(new Set(through.asked)).toEqual(new Set([new URL(from.url).host]));
    expect(readFileSync(log, "utf8")).not.toMatch(/^(https?|all|no)_proxy=./im);
  });

  test("whose plugin was cut off half-way leaves no half of it, and the next run brings it whole", async () => {
    from.files.set(`/engine/${release.proxmoxve.archive}`, (_request, response) => {
      response.writeHead(200, { "content-length": plugin.length });
      response.write(plugin.subarray(0, plugin.length / 2), () => response.destroy());
    });
    const cut = await getEngine();
    expect(cut.code).toBe(2);
    expect(cut.stderr).toMatch(/ENGINE_UNAVAILABLE .*proxmoxve/);
    expect(left()).toEqual([release.pulumi.folder]);
    from.files.set(`/engine/${release.proxmoxve.archive}`, plugin);
    expect((await getEngine()).code).toBe(0);
    expect(left()).toEqual(bothPlaces);
  });

  test("by a process that is killed half-way is brought by the next one, and nothing is left of the first", async () => {
    let pid = 0;
    from.files.set(`/engine/${release.pulumi.archive}`, (_request, response) => {
      response.writeHead(200, { "content-length": cli.length });
      response.write(cli.subarray(0, 100), () => process.kill(-pid, "SIGKILL"));
    });
    const killed = await clone.maquette(["env", "--stack", "mine"], {
      env: { MAQUETTE_ENGINE_MIRROR: `${from.url}/engine`, NODE_EXTRA_CA_CERTS: from.caFile },
      onSpawn: (its) => (pid = its),
    });
    expect(killed.code).toBe(137);
    expect(left()).toEqual([expect.stringMatching(/^\.download-/)]);
    from.files.set(`/engine/${release.pulumi.archive}`, cli);
    // Its lock is old enough to be a dead process': that is not waited for here.
    utimesSync(`${engine()}.lock`, 0, 0);
    expect((await getEngine()).code).toBe(0);
    expect(left()).toEqual(bothPlaces);
  });

  test("from somebody for whom nobody vouches is refused", async () => {
    const ran = await getEngine({ NODE_EXTRA_CA_CERTS: "" });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/ENGINE_UNAVAILABLE .*vouches for its certificate .*NODE_EXTRA_CA_CERTS/);
    expect(left()).toEqual([]);
  });
});

describe("an archive that is not what was published", () => {
  // Where none is pinned for this machine its release's checksums file says so: tests/engine-unit/download.
  test.skipIf(release.pulumi.pinned === undefined)("is refused by the pin that is shipped", async () => {
    writeFileSync(pinsFile(), shippedPins);
    const ran = await getEngine();
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/ENGINE_DIGEST .*is not what was published: its SHA-256 is/);
    expect(left()).toEqual([]);
    expect(readFileSync(log, "utf8")).toBe("");
  });

  test("is refused by its release's checksums file", async () => {
    pin(cli);
    const foreign = archiveOf([{ ...pluginEntry, content: shell(`echo foreign >> ${log}`) }]);
    from.files.set(`/engine/${release.proxmoxve.archive}`, foreign);
    const ran = await getEngine();
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/ENGINE_DIGEST .*_checksums\.txt says/);
    expect(left()).toEqual([release.pulumi.folder]);
  });
});

describe("a pulumi on PATH", () => {
  const onPath = (version: string): NodeJS.ProcessEnv => {
    const folder = clone.at(`pulumi-${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "pulumi"), pulumiProgram(log, version), { mode: 0o755 });
    writeFileSync(join(folder, "pulumi-language-nodejs"), shell("exit 0"), { mode: 0o755 });
    return { PATH: `${folder}:${clone.env["PATH"]}` };
  };
  beforeEach(() => pin(cli));

  test.each(["3.247.9", "4.0.0"])(
    "that is %s is left alone, that is said, and another is downloaded",
    async (version) => {
      const ran = await getEngine(onPath(version));
      expect(ran.code).toBe(0);
      expect(ran.stderr).toContain(`pulumi is ${version}, and`);
      expect(left()).toEqual(bothPlaces);
      expect(readFileSync(log, "utf8")).toContain(join(engine(), release.pulumi.folder, "pulumi"));
      const doctor = await clone.maquette(["doctor"], { env: onPath(version) });
      expect(doctor.stdout).toContain(`pulumi is ${version}, and`);
    },
  );

  test.each([pins.cliAtLeast, pins.cli, "3.999.0"])(
    "that is %s serves, and only the plugin is downloaded",
    async (version) => {
      const ran = await getEngine(onPath(version));
      expect(ran.code).toBe(0);
      expect(left()).toEqual([release.proxmoxve.folder]);
      expect(readFileSync(log, "utf8")).toContain(`${clone.at(`pulumi-${version}`, "pulumi")} stack select`);
    },
  );
});

test("without a network and without Go the user is told why, and each of the ways out", async () => {
  pin(cli);
  const ran = await getEngine({ MAQUETTE_ENGINE_MIRROR: `https://localhost:${await deadPort()}` });
  expect(ran.code).toBe(2);
  expect(ran.stderr).toMatch(/ENGINE_UNAVAILABLE .*it refuses connections \(ECONNREFUSED\).*no Go/);
  expect(ran.stderr).toMatch(/hint: .*HTTPS_PROXY.*install Go.*put Pulumi .*on PATH/);
  expect(ran.stderr).not.toMatch(/: \.|undefined|Error:/);
});
