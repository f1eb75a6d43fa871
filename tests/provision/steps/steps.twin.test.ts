import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Text } from "../../../src/core/text.ts";
import { secret } from "../../../src/core/secret-place.ts";
import { asRoot, type SshConnection } from "../../../src/door/index.ts";
import { driftOf } from "../../../src/provision/steps/drift.ts";
import { stepFault } from "../../../src/provision/steps/failure.ts";
import type { ApplyEvent, FailEvent } from "../../../src/provision/steps/observed.ts";
import { BOOTSTRAP } from "../../../src/core/program.ts";
import { debianRunner, fillSteps, Reached } from "../../../src/provision/steps/index.ts";
import { message } from "../../../src/provision/steps/runner.ts";
import { declare } from "../../../src/provision/steps/work.ts";
import type { RoleInputs } from "../../../src/provision/steps/inputs.ts";
import type { Step } from "../../../src/roles/role.ts";
import { StackSecret } from "../../../src/stack/secret.ts";
import { driverHere, leftovers, whyNot } from "../../twin/machine.ts";
import { planLab, type PlanLab } from "../../twin/plan-lab.ts";

const reason = whyNot();
const secretValue = "Zk7-correct.horse-Q2";
const resolve = (): string => secretValue;
const file = (content: Text, rest: Partial<Extract<Step, { kind: "files" }>> = {}): Step => ({
  kind: "files",
  name: "a file",
  files: { "/etc/lab/one.conf": { content } },
  ...rest,
});

