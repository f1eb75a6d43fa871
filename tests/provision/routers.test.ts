import { describe, expect, it } from "vitest";
import type { ConsoleRun } from "../../src/provision/console.ts";
import {
  configDigest,
  deliverConfig,
  holdConfig,
  untilRoutersCarry,
  type ReachedRouter,
  type Tried,
} from "../../src/provision/routers.ts";

const carp = (state: string): object[] => [
  { id: "lan/10", vhid: 10, device: "vtnet3", state, addresses: ["10.20.10.1"] },
  { id: "opt3/20", vhid: 20, device: "vtnet4", state, addresses: ["10.20.20.1"] },
];
const running = (state: string, more: object = {}): object => ({
  phase: "running",
  rules: { isProven: true },
  gateways: [],
  carp: carp(state),
  ...more,
});

/** A router that says this of itself, and writes down what it is asked. It has loaded what it was sent last. */
function router(host: string, status: () => object, answers: Readonly<Record<string, number>> = {}) {
  const asked: string[] = [];
  const inputs: string[] = [];
  let config: { readonly digest: string } | undefined;
  const run: ConsoleRun = (argv, input) => {
    asked.push(argv.join(" "));
    inputs.push(input);
    if (argv[0] === "cat")
      return Promise.resolve({ exitCode: 0, stdout: JSON.stringify({ config, ...status() }), stderr: "" });
    if (argv[2]?.includes("incoming.xml")) config = { digest: configDigest(input) };
    const key = Object.keys(answers).find((k) => argv.join(" ").startsWith(k));
    return Promise.resolve({
      exitCode: key === undefined ? 0 : answers[key]!,
      stdout: "",
      stderr: "ROUTER_X no such\n",
    });
  };
  return { host, run, asked, inputs } satisfies ReachedRouter & Record<string, unknown>;
}

describe("routers carry traffic", () => {
  it("when each has proven rules and every CARP address one master", async () => {
    await untilRoutersCarry([router("a", () => running("MASTER")), router("b", () => running("BACKUP"))], 2, 1_000);
  });

  it.each([
    ["two masters", running("MASTER"), running("MASTER"), /vhid 10 on vtnet3 has the masters a and b/],
    ["no master", running("BACKUP"), running("BACKUP"), /vhid 10 on vtnet3 has no master/],
    ["no CARP yet", running("MASTER", { carp: [] }), running("BACKUP", { carp: [] }), /0 of 2 CARP addresses are up/],
    ["one that starts", { phase: "starting", carp: [], gateways: [] }, running("MASTER"), /a is starting/],
  ])("not with %s", async (_, a, b, words) => {
    await expect(untilRoutersCarry([router("a", () => a), router("b", () => b)], 2, 50)).rejects.toThrow(words);
  });

  it("a router that failed, or whose kernel is not proven, is told at once", async () => {
    const failed = { phase: "failed", failure: "config.xml:3 no such thing", carp: [], gateways: [] };
    await expect(untilRoutersCarry([router("a", () => failed)], 0)).rejects.toThrow(/config\.xml:3/);
    const unproven = running("MASTER", { rules: { isProven: false, why: "10.0.0.1 passes" } });
    await expect(untilRoutersCarry([router("a", () => unproven)], 2)).rejects.toThrow(/10\.0\.0\.1 passes/);
  });

  it("in a wait that ends as soon as they do", async () => {
    let looks = 0;
    const late = router("a", () => running(++looks < 4 ? "BACKUP" : "MASTER"));
    await untilRoutersCarry([late, router("b", () => running("BACKUP"))], 2, 5_000);
    expect(looks).toBe(4);
  });
});

