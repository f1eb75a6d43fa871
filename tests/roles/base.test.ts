import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import ssh2 from "ssh2";
import { releaseNamed } from "../../src/core/debian.ts";
import { formatAddress, parseAddress, rangeOf, type AddressRange } from "../../src/core/ip.ts";
import type { Plan } from "../../src/plan/index.ts";
import { decide, formatPacket, type Packet, type Slice } from "../../src/policy/engine/index.ts";
import { rowsOf } from "../../src/policy/intent.ts";
import { holdsAddress } from "../../src/policy/ranges.ts";
import { spaceOf } from "../../src/policy/space.ts";
import type { FilesStep } from "../../src/roles/role.ts";
import { addressesOf, bastionOf } from "../../src/plan/query.ts";
import { incoming } from "../../src/roles/base/firewall.ts";
import { askedIn } from "../../src/roles/registry.ts";
import { nftLines } from "../../src/roles/base/nft-lines.ts";
import { declare } from "../../src/provision/steps/work.ts";
import { renderedLab } from "./lab.ts";
import { chainOf, judge } from "./nft-text.ts";

const lab = await renderedLab();
const { plan } = lab;
const inside = lab.debians.filter((h) => !h.isOutside);
const space = spaceOf(plan);
const rows = rowsOf(space);
const text = (id: string, path: string): string => lab.files(id).get(path)?.content ?? "";
const addressOf = (id: string): bigint => plan.hosts.get(id)!.nics[0]!.address.value;

/** Files with secrets that a service reads after it has given up root, by the group that may. */
const READ_BY_SERVICES: Readonly<Record<string, string>> = {
  "/etc/maquette/backup/repository.key": "maquette-backup",
  "/etc/maquette/backup/ssh.key": "maquette-backup",
  "/etc/roundcube/config.inc.php": "www-data",
  "/etc/asterisk/keys/pbx.key": "asterisk",
  "/etc/asterisk/pjsip_phones.conf": "asterisk",
  "/etc/asterisk/confbridge.conf": "asterisk",
  "/etc/maquette/softphone/accounts": "maquette-phone",
  "/etc/maquette/vpn.json": "maquette-vpn",
  "/etc/postfix/maquette/people.cf": "postfix",
  "/etc/postfix/maquette/members.cf": "postfix",
  "/etc/maquette/supervision/supervision.key": "zabbix",
  "/etc/zabbix/maquette/agent.key": "zabbix",
  "/etc/nut/upsmon.conf": "nut",
  "/etc/nut/upsd.users": "nut",
};

