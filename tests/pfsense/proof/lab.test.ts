import { describe, expect, test } from "vitest";
import { checkPolicy, proveRouters } from "../../../src/pfsense/proof/index.ts";
import { diffConfigs } from "../../../src/pfsense/proof/diff.ts";
import { isSame } from "../../../src/policy/diff/index.ts";
import { handConfig } from "./hand.ts";
import { both, emitted, labPlan } from "./lab.ts";

const plan = labPlan();
const files = both((id) => emitted(plan, id));
const { diagnostics, proof: found } = checkPolicy(plan, { today: "2025-01-06", configs: files });
const proof = found!;

describe("the lab", () => {
  test("what the emitter writes is the flow table, on both routers", () => {
    expect(diagnostics).toEqual([]);
    expect(proof.verdict).toBe("proven");
    expect(proof.rows.filter((r) => r.by === "plan").map((r) => r.id)).toEqual(plan.flows.map((f) => f.id));
    expect(proof.invariants.map((i) => i.verdict)).toEqual(plan.invariants.map(() => "proven"));
    expect(proof.forwards).toHaveLength(plan.forwards.length * 2 * 2);
  });

  test("a plain file of another hand is the flow table as well", () => {
    expect(
      proveRouters(
        plan,
        both((id) => handConfig(plan, id)),
      ).verdict,
    ).toBe("proven");
  });

  test("what pfSense does by itself is listed, with where and an example", () => {
    const own = proof.rows.filter((r) => r.by === "pfsense");
    expect(own.map((r) => r.id)).toContain("pass-carp");
    for (const row of own) {
      expect(row.at.length).toBeGreaterThan(0);
      expect(row.example).not.toBeNull();
      expect(row.description).not.toBe("");
    }
  });

  test("every row that allows something is carried by named rules", () => {
    for (const row of proof.rows.filter((r) => r.by === "plan" && r.action === "allow")) {
      expect(row.rules, row.id).not.toEqual([]);
    }
  });

  test("the table of one address more is not proven by yesterday's files", () => {
    const wider = labPlan((text, name) =>
      name === "flows.yaml"
        ? text.replace("from: [vpn-clients]\n    to: [dcs]", "from: [vpn-clients]\n    to: [dcs, mail]")
        : text,
    );
    const old = proveRouters(wider, files);
    expect(old.verdict).toBe("refuted");
    const witnesses = old.rows.flatMap((r) => r.witnesses);
    expect([...new Set(witnesses.map((w) => `${w.row} ${w.ingress} ${w.text}`))]).toEqual([
      "F416 vpn 10.20.51.1:49152 -> 10.20.20.14:53 udp",
    ]);
    expect(witnesses.map((w) => w.router)).toEqual(["rtr-a", "rtr-b"]);
  });

  test("a proof that runs out of steps is undecided, never proven", () => {
    expect(proveRouters(plan, files, { steps: 20_000 }).verdict).toBe("undecided");
  });

  test("a rule about multicast that one router lacks tells the two apart on each of its legs", () => {
    const without = both((id) => {
      const file = files.get(id)!;
      const rules = file.filter.rules.filter((r) => id === "rtr-b" || !r.description?.startsWith("F207 "));
      return { ...file, filter: { ...file.filter, rules } };
    });
    const facts = proveRouters(plan, without).facts.map((f) => `${f.code} ${f.fact}`);
    expect(facts.length).toBeGreaterThan(1);
    for (const fact of facts) expect(fact).toMatch(/ROUTERS_DIFFER .* -> 224\.0\.0\.1 protocol 2 at firewall/);
  });

  test("the routers' files differ in their own addresses, and are the same to themselves", () => {
    expect(isSame(diffConfigs(files.get("rtr-a")!, files.get("rtr-a")!))).toBe(true);
  });
});
