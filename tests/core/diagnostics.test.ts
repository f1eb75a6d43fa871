import { describe, expect, test } from "vitest";
import { didYouMean, formatDiagnostic } from "../../src/core/diagnostics.ts";

describe("diagnostics", () => {
  test("a diagnostic reads as file:line:col CODE path: fact, and a hint below", () => {
    expect(
      formatDiagnostic({
        code: "PLAN_UNKNOWN_ZONE",
        severity: "error",
        place: { file: "flows.yaml", line: 14, column: 9 },
        path: "flows[3].from",
        fact: '"dzm" is not a zone',
        hint: 'did you mean "dmz"? Zones are declared in addressing.yaml',
      }),
    ).toBe(
      'flows.yaml:14:9 PLAN_UNKNOWN_ZONE flows[3].from: "dzm" is not a zone\n  hint: did you mean "dmz"? Zones are declared in addressing.yaml',
    );
  });

  test("did you mean finds a swap of neighbours and says nothing when nothing is near", () => {
    expect(didYouMean("dzm", ["lan", "dmz", "wan1"])).toBe("dmz");
    expect(didYouMean("telephony", ["lan", "dmz", "wan1"])).toBeUndefined();
  });
});
