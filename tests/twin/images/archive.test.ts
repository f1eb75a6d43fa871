import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { findArchive } from "../../../src/twin/images/archive.ts";
import { alsoOf, recipeFor } from "../../../src/twin/images/catalogue.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function etc(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "maquette-apt-"));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "sources.list.d"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe("the archive that images are built from", () => {
  test("is this machine's own, and so is where its security suites are", async () => {
    const folder = await etc({
      "sources.list": "deb http://deb.example/debian-sec/ bookworm-security main contrib\n",
      "sources.list.d/debian.sources":
        "Types: deb\nURIs: http://deb.example/debian/\nSuites: bookworm bookworm-updates\nComponents: main\n",
    });
    expect(await findArchive(null, folder)).toEqual({
      uri: "http://deb.example/debian",
      security: ["http://deb.example/debian-sec", "http://deb.example/debian-security"],
    });
  });

  test("that a machine has no security suite of its own leaves the place where mirrors have it", async () => {
    const folder = await etc({ "sources.list": "deb http://deb.example/debian trixie main\n" });
    expect((await findArchive(null, folder)).security).toEqual(["http://deb.example/debian-security"]);
  });

  test("is the setting's where there is one, whatever the machine has", async () => {
    const folder = await etc({ "sources.list": "deb http://deb.example/debian-security trixie-security main\n" });
    expect(await findArchive("http://mirror.example/debian/", folder)).toEqual({
      uri: "http://mirror.example/debian",
      security: ["http://mirror.example/debian-security"],
    });
  });
});

test("any release is built whose file names it, and none whose name says nothing", () => {
  const of = (file: string): string | undefined => recipeFor(file, "pbx", { router: [], roles: {} })?.suite;
  expect(["debian-11-x.qcow2", "debian-14-y-daily.qcow2", "debian-zurg.qcow2", "own.qcow2"].map(of)).toEqual([
    "bullseye",
    "forky",
    "zurg",
    undefined,
  ]);
});

test("a guest that plays other roles too has everybody's packages, its role's, then the others' own", () => {
  const roles = { mail: [["chrony"], ["postfix"]], backup: [["chrony"], []], vpn: [["chrony"], ["openvpn"]] };
  const of = (...also: string[]) => recipeFor("debian-13-x.qcow2", "mail", { router: [], roles }, also)?.layers;
  expect(of()).toEqual([["chrony"], ["postfix"]]);
  expect(of("backup", "vpn", "nobody")).toEqual([["chrony"], ["postfix"], ["openvpn"]]);
  expect(alsoOf(["host-mail", "role-mail", "also-backup", "also-vpn"])).toEqual(["backup", "vpn"]);
});
