import { spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openNamespace, spawnInside, whyNot } from "./namespace.ts";
import type { Inside, Namespace } from "./namespace.ts";

const CARPD = join(import.meta.dirname, "../../../src/twin/router/helpers/carpd.py");
const hasUcarp = spawnSync("sh", ["-c", "command -v ucarp"]).status === 0;
const reason = whyNot();

interface Event {
  readonly event: string;
  readonly id?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly what?: string;
  readonly demotion?: number;
  readonly at: number;
  readonly vips?: readonly {
    readonly id: string;
    readonly state: string;
    readonly skew: number;
    readonly counts: Readonly<Record<string, number>>;
  }[];
}

/** A node of a pair: carpd, in a network namespace of its own. */
class Node {
  readonly inside: Inside;
  readonly events: Event[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(ns: Namespace, name: string) {
    this.inside = spawnInside(ns, name, `python3 -B ${CARPD}`);
    createInterface({ input: this.inside.process.stdout }).on("line", (line) => {
      this.events.push({ ...(JSON.parse(line) as Event), at: performance.now() });
      for (const wake of this.#waiting) wake();
    });
  }

  send(message: object): void {
    this.inside.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Waits until an event of those still to come, or that have come since `from`, satisfies the predicate. */
  async until(what: string, holds: (e: Event) => boolean, from = 0, timeoutMs = 60_000): Promise<Event> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.events.slice(from).find(holds);
      if (found) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what}: not within ${timeoutMs} ms; ${JSON.stringify(this.events.slice(-6))}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  becomes(id: string, state: string, from = 0, timeoutMs?: number): Promise<Event> {
    return this.until(
      `${id} ${state}`,
      (e) => e.event === "state" && e.id === id && e.state === state,
      from,
      timeoutMs,
    );
  }

  async status(): Promise<NonNullable<Event["vips"]>> {
    const from = this.events.length;
    this.send({ op: "status" });
    return (await this.until("status", (e) => e.event === "status", from)).vips!;
  }

  kill(): Promise<void> {
    return this.inside.kill();
  }
}

// A closed port that answers: the address is there, and replies find their way.
const REACH = `python3 -c 'import errno, socket; s = socket.socket(); s.settimeout(10); print("refused" if s.connect_ex(("10.0.0.1", 9)) == errno.ECONNREFUSED else "silent")'`;

/** Asks for 10.0.0.1 by ARP as `sender` (MAC, address), and says whether the first router says anything to that. */
const askFor = (sender: readonly [string, string]): string => `python3 -c '
import socket, time
MAC, OWN, ASKED = bytes.fromhex("${sender[0]}"), socket.inet_aton("${sender[1]}"), socket.inet_aton("10.0.0.1")
def opened(device):
    # ETH_P_ALL: of a port, a bridge leaves nothing to those who ask for one protocol alone.
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 3))
    return s
heard = opened("a.lan")
opened("lan").send(b"\\xff" * 6 + MAC + bytes.fromhex("0806" "0001080006040001") + MAC + OWN + bytes(6) + ASKED)
end = time.monotonic() + 3
try:
    # Adverts come all the time.
    while True:
        heard.settimeout(max(0.001, end - time.monotonic()))
        frame, address = heard.recvfrom(2048)
        if address[2] != socket.PACKET_OUTGOING and frame[12:14] == b"\\x08\\x06" and frame[20:22] == b"\\0\\2" and frame[28:32] == ASKED:
            print("answered")
            break
except TimeoutError:
    print("silent")
'`;

const vip = (
  id: string,
  device: string,
  vhid: number,
  advskew: number,
  own: string,
  address: string,
  password = "twin",
): object => ({
  id,
  device,
  vhid,
  advbase: 1,
  advskew,
  password,
  addresses: [address],
  source: own,
});

describe.skipIf(reason !== undefined)(`CARP on the wire${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let ns: Namespace;
  const nodes: Node[] = [];
  const start = async (name: string): Promise<Node> => {
    const node = new Node(ns, name);
    nodes.push(node);
    await node.until("ready", (e) => e.event === "ready");
    return node;
  };

  beforeEach(async () => {
    ns = await openNamespace();
    // Two routers and a host on two segments, each a bridge.
    const lines = ["lan", "dmz"].map((b) => `ip link add ${b} type bridge forward_delay 0; ip link set ${b} up`);
    for (const [n, name] of ["a", "b", "host"].entries()) {
      lines.push(`ip netns add ${name}; ip -n ${name} link set lo up`);
      for (const [s, segment] of ["lan", "dmz"].entries()) {
        lines.push(`ip link add ${name}.${segment} type veth peer name vtnet${s} netns ${name}`);
        lines.push(`ip link set ${name}.${segment} master ${segment} up; ip -n ${name} link set vtnet${s} up`);
        lines.push(`ip -n ${name} addr add 10.0.${s}.${n + 2}/24 dev vtnet${s}`);
      }
      if (name !== "host")
        lines.push(
          `ip netns exec ${name} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2`,
        );
    }
    ns.run(lines.join("\n"));
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((n) => n.kill()));
    await ns.close();
  });

  const configure = (node: Node, n: number, skew: number, password?: string): void =>
    node.send({
      op: "configure",
      vips: [
        vip("lan", "vtnet0", 10, skew, `10.0.0.${n}`, "10.0.0.1", password),
        vip("dmz", "vtnet1", 20, skew, `10.0.1.${n}`, "10.0.1.1", password),
      ],
    });
  const inNode = (name: string, command: string): string => ns.run(`ip netns exec ${name} ${command}`);

  it("the lower skew is master, its address answers by the virtual MAC, and the other takes over once 3·advbase + skew/256 are over", async () => {
    const [a, b] = [await start("a"), await start("b")];
    configure(a, 2, 0);
    await a.becomes("lan", "MASTER");
    configure(b, 3, 100);
    await b.becomes("dmz", "BACKUP");
    expect(inNode("host", REACH)).toContain("refused");
    expect(inNode("host", "ip neigh show 10.0.0.1")).toContain("00:00:5e:00:01:0a");
    expect(inNode("b", "ip addr show dev lo")).not.toContain("10.0.0.1/32");
    const killed = performance.now();
    await a.kill();
    const taken = await b.becomes("lan", "MASTER");
    expect((taken.at - killed) / 1000).toBeGreaterThan(2.3);
    inNode("a", "ip link set vtnet0 down");
    expect(inNode("host", REACH)).toContain("refused");
  }, 180_000);

  it("a link lost demotes the whole node: the other takes every address over, and gives them back", async () => {
    const [a, b] = [await start("a"), await start("b")];
    configure(a, 2, 0);
    await a.becomes("dmz", "MASTER");
    configure(b, 3, 100);
    await b.becomes("dmz", "BACKUP");
    const fromCut = a.events.length;
    ns.run("ip link set a.lan down");
    // Its link there is up, and it goes on advertising: this is no silence that ends.
    await b.becomes("dmz", "MASTER");
    await a.becomes("dmz", "BACKUP", fromCut);
    expect((await a.status()).find((v) => v.id === "dmz")).toMatchObject({ state: "BACKUP", skew: 240 });
    expect((await a.status()).find((v) => v.id === "lan")).toMatchObject({ state: "INIT" });
    await b.becomes("lan", "MASTER");
    const from = a.events.length;
    const fromB = b.events.length;
    ns.run("ip link set a.lan up");
    for (const id of ["dmz", "lan"]) {
      await a.becomes(id, "MASTER", from);
      // It steps down when it hears the first advertisement, which is after the other has become master.
      await b.becomes(id, "BACKUP", fromB);
    }
    expect((await b.status()).map((v) => v.state)).toEqual(["BACKUP", "BACKUP"]);
    // Frames to the virtual MAC are the master's own, and nobody else's.
    const takenIn = (name: string): string => inNode(name, "nft list set netdev maquette_carp vtnet0");
    expect(takenIn("a")).toContain("00:00:5e:00:01:0a");
    expect(takenIn("b")).not.toContain("00:00:5e:00:01:0a");
    expect([...a.events, ...b.events].filter((e) => e.event === "failure")).toEqual([]);
  }, 180_000);

  it("asked for its address it answers, but not another router that announces to have it now: switches would learn the old way again", async () => {
    const a = await start("a");
    configure(a, 2, 0);
    await a.becomes("lan", "MASTER");
    expect(ns.run(askFor(["020000000001", "10.0.0.4"]))).toContain("answered");
    expect(ns.run(askFor(["00005e00010a", "10.0.0.1"]))).toContain("silent");
  }, 180_000);

  it("demoted while it has no states it preempts nobody, then all once each address has a master", async () => {
    const [a, b] = [await start("a"), await start("b")];
    configure(b, 3, 100);
    await Promise.all([b.becomes("lan", "MASTER"), b.becomes("dmz", "MASTER")]);
    a.send({
      op: "configure",
      vips: [
        vip("lan", "vtnet0", 10, 0, "10.0.0.2", "10.0.0.1"),
        vip("dmz", "vtnet1", 20, 0, "10.0.1.2", "10.0.1.1"),
        // Nobody else's: it has a master when its own time is over.
        vip("alone", "vtnet0", 30, 0, "10.0.0.2", "10.0.0.9"),
      ],
    });
    a.send({ op: "demote", by: 240, reason: "states are asked for" });
    a.send({ op: "demote", by: 0, reason: "states have come", within: 10 });
    await Promise.all([a.becomes("lan", "MASTER"), a.becomes("dmz", "MASTER")]);
    const told = a.events
      .filter((e) => e.event === "demotion" || (e.event === "state" && e.state === "MASTER"))
      .map((e) => (e.event === "state" ? e.id : `demoted by ${String(e.demotion)}`));
    expect(told.slice(0, 3)).toEqual(["demoted by 240", "alone", "demoted by 0"]);
    expect(told.slice(3).sort()).toEqual(["dmz", "lan"]);
  });

  it("a demotion that waits for masters ends in time without them", async () => {
    const a = await start("a");
    configure(a, 2, 0);
    a.send({ op: "demote", by: 240, reason: "states are asked for" });
    a.send({ op: "demote", by: 0, reason: "states have come", within: 1 });
    await a.until("lifted", (e) => e.event === "demotion" && e.demotion === 0);
    expect(a.events.some((e) => e.event === "state" && e.state === "MASTER")).toBe(false);
  });

  it("tells what the kernel refuses of a takeover, and takes over all the same", async () => {
    const a = await start("a");
    configure(a, 2, 0);
    await a.becomes("lan", "BACKUP");
    inNode("a", "nft delete table netdev maquette_carp");
    await a.becomes("lan", "MASTER");
    const failure = await a.until("failure", (e) => e.event === "failure");
    expect(failure.what).toBe("nf_tables: vtnet0 00:00:5e:00:01:0a: No such file or directory");
    expect((await a.status()).map((v) => v.state)).toEqual(["MASTER", "MASTER"]);
  }, 180_000);

  it("with another password both become master, and each counts and tells of what it refuses", async () => {
    const [a, b] = [await start("a"), await start("b")];
    configure(a, 2, 0);
    configure(b, 3, 100, "another");
    await a.becomes("lan", "MASTER");
    await b.becomes("lan", "MASTER");
    const refused = await b.until("refusal", (e) => e.event === "refused" && e.id === "lan");
    expect(refused).toMatchObject({ source: "10.0.0.2", why: "another password, or other addresses" });
    expect((await b.status()).find((v) => v.id === "lan")!.counts["badAuth"]).toBeGreaterThan(0);
    // The right password at last: exactly one master again.
    const from = b.events.length;
    configure(b, 3, 100);
    await b.becomes("lan", "BACKUP", from);
    expect((await a.status()).find((v) => v.id === "lan")!.state).toBe("MASTER");
  }, 180_000);

  it("both are master while they cannot hear each other, and exactly one is once they can", async () => {
    const [a, b] = [await start("a"), await start("b")];
    ns.run(
      "nft add table bridge cut; nft add chain bridge cut f '{ type filter hook forward priority 0; }'; nft add rule bridge cut f ip protocol 112 drop",
    );
    configure(a, 2, 0);
    configure(b, 3, 100);
    await Promise.all([a.becomes("lan", "MASTER"), b.becomes("lan", "MASTER")]);
    const from = b.events.length;
    ns.run("nft delete table bridge cut");
    await b.becomes("lan", "BACKUP", from);
    expect((await a.status()).map((v) => v.state)).toEqual(["MASTER", "MASTER"]);
  }, 180_000);

  it.skipIf(!hasUcarp)(
    `speaks with ucarp: elects, fails over to it and back${hasUcarp ? "" : " (skipped: ucarp is not installed)"}`,
    async () => {
      const flags =
        "--interface=vtnet0 --srcip=10.0.0.3 --vhid=10 --pass=twin --addr=10.0.0.1 --advbase=1 --advskew=100";
      const ucarp = spawnInside(ns, "b", `ucarp ${flags} --upscript=/bin/true --downscript=/bin/true --ignoreifstate`);
      const said: string[] = [];
      for (const stream of [ucarp.process.stdout, ucarp.process.stderr])
        stream.on("data", (d: Buffer) => said.push(d.toString()));
      try {
        const a = await start("a");
        a.send({ op: "configure", vips: [vip("lan", "vtnet0", 10, 0, "10.0.0.2", "10.0.0.1")] });
        await a.becomes("lan", "MASTER");
        await expect.poll(() => said.join(""), { timeout: 60_000 }).toMatch(/BACKUP/);
        // A slower carpd hears a faster ucarp and stays out of its way.
        const before = said.length;
        await a.kill();
        await expect.poll(() => said.slice(before).join(""), { timeout: 60_000 }).toMatch(/MASTER/);
        const again = await start("a");
        again.send({ op: "configure", vips: [vip("lan", "vtnet0", 10, 200, "10.0.0.2", "10.0.0.1")] });
        await again.becomes("lan", "BACKUP");
        await expect
          .poll(async () => (await again.status())[0]!.counts["received"], { timeout: 60_000 })
          .toBeGreaterThan(1);
        expect((await again.status())[0]).toMatchObject({ state: "BACKUP", counts: { badAuth: 0, badChecksum: 0 } });
        // And a faster one takes over from it.
        again.send({ op: "configure", vips: [vip("lan", "vtnet0", 10, 0, "10.0.0.2", "10.0.0.1")] });
        const from = again.events.length;
        await again.becomes("lan", "MASTER", from);
      } finally {
        await ucarp.kill();
      }
    },
    40_000,
  );
});
