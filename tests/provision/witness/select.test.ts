import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { shown } from "../../../src/core/text.ts";
import { forwarded, makeOracle, type Oracle } from "../../../src/provision/witness/expect.ts";
import { identificationOf } from "../../../src/provision/witness/frame.ts";
import { selectWitnesses, type Selection } from "../../../src/provision/witness/select.ts";
import type { Witness } from "../../../src/provision/witness/witness.ts";
import { routersOf } from "../../../src/cli/routers.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { emitRouters } from "../../../src/pfsense/emit/index.ts";
import { loadPlan, type Plan } from "../../../src/plan/index.ts";
import { decide, formatPacket, isInBox } from "../../../src/policy/engine/index.ts";
import { intentOf, type Intent } from "../../../src/policy/intent.ts";
import { matrixOf } from "../../../src/policy/matrix.ts";
import { SELF } from "../../../src/policy/space.ts";
import { repositoryRoot } from "../../../src/stack/root.ts";

let plan: Plan;
let intent: Intent;
let oracle: Oracle;
let all: Selection;
const RUN = 0x1234abcd;

beforeAll(async () => {
  const outcome = await loadPlan(join(repositoryRoot(), "tests/plans/lab"));
  if (!outcome.ok) throw new Error("the lab's plan is not sound");
  plan = outcome.value;
  intent = intentOf(plan);
  oracle = makeOracle(intent, plan.hosts.get("rtr-a")!, routersOf(plan).configs.get("rtr-a")!);
  all = selectWitnesses(intent, oracle, { live: new Set(plan.hosts.keys()), run: RUN });
});

const isAllowed = (w: Witness): boolean => w.kind === "allowed" || w.kind === "forwarded";
const tableSays = (w: Witness): string =>
  decide(intent.listAt(w.ingress).rules, forwarded(plan, w.ingress, w.packet), "block").action;

