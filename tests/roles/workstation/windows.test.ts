import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { placesOf, shown } from "../../../src/core/text.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { keyOf, openDoor } from "../../../src/door/index.ts";
import { targetsOf } from "../../../src/door/targets.ts";
import { seatOf } from "../../../src/plan/query.ts";
import { windowsRunner } from "../../../src/provision/steps/windows.ts";
import { declare, fillSteps, textsOf } from "../../../src/provision/steps/work.ts";
import { windowsPath } from "../../../src/provision/steps/windows/paths.ts";
import { directoryOf } from "../../../src/roles/dc/directory.ts";
import { settings as dcSettings } from "../../../src/roles/dc/settings.ts";
import { allProbes, artefactsIn, askedIn } from "../../../src/roles/registry.ts";
import type { FilesStep, Step } from "../../../src/roles/role.ts";
import { sizeFindings } from "../../../src/roles/workstation/windows/size.ts";
import { repositoryRoot } from "../../../src/stack/root.ts";
import { secret } from "../../door/ssh-server.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";
import { windowsHost } from "../../provision/windows-host.ts";
import { withWindows } from "./windows.ts";

/* What a Windows post is asked for. No Windows ran for any of this. */

const lab = await renderedLab((plan) => withWindows(plan));
const had = (ids: readonly string[], windows = {}): Promise<RenderedLab> =>
  renderedLab((plan): Plan => ({ ...withWindows(plan, windows), artefacts: ids }));
const steps = (of = lab): readonly Step[] => of.steps("pc2", "workstation");
const names = (of = lab): readonly string[] => steps(of).map((s) => s.name);
const commandOf = (name: string, of = lab) => {
  const step = steps(of).find((s) => s.name === name);
  if (step?.kind !== "command") throw new Error(`no command: ${name}`);
  return step;
};
const filesIn = (of = lab) => new Map(steps(of).flatMap((s) => (s.kind === "files" ? Object.entries(s.files) : [])));

