import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { cacheOf, look } from "../../src/artefacts/look.ts";
import type { Artefact, Found } from "../../src/core/artefact.ts";
import { ebrigade } from "../../src/roles/artefacts.ts";
import { sha256 } from "../engine-unit/download/archives.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { zipOf } from "./zips.ts";

const content = Buffer.from("the release");
const tool: Artefact = {
  id: "tool",
  name: "Tool",
  version: "1.2",
  licence: "MIT",
  fileName: "tool-1.2.tar.gz",
  url: "https://example.org/tool",
  digest: { algorithm: "sha256", hex: sha256(content), by: "the catalogue" },
  source: "Download it",
};

let folder: string;
let cache: string;
beforeEach(() => {
  const root = temporaryFolder();
  folder = join(root, "folder");
  cache = join(root, "cache");
  mkdirSync(folder);
});
const put = (name: string, bytes: Buffer | string): void => writeFileSync(join(folder, name), bytes);
const find = (artefact: Artefact = tool): Promise<Found> => look(artefact, { folder, cache });

describe("an artefact that is looked for", () => {
  test("is found by its name and digest, in the folder or in the cache", async () => {
    mkdirSync(cacheOf(cache), { recursive: true });
    writeFileSync(join(cacheOf(cache), tool.fileName), content);
    expect(await find()).toMatchObject({ kind: "found", in: "cache" });
    put(tool.fileName, content);
    expect(await find()).toMatchObject({ kind: "found", in: "folder", path: join(folder, tool.fileName) });
    expect(await look(tool, { folder: null, cache })).toMatchObject({ in: "cache" });
  });

  test("is nowhere on a machine that has neither folder nor cache", async () => {
    const found = await look(tool, { folder: null, cache });
    expect(found).toEqual({ kind: "absent", looked: [join(cacheOf(cache), tool.fileName)], others: [] });
  });

  test("in another version is said to be that", async () => {
    put("tool-1.3.tar.gz", content);
    expect(await find()).toMatchObject({ kind: "absent", others: [join(folder, "tool-1.3.tar.gz")] });
  });

  test("and was cut off is not used, though the cache has a whole one", async () => {
    mkdirSync(cacheOf(cache), { recursive: true });
    writeFileSync(join(cacheOf(cache), tool.fileName), content);
    put(tool.fileName, content.subarray(1));
    expect(await find()).toMatchObject({ kind: "wrong", is: sha256(content.subarray(1)), wanted: tool.digest });
  });

  test("and is a folder is said to be no file", async () => {
    mkdirSync(join(folder, tool.fileName));
    expect(await find()).toMatchObject({ kind: "unreadable", why: "it is no file" });
  });

  test("in a folder that is not there says so, and is not looked for elsewhere", async () => {
    mkdirSync(cacheOf(cache), { recursive: true });
    writeFileSync(join(cacheOf(cache), tool.fileName), content);
    rmSync(folder, { recursive: true });
    expect(await find()).toMatchObject({ kind: "unreadable", why: `there is no folder ${folder}` });
  });
});

describe("an artefact that its user vouches for", () => {
  const supplied: Artefact = { ...tool, url: null, digest: null };

  test("is held against the file beside it, as sha256sum or its publisher wrote it", async () => {
    put(tool.fileName, content);
    expect(await find(supplied)).toMatchObject({ kind: "unstated", is: sha256(content) });
    put(`${tool.fileName}.sha256`, `SHA256 (${tool.fileName}) = ${sha256(content)}\n`);
    expect(await find(supplied)).toMatchObject({
      kind: "found",
      digest: { by: join(folder, `${tool.fileName}.sha256`) },
    });
    put(tool.fileName, "another");
    expect((await find(supplied)).kind).toBe("wrong");
  });

  test("beside which stands something else is not used", async () => {
    put(tool.fileName, content);
    put(`${tool.fileName}.sha256`, "<html>not found</html>");
    expect(await find(supplied)).toMatchObject({
      kind: "unreadable",
      why: expect.stringMatching(/has no SHA-256 of it/) as string,
    });
  });
});

describe("eBrigade's zip", () => {
  const [artefact] = ebrigade as readonly [Artefact];
  const zip = (version: string, name = "ebrigade/config.php"): Buffer =>
    zipOf([
      { name: "ebrigade/index.php", content: '<?php $patch_version="0";' },
      { name, content: `<?php\n$version="5.3";\n// patch version\n$patch_version="${version}";\n` },
    ]);
  const putZip = (bytes: Buffer): void => {
    put(artefact.fileName, bytes);
    put(`${artefact.fileName}.sha256`, `${sha256(bytes)}  ${artefact.fileName}\n`);
  };

  test("is of the version that its config.php says, in a folder of its own or not", async () => {
    putZip(zip("5.3.2"));
    expect((await find(artefact)).kind).toBe("found");
    putZip(zip("5.3.2", "config.php"));
    expect((await find(artefact)).kind).toBe("found");
  });

  test("of another version is refused, whoever vouches for it", async () => {
    putZip(zip("5.4"));
    expect(await find(artefact)).toMatchObject({ kind: "other-version", is: "5.4", wanted: "5.3.2" });
  });

  test("without that file, or with it too deep, says no version", async () => {
    putZip(zip("5.3.2", "a/b/config.php"));
    expect(await find(artefact)).toMatchObject({ kind: "other-version", is: null });
  });

  test.each([
    ["a path above it", { name: "ebrigade/../../etc/cron.d/x" }, /leads out of it/],
    ["a path from the root", { name: "/etc/cron.d/x" }, /leads out of it/],
    ["a path of another system", { name: "ebrigade\\..\\x" }, /leads out of it/],
    ["a link", { name: "ebrigade/conf/sql.php", mode: 0o120777 }, /neither a file nor a folder/],
    ["more than a disk holds", { name: "ebrigade/x", says: 2 ** 31 }, /^it unpacks to \d+ bytes/],
  ])("with %s is refused, whoever vouches for it", async (_, entry, why) => {
    const config = { name: "ebrigade/config.php", content: '<?php\n$patch_version="5.3.2";\n', mode: 0o100644 };
    putZip(zipOf([config, { content: "x", ...entry }]));
    expect(await find(artefact)).toMatchObject({
      kind: "unreadable",
      why: expect.stringMatching(why) as string,
    });
    putZip(zipOf([config, { name: "ebrigade/conf/", content: "", mode: 0o040755 }]));
    expect((await find(artefact)).kind).toBe("found");
  });

  test("that is no zip is said to be none", async () => {
    putZip(Buffer.from("<html>please log in</html>"));
    expect(await find(artefact)).toMatchObject({ kind: "unreadable", why: "it is no zip" });
  });
});