describe("witnesses of the lab's flow matrix", () => {
  it("the plan and the routers' file agree about each of them", () => {
    expect(all.disagreements).toEqual([]);
    expect(all.witnesses.length).toBeGreaterThan(500);
    expect(all.witnesses.length).toBeLessThanOrEqual(900);
  });

  it("what is sent for a row is allowed by that row, from and to the cell that it stands for", () => {
    for (const w of all.witnesses.filter(isAllowed)) {
      const row = plan.flows.find((f) => f.id === w.row)!;
      expect(row.action).toBe("allow");
      const shares = intent.shares.get(w.ingress)!.find((s) => s.flow === row)!;
      expect(shares.must.some((box) => isInBox(box, forwarded(plan, w.ingress, w.packet)))).toBe(true);
      expect(w.expected.verdict).toBe("pass");
    }
  });

  it("what is sent across the border is denied by the table", () => {
    const neighbours = all.witnesses.filter((w) => !isAllowed(w) && w.kind !== "spoofed");
    for (const w of neighbours)
      expect([formatPacket(w.packet), tableSays(w)]).toEqual([formatPacket(w.packet), "block"]);
    expect(all.witnesses.filter((w) => !isAllowed(w)).every((w) => w.expected.verdict !== "pass")).toBe(true);
  });

  it("a neighbour differs from an allowed packet of its cell in one field", () => {
    const fields = (w: Witness): readonly string[] => [
      w.packet.slice,
      String(w.packet.src),
      String(w.packet.dst),
      String(w.packet.b),
      ...(w.packet.slice === "icmp" || w.packet.slice === "other" ? [String(w.packet.a)] : []),
    ];
    for (const w of all.witnesses.filter((x) => ["port", "protocol", "source", "destination"].includes(x.kind))) {
      const near = all.witnesses
        .filter((x) => isAllowed(x) && x.ingress === w.ingress && x.from === w.from)
        .map((x) => {
          const [mine, theirs] = [fields(w), fields(x)];
          return mine.filter((f, i) => f !== theirs[i]).length;
        });
      // The router's own source follows from where it sends to.
      const most = w.ingress === SELF && w.kind === "destination" ? 2 : 1;
      expect([formatPacket(w.packet), Math.min(...near) <= most]).toEqual([formatPacket(w.packet), true]);
    }
  });

  it("every cell of the matrix has packets: each service of each row, and something that is blocked", () => {
    const unsampled = all.unsampled.map((u) => `${u.from} ${u.to} ${u.what}`);
    // Groups take no packets of their own, and the pool is nobody's whom the routers speak to.
    expect(unsampled).toEqual([
      "firewall vpn-clients no packet between running guests belongs here",
      "firewall internet no address of a running guest is in F207 igmp",
    ]);
    for (const cell of matrixOf(intent)
      .cells.flat()
      .filter((c) => c.kind !== "self")) {
      if (cell.from === SELF && cell.to === "vpn-clients") continue;
      const here = all.witnesses.filter((w) => w.from === cell.from && w.to === cell.to);
      const name = `${cell.from} ${cell.to}`;
      expect([name, here.some((w) => !isAllowed(w))]).toEqual([name, true]);
      for (const { service, row } of cell.entries.filter((e) => e.row !== "F207"))
        expect([name, row, service, here.some((w) => isAllowed(w) && w.row === row)]).toEqual([
          name,
          row,
          service,
          true,
        ]);
    }
  });

  it("forwards are asked at both accesses' shared address, and leave for the host behind it", () => {
    const forwards = all.witnesses.filter((w) => w.kind === "forwarded");
    expect(forwards.map((w) => `${w.ingress} ${w.service} ${w.expected.exit ?? ""}`).sort()).toEqual(
      plan.forwards
        .flatMap((f) => f.wans.map((wan) => `${wan} ${f.service} ${plan.hosts.get(f.host)!.nics[0]!.zone}`))
        .sort(),
    );
    for (const w of forwards) expect(w.expected.after.dst).not.toBe(w.packet.dst);
  });

  it("what leaves for the Internet bears the shared address of the access that is up", () => {
    for (const down of [[], ["wan1"]]) {
      const here = makeOracle(intent, plan.hosts.get("rtr-a")!, routersOf(plan).configs.get("rtr-a")!, down);
      const found = selectWitnesses(intent, here, {
        live: new Set(plan.hosts.keys()),
        run: RUN,
        isWanted: (from, to) => to === "internet" && plan.zones.get(from)?.kind === "inside",
      }).witnesses.filter(isAllowed);
      const wan = down.length === 0 ? "wan1" : "wan2";
      expect(found.length).toBeGreaterThan(10);
      for (const w of found) {
        expect(w.expected.exit).toBe(wan);
        expect(w.expected.after.src).toBe(plan.zones.get(wan)!.vip!.address.value);
      }
    }
  });

  it("tags, and what a connection is known by, are each packet's own", () => {
    // An echo has an identifier, which is its tag's.
    const hasPorts = (w: Witness): boolean => w.packet.slice === "tcp" || w.packet.slice === "udp";
    const flows = all.witnesses.filter(hasPorts).map((w) => formatPacket(w.packet));
    const marks = all.witnesses.map((w) => identificationOf(w.tag));
    expect(new Set(marks).size).toBe(marks.length);
    expect(new Set(all.witnesses.map((w) => w.tag.index)).size).toBe(all.witnesses.length);
    expect(new Set(flows).size).toBe(flows.length);
    expect(all.witnesses.every((w) => w.tag.run === RUN)).toBe(true);
  });

  it("guests that are off send and take nothing, and that is said", () => {
    const live = new Set([...plan.hosts.keys()].filter((id) => id !== "ebrigade" && id !== "bastion"));
    const some = selectWitnesses(intent, oracle, { live, run: RUN });
    const ebrigade = plan.hosts.get("ebrigade")!.nics[0]!.address.value;
    expect(some.witnesses.some((w) => w.sender === "bastion" || w.packet.dst === ebrigade)).toBe(false);
    const said = some.unsampled.map((u) => `${u.from} ${u.to}: ${u.what}`);
    expect(said).toContain("admin servers: no running guest sends from admin");
    expect(said).toContain("users dmz: no running guest takes packets to dmz");
  });

  it("of ICMP an echo request is sent where the row takes every type", () => {
    const pings = all.witnesses.filter((w) => w.packet.slice === "icmp" && isAllowed(w));
    expect(pings.length).toBeGreaterThan(0);
    for (const w of pings) expect([w.row, w.packet.a]).toEqual([w.row, 8n]);
  });

  it("over the limit, each cell keeps what is allowed and one neighbour of each kind", () => {
    const few = selectWitnesses(intent, oracle, { live: new Set(plan.hosts.keys()), run: RUN, limit: 100 });
    expect(few.witnesses.length).toBeLessThan(all.witnesses.length);
    expect(few.witnesses.filter(isAllowed).length).toBe(all.witnesses.filter(isAllowed).length);
    const cells = (s: Selection): readonly string[] => [
      ...new Set(s.witnesses.map((w) => `${w.from} ${w.to} ${w.kind}`)),
    ];
    expect(new Set(cells(few))).toEqual(new Set(cells(all)));
  });

  it("a file that opens a port more is caught before anything is sent", () => {
    const [, text] = [...emitRouters(plan, {})][0]!;
    // The first pass rule of the users' interface takes every port.
    const wider = shown(text).replace(/<port>443<\/port>/g, "");
    expect(wider).not.toBe(text);
    const read = readConfig(wider, { file: "config.xml" });
    if (!read.ok) throw new Error("it should still be a sound file");
    const other = makeOracle(intent, plan.hosts.get("rtr-a")!, read.value);
    const found = selectWitnesses(intent, other, { live: new Set(plan.hosts.keys()), run: RUN });
    expect(found.disagreements.length).toBeGreaterThan(0);
    expect(found.disagreements[0]!.fact).toMatch(/^the plan says deny \(row F\d+\), the file pass \(rule \S+\)$/);
  });
});
