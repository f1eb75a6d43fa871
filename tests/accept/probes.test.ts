import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { secret } from "../../src/core/secret-place.ts";
import { BASE } from "../../src/roles/role.ts";
import { askCommand, judgeOpen, judgeSilent } from "../../src/roles/ask.ts";
import { probesOf } from "../../src/accept/probes/index.ts";
import { askedOf } from "./asked.ts";
import { junitOf, linesOf, selected, summaryOf, textOf, type Accepted } from "../../src/accept/probes/report.ts";
import { runProbes, type ProbeWay } from "../../src/accept/probes/run.ts";
import { needIds } from "../../src/cli/commands/accept.ts";
import { Fault } from "../../src/core/fault.ts";
import { loadPlan, type Plan } from "../../src/plan/index.ts";
import type { Probe } from "../../src/roles/role.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf } from "../stack/temporary.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan: Plan = outcome.value;
const probes = probesOf(plan);

interface Asked {
  readonly targets: readonly { readonly name: string; readonly address: string; readonly port: number }[];
}
const targetsOf = (id: string): readonly string[] =>
  (askedOf(probes.find((p) => p.id === id)!.run.input!) as Asked).targets.map((t) => `${t.address}:${t.port}`);

describe("the lab's probes", () => {
  test("have ids of their own, hosts of the plan and needs of the plan", () => {
    expect(new Set(probes.map((p) => p.id)).size).toBe(probes.length);
    for (const p of probes) {
      expect(plan.hosts.has(p.from), p.id).toBe(true);
      expect(p.needs.length, p.id).toBeGreaterThan(0);
      for (const need of p.needs) expect([BASE, ...plan.coverage.keys()], p.id).toContain(need);
      if (p.dependsOn) expect(plan.hosts.has(p.dependsOn.host), p.id).toBe(true);
      expect(p.title.fr, p.id).not.toBe("");
    }
  });

  test("name no secret in what everybody on a host can read", () => {
    for (const p of probes) for (const word of p.run.argv) expect(typeof word, p.id).toBe("string");
  });

  test("ask from the field, for mail, the shared addresses of both accesses, but not what is forwarded there", () => {
    const asked = targetsOf("mail-from-lan-and-vpn-field");
    for (const wan of ["198.51.100.4", "203.0.113.4"])
      for (const port of [25, 587, 993]) expect(asked).toContain(`${wan}:${port}`);
    // HTTPS is forwarded to eBrigade on purpose: it is what shows that anything gets through at all.
    expect(asked.filter((t) => t.endsWith(":443"))).toEqual(["198.51.100.4:443", "203.0.113.4:443"]);
    const judged = probes.find((p) => p.id === "mail-from-lan-and-vpn-field")!.judge;
    const silence = { name: "wan1 tcp/587", result: "silent", said: "" };
    const says = (answers: unknown) => judged({ exitCode: 0, stdout: JSON.stringify(answers), stderr: "" });
    expect(says([silence, { name: "wan1 tcp/443", result: "refused", said: "" }]).isGood).toBe(true);
    expect(says([silence, { name: "wan1 tcp/443", result: "silent", said: "" }]).isGood).toBe(false);
  });

  test("ask from the DMZ every other zone, without the rows that are named exceptions", () => {
    const asked = targetsOf("dmz-contained-ebrigade");
    expect(asked).toContain("10.20.20.11:22");
    expect(asked).toContain("10.20.10.10:22");
    expect(asked).toContain("10.20.30.11:3389");
    expect(asked).toContain("10.20.20.11:445");
    // F431: eBrigade authenticates against the directory.
    expect(asked).not.toContain("10.20.20.11:636");
  });

  test("of one need are those that name it", () => {
    const { needs, probes: some } = selected(plan, probes, new Set(["N4"]));
    expect(needs.map((n) => n.id)).toEqual(["N4"]);
    expect([...new Set(some.map((p) => p.from))].sort()).toEqual([
      ...["bastion", "ebrigade", "field", "pbx", "pc1", "pc2", "vpn"],
    ]);
  });

  test("of an unknown need are refused with the near one", async () => {
    expect(needIds(plan, "n4, O7")).toEqual(new Set(["N4", "O7"]));
    expect(needIds(plan, undefined)).toBeUndefined();
    const fault = await faultOf(() => needIds(plan, "N77"));
    expect([fault.code, fault.hint]).toEqual(["CLI_USAGE", expect.stringMatching(/Did you mean N7\?|They are N1/)]);
  });
});

