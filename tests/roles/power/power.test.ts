import { beforeAll, describe, expect, test } from "vitest";
import { outOfOrder } from "../../../src/accept/drill/power.ts";
import { powerSummaryOf, powerTableOf } from "../../../src/accept/drill/power-report.ts";
import type { Host, Plan } from "../../../src/plan/index.ts";
import { blackoutOf } from "../../../src/roles/power/blackout.ts";
import { stagesOf } from "../../../src/roles/power/order.ts";
import { allProbes, askedIn, roleNamed } from "../../../src/roles/registry.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (host: string, path: string): string => lab.files(host).get(path)!.content;
const changed = (id: string, change: Partial<Host>): Plan => ({
  ...plan,
  hosts: new Map([...plan.hosts].map(([name, host]) => [name, name === id ? { ...host, ...change } : host])),
});

describe("who stops when", () => {
  test("is the plan's start the other way round; the scenery has no UPS of ours, and routers have no NUT", () => {
    expect(stagesOf(plan).map(({ name, hosts }) => [name, hosts.map((h) => h.id)])).toEqual([
      ["order7", ["pc1", "pc2"]],
      ["order6", ["pbx", "mail", "supervision", "ebrigade", "vpn"]],
      ["order5", ["dc2"]],
      ["order4", ["dc1"]],
      ["order3", ["bastion"]],
    ]);
  });

  test("each listens at its own place, by an account that can do nothing but listen", () => {
    expect(file("pc1", "/etc/nut/upsmon.conf")).toMatch(/^MONITOR order7@10\.20\.20\.16:3493 1 pc1 \S+ secondary$/m);
    expect(file("dc1", "/etc/nut/upsmon.conf")).toMatch(/^MONITOR order4@10\.20\.20\.16:3493 1 dc1 \S+ secondary$/m);
    const users = file("backup", "/etc/nut/upsd.users")
      .split(/^(?=\[)/m)
      .slice(1);
    const [teller, ...others] = users;
    expect(teller).toMatch(/^\[maquette\][\s\S]*actions = FSD[\s\S]*upsmon secondary/);
    expect(others).toHaveLength(10);
    for (const user of others) expect(user).toMatch(/^\[\S+\]\n {4}password = \S+\n {4}upsmon secondary\n/);
    expect(new Set(users.map((user) => /password = (\S+)/.exec(user)![1])).size).toBe(11);
  });

  test("nobody but the step starts drivers while it does: NUT's own watch is off before their file is written", () => {
    const steps = lab.steps("backup", "power").map(({ name }) => name);
    expect(steps.indexOf("NUT's watch over its file, off")).toBe(steps.indexOf("UPS") - 1);
  });

  test("whoever tells the others to stop may not start after one of them", () => {
    const { findings } = roleNamed("power");
    expect(findings!(plan)).toEqual([]);
    expect(findings!(changed("backup", { startOrder: 6 }))).toMatchObject([
      {
        code: "POWER_SERVER_TOO_LATE",
        path: "hosts.backup.start.order",
        fact: expect.stringContaining("dc1") as string,
      },
    ]);
  });

  test("a blackout is rehearsed of a UPS that is simulated alone", () => {
    expect(blackoutOf(plan)).toMatchObject({ server: "backup", seat: "pc1", stageSeconds: 60 });
    const settings = new Map(plan.settings);
    settings.set("power", { ...plan.settings.get("backup")!, values: { driver: "usbhid-ups" } });
    expect(blackoutOf({ ...plan, settings })).toBe("a UPS that is simulated");
  });

  test("the order is judged by the hosts' own journals: nobody is told before all of the place before have ended", () => {
    const places = [["pc1", "pc2"], ["dc1"]];
    type Span = readonly [began: number | null, ended: number | null];
    const wrong = (all: Readonly<Record<string, Span>>): readonly string[] =>
      outOfOrder(places, new Map(Object.entries(all).map(([host, [began, ended]]) => [host, { began, ended }])));
    expect(wrong({ pc1: [1, 3], pc2: [1, 15], dc1: [15.2, 20] })).toEqual([]);
    expect(wrong({ pc1: [1, 3], pc2: [1, 15], dc1: [1.1, 4] })).toEqual([
      "dc1 was told 1.9 s before pc1 had ended",
      "dc1 was told 13.9 s before pc2 had ended",
    ]);
    expect(wrong({ pc1: [1, 3], pc2: [null, 3], dc1: [5, 9] })).toEqual(["pc2 was not told to stop"]);
    expect(wrong({ pc1: [1, 3], pc2: [1, null], dc1: [5, 9] })).toEqual(["pc2 says no end of its services"]);
    expect(wrong({ pc1: [1, 3], dc1: [5, 9] })).toEqual([
      "pc2 was not told to stop",
      "pc2 says no end of its services",
    ]);
  });
});

describe("what is told of the UPS", () => {
  test("mains that come and go are lost once, and back when they stay", () => {
    const [status, ...numbers] = askedIn(plan).values;
    expect(status).toMatchObject({ host: "backup", kind: "text", key: "maquette.ups[ups.status]" });
    const [lost] = status!.problems;
    // Two looks, and two minutes: a UPS that flaps ten times a minute is in neither for long.
    expect(lost!.isWrong("/b/k")).toBe('count(/b/k,#2,"regexp","(^| )OB( |$)")=2');
    expect(lost!.isRight!("/b/k")).toBe('count(/b/k,120s,"regexp","(^| )OB( |$)")=0');
    expect(numbers.map((n) => [n.key, n.units])).toEqual([
      ["maquette.ups[battery.charge]", "%"],
      ["maquette.ups[battery.runtime]", "s"],
    ]);
  });

  test("the supervision asks for it, and has both ends of the problem", () => {
    const text = file("supervision", "/etc/maquette/supervision/wanted.json");
    const wanted = JSON.parse(text.replaceAll(/\{\{secret:([^}]*)\}\}/g, '"$1"')) as {
      hosts: Record<string, { items: Record<string, unknown>; triggers: Record<string, { fields: unknown }> }>;
    };
    const { items, triggers } = wanted.hosts["backup"]!;
    expect(items["maquette.ups[ups.status]"]).toMatchObject({ value_type: 1, delay: "10s" });
    expect(triggers["Secteur perdu : l'onduleur est sur batterie"]!.fields).toMatchObject({
      expression: expect.stringContaining("count(/backup/maquette.ups[ups.status],#2") as string,
      recovery_mode: 1,
      recovery_expression: expect.stringContaining(",120s,") as string,
    });
  });

  test.each([
    ["OL", 100, true],
    ["OL CHRG", 40, true],
    ["OL CHRG", 10, false],
    ["OB DISCHRG", 90, false],
    ["FSD OL", 100, false],
  ])("%s with %i %%: acceptance says %s", (status, charge, isGood) => {
    const probe = allProbes(plan).find((p) => p.id === "power-ups")!;
    const stdout = JSON.stringify({ status, charge, missing: [] });
    expect(probe.needs).toEqual(["N1"]);
    expect(probe.judge({ exitCode: 0, stdout, stderr: "" }).isGood).toBe(isGood);
  });

  test("who does not listen is named", () => {
    const probe = allProbes(plan).find((p) => p.id === "power-listening")!;
    const stdout = JSON.stringify({ status: "OL", charge: 100, missing: ["pc2"] });
    expect(probe.judge({ exitCode: 0, stdout, stderr: "" })).toEqual({ isGood: false, seen: "not listening: pc2" });
  });
});

test("a rehearsal is a table with a row a step, in both languages", () => {
  const result = {
    rows: [
      { step: "lost", seen: "1 letter", seconds: 21.4, isGood: true },
      { step: "order", seen: "dc1 stopped before pc2", seconds: 0, isGood: false },
    ],
    offAfter: [],
    isGood: false,
  } as const;
  expect(powerTableOf(result, "en").rows).toEqual([
    ["mains are lost", "yes", "21.4", "1 letter"],
    ["the order of stopping", "NO", "0.0", "dc1 stopped before pc2"],
  ]);
  expect(powerTableOf(result, "fr").rows[1]![1]).toBe("NON");
  expect(powerSummaryOf(result, "en")).toContain("not as it must be");
  expect(powerSummaryOf({ ...result, isGood: true }, "fr")).toContain("sans intervention, en 21 s");
});
