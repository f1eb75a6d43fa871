import { describe, expect, test } from "vitest";
import { placesOf, shown } from "../../../src/core/text.ts";
import { allProbes } from "../../../src/roles/registry.ts";
import { renderedLab } from "../lab.ts";

const lab = await renderedLab();
const probeOf = (id: string) => allProbes(lab.plan).find((p) => p.id === id)!;
const probe = probeOf("pbx-call-field");

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

describe("a call to the road", () => {
  const called = probeOf("pbx-call-pc1-field");
  const [answers] = called.before!;

  test("is answered there by another person's phone, behind a tunnel of its own", () => {
    expect([called.from, answers!.on]).toEqual(["pc1", "field"]);
    expect(placesOf(answers!.run.input!).map((p) => p.secret)).toEqual([
      "password/probe/recette.nomade5",
      "password/sip/recette.nomade5",
    ]);
    expect(shown(called.run.input!)).toContain('{"dial":["192"]');
  });
});

describe("the crisis room", () => {
  const room = probeOf("pbx-conference");
  const meetOf = (text: string): Meet => JSON.parse(/"meet":(\{.*?\}\}\})/.exec(text)![1]!) as Meet;
  const asked = [room.run, ...room.before!.map((b) => b.run)].map((run) => meetOf(shown(run.input!)));
  interface Meet {
    readonly own: number;
    readonly content: number;
    readonly others: Readonly<Record<string, { readonly own: number; readonly content: number }>>;
  }

  test("has somebody from the road and both desks in it, each of whom listens for the other two", () => {
    expect([room.from, ...room.before!.map((b) => b.on)]).toEqual(["field", "pc2", "pc1"]);
    expect(asked.map((meet) => Object.keys(meet.others).sort())).toEqual([
      ["pc1", "pc2"],
      ["field", "pc1"],
      ["field", "pc2"],
    ]);
    const tones = asked.flatMap((meet) => [meet.own, meet.content]);
    expect(new Set(tones).size).toBe(6);
    for (const meet of asked)
      for (const other of Object.values(meet.others))
        expect(tones).toEqual(expect.arrayContaining(Object.values(other)));
  });

  test.each([
    ["silent", "pc1 was not heard"],
    ["own", "pc1 was heard, and did not hear everybody"],
  ])("is red where one is %s", (word, seen) => {
    const said = { number: "500", result: "answered", heard: false, secured: true, sent: 9, received: 9 };
    const stdout = JSON.stringify([{ ...said, met: { pc1: word, pc2: "content" } }]);
    expect(room.judge({ exitCode: 0, stderr: "", stdout })).toEqual({
      isGood: false,
      seen: `500: in the room, and ${seen}`,
    });
  });
});
