import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadPlan } from "../../src/plan/index.ts";
import { isRead, readFileIn } from "../../src/plan/load-file.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { CASES } from "./cases.ts";

/** A folder with a whole plan, of which one document is something else. */
function folderWith(put: (path: string, folder: string) => void): string {
  const folder = temporaryFolder();
  for (const name of readdirSync(join(CASES, "base"))) copyFileSync(join(CASES, "base", name), join(folder, name));
  rmSync(join(folder, "people.yaml"));
  put(join(folder, "people.yaml"), folder);
  return folder;
}

async function saidOf(folder: string): Promise<readonly string[]> {
  const outcome = await loadPlan(folder);
  return outcome.ok ? [] : outcome.errors.filter((e) => e.place?.file.endsWith("people.yaml")).map((e) => e.fact);
}

describe("a document that is no file of the plan's folder is refused at once, and not read", () => {
  test.each<[string, (path: string, folder: string) => void, string]>([
    ["a pipe that nobody writes into", (path) => execFileSync("mkfifo", [path]), "is a pipe"],
    [
      "a device, by a link",
      (path) => symlinkSync("/dev/zero", path),
      "is a link that leads out of the plan's directory",
    ],
    [
      "a file of the system",
      (path) => symlinkSync("/etc/passwd", path),
      "is a link that leads out of the plan's directory",
    ],
    ["itself", (path) => symlinkSync("people.yaml", path), "is a link that leads out of the plan's directory"],
    [
      "a link to a link",
      (path, folder) => {
        symlinkSync("/etc/passwd", join(folder, "other"));
        symlinkSync("other", path);
      },
      "is a link that leads out of the plan's directory",
    ],
    [
      "a file of ten gigabytes, of which nothing is on the disk",
      (path) => {
        writeFileSync(path, "");
        truncateSync(path, 10_000_000_000);
      },
      "has 10000000000 bytes; a plan's document has at most 1048576",
    ],
  ])("%s", async (_, put, fact) => {
    expect(await saidOf(folderWith(put))).toEqual([fact]);
  });

  test("a socket", async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    const folder = folderWith(() => undefined);
    await new Promise<void>((done) => server.listen(join(folder, "people.yaml"), done));
    expect(await saidOf(folder)).toEqual(["is a socket"]);
  });
});

test("a document may be a link to another file of the folder, and the folder itself a link", async () => {
  const folder = folderWith((path, at) => {
    copyFileSync(join(CASES, "base/people.yaml"), join(at, "everybody"));
    symlinkSync("everybody", path);
  });
  const link = join(temporaryFolder(), "plan");
  symlinkSync(folder, link);
  for (const at of [folder, link]) expect((await loadPlan(at)).ok).toBe(true);
  rmSync(join(folder, "people.yaml"));
  symlinkSync(join(link, "everybody"), join(folder, "people.yaml"));
  expect((await loadPlan(link)).ok).toBe(true);
});

test("what takes a file's place between being seen and being read is judged for what it is", async () => {
  const folder = temporaryFolder();
  const [file, link] = [join(folder, "people.yaml"), join(folder, "link")];
  writeFileSync(file, "mine");
  // As fast as it goes: file, link, file …
  const done = new AbortController();
  const swapping = (async () => {
    for (let n = 0; !done.signal.aborted; n++) {
      symlinkSync("/etc/passwd", link);
      renameSync(link, file);
      if (n % 2 === 0) await new Promise((go) => setImmediate(go));
      writeFileSync(join(folder, "new"), "mine");
      renameSync(join(folder, "new"), file);
      await new Promise((go) => setImmediate(go));
    }
  })();
  for (let n = 0; n < 300; n++) {
    const found = await readFileIn(folder, "people.yaml", 1000);
    if (isRead(found)) expect(Buffer.from(found).toString()).toBe("mine");
  }
  done.abort();
  await swapping;
});
