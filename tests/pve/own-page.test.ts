import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, TOKEN_GRANTS, TOKEN_ID } from "../../src/embedded/token.ts";
import { settingNames } from "../../src/infra/settings.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { Lab, TOKEN } from "./lab.ts";
import { applyPveum, commandsOf, configLines, readPage, storagesOf } from "./own-page.ts";

/** docs/own-proxmox.md, applied to a simulator, and what the embedded lab's own token has. */
let lab: Lab;
let root: PveClient;
beforeAll(async () => {
  lab = await Lab.start();
  root = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { ca: lab.simulator.certificatePem } });
});
afterAll(async () => {
  await root.close();
  await lab.end();
});

describe("the page that sets up a Proxmox", () => {
  it("gives its token what the embedded lab's own token has, and no more", async () => {
    const commands = commandsOf(readPage("en"));
    const token = await applyPveum(commands, root);
    expect(token.split("=")[0]).toBe(TOKEN_ID);
    const made = (await lab.ok("GET", "/access/roles")) as { roleid: string; privs: string; special: number }[];
    const roles = made.filter((r) => r.special === 0).map((r) => [r.roleid, r.privs.split(",").sort()]);
    expect(Object.fromEntries(roles)).toEqual(
      Object.fromEntries(Object.entries(ROLES).map(([role, names]) => [role, names.split(" ").sort()])),
    );
    // The embedded lab has its files on `local`; the page makes a storage for them.
    const [files] = storagesOf(commands);
    const acl = (await lab.ok("GET", "/access/acl")) as { path: string; ugid: string; roleid: string }[];
    expect(acl.map((e) => `${e.path} ${e.ugid} ${e.roleid}`).sort()).toEqual(
      TOKEN_GRANTS.acl
        .map(({ path, user, role }) => `${path.replace(/^\/storage\/local$/, `/storage/${files!.id}`)} ${user} ${role}`)
        .sort(),
    );
  });

  it("says the same in both languages: commands, settings and their defaults", () => {
    const without = (line: string): string => line.replace(" --lang fr", "");
    expect(commandsOf(readPage("fr")).map(without)).toEqual(commandsOf(readPage("en")).map(without));
    const rows = (language: "en" | "fr"): string[] =>
      [...readPage(language).matchAll(/^\| (`\w+`(?:, `\w+`)*) \|[^|]*\|/gm)].map((m) => m[1]!);
    expect(rows("fr")).toEqual(rows("en"));
    const named = rows("en").flatMap((row) => [...row.matchAll(/\w+/g)].map(([name]) => name));
    expect(named.filter((name) => name !== "apiToken").sort()).toEqual([...settingNames].sort());
  });

  it("begins with one node, sets the way in and the way out, and leaves local's content alone", () => {
    const lines = configLines(readPage("en"), /The stack/);
    expect(lines.filter((l) => l.includes("maquette:nodes"))).toHaveLength(1);
    expect(lines.some((l) => l.includes("maquette:operator.address"))).toBe(true);
    expect(lines.some((l) => l.includes("maquette:bridges.wan1"))).toBe(true);
    expect(commandsOf(readPage("en")).filter((l) => l.startsWith("pvesm set"))).toEqual([]);
  });
});
