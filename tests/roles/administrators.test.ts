import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { parseSshKey, type SshKey } from "../../src/core/ssh-key.ts";
import type { Person, Plan } from "../../src/plan/index.ts";
import { declare } from "../../src/provision/steps/work.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { renderedLab } from "./lab.ts";

const keyOf = (line: string): SshKey => {
  const key = parseSshKey(line);
  if ("fact" in key) throw new Error(key.fact);
  return key;
};
const ed25519 = keyOf(ssh2.utils.generateKeyPairSync("ed25519").public);
const other = keyOf(ssh2.utils.generateKeyPairSync("ed25519").public);
const rsa = keyOf(ssh2.utils.generateKeyPairSync("rsa", { bits: 3072 }).public);
const withKeys =
  (keys: Readonly<Record<string, readonly SshKey[]>>) =>
  (plan: Plan): Plan => ({
    ...plan,
    people: new Map(
      [...plan.people].map(([login, p]): [string, Person] => [login, { ...p, sshKeys: keys[login] ?? [] }]),
    ),
  });

const none = await renderedLab();
// Claire has a key, and no right to administer anything; Yann the right, and no key.
const lab = await renderedLab(withKeys({ "elise.fontaine": [ed25519, other], "claire.morel": [rsa] }));
const two = await renderedLab(withKeys({ "elise.fontaine": [ed25519], "yann.caradec": [rsa] }));
const inside = lab.debians.filter((h) => !h.isOutside).map((h) => h.id);
const outside = lab.debians.filter((h) => h.isOutside).map((h) => h.id);

const WANTED = "/etc/maquette/administrators.json";
const SSHD = "/etc/ssh/sshd_config.d/10-maquette.conf";
const keyFiles = (of: typeof lab, id: string): readonly string[] =>
  [...of.files(id).keys()].filter((path) => path.startsWith("/etc/ssh/maquette-keys/"));
const said = (of: typeof lab, id: string, word: string): string | undefined =>
  new RegExp(`^${word} (.*)$`, "m").exec(of.files(id).get(SSHD)!.content)?.[1];

