import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { routersOf } from "../../../src/cli/routers.ts";
import { loadPlan, type Plan } from "../../../src/plan/index.ts";
import { formatPacket } from "../../../src/policy/engine/index.ts";
import { intentOf } from "../../../src/policy/intent.ts";
import { diffPlans, isSame } from "../../../src/policy/diff/index.ts";
import { declaredPlan, readDeclaredPlan } from "../../../src/provision/witness/declared.ts";
import { makeOracle, type Oracle } from "../../../src/provision/witness/expect.ts";
import { witnessesOfLoad, type LoadWitnesses } from "../../../src/provision/witness/of-load.ts";
import { inRun } from "../../../src/provision/witness/select.ts";
import type { Witness } from "../../../src/provision/witness/witness.ts";
import { repositoryRoot } from "../../../src/stack/root.ts";

let plan: Plan;
beforeAll(async () => {
  const outcome = await loadPlan(join(repositoryRoot(), "tests/plans/lab"));
  if (!outcome.ok) throw new Error("the lab's plan is not sound");
  plan = outcome.value;
});

const without = (id: string): Plan => ({ ...plan, flows: plan.flows.filter((f) => f.id !== id) });
const oracles = new Map<string, Oracle>();
/** A router of a plan as its own file has it, made once. */
const oracleOf = (of: Plan, router: string): Oracle => {
  const key = `${router} ${of.flows.map((f) => f.id).join(" ")}`;
  const made = oracles.get(key) ?? makeOracle(intentOf(of), of.hosts.get(router)!, routersOf(of).configs.get(router)!);
  oracles.set(key, made);
  return made;
};
const load = (
  before: Plan | undefined,
  after: Plan,
  router = "rtr-b",
  run = 7,
  live: ReadonlySet<string> = new Set(after.hosts.keys()),
): LoadWitnesses => {
  return witnessesOfLoad(before, intentOf(after), oracleOf(after, router), { live, run });
};
const changedOf = (l: LoadWitnesses): readonly Witness[] => l.witnesses.filter((w) => l.changed.has(w.tag.index));
const isPassed = (w: Witness): boolean => w.expected.verdict === "pass";

describe("witnesses of a load", () => {
  it("of a row that is new: packets that it lets pass, each known as changed", () => {
    const found = load(without("F403"), plan);
    const changed = changedOf(found);
    expect(changed.length).toBeGreaterThan(0);
    expect(new Set(changed.map((w) => `${w.from} ${w.to} ${w.row} ${w.expected.verdict}`))).toEqual(
      new Set(["admin users F403 pass"]),
    );
    expect(found.disagreements).toEqual([]);
    expect(found.unasked).toEqual([]);
  });

  it("of a row that is gone: the same packets, which must be refused now", () => {
    const changed = changedOf(load(plan, without("F403")));
    expect(changed.map((w) => [w.from, w.to, w.service, isPassed(w)])).toContainEqual([
      "admin",
      "users",
      "tcp/3389",
      false,
    ]);
    expect(changed.every((w) => !isPassed(w))).toBe(true);
  });

  it("of a plan that says the same: nothing is changed, and each service of each row is asked by each of its protocols", () => {
    const { witnesses, changed } = load(plan, plan);
    expect(changed.size).toBe(0);
    expect(witnesses.length).toBeLessThanOrEqual(150);
    const asked = new Set(witnesses.filter(isPassed).map((w) => `${w.row} ${w.service} ${w.packet.slice}`));
    // Protocols without ports have one connection for all, and show nothing new.
    const slices = (service: string): readonly string[] =>
      plan.services
        .get(service)!
        .terms.flatMap((t) => (["tcp", "udp", "icmp"].includes(t.protocol) ? [t.protocol] : []));
    const rows = plan.flows.filter((f) => f.action === "allow");
    const said = rows.flatMap((f) => f.services.flatMap((s) => slices(s).map((slice) => `${f.id} ${s} ${slice}`)));
    expect(said.filter((one) => !asked.has(one))).toEqual([]);
    expect(witnesses.filter((w) => !isPassed(w)).length).toBeGreaterThanOrEqual(30);
  });

  it("are few, and most of them not of what changes, however much does", () => {
    const { witnesses, changed } = load({ ...plan, flows: [] }, plan);
    expect(witnesses.length).toBeLessThanOrEqual(150);
    expect(witnesses.filter((w) => !isPassed(w)).length).toBeGreaterThanOrEqual(30);
    expect(changed.size).toBeGreaterThan(20);
  });

  it("never go to a shared address of the router itself, which is the active one's alone", () => {
    const vips = new Set([...plan.zones.values()].map((z) => z.vip?.address.value));
    const own = load(plan, plan).witnesses.filter((w) => w.to === "firewall");
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((w) => vips.has(w.packet.dst))).toEqual([]);
  });

  it("are the same for the same number, and others for another; what is refused shows something everywhere", () => {
    const texts = (run: number): readonly string[] =>
      load(plan, plan, "rtr-b", run).witnesses.map((w) => `${w.ingress} ${formatPacket(w.packet)}`);
    expect(texts(1)).toEqual(texts(1));
    expect(texts(1)).not.toEqual(texts(2));
    for (const run of [1, 2]) {
      const { witnesses } = load(plan, plan, "rtr-b", run);
      const entered = new Set(witnesses.filter(isPassed).map((w) => w.ingress));
      expect(witnesses.filter((w) => !entered.has(w.ingress))).toEqual([]);
    }
  });

  it("are not sent from or to who is not there, and a change that nobody can show is said", () => {
    const live = new Set([...plan.hosts.keys()].filter((id) => id !== "bastion"));
    const { witnesses, unasked } = load(without("F403"), plan, "rtr-b", 7, live);
    expect(witnesses.filter((w) => w.sender === "bastion" || w.to === "admin")).toEqual([]);
    expect(unasked).toHaveLength(1);
    expect(unasked[0]).toMatch(/3389/);
  });

  it("bear other tags and ports in another run, and are the same packets", () => {
    for (const w of load(plan, plan).witnesses) {
      const again = inRun(w, 99);
      expect(again.tag).toEqual({ run: 99, index: w.tag.index });
      expect({ ...again.packet, a: 0n }).toEqual({
        ...w.packet,
        a: 0n,
        ...(w.packet.slice === "icmp" ? { a: 0n } : {}),
      });
      if (w.packet.slice === "tcp") expect(again.packet.a).not.toBe(w.packet.a);
      expect(again.expected.after.dst).toBe(w.expected.after.dst);
    }
  });
});

describe("the policy of a plan as a resource declares it", () => {
  it("is the plan's when it is read again, and says nothing that no packet sees", () => {
    const text = declaredPlan(plan);
    const read = readDeclaredPlan(text)!;
    expect(isSame(diffPlans(plan, read))).toBe(true);
    expect(declaredPlan(read)).toBe(text);
    const described = { ...plan, flows: plan.flows.map((f) => ({ ...f, description: "other words" })) };
    expect(declaredPlan(described)).toBe(text);
    expect(isSame(diffPlans(without("F403"), read))).toBe(false);
  });

  it("is unknown where the text is of something else", () => {
    for (const text of ["", "{", "null", "{}", '{"flows":[]}']) expect(readDeclaredPlan(text)).toBeUndefined();
  });
});
