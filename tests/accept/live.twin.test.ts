import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFinding } from "../../src/accept/live/judge.ts";
import { summaryOf, words, type LiveResult } from "../../src/accept/live/report.ts";
import { verifyLive } from "../../src/accept/live/verify.ts";
import { readRouterState, roleOf, until } from "../../src/accept/router-state.ts";
import { intentOf, type Intent } from "../../src/policy/intent.ts";
import { leftovers, whyNot } from "../twin/machine.ts";
import { routedLab, type RoutedLab } from "./lab.ts";

const reason = whyNot();
const HOSTS = ["rtr-a", "rtr-b", "internet", "field", "bastion", "dc1", "pc1", "ebrigade", "vpn"];

describe.skipIf(reason !== undefined)(`the live policy${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let routed: RoutedLab | undefined;
  const here = (): RoutedLab => routed!;
  let intent: Intent;
  beforeAll(async () => {
    routed = await routedLab(...HOSTS);
    intent = intentOf(here().lab.plan);
    const state = (router: string): ReturnType<typeof readRouterState> => readRouterState(here().shell, router);
    await until(
      "rtr-a is master",
      90_000,
      () => state("rtr-a"),
      (s) => roleOf(s) === "master",
    );
    await until(
      "rtr-b is backup",
      90_000,
      () => state("rtr-b"),
      (s) => roleOf(s) === "backup",
    );
  });
  afterAll(async () => {
    await routed?.close();
  });

  const verify = (routers: readonly string[], withAccessesDown = false): Promise<readonly LiveResult[]> =>
    verifyLive({
      intent,
      shell: here().shell,
      power: here().power,
      macOf: (host, nic) => here().lab.naming.mac(host, nic),
      configOf: (router) => here().config(router),
      live: new Set(HOSTS),
      routers,
      withAccessesDown,
    });
  const said = (results: readonly LiveResult[]): string[] =>
    results.map((r) => summaryOf(r, words.en).split("\n").at(-1)!);

  it("each packet fares as the plan and the routers' files say: on A, with an access down, and on B", async () => {
    const results = await verify(["rtr-a", "rtr-b"], true);
    expect(results.map((r) => r.findings.filter((f) => !f.isGood).map(describeFinding))).toEqual([[], [], []]);
    expect(said(results)).toEqual([
      expect.stringMatching(/^rtr-a: \d{3} packets fared as/),
      expect.stringMatching(/^rtr-a \(wan1 down\): \d+ packets fared as/),
      expect.stringMatching(/^rtr-b: \d{3} packets fared as/),
    ]);
    // Afterwards all is as it was.
    expect(roleOf(await readRouterState(here().shell, "rtr-a"))).toBe("master");
  });

  it("a rule that the kernel has beside the file is seen, and told by its packet, row and rule", async () => {
    const { shell } = here();
    const added = "insert rule inet maquette filter_in iifname vtnet5 tcp dport 444 accept";
    expect((await shell.run("rtr-a", ["nft", added], "", 10_000)).exitCode).toBe(0);
    const [result] = await verify(["rtr-a"]);
    expect(result!.isGood).toBe(false);
    const bad = result!.findings.filter((f) => !f.isGood);
    expect(bad.length).toBeGreaterThan(0);
    expect(bad.every((f) => f.witness.ingress === "users" && f.witness.packet.b === 444n && f.seen === "pass")).toBe(
      true,
    );
    expect(summaryOf(result!, words.en)).toMatch(/expected {2}block: row F601, rule \d+\n {2}seen {6}left by vtnet\d/);
  });

  it("a router that takes nothing in shows nothing: no packet counts as blocked", async () => {
    const { shell } = here();
    await shell.run("rtr-a", ["nft", "insert rule inet maquette filter_in iifname vtnet6 drop"], "", 10_000);
    const [result] = await verify(["rtr-a"]);
    const dmz = result!.findings.filter((f) => f.witness.ingress === "dmz");
    expect(new Set(dmz.map((f) => f.isGood))).toEqual(new Set([false]));
    expect(dmz.some((f) => f.seen === "unshown")).toBe(true);
  });

  it("leaves nothing on the machine", async () => {
    await here().close();
    expect(await leftovers()).toEqual([]);
  });
});
