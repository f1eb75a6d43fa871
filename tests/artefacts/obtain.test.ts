import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cacheOf } from "../../src/artefacts/look.ts";
import { obtain, type ObtainOptions, type Obtained } from "../../src/artefacts/obtain.ts";
import type { Artefact } from "../../src/core/artefact.ts";
import { deadPort, proxy, publisher, type Publisher } from "../download/publisher.ts";
import { sha256 } from "../engine-unit/download/archives.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

// Who vouches for the test's server is told by a variable that Node reads when it starts: tests/cli/artefacts.test.ts.
beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0"));
afterEach(() => vi.unstubAllEnvs());

const content = Buffer.from("the release ".repeat(1_000));

interface Case {
  readonly from: Publisher;
  readonly folder: string;
  readonly cache: string;
  readonly said: string[];
  readonly artefact: (name: string, more?: Partial<Artefact>) => Artefact;
  readonly get: (artefacts: readonly Artefact[], more?: Partial<ObtainOptions>) => Promise<Obtained[]>;
}

async function published(...names: readonly string[]): Promise<Case> {
  const from = await publisher(Object.fromEntries(names.map((name) => [`/at/${name}`, content])));
  const root = temporaryFolder();
  const [folder, cache] = [join(root, "folder"), join(root, "cache")];
  mkdirSync(folder);
  const said: string[] = [];
  return {
    from,
    folder,
    cache,
    said,
    artefact: (name, more = {}) => ({
      id: name,
      name,
      version: "1",
      licence: "MIT",
      fileName: name,
      url: `${from.url}/at/${name}`,
      digest: { algorithm: "sha256", hex: sha256(content), by: "the catalogue" },
      source: "Download it",
      ...more,
    }),
    get: async (artefacts, more = {}) => {
      const options = { folder, cache, env: {}, onProgress: (line: string) => said.push(line), ...more };
      const obtained = await obtain(artefacts, options);
      return artefacts.map((a) => obtained.get(a.id)!);
    },
  };
}

const kept = (cache: string): string[] =>
  existsSync(cacheOf(cache)) ? readdirSync(cacheOf(cache)).filter((n) => !n.endsWith(".lock")) : [];

describe("an artefact that is nowhere", () => {
  test("is downloaded into the cache, and not asked for again", async () => {
    const own = await published("a");
    const path = join(cacheOf(own.cache), "a");
    const a = own.artefact("a");
    expect(await own.get([a])).toEqual([{ kind: "found", in: "cache", path, digest: a.digest }]);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(own.said[0]).toBe(`downloading a from ${new URL(own.from.url).host}`);
    expect(await own.get([a])).toMatchObject([{ kind: "found", in: "cache" }]);
    expect(own.from.asked).toEqual(["/at/a"]);
    expect(kept(own.cache)).toEqual(["a"]);
  });

  test("is downloaded once by two that want it at the same time", async () => {
    const own = await published("a");
    const both = await Promise.all([own.get([own.artefact("a")]), own.get([own.artefact("a")])]);
    expect(both.flat()).toMatchObject([{ kind: "found" }, { kind: "found" }]);
    expect(own.from.asked).toEqual(["/at/a"]);
  });

  test("and has no address is asked of nobody", async () => {
    const own = await published("a");
    expect(await own.get([own.artefact("a", { url: null })])).toMatchObject([{ kind: "absent" }]);
    expect(own.from.asked).toEqual([]);
  });

  test("of another digest than is known is not kept, and both are said", async () => {
    const own = await published("a");
    own.from.files.set("/at/a", "<html>");
    const [had] = await own.get([own.artefact("a")]);
    expect(had).toMatchObject({ kind: "refused" });
    const { why } = had as Extract<Obtained, { kind: "refused" }>;
    expect(why).toContain(sha256(Buffer.from("<html>")));
    expect(why).toContain(sha256(content));
    expect(kept(own.cache)).toEqual([]);
  });
});

describe("an artefact that is there and wrong", () => {
  test("is neither downloaded nor written over", async () => {
    const own = await published("a");
    writeFileSync(join(own.folder, "a"), "another");
    expect(await own.get([own.artefact("a")])).toMatchObject([{ kind: "wrong", path: join(own.folder, "a") }]);
    expect(own.from.asked).toEqual([]);
    expect(readFileSync(join(own.folder, "a"), "utf8")).toBe("another");
  });
});