describe("what the asking program says", () => {
  const said = (answers: unknown) => ({ exitCode: 0, stdout: JSON.stringify(answers), stderr: "" });
  const answer = (name: string, result: string, words = "") => ({ name, result, said: words });

  test("is good for an open question only when all are open", () => {
    expect(judgeOpen()(said([answer("a", "open", "SSH-2.0-x")]))).toEqual({ isGood: true, seen: "SSH-2.0-x" });
    expect(judgeOpen()(said([answer("a", "open"), answer("b", "silent")]))).toEqual({
      isGood: false,
      seen: "b silent",
    });
    expect(judgeOpen()(said([])).isGood).toBe(false);
  });

  test.each(["open", "refused"])("is bad for silence when something is %s", (result) => {
    const judge = judgeSilent(new Set(["c"]));
    expect(judge(said([answer("a", result), answer("c", "open")]))).toEqual({ isGood: false, seen: `a ${result}` });
  });

  test("shows no silence where nothing gets through, nothing was asked, or the program failed", () => {
    const judge = judgeSilent(new Set(["c"]));
    expect(judge(said([answer("a", "silent"), answer("c", "unreachable")])).seen).toMatch(/^nothing shown/);
    expect(judge(said([answer("c", "open")])).isGood).toBe(false);
    expect(judge({ exitCode: 1, stdout: "", stderr: "x\nOSError" })).toEqual({
      isGood: false,
      seen: "exit 1: OSError",
    });
    expect(judge({ exitCode: 0, stdout: "", stderr: "" }).isGood).toBe(false);
  });

  test("is asked with addresses as text", () => {
    const address = plan.hosts.get("dc1")!.nics[0]!.address;
    const { input } = askCommand([{ name: "x", protocol: "tcp", address, port: 22 }]);
    expect((askedOf(input!) as Asked).targets[0]).toMatchObject({ address: "10.20.20.11", port: 22 });
  });
});

const probe = (id: string, change: Partial<Probe> = {}): Probe => ({
  id,
  needs: ["N1"],
  from: "pc1",
  title: { en: `title of ${id}`, fr: `titre de ${id}` },
  expected: "yes",
  run: { argv: ["true"] },
  judge: ({ stdout }) => ({ isGood: stdout === "yes", seen: stdout }),
  dependsOn: null,
  ...change,
});
const answering =
  (stdout: string): ProbeWay =>
  () =>
    Promise.resolve({ exitCode: 0, stdout, stderr: "" });

describe("running probes", () => {
  const resolve = (): string => "s3cret-value";

  test("fills secrets on the way and says none of them, whatever the command repeats", async () => {
    let got = "";
    const way: ProbeWay = (_, { input }) => {
      got = input!;
      return Promise.resolve({ exitCode: 0, stdout: `bad login s3cret-value`, stderr: "" });
    };
    const asked = [probe("a", { run: { argv: ["x"], input: [secret("password", "x")] } })];
    const [result] = await runProbes({ probes: asked, way, resolve });
    expect(got).toBe("s3cret-value");
    expect(result!.seen).toBe("bad login …");
  });

  test("makes a host that cannot be reached a red line with its reason, and goes on with the others", async () => {
    const way: ProbeWay = (host) =>
      host === "pc2"
        ? Promise.reject(new Fault("DOOR_GUEST_OFF", "pc2 is powered off.", "x"))
        : Promise.resolve({ exitCode: 0, stdout: "yes", stderr: "" });
    const asked = [probe("a", { from: "pc2" }), probe("b")];
    const results = await runProbes({ probes: asked, way, resolve });
    expect(results.map((r) => [r.isGood, r.seen])).toEqual([
      [false, "pc2 is powered off."],
      [true, "yes"],
    ]);
  });

  test("keeps the order of the probes, whichever ends first, and tells how many are left", async () => {
    const way: ProbeWay = async (_, { argv }) => {
      await new Promise((r) => setTimeout(r, Number(argv[0])));
      return { exitCode: 0, stdout: "yes", stderr: "" };
    };
    const left: number[] = [];
    const asked = [probe("slow", { run: { argv: ["30"] } }), probe("quick", { run: { argv: ["0"] } })];
    const results = await runProbes({ probes: asked, way, resolve, onDone: (_, n) => left.push(n) });
    expect(results.map((r) => r.probe.id)).toEqual(["slow", "quick"]);
    expect(left).toEqual([1, 0]);
  });

  test("asks those that hold the same thing one after the other, and others meanwhile", async () => {
    const running = new Set<string>();
    const together = new Set<string>();
    const way: ProbeWay = async (from) => {
      running.add(from);
      await Promise.resolve();
      together.add([...running].sort().join(" "));
      await Promise.resolve();
      running.delete(from);
      return { exitCode: 0, stdout: "", stderr: "" };
    };
    const asked = ["a", "b", "c"].map((from) => probe(from, { from, ...(from !== "b" && { holds: "it" }) }));
    const results = await runProbes({ probes: asked, way, resolve });
    expect(results.map((r) => r.probe.id)).toEqual(["a", "b", "c"]);
    expect([...together].filter((names) => names.includes("a") && names.includes("c"))).toEqual([]);
    expect([...together]).toContain("a b");
  });

  test("begins with those that wait, and tells of all in the order of the probes", async () => {
    const begun: string[] = [];
    const way: ProbeWay = (_, { argv }) => {
      begun.push(argv[0]!);
      return Promise.resolve({ exitCode: 0, stdout: "yes", stderr: "" });
    };
    const asked = ["a", "b", "c", "d"].map((id) =>
      probe(id, { run: { argv: [id] }, ...(id === "b" || id === "d" ? { isWaiting: true } : {}) }),
    );
    const results = await runProbes({ probes: asked, way, resolve });
    expect(begun).toEqual(["b", "d", "a", "c"]);
    expect(results.map((r) => r.probe.id)).toEqual(["a", "b", "c", "d"]);
  });

  test("ends at once when it is interrupted", async () => {
    const controller = new AbortController();
    const way: ProbeWay = () => new Promise(() => undefined);
    const running = runProbes({ probes: [probe("a")], way, resolve, signal: controller.signal });
    controller.abort(new Fault("CLI_INTERRUPTED", "Interrupted.", "x"));
    // Nothing of it is taken for a red probe.
    await expect(running).rejects.toThrow("Interrupted.");
  });
});

