import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { RouterStatus } from "../../../src/twin/router/agent/status.ts";
import { BUNDLE, firmwareFiles } from "../../../src/twin/router/firmware.ts";
import { openNamespace, spawnInside, whyNot } from "./namespace.ts";
import type { Inside, Namespace } from "./namespace.ts";

const reason = whyNot();
const LOAD = "node /usr/lib/maquette/router/router.js load";

/** A LAN and two operators; probes so quick that a test can wait for them. */
const PROBES =
  "<interval>50</interval><loss_interval>100</loss_interval><time_period>500</time_period><alert_interval>50</alert_interval>";
const gatewayItem = (name: string, key: string, address: string, monitor: string): string =>
  `<gateway_item><interface>${key}</interface><gateway>${address}</gateway><name>${name}</name><ipprotocol>inet</ipprotocol><monitor>${monitor}</monitor>${PROBES}</gateway_item>`;
const RULE = (tracker: number, body: string): string =>
  `<rule><tracker>${tracker}</tracker><type>pass</type><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>${body}</rule>`;
const ANY = "<source><any/></source>";
const LAN_RULES = RULE(1, `<interface>lan</interface>${ANY}<destination><any/><port>80</port></destination>`);

const file = (rules: string, more = ""): string => `<?xml version="1.0"?>
<pfsense>
<version>24.0</version>
<system><hostname>r1</hostname><domain>test</domain><disablenatreflection>yes</disablenatreflection><webgui><protocol>https</protocol></webgui></system>
<interfaces>
<wan><enable/><if>vtnet0</if><ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>W1</gateway></wan>
<lan><enable/><if>vtnet2</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>
<opt1><enable/><if>vtnet1</if><ipaddr>203.0.113.2</ipaddr><subnet>24</subnet><gateway>W2</gateway></opt1>
</interfaces>
<gateways>${gatewayItem("W1", "wan", "198.51.100.1", "192.0.2.101")}${gatewayItem("W2", "opt1", "203.0.113.1", "192.0.2.102")}
<gateway_group><name>G</name><item>W1|1|address</item><item>W2|2|address</item><trigger>down</trigger></gateway_group><defaultgw4>G</defaultgw4></gateways>
${more}<filter>${rules}</filter></pfsense>
`;