describe("the base", () => {
  test.each(lab.debians.map((h) => h.id))("of %s has steps that the engine takes", (id) => {
    for (const { role, work } of lab.roles(id)) expect(declare(role, work).length).toBeGreaterThan(0);
  });

  test("asks nothing of routers", () => {
    for (const host of plan.hosts.values()) if (host.role === "router") expect(lab.roles(host.id)).toEqual([]);
  });

  test("waits for the first domain controller, except on controllers and on scenery", () => {
    const after = (id: string): readonly string[] | undefined => lab.roles(id)[0]!.work.after;
    expect(after("mail")).toEqual(["dc1"]);
    for (const id of ["dc1", "dc2", "field", "internet"]) expect(after(id)).toEqual([]);
  });

  test("gives a host's own name its address on the network, never 127.0.1.1", () => {
    for (const host of lab.debians) {
      const lines = text(host.id, "/etc/hosts")
        .split("\n")
        .filter((line) => !line.startsWith("#"));
      expect(lines).toContain(`${formatAddress(host.nics[0]!.address)} ${host.id}.cod.test ${host.id}`);
      expect(lines.join("\n")).not.toContain("127.0.1.1");
      expect(text(host.id, "/etc/hostname")).toBe(`${host.id}\n`);
    }
  });

  test("names the domain's resolvers inside, public ones outside, and leaves a controller's to its role", () => {
    const servers = (id: string): readonly string[] =>
      [...text(id, "/etc/resolv.conf").matchAll(/^nameserver (.*)$/gm)].map((m) => m[1]!);
    expect(servers("mail")).toEqual(["10.20.20.11", "10.20.20.12"]);
    expect(servers("field")).toEqual(["192.0.2.53"]);
    const ofBase = lab.steps("dc1", "base").filter((s) => s.kind === "files");
    expect(ofBase.some((s) => "/etc/resolv.conf" in s.files)).toBe(false);
    const before = lab.steps("dc1", "base").find((s) => s.name === "resolver before its own");
    expect(before?.kind === "command" && before.run.input).toContain("nameserver 192.0.2.53");
  });

  test("takes the time from the controllers, outside from the public servers, and not where a role serves it", () => {
    expect(text("mail", "/etc/chrony/chrony.conf")).toContain(
      "server 10.20.20.11 iburst minpoll 2 trust\nserver 10.20.20.12 iburst minpoll 2\n",
    );
    expect(text("field", "/etc/chrony/chrony.conf")).toContain("server 192.0.2.53 iburst minpoll 2 trust");
    const own = lab.steps("dc1", "base").flatMap((s) => (s.kind === "files" ? Object.keys(s.files) : []));
    expect(own).not.toContain("/etc/chrony/chrony.conf");
  });

  test("puts no secret where others could read it: a private key's file is root's alone, a password its service's own user's too", () => {
    for (const host of lab.debians) {
      for (const [path, file] of lab.files(host.id)) {
        if (
          !/\{\{secret:(password|pin|bcrypt|ssh-private|tls-crypt-server|tls-crypt-client|vault-key)\//.test(
            file.content,
          )
        )
          continue;
        // A service that reads its own file as its own user cannot write it.
        const user = READ_BY_SERVICES[path];
        const rights = user === undefined ? ["0600", "root:root"] : ["0640", `root:${user}`];
        expect([path, file.mode ?? "0600", file.owner ?? "root:root"]).toEqual([path, ...rights]);
      }
    }
  });

  test("orders certificates of its own for each host's log and its agent, the sink's for a server", () => {
    for (const host of inside) {
      const orders = lab.roles(host.id)[0]!.work.certificates!;
      expect(Object.keys(orders).sort()).toEqual([`agent-${host.id}`, `log-${host.id}`]);
      expect(orders[`agent-${host.id}`]!.usage).toBe("client");
      expect(orders[`log-${host.id}`]!.usage).toBe(host.role === "backup" ? "server" : "client");
    }
  });

  test("sends logs to the sink's address and port, by its certificate's name", () => {
    for (const host of inside.filter((h) => h.role !== "backup")) {
      const config = text(host.id, "/etc/rsyslog.conf");
      expect(config).toContain('target="10.20.20.16" port="6514"');
      expect(config).toContain('StreamDriverPermittedPeers="backup.cod.test"');
    }
    expect(text("backup", "/etc/rsyslog.conf")).not.toContain("omfwd");
    expect(lab.files("field").has("/etc/rsyslog.conf")).toBe(false);
  });

  test("gives every host what the authority has revoked, and rsyslog and OpenLDAP's clients go by it", () => {
    for (const { id, isOutside } of lab.debians) {
      const setting = (path: string, name: string): string | undefined =>
        new RegExp(`^\\s*${name}[ =]"?([^"\\n]*)`, "m").exec(text(id, path))?.[1];
      const ldap = (name: string): string | undefined => setting("/etc/ldap/ldap.conf", name);
      // An authority without its list beside it would be refused whole.
      expect(text(id, ldap("TLS_CACERT")!)).toBe("{{secret:vault-certificate/ca}}\n{{secret:vault-crl/ca}}");
      expect(ldap("TLS_CRLCHECK")).toBe("peer");
      if (isOutside) continue;
      const rsyslog = (name: string): string => text(id, setting("/etc/rsyslog.conf", name)!);
      expect(rsyslog("defaultNetstreamDriverCAFile")).toBe("{{secret:vault-certificate/ca}}\n");
      expect(rsyslog("defaultNetstreamDriverCRLFile")).toBe("{{secret:vault-crl/ca}}");
    }
  });

  test("brings the list before what names it, and has rsyslog and the agent read it again when it changes", () => {
    const steps = lab.steps("backup", "base");
    const at = (path: string): number => steps.findIndex((s) => s.kind === "files" && path in s.files);
    const list = at("/usr/local/share/ca-certificates/maquette.crl");
    expect(at("/usr/local/share/ca-certificates/maquette.crt")).toBeLessThan(list);
    expect(list).toBeLessThan(at("/etc/rsyslog.conf"));
    const reload = [["rsyslog"], ["zabbix-agent2"]].map((units) => ({ argv: ["systemctl", "try-restart", ...units] }));
    expect((steps[list] as FilesStep).reload).toEqual(expect.arrayContaining(reload));
  });

  test("lets the sink take logs from every host that sends some, and from no other name", () => {
    const peers = /PermittedPeer=\[(.*)\]/.exec(text("backup", "/etc/rsyslog.d/50-receive.conf"))![1]!;
    const senders = inside.filter((h) => h.role !== "backup").map((h) => `${h.id}.cod.test`);
    expect(JSON.parse(`[${peers}]`)).toEqual(senders);
  });
});

describe("sshd", () => {
  const words = (id: string): ReadonlyMap<string, string> =>
    new Map(
      text(id, "/etc/ssh/sshd_config.d/10-maquette.conf")
        .split("\n")
        .filter((l) => l !== "" && !l.startsWith("#"))
        .map((l) => [l.split(" ")[0]!, l.split(" ").slice(1).join(" ")] as const),
    );

  test("takes keys alone, from the provisioner alone", () => {
    for (const host of lab.debians) {
      const said = words(host.id);
      expect(said.get("AuthenticationMethods")).toBe("publickey");
      expect(said.get("AllowUsers")).toBe("maquette");
      for (const word of ["PermitRootLogin", "PasswordAuthentication", "KbdInteractiveAuthentication"])
        expect(said.get(word)).toBe("no");
    }
  });

  test("offers first what a quantum computer does not break, and no word that the release's sshd does not know", async () => {
    const told = async (name: string): Promise<string> => {
      const release = releaseNamed(name) ?? null;
      const image = { ...plan.images.get("debian-13")!, release };
      const other = await renderedLab((p) => ({ ...p, images: new Map([...p.images, [image.id, image]]) }));
      return other.files("mail").get("/etc/ssh/sshd_config.d/10-maquette.conf")!.content;
    };
    const kex = (file: string): readonly string[] => /^KexAlgorithms (.*)$/m.exec(file)![1]!.split(",");
    const [trixie, bookworm] = [await told("debian-13"), await told("debian-12")];
    const both = ["sntrup761x25519-sha512@openssh.com", "curve25519-sha256"];
    expect(kex(trixie)).toEqual(["mlkem768x25519-sha256", "sntrup761x25519-sha512", ...both]);
    expect(kex(bookworm)).toEqual(both);
    // OpenSSH has penalties since 9.8.
    expect([trixie, bookworm].map((file) => file.includes("PerSourcePenalty"))).toEqual([true, false]);
  });

  test("forwards on the bastion alone", () => {
    for (const host of lab.debians)
      expect(words(host.id).get("AllowTcpForwarding")).toBe(host.role === "bastion" ? undefined : "no");
  });

  test("shares an algorithm of each kind with the library that the provisioner speaks", async () => {
    const offered = ["KexAlgorithms", "Ciphers", "MACs", "HostKeyAlgorithms"].map((w) =>
      words("mail").get(w)!.split(","),
    );
    const server = new ssh2.Server({
      hostKeys: [ssh2.utils.generateKeyPairSync("ed25519").private],
      // What the library has of it; the rest are OpenSSH's own.
      algorithms: {
        kex: offered[0]!.filter((a): a is ssh2.KexAlgorithm => a === "curve25519-sha256"),
        cipher: offered[1]!.filter((a): a is ssh2.CipherAlgorithm => a !== "aes128-gcm"),
        hmac: offered[2]! as ssh2.MacAlgorithm[],
        serverHostKey: offered[3]! as ssh2.ServerHostKeyAlgorithm[],
      },
    });
    server.on("connection", (c) => c.on("error", () => undefined).on("authentication", (ctx) => ctx.accept()));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const client = new ssh2.Client();
    try {
      await new Promise<void>((done, failed) => {
        client.once("ready", done).once("error", failed);
        const { port } = server.address() as AddressInfo;
        client.connect({ host: "127.0.0.1", port, username: "maquette", password: "none" });
      });
    } finally {
      client.end();
      server.close();
    }
  });
});

describe("a host's firewall", () => {
  const input = (id: string, from: Plan = plan): readonly string[] => {
    if (from === plan) return chainOf(text(id, "/etc/nftables.conf"), "input");
    const doors = addressesOf(bastionOf(from)!);
    return incoming(from, from.hosts.get(id)!, { neighbours: [], doors, operators: [] }).flatMap(nftLines);
  };
  const packet = (src: string, to: string, slice: Slice, port: number): Packet => ({
    family: 4,
    slice,
    src: parseAddress(src)!.value,
    dst: addressOf(to),
    ...(slice === "icmp" ? { a: BigInt(port), b: 0n } : { a: 50_000n, b: BigInt(port) }),
  });

  test("stands on every host behind the firewall, and on no scenery", () => {
    for (const host of lab.debians) expect(lab.files(host.id).has("/etc/nftables.conf")).toBe(!host.isOutside);
  });

  /** Where the ranges of the lab begin and end: there tables err. */
  const edges = (r: AddressRange): readonly bigint[] => [r.lo - 1n, r.lo, r.hi, r.hi + 1n].filter((v) => v >= 0n);
  const sources = [
    ...[...plan.zones.values()].flatMap((z) => edges(rangeOf(z.subnet))),
    ...[...plan.pools.values()].flatMap((p) => edges(rangeOf(p.network))),
    ...[...plan.hosts.values()].flatMap((h) => h.nics.map((n) => n.address.value)),
    parseAddress("93.184.216.34")!.value,
    0n,
    0xffff_ffffn,
  ];
  const ports = [
    ...new Set(
      [...plan.services.values()].flatMap((s) =>
        s.terms.flatMap((t) => ("ports" in t ? t.ports.flatMap((p) => [p.lo - 1, p.lo, p.hi, p.hi + 1]) : [])),
      ),
    ),
  ].filter((p) => p > 0 && p < 65_536);
  const anyPacket = (id: string): fc.Arbitrary<Packet> =>
    fc
      .record({
        src: fc.constantFrom(...sources),
        slice: fc.constantFrom<Slice>("tcp", "udp", "icmp", "other"),
        port: fc.constantFrom(...ports),
        type: fc.constantFrom(0, 3, 8, 13),
        number: fc.constantFrom(2, 47, 112, 240),
      })
      .map(({ src, slice, port, type, number }) => ({
        family: 4 as const,
        slice,
        src,
        dst: addressOf(id),
        a: slice === "icmp" ? BigInt(type) : slice === "other" ? BigInt(number) : 50_000n,
        b: slice === "tcp" || slice === "udp" ? BigInt(port) : 0n,
      }));

  test.each(inside.map((h) => h.id))("of %s lets in what the flow table does, and beside it only neighbours", (id) => {
    const lines = input(id);
    const own = plan.hosts.get(id)!.nics[0]!.zone;
    const zone = rangeOf(plan.zones.get(own)!.subnet);
    // The bastion, and within one zone, where no row decides, whoever takes the host's backups.
    const isTaken = askedIn(plan).kept.some((set) => set.host === id);
    const keeper = plan.hosts.get("backup")!;
    const comers = [addressOf("bastion"), ...(isTaken && keeper.nics[0]!.zone === own ? [addressOf("backup")] : [])];
    fc.assert(
      fc.property(anyPacket(id), (p) => {
        const here = judge(lines, p);
        const there = decide(rows, p, "block").action === "pass";
        if (here.by.startsWith("neighbours")) {
          expect(holdsAddress([zone], 4, p.src) && !holdsAddress(space.firewall, 4, p.src)).toBe(true);
        } else if (here.by === "door") {
          expect(p.b).toBe(22n);
          expect(comers).toContain(p.src);
        } else {
          expect(`${formatPacket(p)} ${here.verdict === "accept"}`).toBe(`${formatPacket(p)} ${there}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("lets the bastion in before all else, whatever the rows say", () => {
    const shut: Plan = { ...plan, flows: plan.flows.filter((f) => f.action === "deny") };
    for (const host of inside.filter((h) => h.role !== "bastion")) {
      for (const lines of [input(host.id), input(host.id, shut)]) {
        const asked = packet("10.20.10.10", host.id, "tcp", 22);
        expect(judge(lines, asked)).toEqual({ verdict: "accept", by: "door" });
      }
    }
  });

  test("of the bastion opens SSH to the operator's network where there is one", () => {
    const lines = chainOf(
      lab.files("bastion", { cidr: "192.168.7.20/24" }).get("/etc/nftables.conf")!.content,
      "input",
    );
    expect(judge(lines, packet("192.168.7.99", "bastion", "tcp", 22)).by).toBe("door");
    expect(judge(lines, packet("192.168.7.99", "bastion", "tcp", 23)).verdict).toBe("drop");
    expect(judge(input("bastion"), packet("192.168.7.99", "bastion", "tcp", 22)).verdict).toBe("drop");
  });

  test("takes what routers forward with its first sender's address", () => {
    expect(judge(input("vpn"), packet("192.0.2.10", "vpn", "udp", 1194))).toEqual({ verdict: "accept", by: "F461" });
    expect(judge(input("ebrigade"), packet("192.0.2.10", "ebrigade", "tcp", 443)).by).toBe("F462");
    expect(judge(input("mail"), packet("192.0.2.10", "mail", "tcp", 443)).verdict).toBe("drop");
  });

  test("gives neighbours the services that the role names, which no router sees", () => {
    expect(judge(input("backup"), packet("10.20.20.14", "backup", "tcp", 6514))).toEqual({
      verdict: "accept",
      by: "neighbours: syslog-tls",
    });
    expect(judge(input("mail"), packet("10.20.20.16", "mail", "tcp", 6514)).verdict).toBe("drop");
  });

  test("passes packets on at a pool's gateway alone, and there what rows say of the pool", () => {
    for (const host of inside) {
      const lines = chainOf(text(host.id, "/etc/nftables.conf"), "forward");
      if (host.id !== "vpn") expect(lines).toEqual([]);
    }
    const lines = chainOf(text("vpn", "/etc/nftables.conf"), "forward");
    const through = (src: string, to: string, slice: Slice, port: number): string =>
      judge(lines, packet(src, to, slice, port)).by;
    expect(through("10.20.51.7", "mail", "tcp", 993)).toBe("F412");
    expect(through("10.20.51.7", "mail", "tcp", 25)).toBe("F601");
    expect(through("10.20.20.13", "mail", "udp", 5060)).toBe("policy");
  });
});
