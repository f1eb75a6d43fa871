import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routerEvent } from "../../src/accept/drill/events.ts";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { codecOf } from "../../src/voice/codecs.ts";
import { voicePlanOf } from "../../src/voice/links.ts";
import { measure, verdictsOf } from "../../src/voice/measure.ts";
import { callsThrough } from "../../src/voice/through.ts";
import { standingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

const reason = whyNot();
const codec = codecOf("pcma")!;

describe.skipIf(reason !== undefined)(`calls in the lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await (await standingLab()).running();
  });
  afterAll(async () => {
    await lab.close();
  });

  it("a guest may make the link that they are measured on: well with the routers' queue, and not without", async () => {
    const voice = voicePlanOf(lab.plan).value!;
    const wans = voice.wans.filter((z) => z.id === "wan2");
    const { shell } = lab;
    const seen = await measure({ shell, host: "field", voice: { ...voice, wans }, codec, stepsFor: () => [5] });
    const up = verdictsOf(codec, seen).filter((v) => v.direction === "up");
    expect(up.map((v) => [v.hasQos, v.upTo])).toEqual([
      [true, 5],
      [false, 0],
    ]);
  });

  it("a router is lost: calls go on, without a loss before and after, and leave nothing in the guests", async () => {
    const { plan, shell, power } = lab;
    const [from, to] = [plan.hosts.get("pc1")!, plan.hosts.get("pbx")!];
    const event = await routerEvent(lab, { kind: "kill" });
    const through = await callsThrough({ shell, plan, event, from, to, codec, calls: 3 });
    expect(through.faults).toEqual([]);
    const lost = (phase: string): readonly number[] =>
      through.spans.flatMap((s) => (s.phase === phase ? [s.lost] : []));
    expect(lost("before")).toEqual([0, 0]);
    expect(Math.min(...lost("broken"))).toBeGreaterThan(0);
    expect(lost("after")).toEqual([0, 0]);
    expect(await power.isRunning("rtr-a")).toBe(true);
    for (const host of ["pc1", "pbx", "field"]) {
      const looked = "pgrep -a python3 | grep -v /usr/local/lib/maquette/; ls -d /run/maquette-voice*";
      expect((await shell.run(host, ["sh", "-c", looked], "", 10_000)).stdout).toBe("");
    }
  });
});
