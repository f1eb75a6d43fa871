import { beforeAll, describe, expect, test } from "vitest";
import { runPowerDrill, type PowerScene } from "../../src/accept/drill/power.ts";
import type { Plan } from "../../src/plan/index.ts";
import { blackoutOf } from "../../src/roles/power/blackout.ts";
import type { Blackout } from "../../src/roles/role.ts";
import { renderedLab } from "../roles/lab.ts";

/*
 * The rehearsal of a blackout with a lab that only remembers who is on: what is judged, and what is put back. That guests
 * stop, and in which order, is the running lab's to show (`maquette drill power`).
 */

let plan: Plan;
let blackout: Blackout;
let places: readonly (readonly string[])[];
beforeAll(async () => {
  ({ plan } = await renderedLab());
  const found = blackoutOf(plan);
  if (typeof found === "string") throw new Error(`the lab lacks ${found}`);
  blackout = found;
  places = [...blackout.stages.map((s) => s.hosts), [blackout.server]];
});

interface Lab {
  readonly scene: PowerScene;
  /** What was done, in its order. */
  readonly done: string[];
}

/** @param going a place that is off at each look after the battery became low */
function lab(
  going: readonly (readonly string[])[],
  options: { readonly letters?: number; readonly closed?: boolean; readonly together?: boolean } = {},
): Lab {
  const done: string[] = [];
  const on = new Set(plan.hosts.keys());
  let left: (readonly string[])[] | undefined;
  const answers: readonly (readonly [part: string, answer: (host: string) => unknown])[] = [
    ["LIST CLIENT", () => ({ status: "OL", charge: 100, missing: [] })],
    [
      "event.get",
      () => {
        const problem = left === undefined && !done.includes("lost") ? 0 : (options.letters ?? 1);
        const isBack = done.includes("start backup");
        const events = Array.from({ length: problem }, () => ({ clock: 1, isOver: isBack }));
        return { now: 1, last: 1, letters: { problem, recovery: isBack ? 1 : 0 }, events };
      },
    ],
    [
      "POSTGRESQL",
      (host) => {
        const began = options.together === true ? 0 : 10 * places.findIndex((place) => place.includes(host));
        const databases = { "mariadb.service": options.closed ?? true };
        return { killed: [], databases, began, ended: began + 5 };
      },
    ],
  ];
  const scene: PowerScene = {
    plan,
    blackout,
    shell: {
      run: (host, argv, input) => {
        if (!on.has(host)) return Promise.reject(new Error(`${host} is off`));
        const found = answers.find(([part]) => input.includes(part));
        const stdout = found === undefined ? "" : JSON.stringify(found[1](host));
        return Promise.resolve({ exitCode: 0, stdout, stderr: argv.length === 0 ? "nothing" : "" });
      },
    },
    power: {
      stop: (host) => Promise.reject(new Error(`nobody cuts the power of ${host}`)),
      reboot: (host) => Promise.reject(new Error(`nobody restarts ${host}`)),
      setLink: (host) => Promise.reject(new Error(`nobody pulls a cable of ${host}`)),
      shutDown: (host) => {
        on.delete(host);
        done.push(`shut down ${host}`);
        return Promise.resolve();
      },
      start: (host) => {
        on.add(host);
        done.push(`start ${host}`);
        return Promise.resolve();
      },
      isRunning: (host) => Promise.resolve(on.has(host)),
      running: () => {
        for (const host of left?.shift() ?? []) on.delete(host);
        return Promise.resolve(new Set(on));
      },
    },
    ups: {
      say: (_, states) => {
        const { text } = states.at(-1)!;
        if (text.includes("charge: 29\n")) left = [...going];
        else if (text.includes("OB")) done.push("lost");
        return Promise.resolve();
      },
      restore: () => {
        left = undefined;
        done.push("mains");
        return Promise.resolve();
      },
    },
    foresee: (hosts) => {
      done.push(`on disk: ${hosts.join(" ")}`);
      return Promise.resolve();
    },
    untilStarted: () => Promise.resolve(),
    probes: [],
    resolve: () => "a secret",
  };
  return { scene, done };
}

const ROUTERS = ["rtr-a", "rtr-b"];

describe("the rehearsal of a blackout", () => {
  test("is good where all went in its order, was told once, closed and came back", async () => {
    const { scene, done } = lab(places);
    const result = await runPowerDrill(scene);
    expect(result.rows.filter((row) => !row.isGood)).toEqual([]);
    expect(result.isGood).toBe(true);
    // The second router last, everybody on disk before anything stops, and in the order of starting.
    const starts = done.filter((what) => what.startsWith("start ")).map((what) => what.slice("start ".length));
    expect(starts.slice(0, 4)).toEqual([...ROUTERS, "bastion", "backup"]);
    expect(starts.slice(-2)).toEqual(["pc1", "pc2"]);
    expect(done.slice(0, 4)).toEqual(["lost", `on disk: ${starts.join(" ")}`, "shut down rtr-a", "shut down rtr-b"]);
    expect(result.offAfter.map(([host]) => host).slice(-2)).toEqual(ROUTERS);
    expect(starts).not.toContain("internet");
  });

  test("is not where a second letter came, all were told at once, or a database was not closed", async () => {
    const wrong = async (drilled: Lab): Promise<readonly string[]> =>
      (await runPowerDrill(drilled.scene)).rows.flatMap((row) => (row.isGood ? [] : [`${row.step}: ${row.seen}`]));
    expect((await wrong(lab(places, { letters: 2 }))).map((row) => row.split(":")[0])).toEqual(["lost", "told"]);
    expect((await wrong(lab(places, { together: true })))[0]).toMatch(
      /^order: \w+ was told 5\.0 s before \w+ had ended/,
    );
    expect((await wrong(lab(places, { closed: false })))[0]).toContain("clean: mariadb.service on pc1 was not closed");
  });

  test("puts mains and power back where it is interrupted, mains first", async () => {
    const { scene, done } = lab(places);
    const controller = new AbortController();
    const shutDown = (host: string): Promise<void> => {
      controller.abort(new Error("interrupted"));
      return scene.power.shutDown(host);
    };
    const power = { ...scene.power, shutDown };
    const start = { ...scene, power, signal: controller.signal };
    await expect(runPowerDrill({ ...start, shell: interruptedShell(scene, controller.signal) })).rejects.toThrow(
      "interrupted",
    );
    const back = done.slice(done.indexOf("mains"));
    expect(back[0]).toBe("mains");
    expect(await scene.power.running()).toEqual(new Set(plan.hosts.keys()));
  });

  test("does not begin where somebody is off", async () => {
    const { scene, done } = lab(places);
    await scene.power.shutDown("dc1");
    await expect(runPowerDrill(scene)).rejects.toMatchObject({
      code: "DRILL_NOT_READY",
      message: expect.stringContaining("dc1 is off") as string,
    });
    expect(done).toEqual(["shut down dc1"]);
  });
});

/** Nobody is asked any more once the command was interrupted. */
const interruptedShell = (scene: PowerScene, signal: AbortSignal): PowerScene["shell"] => ({
  run: (...asked) => {
    signal.throwIfAborted();
    return scene.shell.run(...asked);
  },
});