describe("accounts of administrators", () => {
  test("are on every Debian host behind the firewall, controllers and bastion too, and on no scenery", () => {
    expect(inside).toEqual(expect.arrayContaining(["dc1", "dc2", "bastion", "mail", "pc1"]));
    for (const id of inside) {
      expect([id, JSON.parse(lab.files(id).get(WANTED)!.content)]).toEqual([
        id,
        { "elise.fontaine": "Élise Fontaine" },
      ]);
      expect([id, keyFiles(lab, id)]).toEqual([id, ["/etc/ssh/maquette-keys/elise.fontaine"]]);
      expect([id, said(lab, id, "AllowUsers")]).toEqual([id, "maquette elise.fontaine"]);
    }
    for (const id of outside) {
      expect([id, lab.files(id).has(WANTED), keyFiles(lab, id)]).toEqual([id, false, []]);
      expect([id, said(lab, id, "AllowUsers")]).toEqual([id, "maquette"]);
      expect(lab.steps(id, "base").map((s) => s.name)).not.toContain("administrators' accounts");
    }
    for (const id of inside) declare("base", lab.roles(id)[0]!.work);
  });

  test("are nobody's without a key or without the right, and then hosts still look for those who left", () => {
    for (const id of inside) {
      expect(JSON.parse(none.files(id).get(WANTED)!.content)).toEqual({});
      expect(said(none, id, "AllowUsers")).toBe("maquette");
      expect(none.files(id).get(SSHD)!.content).not.toContain("Match");
      expect(none.steps(id, "base").map((s) => s.name)).toContain("administrators' accounts");
    }
  });

  test("take their keys from a file of root's alone, where each key stands under its owner's login", () => {
    const [path] = keyFiles(lab, "mail");
    const file = lab.files("mail").get(path!)!;
    expect(file.content).toBe(`ssh-ed25519 ${ed25519.blob} elise.fontaine\nssh-ed25519 ${other.blob} elise.fontaine\n`);
    // sshd reads it as the person.
    expect([file.owner ?? "root:root", file.mode ?? "0644"]).toEqual(["root:root", "0644"]);
    const text = two.files("mail").get(SSHD)!.content;
    // What follows a Match is of it, to the end of the file.
    expect(text.slice(text.indexOf("Match"))).toBe(
      "Match User elise.fontaine,yann.caradec\n  AuthorizedKeysFile /etc/ssh/maquette-keys/%u\n",
    );
  });

  test("open an algorithm only where somebody has such a key", () => {
    expect(said(lab, "mail", "PubkeyAcceptedAlgorithms")).toBe("ssh-ed25519,sk-ssh-ed25519@openssh.com");
    expect(said(two, "mail", "PubkeyAcceptedAlgorithms")).toBe(
      "ssh-ed25519,sk-ssh-ed25519@openssh.com,rsa-sha2-512,rsa-sha2-256",
    );
    expect(said(two, "mail", "RequiredRSASize")).toBe("3072");
  });

  test("may become root through their group, by a rule that is checked before it is live", () => {
    const step = lab.steps("mail", "base").find((s) => s.name === "administrators");
    if (step?.kind !== "files") throw new Error("no such step");
    const rule = "/etc/sudoers.d/61-maquette-administrators";
    expect(step.files[rule]).toMatchObject({ mode: "0440" });
    expect(step.files[rule]!.content).toMatch(/^%maquette-admins ALL=\(ALL:ALL\) NOPASSWD: ALL$/m);
    expect(step.check).toContainEqual({ argv: ["visudo", "-cqf", `new:${rule}`] });
    expect(step.check).toContainEqual({
      argv: ["ssh-keygen", "-l", "-f", "new:/etc/ssh/maquette-keys/elise.fontaine"],
    });
  });

  test("are made before sshd lets them in", () => {
    const names = lab.steps("mail", "base").map((s) => s.name);
    expect(names.indexOf("administrators")).toBeLessThan(names.indexOf("administrators' accounts"));
    expect(names.indexOf("administrators' accounts")).toBeLessThan(names.indexOf("sshd"));
  });
});

/** A host as its files say it, and what the program would do there. */
interface HostState {
  readonly passwd?: Readonly<Record<string, string>>;
  readonly shadow?: Readonly<Record<string, string>>;
  readonly members?: readonly string[] | null;
  readonly keys?: readonly string[];
}
const program = join(repositoryRoot(), "templates/base/administrators.py");
async function needed(
  wanted: Readonly<Record<string, string>>,
  { passwd = {}, shadow = {}, members = [], keys = [] }: HostState,
): Promise<readonly (readonly [said: string, commands: readonly (readonly string[])[]])[]> {
  const source = [
    "import importlib.util, json, sys",
    "spec = importlib.util.spec_from_file_location('program', sys.argv[1])",
    "program = importlib.util.module_from_spec(spec); spec.loader.exec_module(program)",
    "wanted, passwd, shadow, members, keys = json.loads(sys.argv[2])",
    "split = lambda lines: {login: line.split(':') for login, line in lines.items()}",
    "try: print(json.dumps(program.needed(wanted, split(passwd), split(shadow), members, keys)))",
    "except program.Stop as stop: sys.exit(str(stop))",
  ].join("\n");
  const asked = JSON.stringify([wanted, passwd, shadow, members, keys]);
  const { stdout } = await promisify(execFile)("python3", ["-B", "-c", source, program, asked]);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof needed>>;
}