describe("a Windows post", () => {
  test("gets steps of its own, at paths that Windows has, and nothing of Debian's", () => {
    expect(lab.roles("pc2").map((r) => r.role)).toEqual(["workstation"]);
    expect(names()).toEqual([
      ...["programs", "lab's authority", "member of the domain", "mail program", "softphone", "drive of people"],
    ]);
    for (const path of filesIn().keys()) expect(windowsPath(path)).toMatch(/^C:\\/);
    expect(steps().some((s) => s.kind === "packages")).toBe(false);
    expect(declare("workstation", { steps: steps() })).toHaveLength(steps().length);
  });

  test("has no secret but the machine's, the desk's and the authority's certificate, each in a place", () => {
    const places = textsOf(declare("workstation", { steps: steps() })).flatMap(placesOf);
    expect(places.map((p) => p.secret).sort()).toEqual([
      ...["password/machine/pc2", "password/sip/poste-pc2", "vault-certificate/ca"],
    ]);
  });

  test("joins by the account that a controller made before, as its predefined one, after the controllers", () => {
    const { computers } = directoryOf(lab.plan, askedIn(lab.plan), dcSettings.parse({}));
    expect(computers["PC2$"]).toMatchObject({ dn: "CN=PC2,OU=Postes,OU=COD" });
    const { run, unless } = commandOf("member of the domain");
    expect(run.argv.slice(-2)).toEqual(["join", "cod.test"]);
    expect(unless.argv.slice(-2)).toEqual(["check", "cod.test"]);
    expect(placesOf(run.input!).map((p) => p.secret)).toEqual(["password/machine/pc2"]);
    expect(unless.input).toBeUndefined();
    const { after } = lab.roles("pc2")[0]!.work;
    expect(after).toEqual(expect.arrayContaining(["dc1", "dc2", "pbx"]));
  });

  test("its join wants a restart, and asks of the domain and of its key", async () => {
    const text = await readFile(join(repositoryRoot(), "templates/workstation/windows_member.ps1"), "utf8");
    expect(text).toMatch(/Add-Computer .*'UnsecuredJoin', 'PasswordPass'[^]*\nexit 3010\n$/);
    expect(text).toMatch(/Test-ComputerSecureChannel/);
    // Windows would give the account another password, which the stack does not know.
    expect(text.indexOf("DisablePasswordChange")).toBeLessThan(text.indexOf("Add-Computer -"));
  });

  test("every program is read by PowerShell's own parser before it is there, and none has more than ASCII", () => {
    const programs = steps().find((s) => s.name === "programs") as FilesStep;
    const paths = Object.keys(programs.files);
    expect(programs.check!.map((c) => c.argv.at(-1))).toEqual(paths.map((path) => `new:${path}`));
    // PowerShell 5.1 takes a file without a mark for the system's code page.
    for (const { content } of Object.values(programs.files)) expect(shown(content)).toMatch(/^[\n\x20-\x7e]+$/);
  });

  test("trusts the lab's authority by the machine's store, and Thunderbird by that", () => {
    const policies = filesIn().get("/C:/Program Files/Mozilla Thunderbird/distribution/policies.json")!;
    expect(JSON.parse(shown(policies.content))).toMatchObject({
      policies: { Certificates: { ImportEnterpriseRoots: true } },
    });
    const authority = steps().find((s) => s.name === "lab's authority") as FilesStep;
    expect(authority.reload![0]!.argv.slice(-2)).toEqual(["add", "C:\\ProgramData\\maquette\\ca.crt"]);
    expect(authority.probe!.argv.slice(-2)).toEqual(["check", "C:\\ProgramData\\maquette\\ca.crt"]);
  });

  test("its softphone has the desk's account over TLS and SRTP, and believes that authority alone", () => {
    const text = shown(filesIn().get("/C:/Users/Default/AppData/Local/linphone/linphonerc")!.content);
    expect(text).toContain("reg_proxy=<sip:pbx.cod.test:5061;transport=tls>");
    expect(text).toContain("username=poste-pc2");
    expect(text).toMatch(/^media_encryption_mandatory=1$/m);
    expect(text).toMatch(/^root_ca=C:\\ProgramData\\maquette\\ca\.crt$/m);
  });

  test("installs what was supplied, and says what stands in where nothing was", async () => {
    expect(
      artefactsIn(lab.plan).flatMap((u) => (u.hosts.includes("pc2") ? [[u.name, u.hosts, u.isServed]] : [])),
    ).toEqual([
      ["Thunderbird", ["pc2"], true],
      ["Linphone", ["pc2"], false],
    ]);
    const both = await had(["thunderbird", "linphone"]);
    expect(names(both)).toEqual(expect.arrayContaining(["Thunderbird, installed", "Linphone, installed"]));
    // Before its policies, whose folder is its own.
    expect(names(both).indexOf("Thunderbird, installed")).toBeLessThan(names(both).indexOf("mail program"));
    expect(commandOf("Linphone, installed", both).run.argv.slice(-2)).toEqual([
      "C:\\Program Files\\Linphone\\bin\\linphone.exe",
      "C:\\ProgramData\\maquette\\files\\linphone.base64",
    ]);
  });

  test("people have a drive where the plan names a share, and none where not", async () => {
    expect(commandOf("drive of people").run.argv.at(-1)).toBe("none");
    const shared = await had([], { drive: "\\\\serveur\\partage" });
    expect(commandOf("drive of people", shared).run.argv.at(-1)).toBe("\\\\serveur\\partage");
  });

  test("is entered by SSH as the others are, from the bastion and as the flow table lets pass", () => {
    const way = targetsOf(lab.plan, { secret, vmId: () => 1, sockets: null, operator: "198.18.0.1" }).inBand("pc2").way;
    expect(way).toEqual({ kind: "inside", host: "10.20.30.12", port: 22 });
    const needs = lab.roles("bastion").flatMap((r) => r.work.needs ?? []);
    expect(needs.map((n) => n.what)).toContain("enters pc2");
  });

  test("is refused where Windows would not fit", () => {
    const sized = (memoryMiB: number, disksGiB: readonly number[]): readonly string[] => {
      const hosts = new Map([...lab.plan.hosts, ["pc2", { ...lab.plan.hosts.get("pc2")!, memoryMiB, disksGiB }]]);
      return sizeFindings({ ...lab.plan, hosts }).map((f) => `${f.code} ${f.path}`);
    };
    expect(sized(4096, [64])).toEqual([]);
    for (const [memory, disks] of [
      [4096, [20]],
      [1024, [64]],
    ] as const)
      expect(sized(memory, disks)).toEqual(["WORKSTATION_TOO_SMALL hosts.pc2"]);
  });

  test("is done with once by the runner: joined after its restart, and nothing the second time", async () => {
    const host = await windowsHost();
    const done = new Set<string>();
    const asked: string[] = [];
    host.machine.programs.set("powershell.exe", ({ starts }, words, input) => {
      const [, program, verb] = /-File C:\\ProgramData\\maquette\\(\w+)\.ps1 (\w+)/.exec(words) ?? [];
      if (program === undefined) return { exit: words.includes("ParseFile") ? 0 : 1, said: "" };
      asked.push(`${program} ${verb}`);
      if (verb === "join") return { exit: input === "machine/pc2\n" ? 3010 : 1, said: "" };
      if (verb !== "check") done.add(program);
      const holds = program === "member" ? starts > 1 : done.has(program);
      return { exit: holds ? 0 : 1, said: "" };
    });
    const target = () => host.target;
    const door = openDoor({ key: keyOf(secret), targets: { bastion: "ad1", inBand: target, outOfBand: target } });
    onTestFinished(() => door.close());
    const again = () => door.ssh("ad1", { waitMs: 5_000 });
    const role = {
      role: "workstation",
      steps: fillSteps(declare("workstation", { steps: steps() }), (_, label) => label),
    };
    const runner = windowsRunner(await again(), again);
    expect(await runner.apply([role], () => undefined)).toBeUndefined();
    expect(asked).toEqual([
      ...[
        "authority add",
        "authority check",
        "member check",
        "member join",
        "member check",
        "drive check",
        "drive set",
      ],
      "drive check",
    ]);
    expect(host.machine.starts).toBe(2);
    expect(host.machine.files.get("C:\\Users\\Default\\AppData\\Local\\linphone\\linphonerc")?.content).toContain(
      "passwd=sip/poste-pc2",
    );
    const changed: boolean[] = [];
    await runner.apply([role], (e) => {
      if (e.event === "done") changed.push(e.changed);
    });
    expect(changed).toEqual(steps().map(() => false));
    expect(host.machine.starts).toBe(2);
  });

  test("answers no probe: what acceptance asks is asked where Debian runs", () => {
    const ids = allProbes(lab.plan).flatMap((p) => (p.from === "pc2" ? [p.id] : []));
    expect(ids).toEqual([]);
    const hosts = new Map(lab.plan.hosts);
    hosts.set("pc1", { ...hosts.get("pc1")!, image: "windows-10" });
    hosts.set("pc2", { ...hosts.get("pc2")!, image: "debian-13" });
    expect(seatOf({ ...lab.plan, hosts })?.id).toBe("pc2");
  });
});
