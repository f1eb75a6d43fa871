import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pins } from "../../src/engine/pins.ts";
import { iredmail } from "../../src/roles/artefacts.ts";
import { zipOf } from "../artefacts/zips.ts";
import { deadPort, publisher, type Publisher } from "../download/publisher.ts";
import { sha256 } from "../engine-unit/download/archives.ts";
import type { Ran } from "../engine/lab.ts";
import { BareClone } from "./clone.ts";

/*
 * Files of others through the program as it is shipped: its own bundle, a server on loopback, the variables that Node reads.
 * The catalogue is the shipped one but for its digests, which are those of the test's files.
 */

const contentOf = (fileName: string): Buffer => Buffer.from(`${fileName} `.repeat(2_000));

let clone: BareClone;
let from: Publisher;

beforeAll(() => {
  clone = new BareClone(true).withEngine();
  const file = join(clone.root, "src/roles/artefacts.ts");
  let text = readFileSync(file, "utf8");
  for (const { digest, fileName } of iredmail) text = text.replace(digest!.hex, sha256(contentOf(fileName)));
  writeFileSync(file, text);
});
afterAll(() => clone.dispose());

const folder = (): string => clone.at("files");
beforeEach(async () => {
  for (const path of [clone.at("cache/maquette/artefacts"), folder(), clone.at("state")])
    rmSync(path, { recursive: true, force: true });
  mkdirSync(folder());
  setFolder(null);
  from = await publisher(Object.fromEntries(iredmail.map((a) => [`/files/${a.fileName}`, contentOf(a.fileName)])));
});

function setFolder(path: string | null): void {
  const file = join(clone.root, "Pulumi.lab.yaml");
  const text = readFileSync(file, "utf8").replace(/^ {2}maquette:artefacts: .*\n/m, "");
  const line = path === null ? "" : `  maquette:artefacts: ${path}\n`;
  writeFileSync(file, text.replace(/^config:\n/m, `config:\n${line}`));
}

const network = (): NodeJS.ProcessEnv => ({
  MAQUETTE_ARTEFACT_MIRROR: `${from.url}/files`,
  NODE_EXTRA_CA_CERTS: from.caFile,
});

