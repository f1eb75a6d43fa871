import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { unpack } from "../../../src/engine/download/unpack.ts";
import { temporaryFolder } from "../../stack/temporary.ts";
import { archiveOf, tarOf, type Entry } from "./archives.ts";

const programs = new Map([
  ["pulumi/pulumi", "pulumi"],
  ["pulumi/pulumi-language-nodejs", "pulumi-language-nodejs"],
]);
const cli: Entry = { path: "pulumi/pulumi", content: "cli" };
const language: Entry = { path: "pulumi/pulumi-language-nodejs", content: "language" };

/** Unpacks into a folder of its own, and tells what is there and around it afterwards. */
async function unpacked(
  archive: Buffer,
  mostBytes?: number,
): Promise<{ folder: string; around: string[]; why: string }> {
  const around = temporaryFolder();
  const folder = join(around, "programs");
  mkdirSync(folder);
  const file = join(around, "archive");
  writeFileSync(file, archive);
  let why = "";
  try {
    await unpack(file, programs, folder, mostBytes);
  } catch (error) {
    why = (error as Error).message;
  }
  return { folder, around: (readdirSync(around, { recursive: true }) as string[]).sort(), why };
}
const whole = ["archive", "programs", "programs/pulumi", "programs/pulumi-language-nodejs"];

describe("an archive", () => {
  test("gives the programs that are asked for, executable, and nothing else of it", async () => {
    const more = [{ path: "pulumi/pulumi-watch", content: "x" }, { path: "pulumi/", type: "Directory" } as const];
    const { folder, around, why } = await unpacked(archiveOf([...more, cli, language]));
    expect(why).toBe("");
    expect(around).toEqual(whole);
    expect(readFileSync(join(folder, "pulumi"), "utf8")).toBe("cli");
    expect(readFileSync(join(folder, "pulumi-language-nodejs"), "utf8")).toBe("language");
    expect(statSync(join(folder, "pulumi")).mode & 0o777).toBe(0o755);
  });

  test("whose paths begin with a dot is the same", async () => {
    const dotted = [cli, language].map((e) => ({ ...e, path: `./${e.path}` }));
    const { around, why } = await unpacked(archiveOf(dotted));
    expect([around, why]).toEqual([whole, ""]);
  });

  const foreign: readonly [string, Entry][] = [
    ["out of the folder", { path: "../outside", content: "x" }],
    ["out of the folder by a detour", { path: "pulumi/../../outside", content: "x" }],
    ["to an absolute place", { path: "/tmp/maquette-test-outside", content: "x" }],
    ["as a link to elsewhere", { path: "pulumi/link", type: "SymbolicLink", to: "/etc/passwd" }],
    ["as a pipe", { path: "pulumi/pipe", type: "FIFO" }],
  ];
  test.each(foreign)("that has something %s leaves it where it is", async (_what, entry) => {
    const { around } = await unpacked(archiveOf([entry, cli, language]));
    expect(around.filter((name) => !whole.includes(name))).toEqual([]);
  });

  test.each<[string, Entry]>([
    ["symbolic", { path: "pulumi/pulumi", type: "SymbolicLink", to: "/bin/sh" }],
    ["hard", { path: "pulumi/pulumi", type: "Link", to: "/bin/sh" }],
  ])("in which a program is a %s link is refused", async (_kind, link) => {
    const { around, why } = await unpacked(archiveOf([link, language]));
    expect(why).toBe("pulumi/pulumi in it is not a file");
    expect(around).not.toContain("programs/pulumi");
  });

  test("in which a program is there twice is refused: the second is not written over the first", async () => {
    const { folder, why } = await unpacked(archiveOf([cli, language, { ...cli, content: "another" }]));
    expect(why).toBe("pulumi/pulumi is in it twice");
    expect(readFileSync(join(folder, "pulumi"), "utf8")).toBe("cli");
  });

  test("in which a program is missing is refused by its name", async () => {
    expect((await unpacked(archiveOf([cli]))).why).toBe("pulumi/pulumi-language-nodejs is not in it");
  });

  test("that grows without end is given up", async () => {
    const bomb = archiveOf([cli, language, { path: "pulumi/more", content: Buffer.alloc(40_000_000) }]);
    expect(bomb.length).toBeLessThan(100_000);
    expect((await unpacked(bomb, 2 ** 20)).why).toBe("it unpacks to more than 1 MiB");
  });

  test.each<[string, Buffer]>([
    ["cut off", archiveOf([cli, language]).subarray(0, 80)],
    ["cut off inside its gzip", gzipSync(tarOf([cli, { ...language, size: 100_000 }]).subarray(0, 2_100))],
    ["no gzip", tarOf([cli, language])],
    ["a web page", Buffer.from("<html>please log in</html>")],
    ["empty", Buffer.alloc(0)],
    ["gzip of something else", gzipSync(Buffer.from("x".repeat(5_000)))],
  ])("that is %s is refused", async (_what, archive) => {
    expect((await unpacked(archive)).why).not.toBe("");
  });
});
