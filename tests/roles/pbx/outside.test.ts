import { describe, expect, test } from "vitest";
import { placesOf, shown } from "../../../src/core/text.ts";
import { allProbes } from "../../../src/roles/registry.ts";
import { renderedLab } from "../lab.ts";

const lab = await renderedLab();
const probe = allProbes(lab.plan).find((p) => p.id === "pbx-call-field")!;

describe("a call from the road", () => {
  test("is made as one person, whose secrets it is given and nobody else's", () => {
    expect(placesOf(probe.run.input!).map((p) => p.secret)).toEqual([
      "password/probe/recette.nomade4",
      "password/sip/recette.nomade4",
    ]);
    expect(probe.run.argv.join(" ")).not.toContain("recette");
    // The desk answers that number and no other.
    expect(shown(probe.before![0]!.run.input!)).toContain('{"from":"191","seconds":');
    expect(probe.before![0]!.on).toBe("pc1");
  });

  test("of which one way is silent is red", () => {
    const judge = (call: object) =>
      probe.judge({
        exitCode: 0,
        stderr: "",
        stdout: JSON.stringify([
          { number: "301", result: "answered", heard: true, secured: true, sent: 22, received: 20, ...call },
        ]),
      });
    expect(judge({}).isGood).toBe(true);
    expect(judge({ heard: false, received: 0 }).seen).toBe("301: answered, and silent (22 packets out, 0 in)");
    expect(judge({ heard: false, received: 0 }).isGood).toBe(false);
    expect(judge({ secured: false }).isGood).toBe(false);
  });

  test("leaves no account on the machine that it is made from", () => {
    const files = lab.files("field");
    expect(files.has("/etc/maquette/softphone/config")).toBe(true);
    for (const [path, { content }] of files) expect([path, content.includes("secret:password")]).toEqual([path, false]);
  });
});
