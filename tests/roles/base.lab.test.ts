import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import { parseSshKey } from "../../src/core/ssh-key.ts";
import { keyOf, openDoor, targetsOf, type SshConnection } from "../../src/door/index.ts";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";
import { hostWork, type HostWork } from "../twin/plan-lab.ts";

const reason = whyNot();
const HOSTS = ["bastion", "mail", "backup"] as const;

describe.skipIf(reason !== undefined)(
  `the base in guests${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let standing: StandingLab;
    let lab: RunningLab;
    let work: HostWork;

    beforeAll(async () => {
      standing = await standingLab();
      lab = await standing.running();
      work = await hostWork({ ...standing, ...lab });
    });
    afterAll(async () => {
      await lab.close();
    });

    const run = async (id: string, ...argv: string[]): Promise<{ code: number; out: string }> => {
      const { exitCode, stdout, stderr } = await lab.shell.run(id, argv, "", 30_000);
      return { code: exitCode, out: `${stdout}${stderr}`.trim() };
    };
    const sh = (id: string, script: string): Promise<{ code: number; out: string }> => run(id, "sh", "-c", script);
    const until = async (work: () => Promise<boolean>, deadlineMs: number): Promise<boolean> => {
      const deadline = Date.now() + deadlineMs;
      while (Date.now() < deadline) {
        if (await work()) return true;
        // Another machine's log tells nobody that a line has come.
        await new Promise((go) => setTimeout(go, 200));
      }
      return false;
    };
    const onBastion = async <T>(work: (connection: SshConnection) => Promise<T>): Promise<T> => {
      const targets = targetsOf(lab.plan, {
        secret: standing.secret,
        vmId: (host) => lab.naming.vmId(host),
        sockets: standing.sockets,
        operator: null,
      });
      const door = openDoor({ targets, key: keyOf(standing.secret) });
      try {
        return await work(await door.ssh("bastion"));
      } finally {
        await door.close();
      }
    };

    it("changes nothing the second time, and who only asks is told of each role by the same guest", async () => {
      for (const id of HOSTS) expect([id, await work.configure(id)]).toEqual([id, []]);
      const found = await Promise.all(HOSTS.map((id) => work.look(id)));
      for (const [n, { instance, roles }] of found.entries()) {
        expect([HOSTS[n], instance]).toEqual([HOSTS[n], expect.any(String)]);
        expect(Object.keys(roles)).toContain("base");
      }
    });

    it("leaves no unit failed, and what it names runs", async () => {
      for (const id of HOSTS) {
        expect([id, (await run(id, "systemctl", "--failed", "--no-legend")).out]).toEqual([id, ""]);
        for (const unit of ["ssh", "chrony", "rsyslog", "nftables", "apt-daily-upgrade.timer"])
          expect([id, unit, (await run(id, "systemctl", "is-active", unit)).out]).toEqual([id, unit, "active"]);
      }
    });

    it("gives a host its own names and its address on the network", async () => {
      expect((await run("mail", "hostname", "-f")).out).toBe("mail.cod.test");
      expect((await sh("mail", "getent ahostsv4 mail.cod.test | cut -d' ' -f1 | sort -u")).out).toBe("10.20.20.14");
    });

    it("offers over SSH nothing that is known to be weak, and takes neither root nor passwords", async () => {
      const ssh = (options: string): Promise<{ code: number; out: string }> =>
        sh("mail", `ssh -o BatchMode=yes -o StrictHostKeyChecking=no ${options} 127.0.0.1 true`);
      for (const old of [
        "-o KexAlgorithms=diffie-hellman-group14-sha256",
        "-o KexAlgorithms=ecdh-sha2-nistp256",
        "-o Ciphers=aes128-ctr",
        "-o Ciphers=aes256-ctr -o MACs=hmac-sha1",
        "-o HostKeyAlgorithms=rsa-sha2-512",
      ])
        expect([old, (await ssh(old)).out]).toEqual([old, expect.stringContaining("no matching")]);
      expect((await ssh("-v")).out).toContain("kex: algorithm: mlkem768x25519-sha256");
      for (const user of ["root", "maquette"])
        expect((await ssh(`-l ${user}`)).out).toContain(`${user}@127.0.0.1: Permission denied (publickey)`);
      const said = (await run("mail", "sshd", "-T")).out;
      for (const line of [
        "permitrootlogin no",
        "passwordauthentication no",
        "allowtcpforwarding no",
        "allowusers maquette",
      ])
        expect(said.split("\n")).toContain(line);
    });

    it("lets a neighbour in where a role gives it something, and nowhere else", async () => {
      const open = async (port: number): Promise<boolean> =>
        (await run("mail", "nc", "-z", "-w", "5", "10.20.20.16", String(port))).code === 0;
      expect((await run("mail", "ping", "-c", "1", "-W", "10", "10.20.20.16")).code).toBe(0);
      expect([await open(6514), await open(22)]).toEqual([true, false]);
      // It listens: the firewall and not an empty port refused it.
      expect((await run("backup", "nc", "-z", "-w", "10", "127.0.0.1", "22")).code).toBe(0);
    });

    it("brings a host's log to the sink over TLS, and takes none without a certificate of the lab", async () => {
      const mark = `mark-${process.pid}`;
      await run("mail", "logger", "-t", "test", mark);
      const file = "/var/log/hosts/mail.cod.test/*.log";
      expect(await until(async () => (await sh("backup", `grep -q ${mark} ${file}`)).code === 0, 90_000)).toBe(true);
      const stranger = await sh(
        "mail",
        `printf '<13>1 - stranger - - - - ${mark}x\\n' | timeout 3 openssl s_client -quiet -connect 10.20.20.16:6514`,
      );
      expect(stranger.code).not.toBe(0);
      expect((await sh("backup", `grep -rq ${mark}x /var/log/hosts`)).code).not.toBe(0);
    });

    it("trusts what the lab's authority signs", async () => {
      const verify = ["openssl", "verify", "-CApath", "/etc/ssl/certs", "/etc/rsyslog.d/tls/host.crt"];
      expect((await run("mail", ...verify)).out).toBe("/etc/rsyslog.d/tls/host.crt: OK");
    });

    it("knows what the lab's authority has revoked, by a list of its own that is in force", async () => {
      const folder = "/usr/local/share/ca-certificates/maquette";
      const verify = ["openssl", "verify", "-crl_check", "-CAfile", `${folder}.crt`, "-CRLfile", `${folder}.crl`];
      for (const id of HOSTS)
        expect((await run(id, ...verify, "/etc/rsyslog.d/tls/host.crt")).out).toBe("/etc/rsyslog.d/tls/host.crt: OK");
    });

    it("the bastion forwards to what the table opens to it, by name, and refuses the rest itself", async () => {
      await onBastion(async (connection) => {
        const code = (host: string, port: number): Promise<string> =>
          connection.forward(host, port, 20_000).then(
            () => "open",
            (error: unknown) => (error instanceof Fault ? error.code : String(error)),
          );
        for (const [host, port] of [
          ["192.0.2.80", 80],
          ["10.20.20.14", 25],
          ["localhost", 22],
          ["10.20.10.10", 22],
        ] as const)
          expect([host, port, await code(host, port)]).toEqual([host, port, "DOOR_FORBIDDEN"]);
        expect(await code("10.20.20.14", 22)).toBe("open");
      });
    });

    it("the bastion records a terminal, names every command in its journal, and changes neither output nor exit code", async () => {
      const plain = await onBastion((c) => c.exec("cat; echo problem >&2; exit 7", { input: "as it came" }));
      expect(plain).toEqual({
        exitCode: 7,
        stdout: "as it came",
        stderr: expect.stringContaining("problem") as string,
      });
      const mark = `seen-${process.pid}`;
      const exit = await onBastion(async (c) => {
        const session = await c.session(`echo ${mark}; exit 5`, { term: "xterm", cols: 80, rows: 24 });
        session.channel.resume();
        session.channel.stderr.resume();
        return session.exit;
      });
      expect(exit).toBe(5);
      expect((await sh("bastion", `cat /var/log/sessions/*`)).out).toContain(mark);
      const journal = (await run("bastion", "journalctl", "-t", "maquette-session", "-o", "cat")).out;
      expect(journal).toMatch(/user=maquette from=\S+ pid=\d+ command=cat; echo problem/);
      expect(journal).toContain(`command=echo ${mark}`);
      expect((await sh("bastion", "cat /proc/sys/net/ipv4/ip_forward")).out).toBe("0");
    });

    it("an administrator with a key comes in under their own name, is recorded so, and no more once the right is gone", async () => {
      const pair = ssh2.utils.generateKeyPairSync("ed25519");
      const key = parseSshKey(pair.public);
      if ("fact" in key) throw new Error(key.fact);
      const elise = { ...lab.plan.people.get("elise.fontaine")!, sshKeys: [key] };
      const plan = { ...lab.plan, people: new Map([...lab.plan.people, [elise.login, elise]]) };
      const steps = ["administrators", "administrators' accounts", "sshd"];
      expect(await work.configure("bastion", plan)).toEqual(steps);
      expect(await work.configure("bastion", plan)).toEqual([]);

      await lab.shell.run("bastion", ["sh", "-c", "umask 077; cat >/root/elise"], pair.private, 30_000);
      const ssh = (rest: string): Promise<{ code: number; out: string }> =>
        sh(
          "bastion",
          // What is forwarded and says nothing would stay.
          `timeout 20 ssh -i /root/elise -o BatchMode=yes -o StrictHostKeyChecking=no ${rest} -l elise.fontaine 127.0.0.1`,
        );
      expect((await sh("bastion", "id -nG elise.fontaine")).out).toBe("elise.fontaine maquette-admins");
      // Before or after it the bastion's banner.
      expect((await ssh("-o RemoteCommand='sudo -n id -un'")).out.split("\n")).toContain("root");
      const journal = (await run("bastion", "journalctl", "-t", "maquette-session", "-o", "cat")).out;
      expect(journal).toMatch(/user=elise\.fontaine from=127\.0\.0\.1 pid=\d+ command=sudo -n id -un/);
      expect((await ssh("-W 10.20.20.14:25")).out).toContain("administratively prohibited");
      expect((await ssh("-W 10.20.20.14:22")).out).not.toContain("prohibited");

      expect(await work.configure("bastion")).toEqual(steps);
      expect((await ssh("-o RemoteCommand=true")).out).toContain("Permission denied (publickey)");
      expect((await sh("bastion", "grep ^elise.fontaine: /etc/shadow")).out).toMatch(/^elise\.fontaine:!:\d+:.*::1:$/);
      expect((await sh("bastion", "id -nG elise.fontaine; ls /home /etc/ssh/maquette-keys")).out).toBe(
        "elise.fontaine\n/etc/ssh/maquette-keys:\n\n/home:\nelise.fontaine\nmaquette",
      );
      expect(await work.configure("bastion")).toEqual([]);
    });
  },
);
