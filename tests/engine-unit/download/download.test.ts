import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { download } from "../../../src/engine/download/download.ts";
import { releaseOf, type Release } from "../../../src/engine/download/releases.ts";
import { judge } from "../../../src/engine/download/verified.ts";
import { faultOf, temporaryFolder } from "../../stack/temporary.ts";
import { archiveOf, sha256 } from "./archives.ts";
import { deadPort, proxy, publisher, type Publisher } from "../../download/publisher.ts";

// Who vouches for the test's server is told by a variable that Node reads when it starts: tests/cli/engine-download.test.ts.
beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0"));
afterEach(() => vi.unstubAllEnvs());

const program = "#!/bin/sh\necho plugin\n";
const archive = archiveOf([
  { path: "README.md", content: "x" },
  { path: "pulumi-resource-proxmoxve", content: program },
]);

interface Case {
  readonly from: Publisher;
  readonly folder: string;
  readonly release: Release;
  readonly archive: string;
  readonly sums: string;
  readonly said: string[];
  readonly get: (env?: NodeJS.ProcessEnv, more?: object) => Promise<string>;
}

/** The plugin's release on a mirror of the test's: nobody has pinned that archive. */
async function mirrored(
  sumsOf: (archive: string) => string = (name) => `${sha256(archive)}  ${name}\n`,
): Promise<Case> {
  const from = await publisher();
  const release = releaseOf("proxmoxve", { MAQUETTE_ENGINE_MIRROR: `${from.url}/engine` });
  expect(release.pinned).toBeUndefined();
  const paths = { archive: new URL(release.url).pathname, sums: new URL(release.sums).pathname };
  from.files.set(paths.archive, archive).set(paths.sums, sumsOf(release.archive));
  const folder = join(temporaryFolder(), "engine");
  const said: string[] = [];
  const get: Case["get"] = (env = {}, more = {}) =>
    download(release, { folder, env, onProgress: (line) => said.push(line), ...more });
  return { from, folder, release, ...paths, said, get };
}

const left = (folder: string): string[] => readdirSync(folder).filter((name) => !name.endsWith(".lock"));

describe("a download", () => {
  test("is held against its release's checksums, and put in its place with a record of that", async () => {
    const own = await mirrored((name) => `${"0".repeat(64)}  another.tar.gz\n${sha256(archive)}  ${name}\n`);
    const place = await own.get();
    const file = join(place, "pulumi-resource-proxmoxve");
    expect(readFileSync(file, "utf8")).toBe(program);
    expect(statSync(file).mode & 0o100).toBe(0o100);
    expect(left(own.folder)).toEqual([own.release.folder]);
    expect(own.from.asked).toEqual([own.sums, own.archive]);
    const record = JSON.parse(readFileSync(join(place, "verified.json"), "utf8")) as object;
    expect(record).toMatchObject({
      name: "proxmoxve",
      version: own.release.version,
      url: own.release.url,
      sha256: sha256(archive),
      by: own.release.sums,
    });
    expect(await judge(place, own.release, true)).toMatchObject({ kind: "verified" });
  });

  test("that was verified is not asked for again", async () => {
    const own = await mirrored();
    const [one, two] = await Promise.all([own.get(), own.get()]);
    expect(await own.get()).toBe(one);
    expect(two).toBe(one);
    expect(own.from.asked).toEqual([own.sums, own.archive]);
  });

  test("of a pinned archive asks nobody for its digest, and a checksums file cannot make another one good", async () => {
    const own = await mirrored();
    const pinned = { ...own.release, pinned: sha256(archive) };
    const options = { folder: own.folder, env: {}, onProgress: () => undefined };
    await download(pinned, options);
    expect(own.from.asked).toEqual([own.archive]);
    const other = { ...own.release, pinned: "0".repeat(64) };
    expect(await judge(join(own.folder, other.folder), other, false)).toMatchObject({
      kind: "unverified",
      why: expect.stringMatching(/another archive is pinned/) as string,
    });
    const fault = await faultOf(() => download(other, options));
    expect(fault.code).toBe("ENGINE_DIGEST");
    expect(fault.message).toMatch(/pins\.ts says 0{64}/);
  });

  test("of another archive than was published is refused before anything of it is unpacked", async () => {
    const own = await mirrored();
    const foreign = archiveOf([{ path: "pulumi-resource-proxmoxve", content: "#!/bin/sh\necho foreign\n" }]);
    own.from.files.set(own.archive, foreign);
    const fault = await faultOf(() => own.get());
    expect(fault.code).toBe("ENGINE_DIGEST");
    expect(fault.message).toContain(sha256(foreign));
    expect(fault.message).toContain(sha256(archive));
    expect(left(own.folder)).toEqual([]);
  });

  test("of which no checksum is published is refused", async () => {
    const own = await mirrored(() => `${sha256(archive)}  another.tar.gz\n`);
    expect((await faultOf(() => own.get())).code).toBe("ENGINE_DIGEST");
    own.from.files.delete(own.sums);
    const fault = await faultOf(() => own.get());
    expect(fault.message).toMatch(/checksums\.txt cannot be had: it answers 404/);
    expect(own.from.asked).not.toContain(own.archive);
    expect(left(own.folder)).toEqual([]);
  });

  test("that is what was published and holds no program is not taken", async () => {
    const empty = archiveOf([{ path: "README.md", content: "x" }]);
    const own = await mirrored((name) => `${sha256(empty)} *${name}\n`);
    own.from.files.set(own.archive, empty);
    const fault = await faultOf(() => own.get());
    expect(fault.code).toBe("ENGINE_ARCHIVE");
    expect(fault.message).toMatch(/pulumi-resource-proxmoxve is not in it/);
    expect(left(own.folder)).toEqual([]);
  });
});