interface Had {
  readonly id: string;
  readonly had: { readonly kind: string; readonly path?: string; readonly is?: string } | null;
  readonly version: string | null;
  readonly licence: string;
  readonly standsIn: string;
}
async function doctor(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Ran & { of: Map<string, Had> }> {
  const ran = await clone.maquette(["doctor", "--json", ...args], { env });
  const { artefacts } = JSON.parse(ran.stdout) as { artefacts: readonly Had[] };
  return { ...ran, of: new Map(artefacts.map((a) => [a.id, a])) };
}

const cached = (): string[] => {
  const path = clone.at("cache/maquette/artefacts");
  return existsSync(path)
    ? readdirSync(path)
        .filter((n) => !n.endsWith(".lock"))
        .sort()
    : [];
};

describe("`doctor`", () => {
  test("says of each file of others where it is not, what stands in and what that does not show; and asks nobody", async () => {
    const { code, of } = await doctor([], network());
    expect(code).toBe(0);
    for (const id of ["iredmail", "iredadmin", "iredapd", "mlmmjadmin", "ebrigade"])
      expect(of.get(id), id).toMatchObject({ had: { kind: "absent" } });
    expect(of.get("iredmail")).toMatchObject({ version: "1.8.1", licence: "GPL-3.0-or-later" });
    expect(of.get("pfsense-2.8")).toMatchObject({ had: null, standsIn: expect.stringMatching(/router/) as string });
    const { stdout } = await clone.maquette(["doctor"]);
    expect(stdout).toMatch(
      /^iRedMail +stand-in +for mail: 4 of its 4 files are not here; in its place: .*; not shown: /m,
    );
    expect(stdout).toMatch(/eBrigade 5\.3\.2: Take the \.zip .*ebrigade-5\.3\.2\.zip\.sha256/);
    expect(from.asked).toEqual([]);
  });

  test("--download gets what has an address, once, verified, and finds it again", async () => {
    const { code, of } = await doctor(["--download"], network());
    expect(code).toBe(0);
    expect(of.get("iredapd")).toMatchObject({ had: { kind: "found" } });
    expect(of.get("ebrigade")).toMatchObject({ had: { kind: "absent" } });
    expect(cached()).toEqual(iredmail.map((a) => a.fileName).sort());
    expect(from.asked).toHaveLength(4);
    const again = await clone.maquette(["doctor", "--download"], { env: network() });
    expect(again.stdout).toMatch(/^iRedMail +good +all here, for mail/m);
    expect(again.stdout).toMatch(/^iRedMail 1\.8\.1 +good .*its SHA-256 verified by the catalogue; GPL-3/m);
    expect(from.asked).toHaveLength(4);
  });

  test("--download without a network says why, once for a host, and ends", async () => {
    const env = { MAQUETTE_ARTEFACT_MIRROR: `https://localhost:${await deadPort()}` };
    const { code, of } = await doctor(["--download"], env);
    expect(code).toBe(1);
    expect(of.get("iredmail")).toMatchObject({
      had: { kind: "refused", why: expect.stringContaining("ECONNREFUSED") as string },
    });
    expect(of.get("mlmmjadmin")).toMatchObject({
      had: { kind: "refused", why: expect.stringContaining("was asked before") as string },
    });
  });

  test("--download that is killed half-way leaves nothing that is used, and the next one brings it whole", async () => {
    const [first] = iredmail as readonly [(typeof iredmail)[number]];
    const whole = contentOf(first.fileName);
    let pid = 0;
    from.files.set(`/files/${first.fileName}`, (_request, response) => {
      response.writeHead(200, { "content-length": whole.length });
      response.write(whole.subarray(0, 100), () => process.kill(-pid, "SIGKILL"));
    });
    const killed = await clone.maquette(["doctor", "--download"], { env: network(), onSpawn: (its) => (pid = its) });
    expect(killed.code).toBe(137);
    expect(cached()).toEqual([expect.stringMatching(/^\.download-/)]);
    expect((await doctor()).of.get("iredmail")).toMatchObject({ had: { kind: "absent" } });
    from.files.set(`/files/${first.fileName}`, whole);
    // Its lock is old enough to be a dead process': that is not waited for here.
    utimesSync(clone.at("cache/maquette/artefacts.lock"), 0, 0);
    expect((await doctor(["--download"], network())).of.get("iredmail")).toMatchObject({ had: { kind: "found" } });
    expect(cached()).toEqual(iredmail.map((a) => a.fileName).sort());
  });

  test("names a file of the setting's folder that is another one, with both digests and the cure", async () => {
    setFolder(folder());
    const [first] = iredmail as readonly [(typeof iredmail)[number]];
    const path = join(folder(), first.fileName);
    writeFileSync(path, "another");
    const ran = await clone.maquette(["doctor", "--download"], { env: network() });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(
      `${path} is another file and is not used: its SHA-256 is ${sha256(Buffer.from("another"))}, and the catalogue says ${sha256(contentOf(first.fileName))}`,
    );
    expect(ran.stdout).toMatch(/^iRedMail 1\.8\.1: Put iRedMail 1\.8\.1 in its place, or delete it/m);
    expect(readFileSync(path, "utf8")).toBe("another");
    expect(cached()).not.toContain(first.fileName);
  });

  test("knows the user's own zip by the file beside it, by its version, and by the folder as the settings say it", async () => {
    setFolder("../files");
    const zip = zipOf([{ name: "ebrigade/config.php", content: '<?php\n$patch_version="5.3.2";\n' }]);
    writeFileSync(join(folder(), "ebrigade-5.3.2.zip"), zip);
    const unstated = await clone.maquette(["doctor"]);
    expect(unstated.code).toBe(1);
    expect(unstated.stdout).toMatch(/nothing says what it should be: its SHA-256 is [0-9a-f]{64}/);
    const command = /same: (cd .* && sha256sum .*)$/m.exec(unstated.stdout)![1]!;
    expect(command).toBe(`cd ${folder()} && sha256sum ebrigade-5.3.2.zip > ebrigade-5.3.2.zip.sha256`);
    writeFileSync(join(folder(), "ebrigade-5.3.2.zip.sha256"), `${sha256(zip)}  ebrigade-5.3.2.zip\n`);
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of.get("ebrigade")).toMatchObject({ had: { kind: "found" } });
  });
});

