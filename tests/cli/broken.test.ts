import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Restoring } from "../../src/cli/power.ts";
import { breaking, giveBack, leftBroken, refuseBesideDrill } from "../../src/cli/broken.ts";
import { processState } from "../../src/stack/process.ts";

describe("what a drill takes away", () => {
  let run: string;
  const file = (): string => join(run, "broken.json");
  const onDisk = (): unknown[] => (JSON.parse(readFileSync(file(), "utf8")) as { what: unknown[] }).what;
  const hosts = new Map([
    ["rtr-a", 1],
    ["internet", 2],
  ]);
  /** Says what it was told to do, and what was on disk at that moment. */
  const lab = (off: readonly string[] = []): { restoring: Restoring; told: string[] } => {
    const told: string[] = [];
    const tell = (what: string) => (): Promise<void> => {
      told.push(`${what}, on disk ${existsSync(file()) ? onDisk().length : "nothing"}`);
      return Promise.resolve();
    };
    return {
      told,
      restoring: {
        ups: {
          say: (host) => tell(`UPS of ${host} speaks`)(),
          restore: (host) => tell(`UPS of ${host} on mains`)(),
        },
        power: {
          stop: (host) => tell(`stop ${host}`)(),
          start: (host) => tell(`start ${host}`)(),
          reboot: (host) => tell(`reboot ${host}`)(),
          setLink: (host, nic, isUp) => tell(`${host} net${nic} ${isUp ? "up" : "down"}`)(),
          isRunning: (host) => Promise.resolve(!off.includes(host)),
          running: () => Promise.resolve(new Set<string>()),
          shutDown: (host) => tell(`shut down ${host}`)(),
        },
      },
    };
  };
  const where = (): {
    folders: { run: string };
    io: { err: (line: string) => void };
    language: "en";
    said: string[];
  } => {
    const said: string[] = [];
    return { folders: { run }, io: { err: (line: string) => void said.push(line) }, language: "en", said };
  };
  const left = (what: unknown[], who: { pid: number; start: string }): void =>
    writeFileSync(file(), JSON.stringify({ by: "drill router", ...who, what }));
  const dead = { pid: 4_194_305, start: "1" };
  const both = [
    { kind: "power", host: "rtr-a" },
    { kind: "link", host: "internet", nic: 2 },
  ];

  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), "maquette-broken-"));
  });
  afterEach(() => rmSync(run, { recursive: true }));

  it("is on disk before it is gone, and no longer once it is back", async () => {
    const { restoring, told } = lab();
    const it = await breaking({ run }, "drill router", restoring);
    await it.power.stop("rtr-a");
    await Promise.all([it.power.setLink("rtr-a", 1, false), it.power.setLink("rtr-a", 2, false)]);
    expect(told[0]).toBe("stop rtr-a, on disk 1");
    // Its own at least; the other's is on its way.
    expect(told.slice(1)).toEqual([
      expect.stringMatching(/^rtr-a net1 down, on disk [23]$/),
      "rtr-a net2 down, on disk 3",
    ]);
    await it.power.start("rtr-a");
    await it.power.setLink("rtr-a", 1, true);
    expect(onDisk()).toEqual([{ kind: "link", host: "rtr-a", nic: 2 }]);
    await it.close();
    expect(existsSync(file()), "something is still taken").toBe(true);
    await it.power.setLink("rtr-a", 2, true);
    await it.close();
    expect(existsSync(file())).toBe(false);
  });

  it("is given back by the next command where the drill was killed, and said", async () => {
    left(both, dead);
    const { restoring, told } = lab(["rtr-a"]);
    const at = where();
    expect(await leftBroken(at)).toContain("rtr-a, internet net2. `maquette up` gives it back");
    await giveBack(at, hosts, restoring);
    expect(told).toEqual(["start rtr-a, on disk 2", "internet net2 up, on disk 2"]);
    expect(at.said).toEqual([
      "`maquette drill router` was killed and left this without power or cable; giving it back: rtr-a, internet net2",
    ]);
    expect(existsSync(file())).toBe(false);
    await giveBack(at, hosts, () => Promise.reject(new Error("nothing is to be given back, so nobody is asked")));
    expect(at.said).toHaveLength(1);
  });

  it("is no concern of a host that left the plan, and a guest that runs is not started", async () => {
    left([...both, { kind: "power", host: "gone" }], dead);
    const { restoring, told } = lab();
    await giveBack(where(), hosts, restoring);
    expect(told).toEqual(["internet net2 up, on disk 3"]);
  });

  it("has mains again before anybody is started, who stopped by themselves", async () => {
    const drill = lab();
    const it = await breaking({ run }, "drill power", drill.restoring);
    await it.foresee(["rtr-a", "internet"]);
    await it.ups.say("internet", []);
    expect(drill.told).toEqual(["UPS of internet speaks, on disk 3"]);
    left(onDisk(), dead);
    const { restoring, told } = lab(["rtr-a"]);
    const at = where();
    await giveBack(at, hosts, restoring);
    expect(told).toEqual(["UPS of internet on mains, on disk 3", "start rtr-a, on disk 3"]);
    expect(at.said[0]).toContain("rtr-a, internet, UPS");
  });

  it("stays on record where it could not be given back", async () => {
    left(both, dead);
    const { restoring } = lab(["rtr-a"]);
    const start = (): Promise<never> => Promise.reject(new Error("no memory"));
    const broken = { ...restoring, power: { ...restoring.power, start } };
    await expect(giveBack(where(), hosts, broken)).rejects.toThrow("no memory");
    expect(onDisk()).toHaveLength(2);
  });

  it("refuses every other command while the drill is at work, by its process and not by a number that came again", async () => {
    const other = spawn("sleep", ["60"]);
    try {
      const pid = other.pid!;
      left([], { pid, start: (await processState(pid))!.start });
      const refused = { code: "DRILL_RUNS", message: expect.stringContaining(`drill router\` is at work`) as string };
      await expect(refuseBesideDrill({ run })).rejects.toMatchObject(refused);
      await expect(giveBack(where(), hosts, lab().restoring)).rejects.toMatchObject(refused);
      await expect(breaking({ run }, "verify", lab().restoring)).rejects.toMatchObject(refused);
      left([], { pid, start: "1" });
      await refuseBesideDrill({ run });
    } finally {
      other.kill();
      await once(other, "exit");
    }
  });

  it("is not believed where the file is no record", async () => {
    writeFileSync(file(), "{");
    await giveBack(where(), hosts, () => Promise.reject(new Error("nobody is asked")));
    expect(existsSync(file())).toBe(false);
  });
});
