import { describe, expect, onTestFinished, test } from "vitest";
import { secret as place } from "../../src/core/secret-place.ts";
import { keyOf, openDoor } from "../../src/door/index.ts";
import type { ApplyEvent, FailEvent, StateEvent } from "../../src/provision/steps/observed.ts";
import type { HostRunner } from "../../src/provision/steps/runner.ts";
import { powershell, windowsScripts } from "../../src/provision/steps/windows/scripts.ts";
import { windowsArguments } from "../../src/provision/steps/windows/host.ts";
import { windowsRunner } from "../../src/provision/steps/windows.ts";
import { fillSteps, type DeclaredStep } from "../../src/provision/steps/work.ts";
import { secret } from "../door/ssh-server.ts";
import { faultOf } from "../stack/temporary.ts";
import { windowsHost, WindowsMachine, type WindowsHost } from "./windows-host.ts";

/* The host is a fake that knows a table of scripts and refuses any other: no Windows ran for any of this. */

const PASSWORD = "Pässwörd/of the lab";
const CONF = "C:\\ProgramData\\ntp\\ntp.conf";
const KEYS = "C:\\ProgramData\\ntp\\keys";

const declared = (change: (steps: DeclaredStep[]) => DeclaredStep[] = (s) => s): DeclaredStep[] =>
  change([
    { kind: "packages", name: "features", packages: ["AD-Domain-Services", "DNS"] },
    {
      kind: "files",
      name: "clock",
      files: {
        "/C:/ProgramData/ntp/ntp.conf": { content: "# l'heure à l'été\nserver 192.0.2.53\n" },
        "/C:/ProgramData/ntp/keys": { content: ["1 ", place("password", "clock"), "\n"] },
      },
      absent: ["/C:/ProgramData/ntp/old.conf"],
      check: [{ argv: ["ntpd.exe", "-n", "-c", "new:/C:/ProgramData/ntp/ntp.conf"] }],
      reload: [{ argv: ["w32tm.exe", "/config", "/update"] }],
      probe: { argv: ["w32tm.exe", "/query", "/status"] },
    },
    {
      kind: "command",
      name: "forest",
      unless: { argv: ["dcdiag.exe", "/q"] },
      run: { argv: ["promote.exe", "cod test"], input: [place("password", "clock"), "\n"] },
    },
    { kind: "units", name: "services", units: ["NTDS"], state: "running" },
    { kind: "units", name: "others", units: ["Spooler", "Absent"], state: "masked" },
    { kind: "probe", name: "it answers", run: { argv: ["w32tm.exe", "/query", "/status"] } },
  ]);

function machine(): WindowsMachine {
  const made = new WindowsMachine();
  for (const feature of ["AD-Domain-Services", "DNS", "Web-Server"]) made.known.add(feature);
  made.services.set("NTDS", { status: "Stopped", start: "Manual" });
  made.services.set("Spooler", { status: "Running", start: "Automatic" });
  let isForest = false;
  made.programs.set("dcdiag.exe", () => ({ exit: isForest ? 0 : 1, said: isForest ? "" : "not a DC" }));
  made.programs.set("promote.exe", (_machine, _words, input) => {
    isForest = input === `${PASSWORD}\n`;
    return { exit: 0, said: "" };
  });
  made.programs.set("w32tm.exe", () => ({ exit: 0, said: "" }));
  made.programs.set("ntpd.exe", (m, words) => {
    const path = /-c (\S+)$/.exec(words)![1]!;
    const isGood = m.files.get(path)?.content.includes("server ") === true;
    return { exit: isGood ? 0 : 2, said: isGood ? "" : `${path}: no server` };
  });
  return made;
}

async function lab(made = machine()): Promise<{ host: WindowsHost; runner: HostRunner }> {
  const host = await windowsHost(made);
  const target = () => host.target;
  const door = openDoor({ key: keyOf(secret), targets: { bastion: "ad1", inBand: target, outOfBand: target } });
  onTestFinished(() => door.close());
  return { host, runner: windowsRunner(await door.ssh("ad1"), () => door.ssh("ad1", { waitMs: 5_000 })) };
}

