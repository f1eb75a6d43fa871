import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importConfig } from "../../../src/cli/commands/import.ts";
import type { Context } from "../../../src/cli/context.ts";
import { loadPlan } from "../../../src/plan/index.ts";
import { fileOf, loadCase } from "./case.ts";

describe("maquette import", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "maquette-import-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function run(
    name: string,
    values: Readonly<Record<string, unknown>> = {},
    of: Partial<Context> = {},
  ): Promise<{ readonly code: number; readonly text: string; readonly out: string }> {
    const file = join(folder, `${name}.xml`);
    await writeFile(file, fileOf(loadCase(`${name}.yaml`)));
    const lines: string[] = [];
    const io = { out: (text: string) => lines.push(text), err: (text: string) => lines.push(text) };
    const context = { isJson: false, language: "en", ...of, io } as unknown as Context;
    const out = join(folder, name);
    const code = await importConfig(context, { out, ...values }, [file]);
    return { code, out, text: lines.join("\n").replaceAll(folder, "<dir>") };
  }

  test("writes six documents that are a plan, says that nothing is lost, and exits 0", async () => {
    const { code, text, out } = await run("dmz-port-forward");
    expect(code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(
      ["addressing", "coverage", "flows", "hosts", "people", "services"].map((n) => `${n}.yaml`),
    );
    expect((await loadPlan(out)).ok).toBe(true);
    expect(text).toContain("Equal: the file that is emitted from it lets pass what the file does, packet for packet.");
    expect(await readFile(join(out, "flows.yaml"), "utf8")).not.toContain(folder);
  });

  test("exits 1 with the list when packets depend on what is lost, and shows a packet that fares otherwise", async () => {
    const { code, text } = await run("ports");
    expect(code).toBe(1);
    expect(text).toContain("Not carried, and packets depend on it (1)");
    expect(text).toMatch(/IMPORT_SOURCE_PORT filter\.rule\[3\]: it asks for source ports\n {2}hint: /);
    expect(text).toMatch(
      /Different: some packets[\s\S]*:123 -> [\d.]+:123 udp\n {4}the file: pass \(4\); the plan: block \(F601\)/,
    );
  });

  test("speaks French to people, and JSON to programs", async () => {
    expect((await run("ipv6", {}, { language: "fr" })).text).toContain("Non repris, et des paquets en dépendent");
    const { text } = await run("uncertain", {}, { isJson: true });
    const said = JSON.parse(text) as {
      ok: boolean;
      written: string[];
      notCarried: unknown[];
      proof: { verdict: string };
    };
    expect([said.ok, said.written.length, said.notCarried.length > 2, said.proof.verdict]).toEqual([
      false,
      6,
      true,
      "undecided",
    ]);
  });

  test("an address that is told takes the place of the one that stands in", async () => {
    const { code, text, out } = await run("dhcp-wan", { addresses: "wan=203.0.113.9/24" });
    expect([code, text.includes("IMPORT_ADDRESS_STANDS_IN")]).toEqual([0, false]);
    expect(await readFile(join(out, "hosts.yaml"), "utf8")).toContain("203.0.113.9");
    await expect(run("disabled", { addresses: "wan" })).rejects.toMatchObject({ code: "CLI_USAGE" });
  });

  test("refuses a folder that is not empty, unless forced", async () => {
    await run("small-office");
    await expect(run("small-office")).rejects.toMatchObject({ code: "IMPORT_OUT_NOT_EMPTY" });
    expect((await run("small-office", { force: true })).code).toBe(0);
  });

  test("a file that is missing is a failure, one that is no config.xml a finding", async () => {
    const lines: string[] = [];
    const context = { isJson: false, language: "en", io: { out: (t: string) => lines.push(t) } } as unknown as Context;
    const missing = importConfig(context, { out: join(folder, "none") }, [join(folder, "missing.xml")]);
    await expect(missing).rejects.toMatchObject({ code: "CLI_NO_FILE" });
    await writeFile(join(folder, "other.xml"), "<opnsense></opnsense>");
    expect(await importConfig(context, { out: join(folder, "none") }, [join(folder, "other.xml")])).toBe(1);
    expect(lines.join("\n")).toContain("PFSENSE_ROOT");
  });
});
