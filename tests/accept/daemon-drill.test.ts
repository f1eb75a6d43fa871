import { describe, expect, test } from "vitest";
import { daemonSummaryOf, daemonTableOf } from "../../src/accept/drill/daemon-report.ts";
import { runDaemonDrill, servedBy, type DaemonDrillResult, type DaemonLimits } from "../../src/accept/drill/daemon.ts";
import type { GuestShell } from "../../src/provision/shell.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { callsOf } from "../../src/roles/pbx/index.ts";
import { askedIn, roles } from "../../src/roles/registry.ts";
import type { Probe } from "../../src/roles/role.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf } from "../stack/temporary.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan = outcome.value;

test("a role's units and its users' questions are those of acceptance", () => {
  const served = (role: string): ReturnType<typeof servedBy> =>
    servedBy(plan, role, roles.get(role)!.probes(plan, askedIn(plan)));
  const [pbx, ...others] = served("pbx");
  expect(others).toEqual([]);
  expect(pbx).toMatchObject({ host: "pbx", units: ["asterisk.service"] });
  expect(pbx!.probes.map((p) => p.id)).toEqual(expect.arrayContaining(["pbx-call-pc1", "pbx-conference"]));
  expect(served("dc").map((s) => s.host)).toEqual(["dc1", "dc2"]);
  expect(served("router")).toEqual([]);
  // Timers and what listens for a daemon have no process of their own.
  expect(served("backup")).toMatchObject([{ host: "backup", units: ["rsyslog"], probes: [{ id: "base-logs" }] }]);
});

test("calls are named by the account and the number, and another call of the same is another", () => {
  const leg = (n: number): string =>
    `PJSIP/poste-pc1-0000000${n}!staff!*43!3!Up!Echo!!poste-pc1!!!3!12!!1790000000.${n}`;
  expect(callsOf(`${leg(1)}\n${leg(2)}\n\n`)).toEqual([
    "poste-pc1 at *43 (1790000000.1)",
    "poste-pc1 at *43 (1790000000.2)",
  ]);
  expect(callsOf("")).toEqual([]);
});

/** A host with one unit, whose process is another after so many looks; its one question is answered while it runs. */
class Host implements GuestShell {
  pid = 100;
  state = "active";
  calls = ["one", "two"];
  readonly done: string[] = [];
  /** Looks until systemd has started it again; never, where that is none. */
  looks: number | undefined = 2;

  run(_host: string, argv: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const said = (stdout: string, exitCode = 0) => Promise.resolve({ exitCode, stdout, stderr: "" });
    const command = argv.join(" ");
    if (command.startsWith("systemctl show")) {
      if (this.state !== "active" && this.looks !== undefined && this.looks-- === 0) this.start();
      return said(`MainPID=${this.pid}\nActiveState=${this.state}\n`);
    }
    if (command === "calls") return said(this.calls.join("\n"));
    if (command === "question") return said(this.state === "active" ? "yes" : "no");
    this.done.push(command);
    if (command === `kill -9 ${this.pid}`) {
      this.pid = 0;
      this.state = "activating";
      this.calls = ["two"];
      return said("");
    }
    if (command === "systemctl is-active --quiet x.service") return said("", this.state === "active" ? 0 : 3);
    if (command === "systemctl restart x.service") this.start();
    return said("");
  }

  start(): void {
    this.pid = 200;
    this.state = "active";
  }
}

const question: Probe = {
  id: "question",
  needs: [],
  from: "pc1",
  title: { en: "Somebody is answered", fr: "Quelqu'un a réponse" },
  expected: "yes",
  run: { argv: ["question"] },
  judge: ({ stdout }) => ({ isGood: stdout === "yes", seen: stdout }),
  dependsOn: { host: "server", units: ["x.service"] },
};
const limits: DaemonLimits = { backMs: 60_000, startedMs: 60_000, answeredMs: 60_000 };
const drilled = (
  shell: Host,
  more: Partial<DaemonLimits> = {},
  probes: readonly Probe[] = [question],
): Promise<DaemonDrillResult> =>
  runDaemonDrill({
    served: { host: "server", units: ["x.service"], probes },
    signal: new AbortController().signal,
    sessions: { run: { argv: ["calls"] }, read: (stdout) => stdout.split("\n") },
    shell,
    resolve: () => "",
    limits: { ...limits, ...more },
  });

describe("a daemon that is killed", () => {
  test("is back by itself: what it cost is said, and nothing is started by hand", async () => {
    const host = new Host();
    const result = await drilled(host);
    expect(result).toMatchObject({ isGood: true, faults: [], sessions: { before: ["one", "two"], lost: ["one"] } });
    expect(result.units[0]!.backAfterMs).toBeGreaterThan(0);
    expect(result.questions[0]!.answeredAfterMs).toBeGreaterThanOrEqual(result.units[0]!.backAfterMs!);
    expect(host.done).toEqual(["kill -9 100", "systemctl is-active --quiet x.service"]);
    expect(daemonSummaryOf(result, "en")).toMatch(
      /^ {2}2 open, lost: one\nx\.service on server killed: back by itself, its users were answered \d+\.\d s after/,
    );
    expect(daemonTableOf(result, "fr").rows.map(([name]) => name)).toEqual(["x.service", "Quelqu'un a réponse"]);
  });

  test("may have many questions: whoever waits for an interruption is no leak to Node", async () => {
    const warned: Error[] = [];
    const hear = (warning: Error): number => warned.push(warning);
    process.on("warning", hear);
    try {
      await drilled(new Host(), {}, Array(20).fill(question));
      // Node says it at the next turn.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off("warning", hear);
    }
    expect(warned).toEqual([]);
  });

  test("and does not come back is a fault, and is started by hand at the end", async () => {
    const host = new Host();
    host.looks = undefined;
    const result = await drilled(host, { startedMs: 100, answeredMs: 100 });
    expect(result.isGood).toBe(false);
    expect(result.faults).toEqual([
      expect.stringContaining("x.service is back by itself: not so after 0.1 s"),
      "question: no",
    ]);
    expect(host.done.at(-1)).toBe("systemctl restart x.service");
    expect(daemonTableOf(result, "en").rows).toEqual([
      ["x.service", "never", ""],
      ["Somebody is answered", "never", "no"],
    ]);
  });

  test("and is back too late is a fault", async () => {
    const result = await drilled(new Host(), { backMs: 0 });
    expect(result.faults).toEqual([expect.stringMatching(/^x\.service was back after \d+ ms; the limit is 0 ms$/)]);
  });
});

test("a drill does not begin where its users are not answered, or nothing runs that could be killed", async () => {
  const unanswered = new Host();
  unanswered.state = "failed";
  expect(await faultOf(() => drilled(unanswered))).toMatchObject({
    code: "DRILL_NOT_READY",
    message: expect.stringContaining("question: no") as string,
  });
  const idle = new Host();
  idle.pid = 0;
  expect((await faultOf(() => drilled(idle))).message).toBe(
    "server: x.service has no main process that could be killed.",
  );
  expect([...unanswered.done, ...idle.done]).toEqual([]);
});