describe("a download that breaks off", () => {
  const half = (response: ServerResponse): void => {
    response.writeHead(200, { "content-length": archive.length });
    response.write(archive.subarray(0, 100), () => response.destroy());
  };

  test("leaves nothing, and the next one brings all of it", async () => {
    const own = await mirrored();
    own.from.files.set(own.archive, (_request, response) => half(response));
    const fault = await faultOf(() => own.get());
    expect(fault.code).toBe("ENGINE_DOWNLOAD");
    expect(fault.message).toContain(own.release.url);
    expect(left(own.folder)).toEqual([]);
    own.from.files.set(own.archive, archive);
    expect(await judge(await own.get(), own.release, true)).toMatchObject({ kind: "verified" });
  });

  test("by a process that was killed is cleared away by the next one, as is what an earlier version left", async () => {
    const own = await mirrored();
    for (const name of [".download-x1y2z3/programs", "plugin-8.6.0/plugins/x", "download-3.255.0/bin"])
      mkdirSync(join(own.folder, name), { recursive: true });
    await own.get();
    expect(left(own.folder)).toEqual([own.release.folder]);
  });

  test("because somebody asks to stop ends at once", async () => {
    const own = await mirrored();
    const stop = new AbortController();
    own.from.files.set(own.archive, (_request, response) => {
      response.writeHead(200, { "content-length": archive.length });
      response.write(archive.subarray(0, 100), () => stop.abort());
    });
    const fault = await faultOf(() => own.get({}, { signal: stop.signal }));
    expect(fault.code).toBe("ENGINE_INTERRUPTED");
    expect(left(own.folder)).toEqual([]);
  });

  test("because nothing comes any more is given up, and says so", async () => {
    const own = await mirrored();
    own.from.files.set(own.archive, (_request, response) => {
      response.writeHead(200, { "content-length": archive.length });
      response.write(archive.subarray(0, 100));
    });
    const fault = await faultOf(() => own.get({}, { stallMs: 1_000 }));
    expect(fault.code).toBe("ENGINE_DOWNLOAD");
    expect(fault.message).toContain("nothing came for 1 s");
  });

  test("because it never comes to an end is given up, though something comes all the time", async () => {
    const own = await mirrored();
    own.from.files.set(own.archive, (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(drip));
    });
    const fault = await faultOf(() => own.get({}, { deadlineMs: 1_000 }));
    expect(fault.message).toContain("it was not whole after 1 s");
    expect(left(own.folder)).toEqual([]);
  });
});

describe("what stands at a download's place", () => {
  test("and was verified by nobody is replaced, not used", async () => {
    const own = await mirrored();
    const place = join(own.folder, own.release.folder);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "pulumi-resource-proxmoxve"), "half a bin", { mode: 0o755 });
    expect(await judge(place, own.release, false)).toMatchObject({
      kind: "unverified",
      why: expect.stringMatching(/no record/) as string,
    });
    expect(readFileSync(join(await own.get(), "pulumi-resource-proxmoxve"), "utf8")).toBe(program);
  });

  test("and was changed since is told from what was verified", async () => {
    const own = await mirrored();
    const place = await own.get();
    const file = join(place, "pulumi-resource-proxmoxve");
    const { mtime, atime } = statSync(file);
    writeFileSync(file, program.replace("plugin", "nigulp"));
    utimesSync(file, atime, mtime);
    expect((await judge(place, own.release, true)).kind).toBe("unverified");
    writeFileSync(file, "shorter");
    expect((await judge(place, own.release, false)).kind).toBe("unverified");
    chmodSync(file, 0o644);
    expect((await judge(place, own.release, false)).kind).toBe("unverified");
    await own.get();
    expect(readFileSync(file, "utf8")).toBe(program);
  });

  test("is nothing where nothing is", async () => {
    const own = await mirrored();
    expect(await judge(join(own.folder, "x"), own.release, false)).toEqual({ kind: "absent" });
  });
});

