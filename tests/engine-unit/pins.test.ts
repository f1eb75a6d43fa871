import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareVersions } from "../../src/engine/pins.ts";
import { npmTokens } from "../../src/engine/tokens.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

describe("versions", () => {
  test.each([
    ["3.248.0", "3.248.0", 0],
    ["3.9.0", "3.10.0", -1],
    ["v3.255.0", "3.248.0", 1],
    ["1.26", "1.26.0", 0],
    ["1.26.8", "1.26", 1],
    ["1.26rc1", "1.26.0", 0],
    ["3.255.0-alpha.1", "3.255.0", 0],
    ["4", "3.999.999", 1],
    ["", "0.0.1", -1],
  ])("%s against %s", (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a)) + sign).toBe(0);
  });
});

describe("the names of the npm package", () => {
  test("are those of its 115 resources and 91 functions, sorted, the same text each time", async () => {
    const text = await npmTokens(join(repositoryRoot(), "node_modules"));
    const tokens = JSON.parse(text) as { version: string; resources: string[]; functions: string[] };
    expect([tokens.version, tokens.resources.length, tokens.functions.length]).toEqual(["8.6.0", 115, 91]);
    expect(tokens.resources).toContain("proxmoxve:index/vmLegacy:VmLegacy");
    for (const list of [tokens.resources, tokens.functions]) {
      expect([...list].sort()).toEqual(list);
      for (const token of list) expect(token).toMatch(/^proxmoxve:\S+:\w+$/);
    }
  });

  test("missing, the package is called damaged, with the cure", async () => {
    const folder = join(temporaryFolder(), "node_modules/@muhlba91/pulumi-proxmoxve");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"version":"8.6.0"}');
    const fault = await faultOf(() => npmTokens(join(folder, "../..")));
    expect(fault.code).toBe("ENGINE_NO_TOKENS");
    expect(fault.hint).toContain("npm ci");
  });
});