describe("`up`", () => {
  // Its engine refuses to make the stack, so that nothing is begun: what is said comes before.
  const up = (args: readonly string[] = []): Promise<Ran> => clone.maquette(["up", ...args], { env: network() });
  beforeAll(() => clone.program("pulumi", `[ "$1" = version ] && echo "v${pins.cli}" && exit 0; exit 1`));

  test("says in a line each what is not here, before anything else, and asks nobody for what nobody installs", async () => {
    const ran = await up();
    const [first, second] = ran.stderr.split("\n").filter((line) => /is not here/.test(line));
    expect(first).toMatch(/^iRedMail is not here; in its place on mail: .*\. Not shown: .* `maquette doctor` says how/);
    expect(second).toMatch(/^eBrigade is not here; in its place on ebrigade: .*\. Not shown: /);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^iRedMail[^]*\neBrigade[^]*STACK_NOT_MADE/);
    expect(from.asked).toEqual([]);
    expect(existsSync(clone.at("cache/maquette/artefacts"))).toBe(false);
  });

  test("says it in French to whom asks for it, and why a file that is there is not used", async () => {
    setFolder(folder());
    writeFileSync(join(folder(), "ebrigade-5.3.2.zip"), "x");
    const ran = await up(["--lang", "fr"]);
    expect(ran.stderr).toMatch(/^iRedMail n'est pas là ; à sa place sur mail : .*\. Non montré : /m);
    expect(ran.stderr).toMatch(
      /^eBrigade n'est pas là \(.*ebrigade-5\.3\.2\.zip cannot be used: it is no zip\) ; à sa place sur/m,
    );
  });

  /** What roles.yaml says of the mail server. */
  const flavour = (word: string): void => {
    const file = join(clone.root, "stacks/lab/roles.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^( {4}flavour:) .*$/m, `$1 ${word}`));
  };
  afterEach(() => flavour("auto"));

  test("says that what is here is installed, and not the one file of four that is cut", async () => {
    setFolder(folder());
    for (const { fileName } of iredmail) writeFileSync(join(folder(), fileName), contentOf(fileName));
    expect((await up()).stderr).toMatch(/^iRedMail 1\.8\.1 is here, and is what mail gets\.$/m);
    const [first] = iredmail as readonly [(typeof iredmail)[number]];
    writeFileSync(join(folder(), first.fileName), contentOf(first.fileName).subarray(0, 1_000));
    const ran = await up();
    expect(ran.stderr).toMatch(
      /^iRedMail is not here \(.* is another file and is not used: .*\); in its place on mail/m,
    );
  });

  test("gets what the plan insists on, and without it begins nothing and says why", async () => {
    flavour("iredmail");
    expect((await up()).stderr).toMatch(/^iRedMail 1\.8\.1 is here/m);
    expect(cached()).toEqual(iredmail.map((a) => a.fileName).sort());
    setFolder(folder());
    writeFileSync(join(folder(), iredmail[1]!.fileName), "another");
    const ran = await up();
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /^ARTEFACT_NOT_HAD .*iRedAdmin-2\.8\.1\.tar\.gz is another file.* Nothing was begun\.$/m,
    );
    expect(ran.stderr).toMatch(/^ {2}hint: Put iRedAdmin 2\.8\.1 in its place/m);
    expect(ran.stderr).not.toContain("STACK_NOT_MADE");
  });

  test("asks for nothing of what the plan does not want", async () => {
    flavour("debian");
    const { stderr } = await up();
    expect(stderr).not.toContain("iRedMail");
    expect(from.asked).toEqual([]);
  });
});