const role = (steps = declared()) => [{ role: "dc", steps: fillSteps(steps, () => PASSWORD) }];

async function apply(
  runner: HostRunner,
  steps = declared(),
): Promise<{ changed: boolean[]; failure: FailEvent | undefined; events: ApplyEvent[] }> {
  const events: ApplyEvent[] = [];
  const failure = await runner.apply(role(steps), (e) => events.push(e));
  return { changed: events.flatMap((e) => (e.event === "done" ? [e.changed] : [])), failure, events };
}

const good: StateEvent["roles"] = {
  dc: [
    { missing: [] },
    { wrong: {}, present: [], isLoaded: true },
    { holds: true, said: "" },
    { wrong: {} },
    { wrong: {} },
    { holds: true },
  ],
};

const edit = (text: string) => (steps: DeclaredStep[]) =>
  JSON.parse(JSON.stringify(steps).replace("server 192.0.2.53", text)) as DeclaredStep[];

describe("a Windows host", () => {
  test("gets features, files, commands and services in order, and a second run changes nothing", async () => {
    const { host, runner } = await lab();
    expect(await runner.check(role())).toEqual({ event: "state", instance: null, roles: {} });
    const first = await apply(runner);
    expect(first.failure).toBeUndefined();
    expect(first.changed).toEqual([true, true, true, true, true, false]);
    expect(first.events.map((e) => e.event).filter((e) => e !== "begin" && e !== "done")).toEqual(["hello", "end"]);
    const { files, services, features } = host.machine;
    expect(files.get(CONF)).toEqual({ content: "# l'heure à l'été\nserver 192.0.2.53\n", isPrivate: false });
    expect(files.get(KEYS)).toEqual({ content: `1 ${PASSWORD}\n`, isPrivate: true });
    expect([...files.keys()].filter((path) => path.includes("maquette-"))).toEqual([]);
    expect([...features]).toEqual(["AD-Domain-Services", "DNS"]);
    expect(services.get("NTDS")).toEqual({ status: "Running", start: "Automatic" });
    expect(services.get("Spooler")).toEqual({ status: "Stopped", start: "Disabled" });
    const { instance, roles } = await runner.check(role());
    expect(roles).toEqual(good);
    const begun = host.machine.calls.length;
    const second = await apply(runner);
    expect(second.changed).toEqual([false, false, false, false, false, false]);
    expect(second.events[0]).toMatchObject({ event: "hello", instance });
    const reads = ["instance", "loaded", "look", "features", "services", "run", "dcdiag.exe /q"];
    expect(host.machine.calls.slice(begun).filter((call) => !reads.includes(call))).toEqual([]);
  });

  test("is asked without changing it, and tells a changed file, a lost right, a service and a feature", async () => {
    const { host, runner } = await lab();
    await apply(runner);
    const { files, features, services } = host.machine;
    files.set(CONF, { content: "server 10.9.9.9\n", isPrivate: false });
    files.get(KEYS)!.isPrivate = false;
    files.set("C:\\ProgramData\\ntp\\old.conf", { content: "", isPrivate: false });
    features.delete("DNS");
    services.set("NTDS", { status: "Stopped", start: "Automatic" });
    const { roles } = await runner.check(role());
    const found = roles["dc"]!;
    expect(found[0]).toEqual({ missing: ["DNS"] });
    expect(found[1]).toMatchObject({
      wrong: {
        "/C:/ProgramData/ntp/ntp.conf": { content: "server 10.9.9.9\n", isSame: false, mode: "0644" },
        "/C:/ProgramData/ntp/keys": { mode: "0644", isSame: true },
      },
      present: ["/C:/ProgramData/ntp/old.conf"],
    });
    expect(found[3]).toEqual({ wrong: { NTDS: "is Stopped" } });
    expect((await apply(runner)).changed).toEqual([true, true, false, true, false, false]);
    expect((await runner.check(role())).roles).toEqual(good);
  });

  test("keeps what it had when the checker refuses a file", async () => {
    const { host, runner } = await lab();
    const { failure } = await apply(runner, declared(edit("nothing")));
    expect(failure).toEqual({
      event: "fail",
      role: "dc",
      step: 1,
      what: "the checker refuses it",
      argv: ["ntpd.exe", "-n", "-c", "C:\\ProgramData\\ntp\\.ntp.conf.maquette-new"],
      exit: 2,
      said: "C:\\ProgramData\\ntp\\.ntp.conf.maquette-new: no server",
    });
    expect([...host.machine.files.keys()]).toEqual([]);
    expect(host.machine.folders.has("C:\\ProgramData\\ntp")).toBe(false);
    // It goes on there.
    expect((await apply(runner)).changed).toEqual([false, true, true, true, true, false]);
  });

  test("has its files back, access and all, when they cannot be loaded, and loads them again", async () => {
    const { host, runner } = await lab();
    await apply(runner);
    const before = structuredClone([...host.machine.files]);
    let tries = 0;
    host.machine.programs.set("w32tm.exe", () =>
      ++tries === 1 ? { exit: 5, said: "refused" } : { exit: 0, said: "" },
    );
    const { failure } = await apply(runner, declared(edit("server 192.0.2.54")));
    expect(failure).toMatchObject({
      step: 1,
      what: "loading it failed",
      argv: ["w32tm.exe", "/config", "/update"],
      exit: 5,
      said: "refused",
      back: "the files before are back",
    });
    expect(tries).toBe(2);
    expect(new Map(host.machine.files)).toEqual(new Map(before));
  });

  test("loses no file when one of them is held by another program", async () => {
    const { host, runner } = await lab();
    await apply(runner);
    const before = structuredClone([...host.machine.files]);
    host.machine.held.add(KEYS);
    const steps = JSON.parse(
      JSON.stringify(declared(edit("server 192.0.2.54"))).replace(`"1 ",{`, `"2 ",{`),
    ) as DeclaredStep[];
    const { failure } = await apply(runner, steps);
    expect(failure).toMatchObject({
      step: 1,
      what: "PowerShell refuses it",
      exit: 1,
      back: "the files before are back",
    });
    expect(failure?.said).toContain("cannot access the file");
    expect(new Map(host.machine.files)).toEqual(new Map(before));
  });

  test("tells a feature that it does not know", async () => {
    const { runner } = await lab();
    const unknown = (await apply(runner, [{ kind: "packages", name: "f", packages: ["No-Such"] }])).failure;
    expect(unknown).toMatchObject({ argv: ["powershell.exe", "install"], exit: 1 });
    expect(unknown?.said).toContain("not valid: 'No-Such'");
  });

  test("restarts where a feature wants it, and goes on at the step after", async () => {
    const { host, runner } = await lab();
    host.machine.needsRestart.add("Web-Server");
    const steps: DeclaredStep[] = [
      { kind: "packages", name: "f", packages: ["Web-Server"] },
      { kind: "units", name: "services", units: ["NTDS"], state: "running" },
    ];
    const { changed, failure } = await apply(runner, steps);
    expect([failure, changed, host.machine.starts]).toEqual([undefined, [true, true], 2]);
    expect((await apply(runner, steps)).changed).toEqual([false, false]);
    expect(host.machine.starts).toBe(2);
  });

  const joined = (isThere: () => boolean, exit: number) => (made: WindowsMachine) => {
    made.programs.set("joined.exe", () => ({ exit: isThere() ? 0 : 1, said: isThere() ? "" : "no member" }));
    made.programs.set("join.exe", () => ({ exit, said: "" }));
  };
  const join: DeclaredStep[] = [
    { kind: "command", name: "member", unless: { argv: ["joined.exe"] }, run: { argv: ["join.exe"] } },
    { kind: "probe", name: "it answers", run: { argv: ["w32tm.exe"] } },
  ];

  test("restarts once where a command ends with 3010, though it lingers on its way down, and asks the guard after it", async () => {
    const { host, runner } = await lab();
    joined(() => host.machine.starts > 1, 3010)(host.machine);
    host.machine.lingers = 2;
    const { changed, failure } = await apply(runner, join);
    expect([failure, changed, host.machine.starts]).toEqual([undefined, [true, false], 2]);
    expect(host.machine.calls.filter((c) => c === "restart")).toHaveLength(1);
    expect(host.machine.calls.filter((c) => c === "restarted")).toHaveLength(3);
    expect(host.machine.calls.indexOf("w32tm.exe")).toBeGreaterThan(host.machine.calls.lastIndexOf("restarted"));
  });

  test("does not restart for a command that ends with 0, and takes no other code for a wish", async () => {
    for (const [exit, what] of [
      [0, "done, its guard still does not hold"],
      [1641, "it failed"],
    ] as const) {
      const { host, runner } = await lab();
      joined(() => false, exit)(host.machine);
      expect((await apply(runner, join)).failure).toMatchObject({ step: 0, what });
      expect(host.machine.starts).toBe(1);
    }
  });

  test("whose guard holds is not restarted, whatever its command would want", async () => {
    const { host, runner } = await lab();
    joined(() => true, 3010)(host.machine);
    expect((await apply(runner, join)).changed).toEqual([false, false]);
    expect(host.machine.starts).toBe(1);
  });

  test("a restart that is wanted where none is done is said", async () => {
    const { host, runner } = await lab();
    host.machine.programs.set("w32tm.exe", () => ({ exit: 3010, said: "" }));
    expect((await apply(runner)).failure?.what).toBe("loading it failed: it wants a restart, which is not done here");
    expect(host.machine.starts).toBe(1);
  });

  test("refuses a path that is none of Windows", async () => {
    const { runner } = await lab();
    const steps: DeclaredStep[] = [{ kind: "files", name: "f", files: { "/etc/hosts": { content: "" } } }];
    expect((await apply(runner, steps)).failure?.what).toContain("/etc/hosts is no path of a Windows host");
  });

  test("that refuses the very first script is no half-done host but one that has not begun", async () => {
    const { host, runner } = await lab();
    const instance = windowsScripts.instance;
    Object.assign(windowsScripts, { instance: `${instance}#` });
    onTestFinished(() => void Object.assign(windowsScripts, { instance }));
    for (const work of [() => apply(runner), () => runner.check(role())]) {
      const fault = await faultOf(work);
      expect(fault.code).toBe("STEP_NOT_BEGUN");
      expect(fault.message).toContain("not in its table");
    }
    expect(host.machine.calls).toEqual([]);
  });

  test("that is lost in a step is told with where", async () => {
    const { host, runner } = await lab();
    host.machine.programs.set("promote.exe", () => {
      for (const connection of host.connections) connection.end();
      return { exit: 0, said: "" };
    });
    const fault = await faultOf(() => apply(runner));
    expect(fault.code).toBe("STEP_CUT");
    expect(fault.message).toContain('at the step "forest" of the role dc');
  });
});

