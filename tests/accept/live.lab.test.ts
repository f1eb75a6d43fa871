import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFinding } from "../../src/provision/witness/judge.ts";
import { summaryOf, words, type LiveResult } from "../../src/accept/live/report.ts";
import { verifyLive } from "../../src/accept/live/verify.ts";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { readRouterState, roleOf, until } from "../../src/accept/router-state.ts";
import { intentOf, type Intent } from "../../src/policy/intent.ts";
import { ROUTER_STATUS_FILE } from "../../src/provision/routers.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

const reason = whyNot();

/** Of a router's status. */
interface Said {
  readonly gateways: readonly { readonly state: string; readonly lossPercent?: number }[];
}

describe.skipIf(reason !== undefined)(`the live policy${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let standing: StandingLab;
  let lab: RunningLab;
  let intent: Intent;
  beforeAll(async () => {
    standing = await standingLab();
    lab = await standing.running();
    intent = intentOf(lab.plan);
  });
  afterAll(async () => {
    await lab.close();
  });

  const verify = (routers: readonly string[], withAccessesDown = false): Promise<readonly LiveResult[]> =>
    verifyLive({ ...lab, intent, macOf: (host, nic) => lab.naming.mac(host, nic), routers, withAccessesDown });
  const said = (results: readonly LiveResult[]): string[] =>
    results.map((r) => summaryOf(r, words.en).split("\n").at(-1)!);

  it("a rule that the kernel has beside the file is seen, and told by its packet, row and rule", async () => {
    // Whoever loses or finds an access loads its rules anew, without what stands beside them; and one that has lost a fifth
    // of the last minute's probes, as after a boot or a cut, may do so at any moment.
    await until(
      "rtr-a has both accesses, and has lost little of the last minute",
      90_000,
      async () => JSON.parse((await lab.shell.run("rtr-a", ["cat", ROUTER_STATUS_FILE], "", 5_000)).stdout) as Said,
      ({ gateways }) => gateways.every((g) => !["down", "pending"].includes(g.state) && (g.lossPercent ?? 0) < 10),
    );
    const added = "insert rule inet maquette filter_in iifname vtnet5 tcp dport 444 accept";
    expect((await lab.shell.run("rtr-a", ["nft", added], "", 10_000)).exitCode).toBe(0);
    const [result] = await verify(["rtr-a"]);
    const chain = ["nft", "list", "chain", "inet", "maquette", "filter_in"];
    expect((await lab.shell.run("rtr-a", chain, "", 10_000)).stdout).toContain("dport 444 accept");
    expect(result!.isGood).toBe(false);
    const bad = result!.findings.filter((f) => !f.isGood);
    expect(bad.length).toBeGreaterThan(0);
    expect(bad.every((f) => f.witness.ingress === "users" && f.witness.packet.b === 444n && f.seen === "pass")).toBe(
      true,
    );
    expect(summaryOf(result!, words.en)).toMatch(/expected {2}block: row F601, rule \d+\n {2}seen {6}left by vtnet\d/);
    expect((await lab.shell.run("rtr-a", ["maquette-router", "reload"], "", 30_000)).exitCode).toBe(0);
  });

  it("a router that takes nothing in shows nothing: no packet counts as blocked; up loads its file anew", async () => {
    await lab.shell.run("rtr-a", ["nft", "insert rule inet maquette filter_in iifname vtnet6 drop"], "", 10_000);
    const [result] = await verify(["rtr-a"]);
    const dmz = result!.findings.filter((f) => f.witness.ingress === "dmz");
    expect(new Set(dmz.map((f) => f.isGood))).toEqual(new Set([false]));
    expect(dmz.some((f) => f.seen === "unshown")).toBe(true);
    // Hosts behind it cannot be asked: that is put right first.
    const up = await standing.maquette("up");
    expect([up.code, up.stderr]).toEqual([0, expect.stringMatching(/rtr-a: the kernel has other rules than the file/)]);
    expect((await standing.maquette("preview", "--expect-no-changes")).code).toBe(0);
  });

  // Last, because of the access that it cuts: for a minute after it the router may lose and find it again.
  it("each packet fares as the plan and the routers' files say: on A, with an access down, and on B", async () => {
    const results = await verify(["rtr-a", "rtr-b"], true);
    expect(results.map((r) => r.findings.filter((f) => !f.isGood).map(describeFinding))).toEqual([[], [], []]);
    expect(said(results)).toEqual([
      expect.stringMatching(/^rtr-a: \d{3} packets fared as/),
      expect.stringMatching(/^rtr-a \(wan1 down\): \d+ packets fared as/),
      expect.stringMatching(/^rtr-b: \d{3} packets fared as/),
    ]);
    // Afterwards all is as it was.
    expect(roleOf(await readRouterState(lab.shell, "rtr-a"))).toBe("master");
  });
});
