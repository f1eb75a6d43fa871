import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ImageStore } from "../../../src/twin/images/store.ts";

const LAYER = "0123456789abcdef";

/** A cache with a layer that a request leads to, one that nothing does, what a killed build left, and three packages. */
async function cache(): Promise<{ readonly folder: string; readonly store: ImageStore }> {
  const folder = await mkdtemp(join(tmpdir(), "maquette-images-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of ["index", "packages/trixie/partial", "building-1a2b3c4d", "feedfeedfeedfeed", LAYER])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "index", "request"), `${LAYER}\n`);
  const packages = ["hello=1:2.10-5"];
  const whole = {
    id: LAYER,
    parent: null,
    suite: "trixie",
    asked: ["hello"],
    packages,
    digest: "",
    files: 0,
    bytes: 0,
  };
  await writeFile(join(folder, LAYER, "manifest.json"), JSON.stringify(whole));
  for (const name of ["hello_1%3a2.10-5_amd64.deb", "hello_2.9-1_amd64.deb", "sl_5.02-1_amd64.deb"])
    await writeFile(join(folder, "packages/trixie", name), "");
  const store = new ImageStore({
    folder,
    archive: () => Promise.reject(new Error("nobody builds here")),
    log: () => undefined,
  });
  return { folder, store };
}

const packagesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(join(folder, "packages/trixie"))).filter((name) => name.endsWith(".deb")).sort();

/** As a build of another process holds it. */
async function building(folder: string): Promise<{ end(): Promise<void> }> {
  const holder = spawn("flock", ["--shared", join(folder, "lock-building"), "sh", "-c", "echo; cat >/dev/null"]);
  await once(holder.stdout, "data");
  return {
    end: async () => {
      holder.stdin.end();
      await once(holder, "exit");
    },
  };
}

describe("the cache of images", () => {
  test("is rid of what no request leads to, what killed builds left, and packages of no layer", async () => {
    const { folder, store } = await cache();
    expect([...(await store.collect(new Set()))].sort()).toEqual(["building-1a2b3c4d", "feedfeedfeedfeed"]);
    expect(await packagesIn(folder)).toEqual(["hello_1%3a2.10-5_amd64.deb"]);
  });

  test("keeps what a lab's disk stands on", async () => {
    const { store } = await cache();
    expect(await store.collect(new Set(["feedfeedfeedfeed"]))).toEqual(["building-1a2b3c4d"]);
  });

  test("loses nothing while somebody builds: the packages that a build has fetched are of no layer yet", async () => {
    const { folder, store } = await cache();
    const [one, other] = [await building(folder), await building(folder)];
    await one.end();
    expect(await store.collect(new Set())).toEqual([]);
    expect(await packagesIn(folder)).toHaveLength(3);
    await other.end();
    expect(await store.collect(new Set())).toHaveLength(2);
  });
});
