import { describe, expect, test } from "vitest";
import {
  questionFigures,
  readServiceLog,
  runServiceDrill,
  type ServiceDrillResult,
  type ServiceLog,
} from "../../src/accept/drill/service.ts";
import { serviceSummaryOf, serviceTableOf } from "../../src/accept/drill/service-report.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { allDrills } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { askedOf } from "./asked.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan = outcome.value;

/** Questions each 250 ms: who answered, after how many milliseconds. */
function logOf(steps: readonly (readonly [number, string, number])[]): {
  readonly text: string;
  readonly toUs: number;
} {
  let at = 0;
  const lines = steps.flatMap(([times, server, ms]) =>
    Array.from({ length: times }, () => {
      const line = `q dns ${at} ${at + ms * 1000} ${server}`;
      at += Math.max(250, ms) * 1000;
      return line;
    }),
  );
  return { text: `${lines.join("\n")}\n`, toUs: at };
}

const figuresOf = (log: ServiceLog, toUs: number) => questionFigures(log, "dns", { fromUs: 0, toUs }, 5_000);
const figures = (...steps: readonly (readonly [number, string, number])[]) => {
  const { text, toUs } = logOf(steps);
  return figuresOf(readServiceLog(text), toUs);
};

describe("a domain controller is lost", () => {
  test("a client that asks the second one after its patience is without for that long", () => {
    const f = figures([8, "dc1", 5], [8, "dc2", 1_005]);
    expect(f).toMatchObject({ asked: 16, failed: 0, slowestMs: 1_005, by: { dc1: 8, dc2: 8 }, faults: [] });
    expect(f.longestGapMs).toBe(1_250);
  });

  test("a gap beyond the limit, and an end without answers, are faults", () => {
    const f = figures([4, "dc1", 5], [4, "-", 2_000], [4, "dc2", 5]);
    expect(f.failed).toBe(4);
    expect(f.faults).toEqual([expect.stringMatching(/without an answer for 8\d{3} ms; the limit is 5000 ms/)]);
    expect(figures([4, "dc1", 5], [1, "-", 2_000]).faults).toEqual(["no answer any more"]);
  });

  test("a client that was held up itself shows no gap, and a gap beyond the limit even so is one", () => {
    const asks = (times: readonly (readonly [number, string])[]): ServiceLog["asks"] =>
      times.map(([at, server]) => ({
        question: "dns",
        startedUs: at * 1000,
        endedUs: at * 1000 + 5_000,
        server: server === "-" ? undefined : server,
      }));
    const held = (fromMs: number, toMs: number): ServiceLog["holdUps"] => [
      { fromUs: fromMs * 1000, toUs: toMs * 1000 },
    ];
    const late = {
      asks: asks([
        [0, "dc1"],
        [250, "dc1"],
        [7_000, "-"],
        [7_250, "dc1"],
      ]),
      holdUps: held(300, 6_900),
    };
    expect(figuresOf(late, 8e6)).toMatchObject({
      longestGapMs: 7_000,
      faults: [],
      unshown: ["not shown: held up for 6600 ms: without an answer for 255 to 7000 ms, and the limit is 5000 ms"],
    });
    // It gave up at once when it went on: that nobody answered shows nothing.
    const last = {
      asks: asks([
        [0, "dc1"],
        [250, "dc1"],
        [3_000, "-"],
      ]),
      holdUps: held(2_000, 3_001),
    };
    expect(figuresOf(last, 4e6)).toMatchObject({ failed: 1, faults: [], unshown: [] });
    expect(figuresOf({ ...last, asks: last.asks.slice(2) }, 4e6).unshown).toEqual(["not shown: held up for 1001 ms"]);
    const dead = {
      asks: asks([
        [0, "dc1"],
        [600, "-"],
        [6_100, "dc1"],
      ]),
      holdUps: held(100, 500),
    };
    expect(figuresOf(dead, 7e6).faults).toEqual(["without an answer for 6100 ms; the limit is 5000 ms"]);
  });

  test("where nobody asked, nothing is good", () => {
    expect(figuresOf({ asks: [], holdUps: [] }, 1).faults).toEqual(["nobody asked"]);
  });

  test("the workstation asks as the acceptance account, whose password comes on standard input alone", async () => {
    const commands: { readonly host: string; readonly argv: readonly string[]; readonly input: string }[] = [];
    const none = (): Promise<never> => Promise.reject(new Error("nothing is cut before everything is answered"));
    const outage = allDrills.get("dc")!.of(plan);
    if (typeof outage === "string") throw new Error(`the lab lacks ${outage}`);
    const running = runServiceDrill({
      plan,
      shell: {
        run: (host, argv, input) => {
          commands.push({ host, argv, input });
          return Promise.resolve({ exitCode: 0, stdout: '{"failure":"as far as this"}', stderr: "" });
        },
      },
      power: {
        ...{ stop: none, start: none, reboot: none, setLink: none, shutDown: none, running: none },
        isRunning: () => Promise.resolve(true),
      },
      outage,
      resolve: (kind) => (kind === "password" ? "its-own-Password1" : "PEM"),
    });
    await expect(running).rejects.toThrow("as far as this");
    const [started] = commands;
    expect(started!.host).toBe("pc1");
    expect(askedOf(started!.input)).toMatchObject({
      login: "svc-accept",
      password: "its-own-Password1",
      authority: "PEM",
      servers: [{ name: "dc1", address: "10.20.20.11" }, { name: "dc2" }],
    });
    for (const { argv } of commands) expect(argv.join(" ")).not.toContain("its-own-Password1");
  });

  test("a line that is cut off is left out, and lines of single controllers are not a client's", () => {
    expect(readServiceLog("q dns 1 2 dc1\nd dns 1 2 dc1 1\nh 3 5\nq dns 3 4")).toEqual({
      asks: [{ question: "dns", startedUs: 1, endedUs: 2, server: "dc1" }],
      holdUps: [{ fromUs: 3, toUs: 5 }],
    });
  });

  test("the report has a row for each question and phase, and says what keeps it from being good", () => {
    const f = figures([4, "dc1", 5]);
    const result: ServiceDrillResult = {
      what: "dc1 killed",
      phases: [{ name: "lost", questions: [f] }],
      answersAfterMs: 8_120,
      caughtUpAfterMs: 14_000,
      faults: [],
      isGood: true,
    };
    expect(serviceTableOf(result, "fr").rows).toEqual([["perdu", "dns", "4", "0", "250", "5", "dc1 4"]]);
    expect(serviceSummaryOf(result, "en")).toMatch(/answered 8\.1 s after power.*after 14\.0 s/);
    const bad = { ...result, isGood: false, faults: ["x"] };
    expect(serviceSummaryOf(bad, "en")).toBe("  x\ndc1 killed: not as it must be.");
    const open = {
      ...result,
      isGood: false,
      phases: [{ name: "lost" as const, questions: [{ ...f, unshown: ["y"] }] }],
    };
    expect(serviceSummaryOf(open, "en")).toMatch(/^ {2}dns: y\ndc1 killed: not shown; /);
  });
});
