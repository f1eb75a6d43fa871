import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseHow, routerEvent, wanEvent, type Scene } from "../../src/accept/drill/events.ts";
import { LIMITS } from "../../src/accept/drill/evaluate.ts";
import { drillPaths } from "../../src/accept/drill/paths.ts";
import { summaryOf, tableOf, words } from "../../src/accept/drill/report.ts";
import { runDrill, type DrillResult } from "../../src/accept/drill/run.ts";
import { readRouterState, roleOf, until } from "../../src/accept/router-state.ts";
import { table } from "../../src/cli/table.ts";
import { intentOf } from "../../src/policy/intent.ts";
import { leftovers, whyNot } from "../twin/machine.ts";
import { routedLab, type RoutedLab } from "./lab.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(`drills${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let routed: RoutedLab | undefined;
  let scene: Scene;
  beforeAll(async () => {
    routed = await routedLab("rtr-a", "rtr-b", "internet", "field", "pc1", "ebrigade");
    scene = { plan: routed.lab.plan, shell: routed.shell, power: routed.power };
    const role = (id: string) => async () => roleOf(await readRouterState(scene.shell, id));
    await until("rtr-a is master", 90_000, role("rtr-a"), (r) => r === "master");
    await until("rtr-b is backup", 90_000, role("rtr-b"), (r) => r === "backup");
  });
  afterAll(async () => {
    await routed?.close();
  });

  const drilled = async (how: string): Promise<DrillResult> => {
    const event = how === "wan" ? await wanEvent(scene) : await routerEvent(scene, parseHow(scene.plan, how));
    const paths = drillPaths(intentOf(scene.plan));
    const result = await runDrill({ shell: scene.shell, paths, event });
    process.stdout.write(
      `${table(tableOf(result, words.en).header, tableOf(result, words.en).rows)}\n${summaryOf(result, words.en)}\n`,
    );
    return result;
  };

  it.each(["kill", "reboot", "links", "cable:users"])("%s: sessions live on, and all comes back", async (how) => {
    const result = await drilled(how);
    expect(summaryOf(result, words.en)).toContain("all came back");
    const [lost] = result.phases;
    // Not nothing: somebody else took over.
    expect(Math.max(...lost!.paths.map((p) => p.figures.lost))).toBeGreaterThan(0);
    for (const { figures } of lost!.paths) expect(figures.longestGapMs).toBeLessThanOrEqual(LIMITS.routerMs);
  });

  it("an access is lost: new flows go by the other one", async () => {
    const result = await drilled("wan");
    expect(summaryOf(result, words.en)).toContain("all came back");
  });

  it("leaves no program in the guests, and nothing on the machine", async () => {
    for (const host of ["pc1", "ebrigade", "field"]) {
      const { stdout } = await scene.shell.run(
        host,
        ["sh", "-c", "pgrep -a python3; ls -d /run/maquette-drill*"],
        "",
        10_000,
      );
      expect(stdout).toBe("");
    }
    await routed!.close();
    expect(await leftovers()).toEqual([]);
  });
});
