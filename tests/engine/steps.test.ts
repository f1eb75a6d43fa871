import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StateResource } from "../../src/engine/checkpoint.ts";
import { parseCheckpoint } from "../../src/engine/checkpoint.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { roleState } from "../../src/provision/steps/index.ts";
import { readEpochs } from "../../src/stack/epochs.ts";
import { loadStackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { Clone, type Ran } from "./lab.ts";

/*
 * Steps inside hosts as resources of the real engine. Guests are in memory: what arrives on them is recorded
 * (docs/recorder.md), so what is shown is what is sent, when, and what state keeps of it.
 *
 * One life of a small lab. Each `up` says first what it will change, and is held to nothing else: so it also says that
 * the one before it left nothing to do.
 */

const PLAN = "tests/plans/few";
let clone: Clone;

/** Of the roles' passwords today none is the bastion's: it gets one here, from the role's code as it must be. */
const LABEL = "password/test/banner";
const PLACE = JSON.stringify({ secret: LABEL });
const ROLE = "src/roles/bastion/index.ts";
const PROFILE = "templates/bastion/profile.sh";
const JOURNAL = { template: "templates/base/journald.conf", path: "/etc/systemd/journald.conf.d/60-maquette.conf" };

beforeAll(async () => {
  clone = new Clone({ plan: PLAN });
  clone.edit(PROFILE, (text) => `${text}# word of the day: {{word}}\n`);
  clone.edit(ROLE, (text) =>
    ['import { secret } from "../../core/secret-place.ts";\n', text]
      .join("")
      .replace('fill("profile.sh", {})', 'fill("profile.sh", { word: secret("password", "test/banner") })'),
  );
  await well(clone.maquette(["up", "--skip-preview"], { deadlineMs: 1_700_000 }));
});
afterAll(async () => clone.dispose());

async function well(running: Promise<Ran>): Promise<Ran> {
  const ran = await running;
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

const up = (...args: string[]): Promise<Ran> => well(clone.maquette(["up", ...args]));

/** `update pc1-base`: what a preview says that would change; what is to be created it counts. */
const told = (text: string): string[] =>
  [...text.matchAll(/^([~±-]) (\S+)/gm)].map(([, sign, name]) => `${sign === "~" ? "update" : sign!} ${name!}`).sort();
/** The properties that it says differ. */
const properties = (text: string): string[] => [...text.matchAll(/^ {4}(\S+): .* → /gm)].map(([, path]) => path!);

const vmIds = { bastion: 1003, backup: 1016, pc1: 1031 } as const;
type Name = keyof typeof vmIds;
const hosts = ["bastion", "backup", "pc1"] as const satisfies readonly Name[];
const everyBase = hosts.map((host) => `update ${host}-base`).sort();

interface Disk {
  readonly instance: string;
  files: Record<string, { digest: string; mode: string; owner: string; content?: string }>;
  packages: string[];
  isFull: boolean;
}
const diskFile = (host: Name): string => join(clone.states()[0]!, "pve/memory", String(vmIds[host]), "disk.json");
const diskOf = (host: Name): Disk => JSON.parse(readFileSync(diskFile(host), "utf8")) as Disk;
const disks = (): ReadonlyMap<Name, string> =>
  new Map(hosts.map((host) => [host, readFileSync(diskFile(host), "utf8")]));
/** Those whose disk is another than it was. */
const touchedSince = (before: ReadonlyMap<Name, string>): Name[] =>
  [...disks()].filter(([host, disk]) => disk !== before.get(host)).map(([host]) => host);
/** What a colleague does on the server. */
function byHand(host: Name, change: (disk: Disk) => void): void {
  const disk = diskOf(host);
  change(disk);
  writeFileSync(diskFile(host), JSON.stringify(disk));
}
const write = (disk: Disk, path: string, content: string): void => {
  Object.assign(disk.files[path]!, { content, digest: createHash("sha256").update(content).digest("hex") });
};
const journalOf = (host: Name): string => diskOf(host).files[JOURNAL.path]!.content!;
const bannerOf = (): Disk["files"][string] => diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!;

async function exported(): Promise<{ readonly text: string; readonly resources: readonly StateResource[] }> {
  const { stdout } = await well(clone.shell("pulumi stack export --show-secrets"));
  return { text: stdout, resources: parseCheckpoint(stdout).resources };
}
const isRole = (r: StateResource): boolean => r.type === "provision:index:Role";

/** Whatever of the stack nobody may read, each with its name: the plan's own list, and what it derives from. */
async function secrets(): Promise<readonly (readonly [name: string, text: string])[]> {
  const { stdout } = await well(clone.maquette(["secret", "--list", "--json"]));
  const labels = (JSON.parse(stdout) as { label: string }[]).map((s) => s.label);
  expect(labels).toContain(LABEL);
  const folder = clone.secrets();
  const secret = await loadStackSecret(folder);
  const vault = new Vault(folder);
  const plan = await loadPlan(join(clone.root, PLAN), { nodes: 2 });
  if (!plan.ok) throw new Error("the plan is not sound");
  const found: [string, string][] = [];
  for (const label of labels) {
    const rest = label.slice(label.indexOf("/") + 1);
    // One line of a key is enough to know it by; the lines that say what it is are no secret.
    const key = (pem: string): void => {
      const lines = pem.split("\n").filter((line) => line.length >= 24 && !line.startsWith("-----"));
      for (const line of lines.slice(-2)) found.push([label, line]);
    };
    if (label.startsWith("password/")) found.push([label, secret.password(rest)], [label, secret.bcrypt(rest)]);
    if (label.startsWith("ssh/")) key(secret.sshKey(rest, rest).privateKey);
    if (label.startsWith("cert/") && rest !== "ca") key((await vault.kept(rest)).key);
  }
  const token = readFileSync(join(clone.states()[0]!, "run/token"), "utf8").trim().split("=")[1]!;
  const passphrase = readFileSync(join(folder, "passphrase"), "utf8").trim();
  const own = readFileSync(join(folder, "secret"), "utf8").trim();
  return [...found, ["token", token], ["pass phrase", passphrase], ["stack's secret", own]];
}

const namesIn = (text: string, known: Awaited<ReturnType<typeof secrets>>): string[] =>
  known.filter(([, value]) => text.includes(value)).map(([name]) => name);

describe("roles", () => {
  test("are resources of their host: the base, then its own, on every host but the routers", async () => {
    const { text, resources } = await exported();
    const roles = resources.filter(isRole);
    const bases = roles.filter((r) => roleState.parse(r.outputs).role === "base");
    expect(bases.map((r) => roleState.parse(r.outputs).host).sort()).toEqual([...hosts].sort());
    expect(roles.map((r) => r.urn.split("::").pop())).toContain("bastion-bastion");
    const { deployment } = JSON.parse(text) as {
      deployment: { resources: { urn: string; parent?: string; dependencies?: string[]; deletedWith?: string }[] };
    };
    for (const role of roles) {
      const { host, role: name } = roleState.parse(role.outputs);
      const { parent, dependencies, deletedWith } = deployment.resources.find((r) => r.urn === role.urn)!;
      expect(parent).toMatch(new RegExp(`maquette:lab:Guest::${host}$`));
      expect(deletedWith).toMatch(new RegExp(`VmLegacy::${host}$`));
      if (name !== "base") expect(dependencies).toContain(bases.find((b) => b.urn.endsWith(`::${host}-base`))!.urn);
    }
  });

  test("are sent to their host as the state says, and the bastion's file with a secret in it is its own alone", () => {
    expect(bannerOf().mode).toBe("0600");
    expect(bannerOf().content).toBeUndefined();
    expect(journalOf("backup")).toContain("[Journal]");
  });
});

describe("no secret of the stack", () => {
  test("is in the state, in clear or deciphered, nor in what the engine keeps beside it", async () => {
    const known = await secrets();
    const { text, resources } = await exported();
    expect(namesIn(text, known)).toEqual([]);
    // The places for them are: the state was looked at where they would be.
    expect(JSON.stringify(resources.filter(isRole))).toContain(PLACE);
    const base = join(clone.states()[0]!, "..");
    const kept = readdirSync(join(base, "backend"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    expect(kept.map((e) => e.name)).toContain("lab.json");
    for (const entry of kept) {
      const path = join(entry.parentPath, entry.name);
      expect([path, ...namesIn(readFileSync(path, "utf8"), known)]).toEqual([path]);
    }
    // They are where the provider sends them, so this list would find them.
    expect(namesIn(readFileSync(diskFile("backup"), "utf8"), known)).toContain("ssh/host/backup");
  });
});

describe("a template that is edited", () => {
  test("is shown by its line before anything is sent, by both previews, and without the secret beside it", async () => {
    const known = await secrets();
    const before = disks();
    const putBack = clone.edit(PROFILE, (text) => text.replace("# word of the day: ", "# word of the week: "));
    const own = await well(clone.maquette(["preview"]));
    expect(told(own.stdout)).toEqual(["update bastion-bastion"]);
    expect(own.stdout).toMatch(/word of the day: \{\{secret.* → .*word of the week: /);
    const plain = await well(clone.shell("pulumi preview --diff --non-interactive"));
    expect(plain.stdout).toMatch(/- +.*word of the day/);
    expect(plain.stdout).toMatch(/\+ +.*word of the week/);
    for (const { stdout, stderr } of [own, plain]) expect(namesIn(stdout + stderr, known)).toEqual([]);
    expect(touchedSince(before)).toEqual([]);
    putBack();
  });

  test("of every host goes to the one that was asked for alone with --host, to the others with the next up", async () => {
    clone.edit(JOURNAL.template, (text) => text.replace("[Journal]", "[Journal]\nAudit=no"));
    const before = disks();
    await up("--host", "backup");
    expect(touchedSince(before)).toEqual(["backup"]);
    expect(journalOf("backup")).toContain("Audit=no");
    expect(told((await up()).stderr)).toEqual(everyBase.filter((change) => change !== "update backup-base"));
    for (const host of hosts) expect(journalOf(host)).toContain("Audit=no");
  });
});

describe("what somebody changed by hand on a host", () => {
  const spoil = (): void =>
    byHand("backup", (disk) => {
      write(disk, JOURNAL.path, journalOf("backup").replace("[Journal]", "[Journal]\nStorage=none"));
      disk.files["/etc/rsyslog.d/tls/host.key"]!.mode = "0644";
      disk.packages = disk.packages.filter((name) => name !== "rsyslog");
    });

  test("is seen by an up that has nothing else to do, shown line by line, and put right; the next has nothing to do", async () => {
    const known = await secrets();
    const before = diskOf("backup");
    const kept = join(clone.states()[0]!, "run/unchanged");
    rmSync(kept, { force: true });
    spoil();
    const { stdout, stderr } = await up();
    expect(stderr).toContain(`backup, role base, "journal": ${JOURNAL.path} differs`);
    expect(stderr).toContain('backup, role base, "packages": missing: rsyslog');
    expect(stderr).toMatch(/60-maquette\.conf"\]\["content"\]: Storage=none → /);
    expect(stderr).toMatch(/host\.key"\]\["mode"\]: 0644 → 0600/);
    expect(namesIn(stdout + stderr, known)).toEqual([]);
    const after = diskOf("backup");
    expect({ ...after, packages: [...after.packages].sort() }).toEqual({
      ...before,
      packages: [...before.packages].sort(),
    });
    // What the engine would say now is known without it, and is what it does say; whoever edits a template below must be
    // answered anew.
    const answer = readFileSync(kept, "utf8");
    expect((await up()).stderr).toContain("Nothing to change");
    rmSync(kept);
    expect((await up()).stderr).toContain("Nothing to change");
    expect(readFileSync(kept, "utf8")).toBe(answer);
  });

  test("is shown by plain pulumi refresh too, and the pulumi up after it puts it right", async () => {
    const known = await secrets();
    spoil();
    const refreshed = await well(clone.shell("pulumi refresh --yes --skip-preview --diff --non-interactive"));
    expect(refreshed.stdout).toContain("Storage=none");
    expect(refreshed.stdout).toContain("missing: rsyslog");
    expect(namesIn(refreshed.stdout + refreshed.stderr, known)).toEqual([]);
    const plain = await well(clone.shell("pulumi up --yes --skip-preview --non-interactive"));
    expect(plain.stdout).toMatch(/ backup-base updated /);
    expect(plain.stdout).toMatch(/^ +~ 1 updated$/m);
    expect(journalOf("backup")).not.toContain("Storage=none");
    expect(diskOf("backup").packages).toContain("rsyslog");
  });
});

describe("a step that fails", () => {
  test("when its role is first done is told with host, role, step and cure; the state keeps it, and the next up goes on there", async () => {
    await well(
      clone.shell("pulumi destroy --yes --skip-preview --non-interactive --target-dependents --target '**::pc1-base'"),
    );
    const { instance } = diskOf("pc1");
    byHand("pc1", (disk) => {
      disk.isFull = true;
      disk.files = Object.fromEntries(Object.entries(disk.files).filter(([path]) => path !== JOURNAL.path));
    });
    const failed = await clone.maquette(["up", "--skip-preview"]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toMatch(/STEP_FAILED pc1, role base, step "journal": the disk is full/);
    expect(failed.stderr).toMatch(/hint: Make room on pc1/);
    const partly = (await exported()).resources.filter((r) => r.urn.endsWith("::pc1-base"));
    expect(partly).toHaveLength(1);
    expect(partly[0]!.initErrors!.join()).toContain('step "journal"');
    expect(roleState.parse(partly[0]!.outputs).instance).toBe(instance);
    expect((await clone.maquette(["render", "--sent", "pc1"])).stdout).toContain("did not come to its end");
    byHand("pc1", (disk) => (disk.isFull = false));
    await up();
    expect(journalOf("pc1")).toContain("[Journal]");
    expect(diskOf("pc1").instance).toBe(instance);
    const done = (await exported()).resources.filter((r) => r.urn.endsWith("::pc1-base"));
    expect(done[0]!.initErrors ?? []).toEqual([]);
  });

  test("when a template changed leaves the old one in the state, and the next up goes on", async () => {
    const putBack = clone.edit(PROFILE, (text) => `${text}# one line more\n`);
    byHand("bastion", (disk) => (disk.isFull = true));
    const failed = await clone.maquette(["up"]);
    expect(failed.code).toBe(2);
    expect(told(failed.stderr)).toEqual(["update bastion-bastion"]);
    expect(failed.stderr).toMatch(/STEP_FAILED bastion, role bastion, step "recording of sessions": the disk is full/);
    byHand("bastion", (disk) => (disk.isFull = false));
    const { digest } = bannerOf();
    expect(told((await up()).stderr)).toEqual(["update bastion-bastion"]);
    expect(bannerOf().digest).not.toBe(digest);
    putBack();
  });

  test("whose template is put back afterwards is sent as it was, and leaves nothing to mend", async () => {
    const { digest } = bannerOf();
    expect(told((await up()).stderr)).toEqual(["update bastion-bastion"]);
    expect(bannerOf().digest).not.toBe(digest);
  });
});

describe("another secret", () => {
  test("after --rotate changes the digest of the roles that it is in, and nothing else; up brings it there", async () => {
    const { digest } = bannerOf();
    await well(clone.maquette(["secret", LABEL, "--rotate"]));
    expect((await readEpochs(clone.secrets())).get(LABEL)).toBe(1);
    const { stderr } = await up();
    expect(told(stderr)).toEqual(["update bastion-bastion"]);
    expect(properties(stderr)).toEqual(["digest"]);
    expect(bannerOf().digest).not.toBe(digest);
  });

  test("after --revoke is another certificate on its host alone, and every host's list of the revoked is another", async () => {
    const digests = (path: string): (string | undefined)[] =>
      (["pc1", "bastion"] as const).map((host) => diskOf(host).files[path]?.digest);
    const keys = (): (string | undefined)[] => digests("/etc/rsyslog.d/tls/host.key");
    const lists = (): (string | undefined)[] => digests("/usr/local/share/ca-certificates/maquette.crl");
    const [before, listed] = [keys(), lists()];
    await well(clone.maquette(["secret", "cert/log-pc1", "--revoke"]));
    expect(told((await up()).stderr)).toEqual(everyBase);
    expect(keys()[0]).not.toBe(before[0]);
    expect(keys()[1]).toBe(before[1]);
    expect(lists()).not.toContain(undefined);
    for (const list of lists()) expect(listed).not.toContain(list);
  });
});

describe("a guest that is made again", () => {
  test("gets a seed to boot from and its roles again, and no other host is touched", async () => {
    const before = disks();
    const { instance } = diskOf("pc1");
    const api = (method: string, path: string): Promise<Ran> =>
      well(
        clone.shell(
          `curl -sS --fail --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" -X ${method} "\${PROXMOX_VE_ENDPOINT}api2/json/nodes/pve1/${path}"`,
        ),
      );
    await api("POST", `qemu/${vmIds.pc1}/status/stop`);
    await api("DELETE", `qemu/${vmIds.pc1}`);
    await up("--skip-preview");
    expect(diskOf("pc1").instance).not.toBe(instance);
    expect(journalOf("pc1")).toContain("[Journal]");
    const { data } = JSON.parse((await api("GET", "storage/local/content?content=iso")).stdout) as {
      data: { volid: string }[];
    };
    expect(data.some((v) => v.volid.includes("pc1"))).toBe(true);
    expect(touchedSince(before)).toEqual(["pc1"]);
  });

  test("leaves nothing to do", async () => {
    await well(clone.maquette(["preview", "--expect-no-changes"]));
  });
});