describe("the report", () => {
  const two = [...plan.coverage.values()].slice(0, 2);
  const odd = `<&"'> \u0007\ud800 é`;
  const asked = [probe("good", { needs: ["N1"] }), probe("bad", { needs: ["N1"], expected: odd })];
  const accepted = async (): Promise<Accepted> => ({
    needs: two,
    seconds: 1.25,
    results: await runProbes({
      probes: asked,
      way: answering("yes"),
      resolve: () => "",
    }).then((r) => [r[0]!, { ...r[1]!, isGood: false, seen: odd }]),
  });

  const plain = (text: string): string => text;
  const options = { language: "fr", width: 60, good: plain, bad: plain, strong: plain } as const;

  test("has each need in its words and its probes below, and of a red one what was expected and seen", async () => {
    const lines = textOf(await accepted(), { ...options, isLong: false }).split("\n");
    expect(lines).toEqual([
      "N1    Alimentation derrière un onduleur",
      expect.stringMatching(/^ {4}✓ titre de good \(pc1,\u00a0\d+\u00a0ms\)$/),
      expect.stringMatching(/^ {4}✗ titre de bad \(pc1,\u00a0\d+\u00a0ms\)$/),
      expect.stringMatching(/^ {8}attendu: <&"'>/),
      expect.stringMatching(/^ {8}vu: {6}<&"'>/),
    ]);
    const long = textOf(await accepted(), { ...options, isLong: true });
    expect(long.match(/attendu:/g)).toHaveLength(2);
  });

  test("breaks at words, no line wider than it is told, the words that are wider left whole", async () => {
    const text = textOf(await accepted(), { ...options, width: 24, isLong: false });
    expect(text.split("\n").slice(0, 2)).toEqual(["N1    Alimentation", "      derrière un"]);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(24);
  });

  test("paints what is green, what is red and each need, where there are colours", async () => {
    const painted = { good: (t: string) => `G${t}`, bad: (t: string) => `R${t}`, strong: (t: string) => `S${t}` };
    const lines = textOf(await accepted(), { ...options, ...painted, isLong: false }).split("\n");
    expect(lines.map((l) => l.trim()[0])).toEqual(["S", "G", "R", "a", "v"]);
  });

  test("names needs without a probe with why", async () => {
    expect(summaryOf(await accepted(), "fr", 80)).toMatch(
      /N2 {2}Deux routeurs[^]*pas encore de sonde[^]*1 sondes sur 2/,
    );
  });

  test("is a JSON document a line, each with all its fields", async () => {
    const lines = linesOf(await accepted(), "en").map((l) => JSON.parse(l) as Record<string, unknown>);
    for (const l of lines) expect(Object.keys(l)).toEqual(["need", "probe", "from", "expected", "seen", "ms", "ok"]);
    expect(lines.map((l) => [l["need"], l["probe"], l["ok"]])).toEqual([
      ["N1", "good", true],
      ["N1", "bad", false],
      ["N2", null, null],
    ]);
  });

  test("is well-formed JUnit, its counts those of its cases, whatever stands in a text", async () => {
    const text = junitOf(await accepted(), "fr");
    const found: { readonly name: string; readonly attributes: Record<string, string> }[] = [];
    const parser = new SaxesParser();
    parser.on("error", (error) => expect.fail(error.message));
    parser.on("opentag", ({ name, attributes }) => found.push({ name, attributes: { ...attributes } }));
    parser.write(text).close();
    const all = (name: string) => found.filter((f) => f.name === name);
    expect(all("testsuites")[0]!.attributes).toMatchObject({ tests: "3", failures: "1", skipped: "1" });
    expect(all("testsuite").map((s) => s.attributes["tests"])).toEqual(["2", "1"]);
    expect(all("testcase")).toHaveLength(3);
    expect(all("failure").map((f) => f.attributes["message"])).toEqual([`<&"'>  é`]);
    expect(all("skipped")).toHaveLength(1);
  });
});
