import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findEngine, getEngine, installPlugin, type Engine } from "../../src/engine/engine.ts";
import { pins } from "../../src/engine/pins.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { downloadedBefore, script } from "./programs.ts";

const find = (path: string, more: NodeJS.ProcessEnv = {}, cache = temporaryFolder()): Promise<Partial<Engine>> =>
  findEngine({ root: repositoryRoot(), cache, env: { PATH: `${path}:/usr/bin:/bin`, ...more } });

function pulumiOnPath(version: string, withLanguage = true): string {
  const folder = temporaryFolder();
  script(join(folder, "pulumi"), `echo "${version}"`);
  if (withLanguage) script(join(folder, "pulumi-language-nodejs"), "exit 0");
  return folder;
}

describe("pulumi on PATH", () => {
  test("serves when it is recent enough and has its language host beside it", async () => {
    const folder = pulumiOnPath(`v${pins.cliAtLeast}`);
    expect(await find(folder)).toEqual({
      cli: { file: join(folder, "pulumi"), version: pins.cliAtLeast, source: "path" },
      language: { file: join(folder, "pulumi-language-nodejs"), version: pins.cliAtLeast, source: "path" },
    });
  });

  test("serves with a language host elsewhere on PATH", async () => {
    const host = temporaryFolder();
    script(join(host, "pulumi-language-nodejs"), "exit 0");
    const found = await find(`${pulumiOnPath("v3.300.0", false)}:${host}`);
    expect(found.language?.file).toBe(join(host, "pulumi-language-nodejs"));
  });

  test.each(["v3.247.9", "v2.99.0", "v4.0.0", "v1", "not a version", ""])("does not serve as %j", async (version) => {
    expect(await find(pulumiOnPath(version))).toEqual({});
  });

  test("does not serve without its language host", async () => {
    expect(await find(pulumiOnPath("v3.300.0", false))).toEqual({});
  });

  test("is not our own wrapper, whatever clone wrote it: what stands behind it is", async () => {
    const wrapper = pulumiOnPath("v3.300.0");
    script(join(wrapper, ".maquette-wrapper"), "");
    const real = pulumiOnPath("v3.301.0");
    expect(await find(wrapper)).toEqual({});
    expect((await find(`${wrapper}:${real}`)).cli?.file).toBe(join(real, "pulumi"));
  });

  test("that cannot be run at all is passed over", async () => {
    const folder = temporaryFolder();
    script(join(folder, "pulumi-language-nodejs"), "exit 0");
    script(join(folder, "pulumi"), "");
    writeFileSync(join(folder, "pulumi"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 9, 9, 9, 9]));
    expect(await find(folder)).toEqual({});
  });

  test("is not looked for in empty parts of PATH, files or folders that are not there", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await find(`::${file}:/nonexistent`)).toEqual({});
  });
});

describe("MAQUETTE_ENGINE", () => {
  test("asks for one source alone", async () => {
    const folder = pulumiOnPath("v3.300.0");
    for (const source of ["download", "build"]) expect(await find(folder, { MAQUETTE_ENGINE: source })).toEqual({});
    for (const source of ["path", ""]) expect((await find(folder, { MAQUETTE_ENGINE: source })).cli).toBeDefined();
  });

  test("of another value is refused, with the three it may be", async () => {
    const fault = await faultOf(() => find("", { MAQUETTE_ENGINE: "docker" }));
    expect(fault.code).toBe("ENGINE_SOURCE");
    expect(fault.hint).toMatch(/path, download or build/);
  });

  test("path, where none is, is refused with the cure and nothing is got", async () => {
    const options = { root: repositoryRoot(), cache: temporaryFolder(), onProgress: (): undefined => undefined };
    const fault = await faultOf(() =>
      getEngine({ ...options, env: { PATH: "/nonexistent", MAQUETTE_ENGINE: "path" } }),
    );
    expect(fault.code).toBe("ENGINE_NOT_ON_PATH");
    expect(fault.message).toContain(pins.cliAtLeast);
    expect(fault.hint).toContain("pulumi.com/docs/install");
    const old = pulumiOnPath("v3.100.0");
    const env = { PATH: `${old}:/usr/bin:/bin`, MAQUETTE_ENGINE: "path" };
    expect((await faultOf(() => getEngine({ ...options, env }))).message).toMatch(
      /does not serve: .*\/pulumi is 3\.100\.0, and .* or newer is needed/,
    );
  });
});

describe("what was got before", () => {
  test("is the released plugin where it is there, before one that was built", async () => {
    const cache = temporaryFolder();
    const file = join(downloadedBefore(cache, "proxmoxve", ""), "pulumi-resource-proxmoxve");
    const { plugin } = await find("", {}, cache);
    expect(plugin).toEqual({ file, version: pins.plugin, source: "download" });
    expect(await find("", { MAQUETTE_ENGINE: "build" }, cache)).toEqual({});
  });

  test("is a downloaded CLI only as it was verified: neither half of it nor any file at its place", async () => {
    const cache = temporaryFolder();
    const folder = downloadedBefore(cache, "pulumi", "");
    const file = join(folder, "pulumi");
    expect((await find("", {}, cache)).cli).toEqual({ file, version: pins.cli, source: "download" });
    writeFileSync(file, "#!/bin/sh\necho another\n");
    expect(await find("", {}, cache)).toEqual({});
    downloadedBefore(cache, "pulumi", "");
    rmSync(join(folder, "pulumi-language-nodejs"));
    expect(await find("", {}, cache)).toEqual({});
    downloadedBefore(cache, "pulumi", "");
    rmSync(join(folder, "verified.json"));
    expect(await find("", {}, cache)).toEqual({});
  });
});

test("a plugin is linked under its released name into a private home, and the link follows a new one", async () => {
  const home = temporaryFolder();
  const { readlinkSync, readdirSync } = await import("node:fs");
  for (const file of ["/one", "/two"]) {
    await installPlugin(home, { file, version: pins.plugin, source: "build" });
    const folder = join(home, `plugins/resource-proxmoxve-v${pins.plugin}`);
    expect(readdirSync(folder)).toEqual(["pulumi-resource-proxmoxve"]);
    expect(readlinkSync(join(folder, "pulumi-resource-proxmoxve"))).toBe(file);
  }
});