describe("the way to a download", () => {
  test("follows where the publisher points to, by HTTPS alone", async () => {
    const own = await mirrored();
    const there = await publisher({ "/assets/1": archive });
    own.from.files.set(own.archive, (_request, response) =>
      response.writeHead(302, { location: `${there.url}/assets/1` }).end(),
    );
    await own.get();
    expect(there.asked).toEqual(["/assets/1"]);
    const other = await mirrored();
    other.from.files.set(other.archive, (_request, response) =>
      response.writeHead(302, { location: "http://localhost/x" }).end(),
    );
    expect((await faultOf(() => other.get())).message).toMatch(/points to http:/);
  });

  test("that leads in a circle ends", async () => {
    const own = await mirrored();
    own.from.files.set(own.archive, (_request, response) =>
      response.writeHead(302, { location: own.release.url }).end(),
    );
    expect((await faultOf(() => own.get())).message).toMatch(/points elsewhere more than 5 times/);
  });

  test.each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])("goes through the proxy that %s names", async (name) => {
    const own = await mirrored();
    const through = await proxy();
    const withUser = through.url.replace("http://", "http://user:secret@");
    await own.get({ [name]: withUser });
    expect(new Set(through.asked)).toEqual(new Set([new URL(own.from.url).host]));
    expect(through.auth[0]).toBe(`Basic ${Buffer.from("user:secret").toString("base64")}`);
  });

  test("leaves the proxy out for whom NO_PROXY names, and for a proxy of plain HTTP alone", async () => {
    const own = await mirrored();
    const through = await proxy();
    await own.get({ HTTPS_PROXY: through.url, NO_PROXY: "localhost" });
    const other = await mirrored();
    await other.get({ HTTP_PROXY: through.url });
    expect(through.asked).toEqual([]);
  });

  test("does not look into this process' own environment", async () => {
    const through = await proxy();
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]) vi.stubEnv(name, through.url);
    const own = await mirrored();
    await own.get({});
    expect(through.asked).toEqual([]);
  });

  test("through a proxy that is not there says which, without its password", async () => {
    const own = await mirrored();
    const port = await deadPort();
    const fault = await faultOf(() => own.get({ HTTPS_PROXY: `user:secret@127.0.0.1:${port}` }));
    expect(fault.message).toContain(`127.0.0.1:${port}`);
    expect(fault.message).toMatch(/refuses connections/);
    expect(fault.message + fault.hint).not.toContain("secret");
  });

  test("through what is no proxy is refused, without its password", async () => {
    const own = await mirrored();
    const fault = await faultOf(() => own.get({ HTTPS_PROXY: "socks5://user:secret@127.0.0.1:1" }));
    expect(fault.code).toBe("ENGINE_PROXY");
    expect(fault.message + fault.hint).not.toContain("secret");
    expect(existsSync(join(own.folder, own.release.folder))).toBe(false);
  });

  test("to nobody is said in words that are never empty", async () => {
    const own = await mirrored();
    const port = await deadPort();
    const env = { MAQUETTE_ENGINE_MIRROR: `https://localhost:${port}` };
    const release = releaseOf("proxmoxve", env);
    const fault = await faultOf(() => download(release, { folder: own.folder, env: {}, onProgress: () => undefined }));
    expect(fault.message).toMatch(/checksums\.txt cannot be had: it refuses connections \(ECONNREFUSED\)/);
    expect(fault.hint).toMatch(/HTTPS_PROXY.*MAQUETTE_ENGINE_MIRROR/);
  });

  test("to whom nobody vouches for is refused, with the variable that names an authority", async () => {
    const own = await mirrored();
    vi.unstubAllEnvs();
    const fault = await faultOf(() => own.get());
    expect(fault.message).toMatch(/vouches for its certificate .*NODE_EXTRA_CA_CERTS/);
    expect(own.from.asked).toEqual([]);
  });
});
