import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
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
 */

let clone: Clone;

/** Of the lab's passwords today none is a role's: the bastion gets one here, from the role's code as it must be. */
const LABEL = "password/test/banner";
const PLACE = JSON.stringify({ secret: LABEL });
const ROLE = "src/roles/bastion/index.ts";
const PROFILE = "templates/bastion/profile.sh";
const JOURNAL = { template: "templates/base/journald.conf", path: "/etc/systemd/journald.conf.d/60-maquette.conf" };

beforeAll(async () => {
  clone = new Clone();
  writeFileSync(join(clone.root, PROFILE), `${clone.file(PROFILE)}# word of the day: {{word}}\n`);
  const imported = 'import { secret } from "../../core/secret-place.ts";\n';
  const role = clone
    .file(ROLE)
    .replace('fill("profile.sh", {})', 'fill("profile.sh", { word: secret("password", "test/banner") })');
  writeFileSync(join(clone.root, ROLE), imported + role);
  await well(clone.maquette(["up", "--skip-preview"], { deadlineMs: 1_700_000 }));
});
afterAll(async () => clone.dispose());

async function well(running: Promise<Ran>): Promise<Ran> {
  const ran = await running;
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

const up = (...args: string[]): Promise<Ran> => well(clone.maquette(["up", ...args]));
const isEmptyPreview = (): Promise<Ran> => well(clone.maquette(["preview", "--expect-no-changes"]));

interface Previewed {
  readonly name: string;
  readonly op: string;
  readonly properties: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
}
const previewed = async (): Promise<readonly Previewed[]> => {
  const { stdout } = await well(clone.maquette(["preview", "--json"]));
  return (JSON.parse(stdout) as { changes: Previewed[] }).changes;
};
const told = (changes: readonly Previewed[]): string[] => changes.map((c) => `${c.op} ${c.name}`);

/** Edits a file of the clone until the test has ended. */
function edit(path: string, change: (text: string) => string): void {
  const before = clone.file(path);
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(clone.root, path), after);
  onTestFinished(() => writeFileSync(join(clone.root, path), before));
}

const vmIds = { bastion: 1003, dc1: 1011, dc2: 1012, pc1: 1031, pc2: 1032 } as const;
type Name = keyof typeof vmIds;

interface Disk {
  readonly instance: string;
  files: Record<string, { digest: string; mode: string; owner: string; content?: string }>;
  packages: string[];
  isFull: boolean;
}
const diskFile = (host: Name): string => join(clone.states()[0]!, "pve/memory", String(vmIds[host]), "disk.json");
const diskOf = (host: Name): Disk => JSON.parse(readFileSync(diskFile(host), "utf8")) as Disk;
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
  const plan = await loadPlan(join(clone.root, "stacks/lab"), { nodes: 2 });
  if (!plan.ok) throw new Error("the lab's plan is not sound");
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
    const plan = await loadPlan(join(clone.root, "stacks/lab"), { nodes: 2 });
    if (!plan.ok) throw new Error("the lab's plan is not sound");
    const hosts = [...plan.value.hosts.values()].filter((h) => h.role !== "router").map((h) => h.id);
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
    const sent = diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!;
    expect(sent.mode).toBe("0600");
    expect(sent.content).toBeUndefined();
    expect(journalOf("dc2")).toContain("[Journal]");
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
    expect(namesIn(readFileSync(diskFile("dc2"), "utf8"), known)).toContain("ssh/host/dc2");
  });
});