describe("what is sent to a Windows host", () => {
  test("is never on a command line: each is one of a few constants, short enough for cmd.exe", async () => {
    const { host, runner } = await lab();
    await apply(runner);
    const known = new Set(Object.values(windowsScripts).map(powershell));
    for (const line of host.lines) expect(known.has(line)).toBe(true);
    for (const line of known) expect(line.length).toBeLessThan(8191);
    expect(host.machine.calls.join("\n")).not.toContain(PASSWORD);
  });

  test("another command is refused by the fake host, so that none is taken for known", async () => {
    const { host } = await lab();
    const door = openDoor({
      key: keyOf(secret),
      targets: { bastion: "ad1", inBand: () => host.target, outOfBand: () => host.target },
    });
    onTestFinished(() => door.close());
    const connection = await door.ssh("ad1");
    for (const line of ["whoami", powershell(`${windowsScripts.look} `)])
      expect(await connection.exec(line, { input: "{}" })).toMatchObject({ exitCode: 1, stdout: "" });
  });

  test.each([
    [["a", "b c"], 'a "b c"'],
    [['say "hi"', ""], '"say \\"hi\\"" ""'],
    [["C:\\x y\\"], '"C:\\x y\\\\"'],
    [['a\\"b'], '"a\\\\\\"b"'],
  ])("is taken apart again as %j", (words, line) => {
    expect(windowsArguments(words)).toBe(line);
  });
});
