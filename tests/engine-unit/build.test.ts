import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildProgram, builtProgram, goVersion } from "../../src/engine/build.ts";
import { getEngine } from "../../src/engine/engine.ts";
import { pins } from "../../src/engine/pins.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { deadPort } from "../download/publisher.ts";
import { isAlive, script, until } from "./programs.ts";

afterEach(() => vi.unstubAllEnvs());

/** Puts a `go` first on PATH: it knows its version, and builds by the given lines of shell. */
function fakeGo(build: string, version = `go${pins.goAtLeast}`): string {
  const folder = temporaryFolder();
  script(join(folder, "go"), `if [ "$1" = env ]; then echo "${version}"; exit 0; fi\n${build}`);
  vi.stubEnv("PATH", `${folder}${delimiter}/usr/bin${delimiter}/bin`);
  return folder;
}

/** Writes what `-o` names. */
const builds = `while [ "$1" != "-o" ]; do shift; done; printf '#!/bin/sh\\n' > "$2"`;

const options = (cache = temporaryFolder()): Parameters<typeof buildProgram>[1] => ({
  root: repositoryRoot(),
  cache,
  onProgress: () => undefined,
});
const left = (cache: string): string[] => {
  const folder = join(cache, "engine");
  return existsSync(folder) ? readdirSync(folder).filter((n) => !n.endsWith(".lock")) : [];
};

describe("Go", () => {
  test("is not there: said with three cures, and nothing is written", async () => {
    vi.stubEnv("PATH", temporaryFolder());
    const own = options();
    const fault = await faultOf(() => buildProgram("pulumi", own));
    expect(fault.code).toBe("ENGINE_NO_GO");
    expect(fault.hint).toMatch(/Install Go.*Pulumi.*on PATH.*reach github\.com/);
    expect(left(own.cache)).toEqual([]);
  });

  test("is too old: said with both versions", async () => {
    fakeGo("exit 1", "go1.25.9");
    const fault = await faultOf(() => buildProgram("pulumi", options()));
    expect(fault.code).toBe("ENGINE_NO_GO");
    expect(fault.message).toContain("Go 1.25.9 is too old");
    expect(fault.message).toContain(pins.goAtLeast);
  });

  test.each([
    ["go1.26.8", "1.26.8"],
    ["go1.27rc1", "1.27"],
    ["devel go1.28-abcdef Mon", "1.28"],
    ["nonsense", undefined],
  ])("that calls itself %j is %s", async (said, version) => {
    fakeGo("exit 1", said);
    expect(await goVersion()).toBe(version);
  });

  test("that may not be run is as good as none", async () => {
    const folder = fakeGo("exit 1");
    writeFileSync(join(folder, "go"), "", { mode: 0o600 });
    const { chmodSync } = await import("node:fs");
    chmodSync(join(folder, "go"), 0o600);
    vi.stubEnv("PATH", folder);
    expect(await goVersion()).toBeUndefined();
  });
});

