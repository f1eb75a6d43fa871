import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { init } from "../../src/cli/commands/init.ts";
import { context } from "../../src/cli/context.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { faultOf } from "../stack/temporary.ts";
import { listening } from "./captured.ts";

const run = async (
  values: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> => {
  const io = listening();
  const code = await init(context(values, io), values, [folder]);
  return { code, lines: io.lines };
};

test("init writes a plan that is sound and proven at once, and says what to do with it", async () => {
  const folder = join(temporaryFolder(), "valmont");
  const { code, lines } = await run({ domain: "valmont.example", network: "172.20.0.0/16" }, folder);
  expect([code, lines]).toEqual([0, expect.any(Array)]);
  expect(lines.join("\n")).toMatch(/is a plan of your own: 15 hosts, \d+ rows, sound, its policy proven/);
  expect(lines.at(-1)).toContain(`set maquette:plan in Pulumi.lab.yaml to ${folder}`);
  expect(readdirSync(folder)).toContain("addressing.yaml");
});

test("what would not be sound is not written, and is said by its place", async () => {
  const folder = join(temporaryFolder(), "valmont");
  const { code, lines } = await run({ domain: "valmont", network: "198.51.0.0/16" }, folder);
  expect(code).toBe(1);
  expect(lines.join("\n")).toMatch(/addressing\.yaml:\d+:\d+.*"valmont" is not a domain name/);
  expect(lines.join("\n")).toContain("nothing was written");
  expect(existsSync(folder)).toBe(false);
});

test("a folder that holds something, and a network that is none, are refused", async () => {
  const full = temporaryFolder();
  mkdirSync(full, { recursive: true });
  writeFileSync(join(full, "mine"), "");
  expect((await faultOf(() => run({}, full))).code).toBe("INIT_NOT_EMPTY");
  const folder = join(temporaryFolder(), "x");
  for (const network of ["172.20.0.0", "172.20.0.1/16", "fd00::/48", "ten"])
    expect((await faultOf(() => run({ network }, folder))).code, network).toBe("CLI_USAGE");
  expect(existsSync(folder)).toBe(false);
});