describe.skipIf(reason !== undefined)(
  `the agent on a machine of its own${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let firmware: string;
    let ns: Namespace;
    let agent: Inside | undefined;
    let server: Inside | undefined;
    let said = "";

    beforeAll(() => {
      firmware = mkdtempSync(join(tmpdir(), "maquette-firmware-"));
      for (const f of firmwareFiles()) {
        if (f.kind === "text") writeFileSync(join(firmware, f.name), f.text, { mode: f.mode });
        else buildSync({ ...BUNDLE, entryPoints: [f.entry], outfile: join(firmware, f.name) });
      }
    });
    afterAll(() => rmSync(firmware, { recursive: true, force: true }));

    // The router, a host on its LAN, and the Internet behind two operators.
    beforeEach(async () => {
      ns = await openNamespace();
      said = "";
      ns.run(`
      ip netns add r; ip netns add host; ip netns add inet
      for n in r host inet; do ip -n $n link set lo up; done
      ip link add vtnet0 netns r type veth peer name w1 netns inet
      ip link add vtnet1 netns r type veth peer name w2 netns inet
      ip link add vtnet2 netns r type veth peer name eth0 netns host
      ip -n inet addr add 198.51.100.1/24 dev w1; ip -n inet addr add 203.0.113.1/24 dev w2
      ip -n inet link set w1 up; ip -n inet link set w2 up
      for a in 192.0.2.101 192.0.2.102 192.0.2.80; do ip -n inet addr add $a/32 dev lo; done
      ip -n host addr add 10.0.0.9/24 dev eth0; ip -n host link set eth0 up; ip -n host route add default via 10.0.0.1
    `);
    });
    afterEach(async () => {
      await agent?.kill();
      agent = undefined;
      await ns.close();
    });

    /** The machine: this one's programs, with whatever is written kept in memory; its network is the namespace's. */
    const start = (config: string | undefined): void => {
      const media =
        config === undefined
          ? ""
          : "mkdir -p root/run/maquette/media/ide3; cp /run/config.xml root/run/maquette/media/ide3/;";
      if (config !== undefined) ns.run("cat > /run/config.xml", config);
      ns.run(
        "cat > /run/start.sh",
        `set -e; mkdir -p /run/machine; mount -t tmpfs tmpfs /run/machine; cd /run/machine; mkdir up wk root
      mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=wk root
      mount -t proc proc root/proc; mount -t sysfs sysfs root/sys; mount --bind /dev root/dev; mount -t tmpfs tmpfs root/run
      mkdir -p root/usr/lib/maquette/router; mount --bind ${firmware} root/usr/lib/maquette/router; rm -rf root/cf; ${media}
      exec chroot root node /usr/lib/maquette/router/router.js run 2>&1\n`,
      );
      ns.run("mkdir -p /run && true");
      agent = spawnInside(ns, "r", "unshare --mount --propagation private sh /run/start.sh");
      agent.process.stdout.on("data", (d: Buffer) => (said += d.toString()));
    };

    /** A command on the machine. */
    const onRouter = (command: string): string => {
      const pid = ns.run("ip netns pids r | head -1").trim();
      return ns.run(`nsenter -t ${pid} -m -n chroot /run/machine/root sh -c '${command}' 2>&1 || true`);
    };
    const status = (): RouterStatus => JSON.parse(onRouter("cat /run/maquette/router/status.json")) as RouterStatus;
    /** The address that a server of the Internet sees, or why there is no connection. */
    const connect = (address: string, port: number): string =>
      ns
        .run(
          `ip netns exec host python3 -c '
import socket
s = socket.socket(); s.settimeout(1)
try: s.connect(("${address}", ${port})); print(s.recv(99).decode())
except OSError as e: print(type(e).__name__)'`,
        )
        .trim();
    const running = (): Promise<void> => expect.poll(() => said, { timeout: 60_000 }).toContain("rules proven");

    /** Says on a few ports who it sees, and then whatever it is told. */
    const serve = async (): Promise<void> => {
      server = spawnInside(
        ns,
        "inet",
        `python3 -c '
import socket, threading
def answer(c, who):
    c.sendall(who.encode())
    while c.sendall(c.recv(9)) is None: pass
def serve(l):
    while True:
        c, who = l.accept()
        threading.Thread(target=answer, args=(c, who[0]), daemon=True).start()
for port in (80, 81, 82):
    l = socket.socket(); l.bind(("192.0.2.80", port)); l.listen()
    threading.Thread(target=serve, args=(l,)).start()
print("ready", flush=True)'`,
      );
      await new Promise((resolve) => server!.process.stdout.once("data", resolve));
    };
    const SILENT = "TimeoutError";
    const [WAN1, WAN2] = ["198.51.100.2", "203.0.113.2"];

    it("boots from a medium: only what the file allows passes, translated, and the file is on the disk", async () => {
      await serve();
      start(file(LAN_RULES));
      await running();
      expect(connect("192.0.2.80", 80)).toBe(WAN1);
      expect(connect("192.0.2.80", 81)).toBe(SILENT);
      expect(connect("10.0.0.1", 9)).toBe(SILENT);
      expect(status()).toMatchObject({
        phase: "running",
        isForwarding: true,
        rules: { isProven: true },
        activeGateway: "W1",
      });
      expect(onRouter("cat /cf/conf/config.xml")).toContain("<hostname>r1</hostname>");
    }, 180_000);

    it("a flow is judged once, answered or not: its later packets belong to the state", async () => {
      const udp = `<rule><tracker>5</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>udp</protocol>${ANY}<destination><any/></destination><log/></rule>`;
      start(file(udp));
      await running();
      ns.run(`ip netns exec host python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(5): s.sendto(b"x", ("192.0.2.80", 514))'`);
      expect(onRouter("nft list chain inet maquette in_lan")).toMatch(/counter packets 1 bytes \d+ log .*comment "5"/);
    }, 180_000);

    it("without a file it stops in words, and nothing passes", async () => {
      start(undefined);
      await expect.poll(() => agent!.process.exitCode, { timeout: 60_000 }).toBe(3);
      expect(said).toContain("There is no configuration: no medium is attached, and there is no /cf/conf/config.xml");
      expect(ns.run("ip netns exec r sysctl -n net.ipv4.ip_forward").trim()).toBe("0");
      expect(ns.run("ip netns exec r nft list chain inet maquette filter_in")).toContain("policy drop");
    }, 180_000);

    it("a file cut short, and one with a card that is not there, are refused; nothing is half applied", async () => {
      start(file(LAN_RULES).slice(0, -30));
      await expect.poll(() => agent!.process.exitCode, { timeout: 60_000 }).toBe(3);
      expect(said).toContain("PFSENSE_XML_TRUNCATED");
      expect(ns.run("ip -n r -br addr show vtnet0")).not.toContain("198.51.100.2");
      await agent!.kill();
      said = "";
      start(file(LAN_RULES).replace("vtnet1", "vtnet7"));
      await expect.poll(() => agent!.process.exitCode, { timeout: 60_000 }).toBe(3);
      expect(said).toContain("vtnet7 (opt1)");
      expect(ns.run("ip -n r -br addr show vtnet0")).not.toContain("198.51.100.2");
    }, 180_000);

    it("a changed file is loaded under way, comes back unless confirmed, and keeps what is established", async () => {
      await serve();
      start(file(LAN_RULES));
      await running();
      const more = RULE(2, `<interface>lan</interface>${ANY}<destination><any/><port>81</port></destination>`);
      const load = (text: string, flags: string): string => {
        ns.run("cat > /run/new.xml", text);
        ns.run(
          "pid=$(ip netns pids r | head -1); nsenter -t $pid -m sh -c 'cat > /run/machine/root/root/new.xml' < /run/new.xml",
        );
        return onRouter(`node /usr/lib/maquette/router/router.js load /root/new.xml ${flags}; echo exit $?`);
      };
      // An established connection, which says something after each load.
      const client = spawnInside(
        ns,
        "host",
        `python3 -c '
import socket, sys
s = socket.create_connection(("192.0.2.80", 80), 3); s.recv(99)
for line in sys.stdin:
    s.sendall(b"x"); print("echo" if s.recv(1) == b"x" else "dead", flush=True)'`,
      );
      let echoes = "";
      client.process.stdout.on("data", (d: Buffer) => (echoes += d.toString()));
      const echo = async (count: number): Promise<void> => {
        client.process.stdin.write("\n");
        await expect.poll(() => echoes, { timeout: 60_000 }).toBe("echo\n".repeat(count));
      };
      await echo(1);
      expect(load(file(LAN_RULES + more), "--confirm 10")).toContain("exit 0");
      expect(connect("192.0.2.80", 81)).toBe(WAN1);
      await echo(2);
      await expect.poll(() => said, { timeout: 60_000 }).toContain("is back");
      expect(connect("192.0.2.80", 81)).toBe(SILENT);
      await echo(3);
      const told = `${LOAD} --back; echo exit $?`;
      expect(load(file(LAN_RULES + more), "--confirm 600")).toContain("exit 0");
      expect(connect("192.0.2.80", 81)).toBe(WAN1);
      expect(onRouter(told)).toContain("exit 0");
      expect(connect("192.0.2.80", 81)).toBe(SILENT);
      expect(onRouter(told)).toMatch(/ROUTER_NOTHING_TO_CONFIRM[\s\S]*exit 1/);
      // Whoever still tries it says so: it counts from then.
      expect(load(file(LAN_RULES + more), "--confirm 600")).toContain("exit 0");
      expect(onRouter(`${LOAD} --hold 1; echo exit $?`)).toContain("exit 0");
      await expect.poll(() => connect("192.0.2.80", 81), { timeout: 60_000 }).toBe(SILENT);
      expect(onRouter(`${LOAD} --hold 5; echo exit $?`)).toMatch(/ROUTER_NOTHING_TO_CONFIRM[\s\S]*exit 1/);
      expect(load(file(LAN_RULES + more), "--confirm 30")).toContain("exit 0");
      expect(onRouter(`${LOAD} --confirmed; echo exit $?`)).toContain("exit 0");
      expect(connect("192.0.2.80", 81)).toBe(WAN1);
      expect(onRouter("cat /cf/conf/config.xml")).toContain("<tracker>2</tracker>");
      expect(load(`${file(LAN_RULES)}<`, "")).toMatch(/ROUTER_FILE_REFUSED[\s\S]*exit 1/);
      expect(connect("192.0.2.80", 81)).toBe(WAN1);
      await echo(4);
      await client.kill();
    }, 180_000);

    it("a rule that somebody put into the kernel is told by a packet, and gone when the file is loaded anew", async () => {
      start(file(LAN_RULES));
      await running();
      const router = "node /usr/lib/maquette/router/router.js";
      expect(onRouter(`${router} verify; echo $?`)).toBe("rules proven\n0\n");
      onRouter("nft insert rule inet maquette filter_in iifname vtnet2 tcp dport 80 drop");
      expect(onRouter(`${router} verify; echo $?`)).toMatch(/^the kernel has other rules than the file: .*\n1\n$/s);
      expect(status().rules).toMatchObject({ isProven: false });
      expect(onRouter(`${router} reload`)).toMatch(/loaded, rules proven/);
      expect(onRouter(`${router} verify; echo $?`)).toBe("rules proven\n0\n");
    }, 60_000);

    it("a gateway that no longer answers gives the default route, and its rules, to the next one and takes them back", async () => {
      const byGateway = RULE(
        3,
        `<interface>lan</interface>${ANY}<destination><any/><port>82</port></destination><gateway>W2</gateway>`,
      );
      await serve();
      start(file(byGateway + LAN_RULES));
      await running();
      await expect.poll(() => status().gateways.map((g) => g.state), { timeout: 60_000 }).toEqual(["up", "up"]);
      expect(connect("192.0.2.80", 80)).toBe(WAN1);
      expect(connect("192.0.2.80", 82)).toBe(WAN2);
      ns.run("ip -n inet addr del 192.0.2.101/32 dev lo; ip -n inet link set w1 down");
      await expect.poll(() => status().activeGateway, { timeout: 60_000, interval: 50 }).toBe("W2");
      expect(connect("192.0.2.80", 80)).toBe(WAN2);
      ns.run("ip -n inet link set w1 up; ip -n inet addr add 192.0.2.101/32 dev lo");
      await expect.poll(() => status().activeGateway, { timeout: 60_000 }).toBe("W1");
    }, 180_000);
  },
);