describe("a build", () => {
  test("is made once, found from then on, and leaves nothing but its program", async () => {
    fakeGo(builds);
    const own = options();
    const file = await buildProgram("pulumi", own);
    expect(readFileSync(file, "utf8")).toBe("#!/bin/sh\n");
    expect(await builtProgram("pulumi", own)).toBe(file);
    expect(left(own.cache)).toHaveLength(1);
    fakeGo("exit 1");
    expect(await buildProgram("pulumi", own)).toBe(file);
  });

  test("asked for twice at once is made once", async () => {
    const count = join(temporaryFolder(), "count");
    fakeGo(`echo x >> ${count}\n${builds}`);
    const own = options();
    const [one, two] = await Promise.all([buildProgram("pulumi", own), buildProgram("pulumi", own)]);
    expect(one).toBe(two);
    expect(readFileSync(count, "utf8")).toBe("x\n");
  });

  test("that fails says Go's last lines without its downloads, and leaves nothing half-made", async () => {
    fakeGo(`echo "go: downloading example.org/x v1" >&2; echo "x.go:1: undefined: y" >&2; exit 3`);
    const own = options();
    const fault = await faultOf(() => buildProgram("pulumi", own));
    expect(fault.code).toBe("ENGINE_BUILD");
    expect(fault.message).toMatch(/pulumi .*\(exit 3\)[\s\S]*undefined: y/);
    expect(fault.message).not.toContain("downloading");
    expect(fault.hint).toMatch(/GOPROXY/);
    expect(left(own.cache)).toEqual([]);
    expect(await builtProgram("pulumi", own)).toBeUndefined();
  });

  test("runs without cgo, without the user's workspace, and out of the repository", async () => {
    const seen = join(temporaryFolder(), "seen");
    fakeGo(`echo "$CGO_ENABLED $GOWORK $GOFLAGS $PWD" > ${seen}\n${builds}`);
    const own = options();
    await buildProgram("pulumi-language-nodejs", own);
    expect(readFileSync(seen, "utf8")).toMatch(new RegExp(`^0 off -mod=mod -buildvcs=false ${own.cache}/`));
  });

  test("that is interrupted ends Go at once, and leaves nothing", async () => {
    const pidFile = join(temporaryFolder(), "pid");
    fakeGo(`echo $$ > ${pidFile}.tmp; mv ${pidFile}.tmp ${pidFile}; exec sleep 60`);
    const own = options();
    const controller = new AbortController();
    const building = faultOf(() => buildProgram("pulumi", { ...own, signal: controller.signal }));
    await until(() => existsSync(pidFile), "the build");
    controller.abort();
    expect((await building).code).toBe("ENGINE_INTERRUPTED");
    expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
    expect(left(own.cache)).toEqual([]);
  });

  test("clears away what a build that was killed left", async () => {
    fakeGo(builds);
    const own = options();
    mkdirSync(join(own.cache, "engine/.build-pulumi-x1y2z3/src"), { recursive: true });
    await buildProgram("pulumi", own);
    expect(left(own.cache)).toEqual([expect.stringMatching(/^pulumi-[0-9a-f]{16}$/)]);
  });

  test("in a cache that is a file says so", async () => {
    fakeGo(builds);
    const file = join(temporaryFolder(), "cache");
    writeFileSync(file, "");
    const fault = await faultOf(() => buildProgram("pulumi", options(file)));
    expect(fault.code).toBe("DISK_NOT_A_FOLDER");
    expect(fault.hint).toContain("XDG_CACHE_HOME");
  });
});

describe("an engine that cannot be downloaded", () => {
  /** A mirror at which nobody listens. */
  const nowhere = async (more: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> => ({
    PATH: "/nonexistent",
    MAQUETTE_ENGINE_MIRROR: `https://localhost:${await deadPort()}`,
    ...more,
  });

  test("is built where there is a Go, and why is said first", async () => {
    fakeGo(builds);
    const said: string[] = [];
    const own = { ...options(), onProgress: (line: string) => void said.push(line) };
    // The bridge's own generator is no script of this test's: what is of interest here comes before it.
    const env = await nowhere();
    await faultOf(() => getEngine({ ...own, env }));
    expect(said.join("\n")).toMatch(/refuses connections[\s\S]*Building with Go instead/);
    expect(await builtProgram("pulumi", own)).toBeDefined();
  });

  test("and cannot be built either is said in one piece: why not, and each of the cures", async () => {
    vi.stubEnv("PATH", temporaryFolder());
    const own = options();
    const env = await nowhere();
    const fault = await faultOf(() => getEngine({ ...own, env }));
    expect(fault.code).toBe("ENGINE_UNAVAILABLE");
    expect(fault.message).toMatch(/cannot be had\. https:.* cannot be had: it refuses connections .* no Go 1\.26/);
    expect(fault.hint).toMatch(/github\.com .*HTTPS_PROXY.*install Go.*on PATH/);
    expect(left(own.cache)).toEqual([]);
  });

  test("and was asked for by download alone is not built", async () => {
    fakeGo(builds);
    const own = options();
    const env = await nowhere({ MAQUETTE_ENGINE: "download" });
    expect((await faultOf(() => getEngine({ ...own, env }))).code).toBe("ENGINE_DOWNLOAD");
    expect(left(own.cache)).toEqual([]);
  });
});

test("an engine asked for by build alone, where there is no Go, fails with the cure and before any download", async () => {
  vi.stubEnv("PATH", temporaryFolder());
  const said: string[] = [];
  const env = { PATH: "/nonexistent", MAQUETTE_ENGINE: "build" };
  const fault = await faultOf(() => getEngine({ ...options(), onProgress: (line) => said.push(line), env }));
  expect(fault.code).toBe("ENGINE_NO_GO");
  expect(said).toEqual([]);
});