describe("a template that is edited", () => {
  test("is shown by its line before anything is sent, by both previews, and without the secret beside it", async () => {
    const known = await secrets();
    edit(PROFILE, (text) => text.replace("# word of the day: ", "# word of the week: "));
    const before = readFileSync(diskFile("bastion"), "utf8");
    const own = await well(clone.maquette(["preview"]));
    expect(own.stdout).toContain("~ bastion-bastion");
    expect(own.stdout).toMatch(/word of the day: \{\{secret.* → .*word of the week: /);
    const plain = await well(clone.shell("pulumi preview --diff --non-interactive"));
    expect(plain.stdout).toMatch(/- +.*word of the day/);
    expect(plain.stdout).toMatch(/\+ +.*word of the week/);
    for (const { stdout, stderr } of [own, plain]) expect(namesIn(stdout + stderr, known)).toEqual([]);
    expect(readFileSync(diskFile("bastion"), "utf8")).toBe(before);
    expect(told(await previewed())).toEqual(["update bastion-bastion"]);
  });

  test("of every host goes to the one that was asked for alone with --host, to the others with the next up", async () => {
    edit(JOURNAL.template, (text) => text.replace("[Journal]", "[Journal]\nAudit=no"));
    const hosts = ["bastion", "dc1", "dc2", "pc1"] as const;
    const before = hosts.map((host) => readFileSync(diskFile(host), "utf8"));
    await up("--host", "dc2");
    expect(hosts.filter((host, n) => readFileSync(diskFile(host), "utf8") !== before[n])).toEqual(["dc2"]);
    expect(journalOf("dc2")).toContain("Audit=no");
    const rest = told(await previewed());
    expect(rest).toContain("update dc1-base");
    expect(rest).not.toContain("update dc2-base");
    await up();
    for (const host of hosts) expect(journalOf(host)).toContain("Audit=no");
    await isEmptyPreview();
  });

  test("and put back is sent again", async () => {
    await up("--skip-preview");
    expect(journalOf("dc2")).not.toContain("Audit=no");
    await isEmptyPreview();
  });
});

describe("what somebody changed by hand on a host", () => {
  const spoil = (): void =>
    byHand("dc2", (disk) => {
      write(disk, JOURNAL.path, journalOf("dc2").replace("[Journal]", "[Journal]\nStorage=none"));
      disk.files["/etc/rsyslog.d/tls/host.key"]!.mode = "0644";
      disk.packages = disk.packages.filter((name) => name !== "rsyslog");
    });

  test("is seen by an up that has nothing else to do, shown line by line, and put right; the next has nothing to do", async () => {
    const known = await secrets();
    const before = diskOf("dc2");
    const kept = join(clone.states()[0]!, "run/unchanged");
    rmSync(kept, { force: true });
    spoil();
    const { stdout, stderr } = await up();
    expect(stderr).toContain(`dc2, role base, "journal": ${JOURNAL.path} differs`);
    expect(stderr).toContain('dc2, role base, "packages": missing: rsyslog');
    expect(stderr).toMatch(/60-maquette\.conf"\]\["content"\]: Storage=none → /);
    expect(stderr).toMatch(/host\.key"\]\["mode"\]: 0644 → 0600/);
    expect(namesIn(stdout + stderr, known)).toEqual([]);
    const after = diskOf("dc2");
    expect({ ...after, packages: [...after.packages].sort() }).toEqual({
      ...before,
      packages: [...before.packages].sort(),
    });
    // What the engine would say now is known without it, and is what it does say; whoever edits a template below must be
    // answered anew.
    const answer = readFileSync(kept, "utf8");
    await isEmptyPreview();
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
    expect(told(await previewed())).toEqual(["update dc2-base"]);
    await well(clone.shell("pulumi up --yes --skip-preview --non-interactive"));
    expect(journalOf("dc2")).not.toContain("Storage=none");
    expect(diskOf("dc2").packages).toContain("rsyslog");
    await isEmptyPreview();
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
    await isEmptyPreview();
  });

  test("when a template changed leaves the old one in the state, and the next up goes on", async () => {
    edit(PROFILE, (text) => `${text}# one line more\n`);
    byHand("bastion", (disk) => (disk.isFull = true));
    const failed = await clone.maquette(["up", "--skip-preview"]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toMatch(/STEP_FAILED bastion, role bastion, step "recording of sessions": the disk is full/);
    byHand("bastion", (disk) => (disk.isFull = false));
    const { digest } = diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!;
    await up();
    expect(diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!.digest).not.toBe(digest);
    await isEmptyPreview();
  });

  test("whose template is put back afterwards leaves nothing to mend", async () => {
    await up("--skip-preview");
    await isEmptyPreview();
  });
});

describe("a guest that is made again", () => {
  test("gets its roles again, and no other host is touched", async () => {
    const { instance } = diskOf("pc2");
    const others = ["bastion", "dc1", "pc1"] as const;
    const before = others.map((host) => readFileSync(diskFile(host), "utf8"));
    const api = (method: string, path: string): Promise<Ran> =>
      well(
        clone.shell(
          `curl -sS --fail --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" -X ${method} "\${PROXMOX_VE_ENDPOINT}api2/json/nodes/pve2/qemu/${vmIds.pc2}${path}"`,
        ),
      );
    await api("POST", "/status/stop");
    await api("DELETE", "");
    await up();
    expect(diskOf("pc2").instance).not.toBe(instance);
    expect(journalOf("pc2")).toContain("[Journal]");
    expect(others.filter((host, n) => readFileSync(diskFile(host), "utf8") !== before[n])).toEqual([]);
    await isEmptyPreview();
  });
});

describe("another secret", () => {
  test("after --rotate changes the digest of the roles that it is in, and nothing else; up brings it there", async () => {
    const { digest } = diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!;
    await well(clone.maquette(["secret", LABEL, "--rotate"]));
    expect((await readEpochs(clone.secrets())).get(LABEL)).toBe(1);
    const changes = await previewed();
    expect(told(changes)).toEqual(["update bastion-bastion"]);
    expect(changes[0]!.properties.map((p) => p.path)).toEqual(["digest"]);
    await up("--skip-preview");
    expect(diskOf("bastion").files["/etc/profile.d/maquette-idle.sh"]!.digest).not.toBe(digest);
    await isEmptyPreview();
  });

  test("after --revoke is another certificate on its host alone, and every host's list of the revoked is another", async () => {
    const digests = (path: string): (string | undefined)[] =>
      (["pc1", "bastion"] as const).map((host) => diskOf(host).files[path]?.digest);
    const keys = (): (string | undefined)[] => digests("/etc/rsyslog.d/tls/host.key");
    const lists = (): (string | undefined)[] => digests("/usr/local/share/ca-certificates/maquette.crl");
    const [before, listed] = [keys(), lists()];
    await well(clone.maquette(["secret", "cert/log-pc1", "--revoke"]));
    const bases = (await exported()).resources
      .filter(isRole)
      .map((r) => r.urn.split("::").at(-1)!)
      .filter((name) => name.endsWith("-base"));
    const changed = told(await previewed()).filter((change) => change.endsWith("-base"));
    expect(changed.toSorted()).toEqual(bases.map((name) => `update ${name}`).sort());
    await up("--skip-preview");
    expect(keys()[0]).not.toBe(before[0]);
    expect(keys()[1]).toBe(before[1]);
    expect(lists()).not.toContain(undefined);
    for (const list of lists()) expect(listed).not.toContain(list);
    await isEmptyPreview();
  });
});
