import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import { cloneKey, diskFault, foldersOf, privateFolder, writePrivate } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf, temporaryFolder } from "./temporary.ts";

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("where things lie", () => {
  const all = (env: NodeJS.ProcessEnv): string[] => Object.values({ ...foldersOf(repositoryRoot(), "lab", env) });

  test("state, secrets and caches lie in the three XDG folders, and nowhere in the repository", () => {
    const env = { XDG_STATE_HOME: "/x/state", XDG_DATA_HOME: "/x/data", XDG_CACHE_HOME: "/x/cache", HOME: "/h" };
    const folders = foldersOf(repositoryRoot(), "lab", env);
    const key = cloneKey(repositoryRoot());
    expect(folders).toEqual({
      cache: "/x/cache/maquette",
      clone: `/x/state/maquette/${key}`,
      backend: `/x/state/maquette/${key}/backend`,
      pulumiHome: `/x/state/maquette/${key}/pulumi-home`,
      stack: `/x/state/maquette/${key}/lab`,
      run: `/x/state/maquette/${key}/lab/run`,
      pve: `/x/state/maquette/${key}/lab/pve`,
      secrets: `/x/data/maquette/${key}/lab`,
    });
  });

  test.each(["", "state", "./state", "../state"])("an XDG folder that is not absolute (%j) is ignored", (value) => {
    const env = { XDG_STATE_HOME: value, XDG_DATA_HOME: value, XDG_CACHE_HOME: value, HOME: "/h" };
    expect(all(env)).toEqual(all({ HOME: "/h" }));
    for (const path of all(env)) expect(path).toMatch(/^\/h\/\.(cache|local\/(state|share))\/maquette/);
  });

  test("without HOME the user's own home is taken", () => {
    for (const path of all({})) expect(path.startsWith(`${homedir()}/`)).toBe(true);
  });

  test("a clone is told by its real path: a link to it is the same clone, a copy of it another", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "one"));
    mkdirSync(join(folder, "two"));
    symlinkSync(join(folder, "one"), join(folder, "link"));
    expect(cloneKey(join(folder, "link"))).toBe(cloneKey(join(folder, "one")));
    expect(cloneKey(join(folder, "two"))).not.toBe(cloneKey(join(folder, "one")));
    const [one, two] = ["one", "two"].map((name) => foldersOf(join(folder, name), "lab", { HOME: "/h" }));
    const shared = Object.keys(one!).filter((k) => one![k as "run"] === two![k as "run"]);
    expect(shared).toEqual(["cache"]);
  });

  test("two stacks of a clone share its backend and nothing of their own", () => {
    const [lab, mine] = ["lab", "mine"].map((stack) => foldersOf(repositoryRoot(), stack, { HOME: "/h" }));
    const shared = Object.keys(lab!).filter((k) => lab![k as "run"] === mine![k as "run"]);
    expect(shared).toEqual(["cache", "clone", "backend", "pulumiHome"]);
  });
});

describe("writePrivate", () => {
  test("writes for this user alone, into folders for this user alone", async () => {
    const file = join(temporaryFolder(), "a", "b", "secret");
    await writePrivate(file, "one\n");
    expect(readFileSync(file, "utf8")).toBe("one\n");
    expect([modeOf(file), modeOf(join(file, "..")), modeOf(join(file, "..", ".."))]).toEqual(["600", "700", "700"]);
  });

  test("narrows the rights of a file and a folder that were open before", async () => {
    const folder = join(temporaryFolder(), "open");
    mkdirSync(folder, { mode: 0o755 });
    writeFileSync(join(folder, "f"), "old", { mode: 0o644 });
    await writePrivate(join(folder, "f"), "new");
    expect([modeOf(folder), modeOf(join(folder, "f"))]).toEqual(["700", "600"]);
  });

  test("of one file at the same time, by one process, ends with one of the contents whole", async () => {
    const file = join(temporaryFolder(), "f");
    const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(10_000));
    await Promise.all(texts.map((text) => writePrivate(file, text)));
    expect(texts).toContain(readFileSync(file, "utf8"));
    expect(readdirSync(join(file, ".."))).toEqual(["f"]);
  });

  test("leaves no temporary behind, and the old content in place, when it cannot finish", async () => {
    const folder = temporaryFolder();
    // A folder stands where the file goes: the rename fails, as it would on a file system gone read-only.
    mkdirSync(join(folder, "taken", "inner"), { recursive: true });
    const fault = await faultOf(() => writePrivate(join(folder, "taken"), "x"));
    expect(fault.code).toBe("DISK_NOT_A_FOLDER");
    expect(readdirSync(folder)).toEqual(["taken"]);
  });

  test("a file where a folder is expected is named, with the cure", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "state"), "");
    for (const work of [
      () => writePrivate(join(folder, "state", "run", "token"), "x"),
      () => privateFolder(join(folder, "state")),
      () => privateFolder(join(folder, "state", "run")),
    ]) {
      const fault = await faultOf(work);
      expect(fault.code).toBe("DISK_NOT_A_FOLDER");
      expect(fault.message).toContain(join(folder, "state"));
      expect(fault.hint).toContain("XDG_STATE_HOME");
    }
  });
});

describe("diskFault", () => {
  const system = (code: string): Error => Object.assign(new Error(`${code}: said the kernel`), { code });

  test.each([
    ["EACCES", "DISK_NO_RIGHTS", /chown/],
    ["EPERM", "DISK_NO_RIGHTS", /chown/],
    ["EROFS", "DISK_READ_ONLY", /findmnt.*remount/],
    ["ENOSPC", "DISK_FULL", /[Ff]ree some space/],
    ["EDQUOT", "DISK_FULL", /[Ff]ree some space/],
    ["ENOTDIR", "DISK_NOT_A_FOLDER", /Move it away/],
    ["EISDIR", "DISK_NOT_A_FOLDER", /Move it away/],
  ])("words %s as %s, with a cure", (errno, code, hint) => {
    const cause = system(errno);
    const fault = diskFault(cause, "write /x/y");
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code, cause });
    expect((fault as Fault).message).toContain("Cannot write /x/y");
    expect((fault as Fault).hint).toMatch(hint);
  });

  test("passes anything else through as it is", () => {
    for (const error of [system("EWHATEVER"), new Error("no code"), "a string", undefined])
      expect(diskFault(error, "write")).toBe(error);
  });
});