describe.skipIf(reason !== undefined)(
  `steps on a running Debian${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let here: Awaited<ReturnType<typeof driverHere>>;
    let lab: PlanLab;
    let reached: Reached;
    let connection: SshConnection;
    const reach = (): Parameters<Reached["to"]>[0] => ({
      host: "field",
      vmId: lab.vmid("field"),
      way: "console",
      address: "",
      bastion: { host: "bastion", vmId: 1003, address: null },
    });
    beforeAll(async () => {
      here = await driverHere();
      lab = await planLab(here.driver, here.home);
      await lab.boot("field");
      reached = new Reached(here.driver.sockets, lab.secret);
      connection = await reached.to(reach());
    });
    afterAll(async () => {
      await reached.close();
      await here.driver.close();
      await here.remove();
    });

    const sent = (steps: readonly Step[]): Parameters<ReturnType<typeof debianRunner>["apply"]>[0] => [
      { role: "test", steps: fillSteps(declare("test", { steps }), resolve) },
    ];
    const apply = async (...steps: Step[]): Promise<{ readonly changed: string[]; readonly failure?: FailEvent }> => {
      const changed: string[] = [];
      const failure = await debianRunner(connection).apply(sent(steps), (event: ApplyEvent) => {
        if (event.event === "done" && event.changed) changed.push(steps[event.step]!.name);
      });
      return failure === undefined ? { changed } : { changed, failure };
    };
    const look = async (...steps: Step[]): Promise<ReturnType<typeof driftOf>> => {
      const { roles } = await debianRunner(connection).check(sent(steps));
      return driftOf(declare("test", { steps }), roles["test"]!, resolve);
    };
    const words = (failure: FailEvent, ...steps: Step[]): string =>
      stepFault(
        { host: "field", role: "test", steps: declare("test", { steps }) } as unknown as RoleInputs,
        failure,
        resolve,
      ).message;
    const run = async (command: string): Promise<string> =>
      (await connection.exec(asRoot(["sh", "-c", command]))).stdout.trim();

    it("a file is written with its owner and mode, and a second time nothing changes", async () => {
      const step = file(["password=", secret("password", "x"), "\n"]);
      expect((await apply(step)).changed).toEqual(["a file"]);
      expect(await run("cat /etc/lab/one.conf; stat -c '%a %U:%G' /etc/lab/one.conf")).toBe(
        `password=${secretValue}\n600 root:root`,
      );
      expect((await apply(step)).changed).toEqual([]);
      expect(await look(step)).toEqual([step]);
    });

    it("what somebody edits by hand is seen without its secrets, and the next run repairs it", async () => {
      const step = file(["password=", secret("password", "x"), "\nport=1\n"]);
      await apply(step);
      await run("sed -i 's/port=1/port=2/; s/Zk7.*/hunter2/' /etc/lab/one.conf; chmod 644 /etc/lab/one.conf");
      const shown = JSON.stringify(await look(step));
      expect(shown).toContain("changed by hand");
      expect(shown).toContain("0644");
      expect(shown).not.toMatch(/hunter2|Zk7/);
      expect((await apply(step)).changed).toEqual(["a file"]);
      expect(await look(step)).toEqual([step]);
    });

    it("a file that its checker refuses never gets its name", async () => {
      await apply(file("good\n"));
      const bad = file("bad\n", { check: [{ argv: ["grep", "-q", "good", "new:/etc/lab/one.conf"] }] });
      const { failure } = await apply(bad);
      expect(words(failure!, bad)).toMatch(
        /field, role test, step "a file": the checker refuses it: `grep .*` ended with 1/,
      );
      expect(await run("cat /etc/lab/one.conf; ls -A /etc/lab")).toBe("good\none.conf");
    });

    it("when loading or the probe fails, the files before are back and loaded, new ones are gone", async () => {
      const load = { reload: [{ argv: ["cp", "/etc/lab/one.conf", "/run/loaded"] }] };
      await apply(file("first\n", load));
      const bad: Step = {
        kind: "files",
        name: "a file",
        files: { "/etc/lab/one.conf": { content: "second\n" }, "/etc/lab/new/two.conf": { content: "x\n" } },
        absent: ["/etc/lab/gone"],
        ...load,
        verify: [{ argv: ["grep", "-q", "first", "/etc/lab/one.conf"] }],
      };
      await run("echo kept > /etc/lab/gone");
      const { failure } = await apply(bad);
      expect(words(failure!, bad)).toContain("the files before are back");
      expect(await run("cat /etc/lab/one.conf /run/loaded /etc/lab/gone; ls -A /etc/lab")).toBe(
        "first\nfirst\nkept\ngone\none.conf",
      );
      await run("rm /etc/lab/gone");
    });

    it("files whose load was interrupted are loaded by the next run, though nothing differs", async () => {
      const load = { reload: [{ argv: ["sh", "-c", "echo loaded >> /run/times"] }] };
      await apply(file("third\n", load));
      const before = await run("wc -l < /run/times");
      await run(
        "python3 -c \"import json; p='/var/lib/maquette/steps/test.json'; s=json.load(open(p)); del s['a file']; json.dump(s, open(p,'w'))\"",
      );
      expect(await look(file("third\n", load))).toMatchObject([{ drift: "not loaded" }]);
      await apply(file("third\n", load));
      expect(Number(await run("wc -l < /run/times"))).toBe(Number(before) + 1);
    });

    it("a full disk leaves nothing half-written, and what to do is said", async () => {
      await run("mkdir -p /small && mount -t tmpfs -o size=64k none /small && echo before > /small/a.conf");
      const big: Step = { kind: "files", name: "big", files: { "/small/a.conf": { content: "x".repeat(200_000) } } };
      const { failure } = await apply(big);
      expect(words(failure!, big)).toContain("the disk is full");
      expect(await run("cat /small/a.conf; ls -A /small; umount /small")).toBe("before\na.conf");
    });

    it("a package that is not there is named, with apt's own words", async () => {
      // Nobody answers here, at once.
      await run("rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 > /etc/resolv.conf");
      const step: Step = { kind: "packages", name: "packages", packages: ["no-such-package-of-debian"] };
      const { failure } = await apply(step);
      expect(words(failure!, step)).toMatch(/step "packages": .*apt-get/s);
      expect(await look(step)).toMatchObject([{ drift: "missing: no-such-package-of-debian" }]);
    });

    it("units run and are enabled, are off, are masked; what stops is seen", async () => {
      const unit = "[Service]\nExecStart=/bin/sleep 1000000\n[Install]\nWantedBy=multi-user.target\n";
      const files: Step = {
        kind: "files",
        name: "unit",
        files: { "/etc/systemd/system/lab-test.service": { content: unit } },
        reload: [{ argv: ["systemctl", "daemon-reload"] }],
      };
      const units = (state: "running" | "off" | "masked"): Step => ({
        kind: "units",
        name: "u",
        units: ["lab-test.service"],
        state,
      });
      expect((await apply(files, units("running"))).changed).toEqual(["unit", "u"]);
      expect((await apply(files, units("running"))).changed).toEqual([]);
      await run("systemctl stop lab-test");
      expect(await look(units("running"))).toMatchObject([{ drift: "lab-test.service is inactive" }]);
      expect((await apply(units("running"))).changed).toEqual(["u"]);
      expect((await apply(units("off"))).changed).toEqual(["u"]);
      expect(await run("systemctl is-active lab-test; systemctl is-enabled lab-test")).toBe("inactive\ndisabled");
    });

    it("a unit that ends at once fails with what it said", async () => {
      const unit =
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo no such luck; exit 3'\n[Install]\nWantedBy=multi-user.target\n";
      const files: Step = {
        kind: "files",
        name: "unit",
        files: { "/etc/systemd/system/lab-bad.service": { content: unit } },
        reload: [{ argv: ["systemctl", "daemon-reload"] }],
      };
      const step: Step = { kind: "units", name: "bad", units: ["lab-bad.service"], state: "running" };
      const { failure } = await apply(files, step);
      expect(words(failure!, files, step)).toContain("no such luck");
    });

    it("a command runs until its guard holds, gets its secret on its input, and does not show it", async () => {
      const step: Step = {
        kind: "command",
        name: "touch",
        unless: { argv: ["test", "-s", "/run/touched"] },
        run: { argv: ["sh", "-c", "cat > /run/touched"], input: [secret("password", "x")] },
      };
      expect((await apply(step)).changed).toEqual(["touch"]);
      expect((await apply(step)).changed).toEqual([]);
      const loud: Step = {
        ...step,
        unless: { argv: ["false"] },
        run: { argv: ["sh", "-c", "cat; exit 4"], input: [secret("password", "x")] },
      };
      const { failure } = await apply(loud);
      expect(words(failure!, loud)).toContain("ended with 4");
      expect(words(failure!, loud)).not.toContain(secretValue);
      const vain: Step = { ...step, unless: { argv: ["false"] }, run: { argv: ["true"] } };
      expect(words((await apply(vain)).failure!, vain)).toContain("its guard still does not hold");
    });

    it("a command that hangs is ended with all it has started, at its deadline", async () => {
      const step: Step = {
        kind: "command",
        name: "hangs",
        unless: { argv: ["false"] },
        run: { argv: ["sh", "-c", "echo waiting; sleep 300.25 & sleep 300.25"] },
        deadlineSeconds: 1,
      };
      const { failure } = await apply(step);
      expect(words(failure!, step)).toMatch(/did not succeed within \d+ s.*waiting/s);
      expect(await run("pgrep -cf 'sleep 300.2[5]' || true")).toBe("0");
    });

    it("an upload that is cut in the middle begins nothing", async () => {
      const whole = message({ mode: "apply", roles: sent([file("never\n")]) });
      const before = await run("cat /etc/lab/one.conf");
      const { channel, exit } = await connection.session(asRoot(["python3", "-c", BOOTSTRAP]));
      channel.resume().stderr.resume();
      channel.end(whole.subarray(0, whole.length - 20));
      expect(await exit).not.toBe(0);
      expect(await run("cat /etc/lab/one.conf")).toBe(before);
    });

    it("a host whose clock is off begins nothing", async () => {
      const before = await run("cat /etc/lab/one.conf");
      const clock = { now: Date.now() / 1000 + 1_000, seconds: 120 };
      const { stdout } = await connection.exec(asRoot(["python3", "-c", BOOTSTRAP]), {
        input: message({ mode: "apply", roles: sent([file("never\n")]), clock }),
      });
      expect(
        stdout
          .trim()
          .split("\n")
          .map((l) => (JSON.parse(l) as { event: string }).event),
      ).toEqual(["hello"]);
      expect(await run("cat /etc/lab/one.conf")).toBe(before);
    });

    it("secrets are on no command line while steps run", async () => {
      const step: Step = {
        kind: "command",
        name: "long",
        unless: { argv: ["test", "-e", "/run/seen"] },
        run: { argv: ["sh", "-c", "ps -eww -o args > /run/seen; env >> /run/seen"], input: [secret("password", "x")] },
      };
      await apply(step);
      expect(await run("cat /run/seen")).not.toContain(secretValue);
    });

    it(
      "a power cut during a step is told with host and step; with power again the run goes on there",
      { timeout: 300_000 },
      async () => {
        const slow: Step = {
          kind: "command",
          name: "slow",
          unless: { argv: ["test", "-e", "/var/lib/done"] },
          run: {
            argv: [
              "sh",
              "-c",
              "[ -e /var/lib/half ] && { touch /var/lib/done; exit; }; touch /var/lib/half; sync; sleep 60",
            ],
          },
        };
        let begun: () => void = () => undefined;
        const isBegun = new Promise<void>((r) => (begun = r));
        const running = debianRunner(connection).apply(sent([file("fourth\n"), slow]), (event) => {
          if (event.event === "begin" && event.step === 1) begun();
        });
        const fails = expect(running).rejects.toMatchObject({
          code: "STEP_CUT",
          message: expect.stringMatching(/field was lost at the step "slow" of the role test/) as string,
        });
        await isBegun;
        while ((await run("test -e /var/lib/half && echo y")) !== "y") await sleep(20);
        await here.driver.stop(lab.vmid("field"));
        await fails;
        await here.driver.start(await lab.describe("field"), () => undefined);
        connection = await reached.to(reach());
        expect((await apply(file("fourth\n"), slow)).changed).toEqual(["slow"]);
      },
    );

    it("a host key that is not the guest's, and a key that it does not take, are refused by name", async () => {
      const other = new Reached(here.driver.sockets, new StackSecret(Buffer.alloc(32, 9)));
      await expect(other.to(reach(), 1_000)).rejects.toMatchObject({ code: "DOOR_HOST_KEY" });
      await other.close();
      await run("mv /home/maquette/.ssh/authorized_keys /home/maquette/.ssh/kept");
      const locked = new Reached(here.driver.sockets, lab.secret);
      await expect(locked.to(reach(), 1_000)).rejects.toMatchObject({ code: "DOOR_AUTH" });
      await locked.close();
      await run("mv /home/maquette/.ssh/kept /home/maquette/.ssh/authorized_keys");
    });

    it("leaves nothing on the machine", async () => {
      await reached.close();
      await here.driver.close();
      expect(await leftovers()).toEqual([]);
    });
  },
);
