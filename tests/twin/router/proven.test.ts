import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { Proven } from "../../../src/twin/router/agent/proven.ts";
import type { KernelProof } from "../../../src/twin/router/prove/prove.ts";
import { labPlan } from "../../pfsense/proof/lab.ts";
import { compiled, files } from "./files.ts";

/** As `nft -j list` prints: numbers of objects and of packets with what the rules say. */
const held = (handle: number, packets: number, port = 22): string =>
  JSON.stringify({ rule: { chain: "in_lan", handle, expr: [{ port }, { counter: { packets, bytes: 60 } }] } })
    .replaceAll(":", ": ")
    .replaceAll(",", ", ");

describe("a proof that was found before", () => {
  const [a, b] = files().map(compiled);
  const proof: KernelProof = { kind: "proven", lists: 3, steps: 7 };
  let folder: string;
  let asked: number;
  const prove = (): KernelProof => {
    asked++;
    return proof;
  };
  const program = (text: string): Promise<string> => {
    const path = join(folder, `${text}.js`);
    return writeFile(path, text).then(() => path);
  };

  beforeEach(async () => {
    asked = 0;
    folder = await mkdtemp(join(tmpdir(), "maquette-proven-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("is taken for the same file and the same rules, after the next boot too", async () => {
    const firmware = await program("firmware");
    const first = new Proven(join(folder, "proven.json"), firmware);
    expect([first.ask(a!, held(4, 0), prove), first.ask(a!, held(9, 1234), prove)]).toEqual([proof, proof]);
    expect(new Proven(join(folder, "proven.json"), firmware).ask(a!, held(4, 0), prove)).toEqual(proof);
    expect(asked).toBe(1);
  });

  test("is taken for the same file read from elsewhere, at another time", async () => {
    const bytes = shown(emitConfig(labPlan(), "rtr-a"));
    const first = new Proven(join(folder, "proven.json"), await program("firmware"));
    const at = (file: string, now: Date): void => {
      const read = readConfig(bytes, { file });
      if (!read.ok) throw new Error("the emitted file is sound");
      const other = compiled({ name: file, config: read.value, circumstances: { now } });
      expect(first.ask(other, held(4, 0), prove)).toEqual(proof);
    };
    at("/dev/sr0", new Date("2026-11-23T10:00:00Z"));
    at("/cf/conf/config.xml", new Date("2026-11-24T23:00:00Z"));
    expect(asked).toBe(1);
  });

  test("is not taken for other rules, another file, or another firmware", async () => {
    const at = join(folder, "proven.json");
    const first = new Proven(at, await program("firmware"));
    first.ask(a!, held(4, 0), prove);
    first.ask(a!, held(4, 0, 23), prove);
    first.ask(b!, held(4, 0), prove);
    new Proven(at, await program("next")).ask(a!, held(4, 0), prove);
    expect(asked).toBe(4);
  });

  test("is not taken for a refutation, nor from a file that somebody cut", async () => {
    const at = join(folder, "proven.json");
    const firmware = await program("firmware");
    const undecided: KernelProof = { kind: "undecided", where: "in on lan", why: "test" };
    const refuted = new Proven(at, firmware);
    expect(refuted.ask(a!, held(4, 0), () => undecided)).toEqual(undecided);
    expect(refuted.ask(a!, held(4, 0), prove)).toEqual(proof);
    await writeFile(at, '{"half');
    expect(new Proven(at, firmware).ask(a!, held(4, 0), prove)).toEqual(proof);
    expect(asked).toBe(2);
  });

  test("is told all the same where it cannot be kept", async () => {
    const firmware = await program("firmware");
    const unwritable = new Proven(join(firmware, "proven.json"), firmware);
    expect([unwritable.ask(a!, held(4, 0), prove), asked]).toEqual([proof, 1]);
  });
});
