import { describe, expect, test } from "vitest";
import { dcFigures, readDcLog, runDcDrill, type DcDrillResult } from "../../src/accept/drill/dc.ts";
import { dcSummaryOf, dcTableOf } from "../../src/accept/drill/dc-report.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const outcome = await loadPlan(`${repositoryRoot()}/stacks/lab`, { nodes: 2 });
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

const figures = (...steps: readonly (readonly [number, string, number])[]) => {
  const { text, toUs } = logOf(steps);
  return dcFigures(readDcLog(text), "dns", { fromUs: 0, toUs }, 5_000);
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

  test("where nobody asked, nothing is good", () => {
    expect(dcFigures([], "dns", { fromUs: 0, toUs: 1 }, 5_000).faults).toEqual(["nobody asked"]);
  });

  test("the workstation asks as the acceptance account, whose password comes on standard input alone", async () => {
    const commands: { readonly host: string; readonly argv: readonly string[]; readonly input: string }[] = [];
    const none = (): Promise<never> => Promise.reject(new Error("nothing is cut before everything is answered"));
    const running = runDcDrill({
      plan,
      shell: {
        run: (host, argv, input) => {
          commands.push({ host, argv, input });
          return Promise.resolve({ exitCode: 0, stdout: '{"failure":"as far as this"}', stderr: "" });
        },
      },
      power: { stop: none, start: none, reboot: none, setLink: none, isRunning: () => Promise.resolve(true) },
      password: "its-own-Password1",
      authority: "PEM",
    });
    await expect(running).rejects.toThrow("as far as this");
    const [started] = commands;
    expect(started!.host).toBe("pc1");
    expect(JSON.parse(started!.input)).toMatchObject({ login: "svc-accept", password: "its-own-Password1" });
    for (const { argv } of commands) expect(argv.join(" ")).not.toContain("its-own-Password1");
  });

  test("a line that is cut off is left out, and lines of single controllers are not a client's", () => {
    expect(readDcLog("q dns 1 2 dc1\nd dns 1 2 dc1 1\nq dns 3 4")).toEqual([
      { question: "dns", startedUs: 1, endedUs: 2, server: "dc1" },
    ]);
  });

  test("the report has a row for each question and phase, and says what keeps it from being good", () => {
    const f = figures([4, "dc1", 5]);
    const result: DcDrillResult = {
      what: "dc1 killed",
      phases: [{ name: "lost", questions: [f] }],
      answersAfterMs: 8_120,
      caughtUpAfterMs: 14_000,
      faults: [],
      isGood: true,
    };
    expect(dcTableOf(result, "fr").rows).toEqual([["perdu", "dns", "4", "0", "250", "5", "dc1 4"]]);
    expect(dcSummaryOf(result, "en")).toMatch(/answered 8\.1 s after power.*after 14\.0 s/);
    const bad = { ...result, isGood: false, faults: ["x"] };
    expect(dcSummaryOf(bad, "en")).toBe("  x\ndc1 killed: not as it must be.");
  });
});
