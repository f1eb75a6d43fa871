import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { machineChanges, machineState, processesOf, RUN_MARK } from "./machine-state.ts";
import { missingForTests } from "./needs.ts";

const isLinux = process.platform === "linux";

describe("what a run leaves on the machine", () => {
  test("is nothing where nothing changed", () => {
    const state = new Map([
      ["hostname", "vm"],
      ["link eth0", ""],
    ]);
    expect(machineChanges(state, new Map(state))).toEqual([]);
  });

  test("is another name, a setting, a link more and a mount less, each in words", () => {
    const before = new Map([
      ["hostname", "vm"],
      ["sysctl net.ipv4.ip_forward", "0"],
      ["mount proc /proc proc", ""],
    ]);
    const after = new Map([
      ["hostname", "rtr-a.cod.test"],
      ["sysctl net.ipv4.ip_forward", "1"],
      ["link veth0", ""],
    ]);
    expect(machineChanges(before, after)).toEqual([
      "hostname was vm and is rtr-a.cod.test",
      "sysctl net.ipv4.ip_forward was 0 and is 1",
      "mount proc /proc proc is gone",
      "link veth0 was not there",
    ]);
  });

  test("is not the one limit that the machine room raises and says so, nor the settings of a module just loaded", () => {
    const before = new Map([["sysctl fs.inotify.max_user_instances", "128"]]);
    const after = new Map([
      ["sysctl fs.inotify.max_user_instances", "2048"],
      ["sysctl net.netfilter.nf_log.2", "NONE"],
    ]);
    expect(machineChanges(before, after)).toEqual([]);
  });

  test.skipIf(!isLinux)(`is read from this machine, its name among it${isLinux ? "" : " (skipped: no /proc)"}`, () => {
    const state = machineState();
    expect(state.get("hostname")).toMatch(/./);
    expect(state.has("sysctl net.ipv4.ip_forward")).toBe(true);
    expect([...state.keys()].some((what) => what.startsWith("mount "))).toBe(true);
  });

  test.skipIf(!isLinux)(
    `is a process that was detached, found by the run's mark${isLinux ? "" : " (skipped: no /proc)"}`,
    async () => {
      const child = spawn(process.execPath, ["-e", "process.stdin.resume(); process.stdout.write('up')"], {
        detached: true,
        stdio: ["pipe", "pipe", "ignore"],
        env: { [RUN_MARK]: "this-very-run" },
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      await once(child.stdout, "data");
      expect(processesOf("this-very-run")).toEqual([expect.stringContaining(`process ${child.pid} still runs`)]);
      child.kill("SIGKILL");
      await once(child, "close");
      expect(processesOf("this-very-run")).toEqual([]);
    },
  );
});

describe("what tests need of the machine", () => {
  test("is named by Debian's packages: on a bare machine the rules' compiler among them", () => {
    expect(missingForTests("", [])).toEqual(expect.arrayContaining(["nftables", "ucarp", "systemd-container"]));
  });
});
