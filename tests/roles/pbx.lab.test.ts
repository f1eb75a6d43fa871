import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DaemonDrillResult } from "../../src/accept/drill/daemon.ts";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import CALL from "../../src/roles/pbx/call.py";
import REGISTER from "../../src/roles/pbx/register.py";
import { insideOf } from "../lab/inside.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * Telephony of a lab that runs, hurt: an exchange that is killed, a reload in the middle of a call, somebody who guesses.
 */

const reason = whyNot();
const SERVER = "10.20.20.13";

describe.skipIf(reason !== undefined)(`telephony, hurt${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  let running: RunningLab;
  beforeAll(async () => {
    lab = await standingLab();
    running = await lab.running();
  });
  afterAll(() => running.close());

  const ask = insideOf(() => running);
  const calling = (asked: object): Promise<string> =>
    ask("pc1", ["python3", "-S", "-E", "-c", CALL], JSON.stringify(asked));
  const calls = async (): Promise<number> =>
    Number(/(\d+) active calls?/.exec(await ask("pbx", ["asterisk", "-rx", "core show channels count"]))![1]);
  const until = async (what: string, seconds: number, isSo: () => Promise<boolean>): Promise<number> => {
    const began = Date.now();
    while (!(await isSo().catch(() => false)))
      if (Date.now() - began > seconds * 1000) expect.fail(`${what}: not within ${seconds} s`);
    return Date.now() - began;
  };

  it("a killed exchange is back by itself, and so are its phones; the call that it cut is named", async () => {
    await calling({ dial: ["*43"], stay: true, seconds: 40 });
    const ran = await lab.maquette("drill", "service", "pbx", "--json");
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const { drills } = JSON.parse(ran.stdout) as { drills: readonly DaemonDrillResult[] };
    expect(drills).toMatchObject([{ isGood: true, units: [{ unit: "asterisk.service" }] }]);
    expect(drills[0]!.sessions!.lost).toEqual([expect.stringMatching(/^poste-pc1 at echo /)]);
    // Both desks were called, so both were registered again.
    expect(drills[0]!.questions.map((q) => q.id)).toEqual(expect.arrayContaining(["pbx-call-pc1", "pbx-call-pc2"]));
  });

  it("a reload of phones and numbers cuts no call", async () => {
    // Acceptance's own callers stay for their time.
    await until("nobody calls", 60, async () => (await calls()) === 0);
    await calling({ dial: ["*43"], stay: true, seconds: 40 });
    expect(await calls()).toBe(1);
    await ask("pbx", ["python3", "/usr/local/lib/maquette/pbx.py", "reload", "/etc/maquette/pbx.json"]);
    await ask("pbx", ["python3", "/usr/local/lib/maquette/pbx.py", "check", "/etc/maquette/pbx.json"]);
    expect(await calls()).toBe(1);
  });

  it("whoever guesses is not heard any more, until it is let in again", async () => {
    const guess = JSON.stringify({ server: SERVER, port: 5060, account: "poste-pc2", secret: "guessed", wait: 2 });
    const guesses = async (): Promise<boolean> =>
      (await running.shell.run("pc2", ["python3", "-S", "-E", "-c", REGISTER], guess, 30_000)).exitCode === 0;
    const letIn = (): Promise<string> => ask("pbx", ["fail2ban-client", "set", "asterisk", "unbanip", "10.20.30.12"]);
    try {
      await until("it is shut out", 120, async () => !(await guesses()));
      expect(await ask("pbx", ["fail2ban-client", "get", "asterisk", "banip"])).toContain("10.20.30.12");
    } finally {
      await letIn();
    }
    // Again each time: the last guesses may be read in the log only after it was let in, and shut it out once more.
    await until("it is heard again", 120, async () => {
      await letIn();
      return guesses();
    });
  });
});