describe("the program that makes and ends accounts", () => {
  const elise = { "elise.fontaine": "Élise Fontaine" };
  const own = "elise.fontaine:x:1001:1001:Élise Fontaine,,,,maquette:/home/elise.fontaine:/bin/bash";
  const live = "elise.fontaine:!:20780:0:99999:7:::";
  const ended = "elise.fontaine:!:20780:0:99999:7::1:";
  const made: HostState = {
    passwd: { root: "root:x:0:0:root:/root:/bin/bash", "elise.fontaine": own },
    shadow: { root: "root:!:20780:0:99999:7:::", "elise.fontaine": live },
    members: ["elise.fontaine"],
    keys: ["elise.fontaine"],
  };
  const left: HostState = {
    ...made,
    shadow: { ...made.shadow, "elise.fontaine": ended },
    members: [],
    keys: [],
  };

  test("makes the group and the account, whose number the system chooses, without a password", async () => {
    const [group, account, ...more] = await needed(elise, { members: null });
    expect(group).toEqual(["group maquette-admins", [["groupadd", "--system", "maquette-admins"]]]);
    const [argv] = account![1];
    expect(argv!.slice(-3)).toEqual(["--groups", "maquette-admins", "elise.fontaine"]);
    expect(argv).toEqual(expect.arrayContaining(["useradd", "--create-home", "Élise Fontaine,,,,maquette"]));
    for (const option of ["--uid", "--password", "--badname"]) expect(argv).not.toContain(option);
    expect(more).toEqual([]);
  });

  test("changes nothing where all is so, and nothing where nobody was ever wanted", async () => {
    expect(await needed(elise, made)).toEqual([]);
    expect(await needed({}, left)).toEqual([]);
    expect(await needed({}, { passwd: { root: made.passwd!["root"]! }, members: null })).toEqual([]);
  });

  test("locks and expires who has left, takes keys and right, ends the sessions, and deletes nothing", async () => {
    const commands = (await needed({}, made)).flatMap(([, c]) => c);
    expect(commands).toEqual([
      ["rm", "-f", "/etc/ssh/maquette-keys/elise.fontaine"],
      ["usermod", "--lock", "--expiredate", "1", "elise.fontaine"],
      ["gpasswd", "--delete", "elise.fontaine", "maquette-admins"],
      ["pkill", "--signal", "KILL", "--uid", "1001"],
    ]);
  });

  test.each([
    ["was given a password", { shadow: { "elise.fontaine": "elise.fontaine:$y$x:20780:0:99999:7::1:" } }],
    ["was given time again", { shadow: { "elise.fontaine": live } }],
    ["was put back into the group", { members: ["elise.fontaine"] }],
  ])("ends anew who has left and %s by hand", async (_, change) => {
    const commands = (await needed({}, { ...left, ...change })).flatMap(([, c]) => c);
    expect(commands[0]).toEqual(["usermod", "--lock", "--expiredate", "1", "elise.fontaine"]);
  });

  test("lets in again who comes back, with the same account", async () => {
    expect(await needed(elise, left)).toEqual([
      [
        "account elise.fontaine: right, no expiry",
        [["usermod", "--append", "--groups", "maquette-admins", "--expiredate", "", "elise.fontaine"]],
      ],
    ]);
  });

  test("takes away a password that somebody set, and follows a change of name", async () => {
    const shadow = { ...made.shadow, "elise.fontaine": "elise.fontaine:$y$x:20780:0:99999:7:::" };
    expect((await needed({ "elise.fontaine": "Élise Martin" }, { ...made, shadow })).map(([said]) => said)).toEqual([
      "account elise.fontaine: name, no password",
    ]);
  });

  test("never touches an account that it did not make", async () => {
    const passwd = { ...made.passwd, backup: "backup:x:34:34:backup:/var/backups:/usr/sbin/nologin" };
    await expect(needed({ backup: "Bak Up" }, { ...made, passwd })).rejects.toThrow(
      "backup is there already and not of our making: give that person another login in the plan",
    );
    expect((await needed(elise, { ...made, passwd, members: ["elise.fontaine", "backup"] })).map(([, c]) => c)).toEqual(
      [[["gpasswd", "--delete", "backup", "maquette-admins"]]],
    );
  });

  test("removes keys of whoever is not in the plan, whatever the file is called", async () => {
    expect((await needed(elise, { ...made, keys: ["elise.fontaine", "someone"] })).map(([, c]) => c)).toEqual([
      [["rm", "-f", "/etc/ssh/maquette-keys/someone"]],
    ]);
  });

  test("says how it is used", async () => {
    await expect(promisify(execFile)("python3", [program, "nonsense"])).rejects.toThrow(
      "usage: administrators.py check|apply FILE",
    );
  });
});