describe("a host that cannot be reached", () => {
  test("is asked once in a run, and the rest goes on", async () => {
    const own = await published("c");
    const nobody = `https://localhost:${await deadPort()}`;
    const [a, b, c] = ["a", "b", "c"].map((n) => own.artefact(n, n === "c" ? {} : { url: `${nobody}/${n}` }));
    const got = await own.get([a!, b!, c!]);
    expect(got).toMatchObject([
      { kind: "refused", why: expect.stringContaining("ECONNREFUSED") as string },
      { kind: "refused", why: expect.stringContaining("was asked before") as string },
      { kind: "found" },
    ]);
    expect(got[1]).toMatchObject({ hint: expect.stringMatching(/maquette:artefacts.*HTTPS_PROXY/) as string });
  });

  test("is one that lets everybody wait, which is given up after a while", async () => {
    const own = await published();
    for (const name of ["a", "b"]) own.from.files.set(`/at/${name}`, () => undefined);
    const got = await own.get([own.artefact("a"), own.artefact("b")], { stallMs: 500 });
    expect(got).toMatchObject([
      { kind: "refused", why: expect.stringMatching(/nothing came for/) as string },
      { kind: "refused", why: expect.stringMatching(/was asked before/) as string },
    ]);
    expect(own.from.asked).not.toContain("/at/b");
  });

  test("is not one that answers that it has no such file", async () => {
    const own = await published("b");
    expect(await own.get([own.artefact("a"), own.artefact("b")])).toMatchObject([
      { kind: "refused", why: expect.stringContaining("404") as string },
      { kind: "found" },
    ]);
  });
});

describe("a download that breaks off", () => {
  test("leaves nothing, and the next run brings it whole", async () => {
    const own = await published();
    own.from.files.set("/at/a", (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100), () => response.destroy());
    });
    expect(await own.get([own.artefact("a")])).toMatchObject([{ kind: "refused" }]);
    expect(kept(own.cache)).toEqual([]);
    own.from.files.set("/at/a", content);
    expect(await own.get([own.artefact("a")])).toMatchObject([{ kind: "found" }]);
  });

  test("without having said how long it is is not taken for whole", async () => {
    const own = await published();
    own.from.files.set("/at/a", (_request, response) => {
      response.writeHead(200);
      response.write(content.subarray(0, 100), () => response.destroy());
    });
    expect(await own.get([own.artefact("a")])).toMatchObject([{ kind: "refused" }]);
    expect(kept(own.cache)).toEqual([]);
  });

  test("because it would never end is given up at its deadline", async () => {
    const own = await published();
    own.from.files.set("/at/a", (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(drip));
    });
    expect(await own.get([own.artefact("a")], { deadlineMs: 1_000 })).toMatchObject([
      { kind: "refused", why: expect.stringMatching(/not whole after 1 s/) as string },
    ]);
    expect(kept(own.cache)).toEqual([]);
  });

  test("because somebody asks to stop ends the run", async () => {
    const own = await published();
    const stop = new AbortController();
    own.from.files.set("/at/a", (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100), () => stop.abort());
    });
    const fault = await faultOf(() => own.get([own.artefact("a")], { signal: stop.signal }));
    expect(fault.code).toBe("ARTEFACT_INTERRUPTED");
    expect(kept(own.cache)).toEqual([]);
  });

  test("by a process that was killed is cleared away by the next one", async () => {
    const own = await published("a");
    mkdirSync(join(cacheOf(own.cache), ".download-x1y2z3"), { recursive: true });
    await own.get([own.artefact("a")]);
    expect(kept(own.cache)).toEqual(["a"]);
  });
});

describe("the way to an artefact", () => {
  test("follows where its publisher points to, by HTTPS alone", async () => {
    const own = await published();
    const there = await publisher({ "/blob": content });
    const point = (location: string): void =>
      void own.from.files.set("/at/a", (_request, response) => response.writeHead(302, { location }).end());
    point("http://localhost/x");
    expect(await own.get([own.artefact("a")])).toMatchObject([
      { kind: "refused", why: expect.stringMatching(/points to http:/) as string },
    ]);
    point(`${there.url}/blob`);
    expect(await own.get([own.artefact("a")])).toMatchObject([{ kind: "found" }]);
  });

  test("goes through the proxy that the environment names", async () => {
    const own = await published("a");
    const through = await proxy();
    expect(await own.get([own.artefact("a")], { env: { HTTPS_PROXY: through.url } })).toMatchObject([
      { kind: "found" },
    ]);
    expect(through.asked).toEqual([new URL(own.from.url).host]);
  });

  test("through what is no proxy is told, without its password", async () => {
    const own = await published("a");
    const [had] = await own.get([own.artefact("a")], { env: { HTTPS_PROXY: "socks5://user:secret@127.0.0.1:1" } });
    expect(had).toMatchObject({ kind: "refused", why: expect.stringMatching(/HTTPS_PROXY does not name/) as string });
    expect(JSON.stringify(had)).not.toContain("secret");
  });

  test("may lead to a mirror, which digests hold for as well", async () => {
    const own = await published();
    const mirror = await publisher({ "/files/a": content, "/files/b": "another" });
    const env = { MAQUETTE_ARTEFACT_MIRROR: `${mirror.url}/files/` };
    const got = await own.get([own.artefact("a"), own.artefact("b")], { env });
    expect(got).toMatchObject([{ kind: "found" }, { kind: "refused" }]);
    expect(own.from.asked).toEqual([]);
  });

  test("to a mirror that is none is a mistake to be mended", async () => {
    const own = await published("a");
    const env = { MAQUETTE_ARTEFACT_MIRROR: "/media/usb" };
    expect((await faultOf(() => own.get([own.artefact("a")], { env }))).code).toBe("ARTEFACT_MIRROR");
  });
});
