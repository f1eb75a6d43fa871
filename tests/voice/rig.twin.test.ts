import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { codecOf } from "../../src/voice/codecs.ts";
import { voicePlanOf } from "../../src/voice/links.ts";
import { callSeen, GOOD_R, rigAnswer, rigInput, type RigInput } from "../../src/voice/measure.ts";
import { qualityOf } from "../../src/voice/quality.ts";
import RIG from "../../src/voice/rig.py";
import { labPlan } from "../pfsense/emit/lab.ts";
import { whyNot } from "../twin/router/namespace.ts";

const reason = whyNot();
const pcma = codecOf("pcma")!;
const plan = labPlan();
const voice = voicePlanOf(plan).value!;
const wan2 = plan.zones.get("wan2")!.wan!;
const share = voice.shares.find((s) => s.wan === "wan2")!;

/** The namespaces are the program's own. */
const rig = async (input: RigInput): Promise<ReturnType<typeof rigAnswer.parse>> =>
  rigAnswer.parse(
    JSON.parse(
      await new Promise<string>((resolve, reject) => {
        const child = execFile("python3", ["-c", RIG], { timeout: 60_000 }, (error, stdout, stderr) =>
          error ? reject(new Error(stderr || error.message)) : resolve(stdout),
        );
        child.stdin!.end(JSON.stringify(input));
      }),
    ),
  );

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe.skipIf(reason !== undefined)(`calls over a link of the rig's${reason ? ` (skipped: ${reason})` : ""}`, () => {
  test.each([0, 1, 5, 10])(
    "MOS follows injected loss of %i per cent within 0.2 of the E-model",
    async (lossPercent) => {
      const idle = rigInput(pcma, wan2, null, 60);
      const way = { ...idle.up, bulkKbps: 0, lossPercent };
      const { up, down } = await rig({ ...idle, seconds: 5, up: way, down: { ...way, shaper: idle.down.shaper } });
      // All calls as one, so that chance is small beside what is asked: 30 000 packets.
      const all = [...up.calls, ...down.calls];
      const seen = callSeen(pcma, {
        ...all[0]!,
        sent: sum(all.map((c) => c.sent)),
        received: sum(all.map((c) => c.received)),
        late: sum(all.map((c) => c.late)),
      });
      expect(sum(all.map((c) => c.sent))).toBe(30_000);
      expect(Math.abs(seen.quality!.mos - qualityOf(pcma, 0, lossPercent)!.mos)).toBeLessThan(0.2);
    },
  );

  test("a full access: with the routers' queue every call is well up to what fits, without it not one", async () => {
    const fits = 51;
    const ratingsOf = async (qos: typeof share | null, calls: number): Promise<readonly (number | undefined)[]> => {
      const { up } = await rig(rigInput(pcma, wan2, qos, calls));
      expect(up.carriedKbps).toBeGreaterThan(0.9 * share.kbps);
      return up.calls.map((c) => callSeen(pcma, c).quality?.r);
    };
    const isWell = (r: number | undefined): boolean => r !== undefined && r >= GOOD_R;
    // A machine that has other things to do makes a packet late, and a call with it.
    expect((await ratingsOf(share, fits)).filter(isWell).length).toBeGreaterThan(fits * 0.9);
    expect((await ratingsOf(share, Math.ceil(fits * 1.3))).filter(isWell).length).toBeLessThan(fits * 0.5);
    expect((await ratingsOf(null, 1)).filter(isWell)).toEqual([]);
  });
});
