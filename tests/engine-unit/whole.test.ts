import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkpointFile } from "../../src/engine/checkpoint.ts";
import { keepWhole } from "../../src/engine/keeper.ts";
import {
  forgetRestored,
  isRestored,
  keptFile,
  mendCheckpoint,
  newestWhole,
  readCheckpoint,
} from "../../src/engine/whole.ts";
import { foldersOf, type Folders } from "../../src/stack/folders.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { until } from "./programs.ts";

function backend(): Folders {
  const folder = temporaryFolder();
  return foldersOf(folder, "lab", { XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
}

/** A checkpoint as Pulumi writes it, of which so many resources stand. */
const written = (minute: number, count: number): string =>
  JSON.stringify({
    version: 3,
    checkpoint: {
      stack: "organization/maquette/lab",
      latest: {
        manifest: { time: `2026-01-01T10:${String(minute).padStart(2, "0")}:00.5Z`, magic: "m", version: "v3" },
        resources: Array.from({ length: count }, (_, i) => ({
          urn: `urn:${i}`,
          type: "t",
          inputs: { vmId: 1000 + i },
        })),
      },
    },
  });

function put(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Where Pulumi and we have copies. */
const places = (f: Folders): Record<"current" | "bak" | "kept" | "backup" | "history", string> => ({
  current: checkpointFile(f, "lab"),
  bak: `${checkpointFile(f, "lab")}.bak`,
  kept: keptFile(f, "lab"),
  backup: join(f.backend, ".pulumi/backups/maquette/lab/lab.1795974092863098273.json"),
  history: join(f.backend, ".pulumi/history/maquette/lab/lab-1795974092861632453.checkpoint.json"),
});

const silent = (): void => undefined;

async function mended(folders: Folders): Promise<{ said: string[]; count: number | undefined }> {
  const said: string[] = [];
  await mendCheckpoint(folders, "lab", (line) => said.push(line), silent);
  const file = places(folders).current;
  const count = existsSync(file) ? (await readCheckpoint(folders, "lab"))?.resources.length : undefined;
  return { said, count };
}

const whole = written(30, 9);
const broken: readonly [string, string][] = [
  ["empty", ""],
  ["cut off", whole.slice(0, 300)],
  ["cut off behind a brace", whole.slice(0, whole.indexOf("}") + 1)],
  ["zeros after a power cut", "\0".repeat(4096)],
  ["zeros at its end", whole.slice(0, 300) + "\0".repeat(600)],
  ["another document", "{}"],
  ["of no version", '{"checkpoint":{"latest":null}}'],
  ["what an export writes", '{"version":3,"deployment":{"resources":[]}}'],
  ["null", "null"],
  ["a list", "[]"],
  ["of resources that are none", '{"version":3,"checkpoint":{"latest":{"resources":[{"urn":1}]}}}'],
];

describe("a checkpoint that is whole", () => {
  test("is taken as it stands, whatever copies there are, and nothing is said", async () => {
    const folders = backend();
    const { current, bak, kept } = places(folders);
    put(current, written(10, 1));
    put(bak, written(20, 2));
    put(kept, written(30, 3));
    expect(await mended(folders)).toEqual({ said: [], count: 1 });
    expect(await isRestored(folders)).toBe(false);
  });

  test("of a stack that was only made is whole, and of one that was never made there is none", async () => {
    const folders = backend();
    expect(await newestWhole(folders, "lab")).toBeUndefined();
    expect(await mended(folders)).toEqual({ said: [], count: undefined });
    put(places(folders).current, '{"version":3,"checkpoint":{"stack":"organization/maquette/lab"}}');
    expect(await mended(folders)).toEqual({ said: [], count: 0 });
  });
});

describe("a checkpoint that is broken", () => {
  test.each(broken)("(%s) is replaced by the copy beside it, kept aside, and it is said", async (_what, text) => {
    const folders = backend();
    const { current, bak } = places(folders);
    put(current, text);
    put(bak, written(20, 2));
    // Commands that only read have the copy at once.
    expect((await readCheckpoint(folders, "lab"))?.resources).toHaveLength(2);
    expect(readFileSync(current, "utf8")).toBe(text);
    const { said, count } = await mended(folders);
    expect(count).toBe(2);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/cut off or damaged .*of 2026-01-01 10:20:00 UTC.*lab\.json\.bak, 2 resources/);
    const aside = readdirSync(join(folders.backend, "damaged"));
    expect(aside.map((name) => readFileSync(join(folders.backend, "damaged", name), "utf8"))).toEqual([text]);
    expect(await isRestored(folders)).toBe(true);
    await forgetRestored(folders);
    expect(await isRestored(folders)).toBe(false);
    expect(await mended(folders)).toEqual({ said: [], count: 2 });
  });

  test.each<[keyof ReturnType<typeof places>, readonly (keyof ReturnType<typeof places>)[]]>([
    ["kept", ["bak", "backup", "history"]],
    ["bak", ["kept", "backup", "history"]],
    ["backup", ["kept", "bak", "history"]],
    ["history", ["kept", "bak", "backup"]],
  ])("is replaced by the newest of all copies, as %s may be", async (newest, others) => {
    const folders = backend();
    const at = places(folders);
    put(at.current, "");
    put(at[newest], written(40, 4));
    others.forEach((name, i) => put(at[name], written(10 + i, 1)));
    expect((await mended(folders)).count).toBe(4);
  });

  test.each(broken)("as is the copy beside it (%s) is replaced by an older one", async (_what, text) => {
    const folders = backend();
    const at = places(folders);
    put(at.current, whole.slice(0, 200));
    put(at.bak, text);
    put(at.kept, text);
    put(at.backup, written(5, 7));
    expect((await mended(folders)).count).toBe(7);
  });

  test("is not replaced by what else lies about: sidecars, other stacks' files, unfinished ones", async () => {
    const folders = backend();
    const at = places(folders);
    put(at.current, "");
    put(at.bak, written(20, 2));
    for (const name of [`${at.current}.attrs`, `${at.bak}.attrs`, `${at.backup}.attrs`, `${at.history}.attrs`])
      put(name, written(50, 9));
    put(join(dirname(at.current), "mine.json"), written(51, 9));
    const unfinished = put(`${at.current}.18ec95bcbd7db82f.tmp`, written(52, 9));
    expect((await mended(folders)).count).toBe(2);
    expect(existsSync(unfinished)).toBe(false);
  });

  test("of which no copy is whole is said with what there is to do, and nothing is touched", async () => {
    const folders = backend();
    const at = places(folders);
    for (const file of Object.values(at)) put(file, '{"version":3');
    const fault = await faultOf(() => mended(folders));
    expect(fault.code).toBe("STATE_DAMAGED");
    expect(fault.message).toContain(at.current);
    expect(fault.hint).toMatch(/Restore .* from a backup/);
    for (const file of Object.values(at)) expect(readFileSync(file, "utf8")).toBe('{"version":3');
    expect(await isRestored(folders)).toBe(false);
  });

  test("in whose place something else stands is said in words", async () => {
    const folders = backend();
    mkdirSync(places(folders).current, { recursive: true });
    expect((await faultOf(() => readCheckpoint(folders, "lab"))).code).toBe("DISK_NOT_A_FOLDER");
  });
});

describe("a checkpoint that is gone", () => {
  test("between Pulumi's two steps of writing it is taken from its copy: an empty stack would disown the lab", async () => {
    const folders = backend();
    put(places(folders).bak, written(20, 2));
    const { said, count } = await mended(folders);
    expect(count).toBe(2);
    expect(said[0]).toContain("was gone");
    expect(await isRestored(folders)).toBe(true);
  });

  test("because the stack was removed stays gone: that takes an empty one, and ends of runs tell of before", async () => {
    const folders = backend();
    const at = places(folders);
    put(at.bak, written(20, 0));
    put(at.backup, written(10, 9));
    expect(await mended(folders)).toEqual({ said: [], count: undefined });
  });
});

describe("while an engine writes", () => {
  /** As Pulumi does: another file, renamed into the checkpoint's place, after the one there was copied beside it. */
  function write(folders: Folders, text: string): void {
    const { current, bak } = places(folders);
    mkdirSync(dirname(current), { recursive: true });
    if (existsSync(current)) writeFileSync(bak, readFileSync(current));
    writeFileSync(`${current}.1.tmp`, text);
    renameSync(`${current}.1.tmp`, current);
  }
  const kept = (folders: Folders): string => readFileSync(keptFile(folders, "lab"), "utf8");

  test("the newest whole checkpoint is kept, however often one that is cut off takes its place", async () => {
    const folders = backend();
    write(folders, written(1, 1));
    let cutOffs = 0;
    const keeper = await keepWhole(folders, "lab", () => cutOffs++);
    expect(kept(folders)).toBe(written(1, 1));
    write(folders, written(2, 2));
    await until(() => kept(folders) === written(2, 2), "the second");
    expect(cutOffs).toBe(0);
    for (const length of [400, 300, 200]) write(folders, written(3, 3).slice(0, length));
    await until(() => cutOffs > 0, "the notice");
    await keeper.end();
    expect(cutOffs).toBe(1);
    expect(readFileSync(places(folders).bak, "utf8")).not.toBe(written(2, 2));
    expect((await mended(folders)).count).toBe(2);
    expect(readdirSync(dirname(keptFile(folders, "lab")))).toEqual(["lab.json"]);
  });

  test("the last one is kept too, and a stack's first", async () => {
    const folders = backend();
    const keeper = await keepWhole(folders, "lab", () => expect.fail("all are whole"));
    write(folders, written(1, 1));
    write(folders, written(2, 2));
    await keeper.end();
    expect(kept(folders)).toBe(written(2, 2));
  });

  test("one that was broken before the engine began is not the engine's doing", async () => {
    const folders = backend();
    put(keptFile(folders, "lab"), written(1, 1));
    write(folders, "{");
    let cutOffs = 0;
    const keeper = await keepWhole(folders, "lab", () => cutOffs++);
    expect(cutOffs).toBe(0);
    write(folders, written(2, 2));
    await keeper.end();
    expect(cutOffs).toBe(0);
    expect(kept(folders)).toBe(written(2, 2));
  });

  test("takes no space: it is a link", async () => {
    const folders = backend();
    const { current } = places(folders);
    write(folders, written(1, 1));
    await (await keepWhole(folders, "lab", silent)).end();
    linkSync(current, `${current}.check`);
    const { statSync } = await import("node:fs");
    expect(statSync(keptFile(folders, "lab")).ino).toBe(statSync(current).ino);
  });
});
