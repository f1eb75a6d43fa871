import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CODECS } from "../../src/voice/codecs.ts";
import { lossImpairment, mosOf, ratingOf, voipRating } from "../../src/voice/emodel.ts";
import { qualityOf } from "../../src/voice/quality.ts";

describe("the E-model gives what the ITU publishes", () => {
  test("R = 93.2 and MOS = 4.41 with all defaults (G.107, clause 7.7)", () => {
    expect(ratingOf({})).toBeCloseTo(93.2, 1);
    expect(mosOf(ratingOf({}))).toBeCloseTo(4.41, 2);
  });

  // G.107 table B.1, which rounds to two figures.
  test.each([
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
  ])("R = %i is MOS %f (G.107, table B.1)", (r, mos) => {
    expect(Math.abs(mosOf(r) - mos)).toBeLessThan(0.01);
  });

  // G.113 (02/2001) Appendix I, Ie under random loss as it was found by tests; Bpl was fitted to it later.
  test.each([
    ["G.729A with VAD", { ie: 11, bpl: 19 }, [0, 11, 0.5, 13, 1, 15, 1.5, 17, 2, 19, 3, 23, 4, 26, 8, 36, 16, 49]],
    ["G.723.1 with VAD, 6.3 kbit/s", { ie: 15, bpl: 16.1 }, [0, 15, 0.5, 17, 1, 19, 2, 24, 4, 32, 8, 41, 16, 55]],
    ["G.711 with PLC", { ie: 0, bpl: 25.1 }, [0, 0, 1, 5, 2, 7, 3, 10, 5, 15, 7, 20, 10, 25]],
  ])("Ie under loss of %s (G.113, Appendix I)", (_, codec, published) => {
    for (let i = 0; i < published.length; i += 2) {
      const ppl = published[i]!;
      expect(Math.abs(lossImpairment({ ...codec, ppl, burstR: 1 }) - published[i + 1]!), `${ppl} %`).toBeLessThan(2.1);
    }
  });

  test("delay costs what the known approximation of it says (Cole and Rosenbluth 2001, from G.107)", () => {
    for (const ta of [50, 100, 150, 177, 200, 250, 300]) {
      const cost = ratingOf({}) - voipRating({ ta });
      const approximation = 0.024 * ta + 0.11 * Math.max(0, ta - 177.3);
      expect(Math.abs(cost - approximation), `${ta} ms`).toBeLessThan(1);
    }
  });

  test("delay alone costs nothing up to 100 ms (G.107, Idd)", () => {
    expect(ratingOf({ ta: 100 })).toBe(ratingOf({}));
    expect(ratingOf({ ta: 101 })).toBeLessThanOrEqual(ratingOf({}));
  });
});

describe("whatever is asked", () => {
  const codec = fc.constantFrom(...CODECS.filter((c) => c.impairment !== null));
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const ms = fc.double({ min: 0, max: 2000, noNaN: true });
  const more = fc.double({ min: 0, max: 50, noNaN: true });

  test("R is 0 to 100 and MOS 1 to 4.5", () => {
    fc.assert(
      fc.property(codec, ms, percent, (c, delay, loss) => {
        const { r, mos } = qualityOf(c, delay, loss)!;
        expect(r).toBeGreaterThanOrEqual(0);
        expect(r).toBeLessThanOrEqual(100);
        expect(mos).toBeGreaterThanOrEqual(1);
        expect(mos).toBeLessThanOrEqual(4.5);
      }),
    );
  });

  test("more loss or more delay is never better", () => {
    fc.assert(
      fc.property(codec, ms, percent, more, (c, delay, loss, by) => {
        const { r } = qualityOf(c, delay, loss)!;
        expect(qualityOf(c, delay, loss + by)!.r).toBeLessThanOrEqual(r + 1e-9);
        expect(qualityOf(c, delay + by, loss)!.r).toBeLessThanOrEqual(r + 1e-9);
      }),
    );
  });

  test("a higher R is no lower MOS", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), more, (r, by) => {
        expect(mosOf(r + by)).toBeGreaterThanOrEqual(mosOf(r) - 1e-9);
      }),
    );
  });

  test("loss in bursts is worse than the same at random", () => {
    fc.assert(
      fc.property(codec, fc.double({ min: 0.1, max: 40, noNaN: true }), (c, ppl) => {
        const at = (burstR: number): number => lossImpairment({ ...c.impairment!, ppl, burstR });
        expect(at(2)).toBeGreaterThan(at(1));
      }),
    );
  });
});

test("a codec of another scale has no R, rather than one of the narrowband's", () => {
  for (const id of ["g722", "opus"])
    expect(
      qualityOf(
        CODECS.find((c) => c.id === id)!,
        10,
        0,
      ),
    ).toBeNull();
});