describe("a changed configuration", () => {
  const xml = "<pfsense>secret</pfsense>";
  const fine = (): Promise<readonly string[]> => Promise.resolve([]);

  it("that a router has already is not sent", async () => {
    const a = router("a", () => running("MASTER", { config: { digest: configDigest(xml) } }));
    expect(await deliverConfig(a, xml, fine)).toBe(false);
    expect(a.asked).toEqual(["cat /run/maquette/router/status.json"]);
  });

  it("travels by standard input, is loaded, tried and confirmed, and its copy removed", async () => {
    const a = router("a", () => running("MASTER"));
    expect(await deliverConfig(a, xml, fine)).toBe(true);
    expect(a.asked.slice(1)).toEqual([
      "sh -c umask 077; cat > /cf/conf/incoming.xml",
      "maquette-load /cf/conf/incoming.xml --confirm 9",
      "cat /run/maquette/router/status.json",
      "rm -f /cf/conf/incoming.xml",
      "maquette-load --confirmed",
    ]);
    expect(a.inputs.filter((i) => i !== "")).toEqual([xml]);
    expect(a.asked.join("\n")).not.toContain("secret");
  });

  it("with which something is not as the plan says is not kept: the router goes back at once, and it is named", async () => {
    const a = router("a", () => running("MASTER"));
    const wrong = ["bastion does not reach dc1 by SSH", "pc1 -> mail: tcp/25\n  expected  block"];
    await expect(deliverConfig(a, xml, () => Promise.resolve(wrong))).rejects.toMatchObject({
      code: "ROUTER_WENT_BACK",
      message:
        "With its new configuration a does not do what the plan says:\n  bastion does not reach dc1 by SSH\n  pc1 -> mail: tcp/25\n    expected  block",
      hint: expect.stringContaining("a has gone back") as string,
    });
    expect(a.asked).not.toContain("maquette-load --confirmed");
    expect(a.asked.slice(-2)).toEqual(["maquette-load --back", "rm -f /cf/conf/incoming.xml"]);
    const deaf = router("a", () => running("MASTER"), { "maquette-load --back": 2 });
    await expect(deliverConfig(deaf, xml, () => Promise.resolve(["x"]))).rejects.toMatchObject({
      hint: expect.stringContaining("goes back within 9 s") as string,
    });
  });

  it("that cannot be judged, or is another than was sent, is not kept either", async () => {
    const a = router("a", () => running("MASTER"));
    await expect(deliverConfig(a, xml, () => Promise.reject(new Error("no console")))).rejects.toThrow("no console");
    expect(a.asked.slice(-2)).toEqual(["maquette-load --back", "rm -f /cf/conf/incoming.xml"]);
    const other = router("a", () => running("MASTER", { config: { digest: "of somebody" } }));
    await expect(deliverConfig(other, xml, fine)).rejects.toThrow(/is not the file that it was given/);
    expect(other.asked).toContain("maquette-load --back");
  });

  it("that could not be tried in time is loaded again and tried for longer, three times at most", async () => {
    const a = router("a", () => running("MASTER"));
    const within: number[] = [];
    const late =
      (times: number) =>
      (ms: number): Promise<Tried> => {
        within.push(ms);
        return Promise.resolve(within.length <= times ? "late" : []);
      };
    expect(await deliverConfig(a, xml, late(1))).toBe(true);
    expect(within).toEqual([10_000, 40_000]);
    expect(a.asked.filter((l) => l === "maquette-load --back")).toHaveLength(1);
    within.length = 0;
    const b = router("b", () => running("MASTER"));
    await expect(deliverConfig(b, xml, late(3))).rejects.toThrow(/could not be tried in time, 3 times/);
    expect(b.asked).not.toContain("maquette-load --confirmed");
  });

  it("is held for others of the pair after it was tried, until it is confirmed or taken back", async () => {
    const a = router("a", () => running("MASTER"));
    const holds = (): number => a.asked.filter((l) => l === "maquette-load --hold 9").length;
    const held = (await holdConfig(a, xml, fine, 1))!;
    expect(a.asked).not.toContain("maquette-load --confirmed");
    await expect.poll(holds).toBeGreaterThan(2);
    expect(await held.back()).toBe(true);
    const last = holds();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(holds()).toBe(last);
  });

  it("that it let go before it was confirmed, on a machine that was too slow, is tried again with more time", async () => {
    const a = router("a", () => running("MASTER"));
    let late = 2;
    let isBack = false;
    const run: ConsoleRun = async (argv, input) => {
      const said = await a.run(argv, input);
      const isLate = argv[1] === "--confirmed" && late-- > 0;
      isBack = isLate || (isBack && argv[0] === "cat");
      if (isBack && argv[0] === "cat") return { ...said, stdout: JSON.stringify(running("MASTER")) };
      return isLate ? { exitCode: 1, stdout: "", stderr: "ROUTER_NOTHING_TO_CONFIRM No configuration waits" } : said;
    };
    expect(await deliverConfig({ ...a, run }, xml, fine)).toBe(true);
    const loads = a.asked.filter((l) => l.startsWith("maquette-load /cf"));
    expect(loads.map((l) => l.split(" ").at(-1))).toEqual(["9", "60", "240"]);
    late = 3;
    await expect(deliverConfig({ ...a, run }, xml, fine)).rejects.toThrow(/went back before it was confirmed, 3 times/);
  });

  it("is held for as long as it is tried, and no longer", async () => {
    const a = router("a", () => running("MASTER"));
    const held = (): number => a.asked.filter((l) => l === "maquette-load --hold 9").length;
    const tries = async (): Promise<Tried> => {
      await expect.poll(held).toBeGreaterThan(2);
      return [];
    };
    await deliverConfig(a, xml, tries, 1);
    const last = a.asked.lastIndexOf("maquette-load --hold 9");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(a.asked.lastIndexOf("maquette-load --hold 9")).toBe(last);
    expect(last).toBeLessThan(a.asked.indexOf("maquette-load --confirmed"));
  });

  it("that the router refuses leaves what it had, said with its own words", async () => {
    const a = router("a", () => running("MASTER"), { "maquette-load /cf": 1 });
    await expect(deliverConfig(a, xml, fine)).rejects.toThrow(/ROUTER_X no such/);
  });
});
