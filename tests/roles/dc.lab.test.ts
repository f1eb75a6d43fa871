import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { formatAddress } from "../../src/core/ip.ts";
import { asRoot } from "../../src/door/index.ts";
import type { Host, Plan } from "../../src/plan/index.ts";
import type { SecretSource } from "../../src/provision/secrets.ts";
import { Reached } from "../../src/provision/steps/index.ts";
import { serviceAccount } from "../../src/roles/dc/accounts.ts";
import { askedIn } from "../../src/roles/registry.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";
import { hostWork, type HostWork } from "../twin/plan-lab.ts";

/*
 * The domain of a lab that runs: asked, changed, halved. How it is made and joined, the lab's birth shows; how it is rebuilt, day.lab.test.ts and
 * rebuilt.lab.test.ts.
 */

const reason = whyNot();
const MINUTES = 60_000;

describe.skipIf(reason !== undefined)(`the domain${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let standing: StandingLab;
  let lab: RunningLab;
  let work: HostWork;
  let reached: Reached;

  beforeAll(async () => {
    standing = await standingLab();
    lab = await standing.running();
    work = await hostWork({ ...standing, ...lab });
    reached = new Reached(standing.sockets, standing.secret);
  });
  afterAll(async () => {
    await reached.close();
    await lab.close();
  });

  const hostOf = (id: string): Host => lab.plan.hosts.get(id)!;
  const connect = (host: string): ReturnType<Reached["to"]> =>
    reached.to({
      host,
      vmId: lab.naming.vmId(hostOf(host)),
      way: "console",
      address: "",
      bastion: { host: "bastion", vmId: lab.naming.vmId(hostOf("bastion")), address: null },
    });
  /** The work of the host's roles: the base, and the controller's on it. @returns the steps that changed something */
  const apply = (host: string, plan?: Plan, secrets?: SecretSource): Promise<readonly string[]> =>
    work.configure(host, plan, secrets);
  const run = async (
    host: string,
    argv: readonly string[],
    input = "",
  ): Promise<{ readonly exitCode: number; readonly text: string }> => {
    const ran = await (await connect(host)).exec(asRoot(argv), { input, deadlineMs: 30_000 });
    return { exitCode: ran.exitCode, text: ran.stdout + ran.stderr };
  };
  const address = (host: string): string => formatAddress(hostOf(host).nics[0]!.address);
  /** A logon at that controller alone; @returns the words of a refusal, empty when it is let in */
  const logon = async (host: string, login: string, password: string): Promise<string> => {
    const script =
      'printf "[libdefaults]\\n[realms]\\nCOD.TEST = {\\nkdc = %s\\n}\\n" "$1" >/tmp/krb5.$$; ' +
      'KRB5_CONFIG=/tmp/krb5.$$ KRB5CCNAME=MEMORY: kinit "$2@COD.TEST"';
    const ran = await run(host, ["sh", "-c", script, "logon", address(host), login], `${password}\n`);
    return ran.exitCode === 0 ? "" : ran.text;
  };
  const first = (login: string): string => standing.secret.password(`user/${login}`);
  /** A simple bind over LDAPS; @returns who it is known as, or the words of a refusal */
  const bind = async (host: string, login: string, password: string): Promise<string> => {
    const url = `ldaps://${host}.${lab.plan.domain.name}`;
    const ask = ["ldapwhoami", "-x", "-H", url, "-D", `${login}@${lab.plan.domain.name}`, "-y", "/dev/stdin"];
    return (await run(host, ask, password)).text.trim();
  };
  const tool = (host: string, verb: string): ReturnType<typeof run> =>
    run(host, ["python3", "/usr/local/lib/maquette/domain.py", verb, "/etc/maquette/domain.json"]);

  it("is on both controllers as the plan has it: another run changes nothing", async () => {
    expect([await apply("dc1"), await apply("dc2")]).toEqual([[], []]);
  });

  it("lets people in at both, and refuses a wrong password", async () => {
    for (const host of ["dc1", "dc2"]) expect(await logon(host, "claire.morel", first("claire.morel"))).toBe("");
    expect(await logon("dc2", "claire.morel", "not-the-Password1")).toMatch(/incorrect|preauth/i);
  }, 60_000);

  it("lets every service bind over LDAPS at both, where it may read and no more", async () => {
    for (const id of askedIn(lab.plan).accounts)
      for (const host of ["dc1", "dc2"])
        expect(await bind(host, `svc-${id}`, standing.secret.password(`service/${id}`))).toBe(`u:COD\\svc-${id}`);
    const { text } = await run("dc1", ["samba-tool", "user", "getgroups", "svc-mail"]);
    expect(text.trim()).toBe("Domain Users");
  }, 60_000);

  it("speaks over LDAPS with forward secrecy and authenticated encryption alone: no CBC, no SHA-1, no RSA exchange", async () => {
    // A client that offers these and no others; SECLEVEL=0, or OpenSSL itself would not.
    const offers = async (...options: string[]): Promise<string> => {
      const ask = ["openssl", "s_client", "-brief", "-connect", "127.0.0.1:636", ...options];
      const { text } = await run("dc1", ["timeout", "10", ...ask]);
      return /^Ciphersuite: (.*)$/m.exec(text)?.[1] ?? "refused";
    };
    const old = (cipher: string): Promise<string> => offers("-tls1_2", "-cipher", `${cipher}:@SECLEVEL=0`);
    for (const cipher of ["ALL:!AESGCM:!CHACHA20:!ARIAGCM", "SHA1", "AES128-SHA256", "kRSA"])
      expect([cipher, await old(cipher)]).toEqual([cipher, "refused"]);
    // Whichever key the certificate has.
    for (const suite of ["AES256-GCM-SHA384", "CHACHA20-POLY1305"].map((s) => `ECDHE-ECDSA-${s}:ECDHE-RSA-${s}`))
      expect(await old(suite)).toMatch(/(GCM|CHACHA20)/);
    expect(await offers("-tls1_3")).toMatch(/^TLS_/);
    for (const version of ["-tls1", "-tls1_1"])
      expect([version, await offers(version, "-cipher", "ALL:@SECLEVEL=0")]).toEqual([version, "refused"]);
  }, 60_000);

  it("lets the acceptance account in where it asks from, and at no other workstation", async () => {
    const password = standing.secret.password("service/accept");
    for (const host of ["dc1", "dc2"]) expect(await logon(host, "svc-accept", password)).toBe("");
    // NTLM says from which machine; a Linux client's Kerberos says nothing.
    const script = [
      "import sys, ldb, samba",
      "from samba import credentials, param",
      "lp = param.LoadParm(); lp.load('/etc/samba/smb.conf')",
      "own = credentials.Credentials(); own.guess(lp); own.set_domain('COD')",
      "own.set_username('svc-accept'); own.set_password(sys.stdin.read()); own.set_workstation(sys.argv[1])",
      "own.set_kerberos_state(credentials.DONT_USE_KERBEROS)",
      "try: samba.Ldb('ldap://' + sys.argv[2], lp=lp, credentials=own); print('in')",
      "except ldb.LdbError as e: print('refused' if 'data 531' in str(e) else e)",
    ].join("\n");
    const from = async (machine: string): Promise<string> =>
      // Below its answer stand the library's own words.
      (await run("dc1", ["python3", "-c", script, machine, address("dc1")], password)).text.split("\n")[0]!;
    expect([await from("PC1"), await from("PC2")]).toEqual(["in", "refused"]);
  }, 60_000);

  it("what is written on either is read on the other, SYSVOL is equal, and time is signed", async () => {
    for (const host of ["dc1", "dc2"]) {
      expect(await tool(host, "roundtrip")).toMatchObject({ exitCode: 0 });
      expect(await tool(host, "signed-time")).toMatchObject({ exitCode: 0 });
    }
    expect(await run("dc2", ["python3", "/usr/local/lib/maquette/sysvol.py", "check"])).toMatchObject({ exitCode: 0 });
  }, 90_000);

  it("a file in SYSVOL reaches the second controller, and one that is deleted leaves it", async () => {
    const path = "/var/lib/samba/sysvol/cod.test/scripts/logon.cmd";
    const pull = ["systemctl", "start", "maquette-sysvol.service"];
    await run("dc1", ["sh", "-c", `echo hello > ${path}`]);
    await run("dc2", pull);
    expect((await run("dc2", ["cat", path])).text).toBe("hello\n");
    await run("dc1", ["rm", path]);
    await run("dc2", pull);
    expect((await run("dc2", ["test", "-e", path])).exitCode).toBe(1);
  }, 60_000);

  it(
    "a person added appears, one removed is disabled and not deleted, a changed password stays",
    async () => {
      const claire = lab.plan.people.get("claire.morel")!;
      const lea = { ...claire, login: "lea.roy", givenName: "Léa", surname: "Roy", mailbox: null, extension: null };
      const changed = "Une-autre.phrase.42";
      const set = await run("dc1", ["samba-tool", "user", "setpassword", "paul.girard"], `${changed}\n${changed}\n`);
      expect(set).toMatchObject({ exitCode: 0 });
      const people = new Map([...lab.plan.people, [lea.login, lea]]);
      people.delete("hugo.lefranc");
      expect(await apply("dc1", { ...lab.plan, people })).toEqual(["the plan's directory", "directory"]);
      expect(await logon("dc1", "lea.roy", first("lea.roy"))).toBe("");
      expect(await logon("dc1", "hugo.lefranc", first("hugo.lefranc"))).toMatch(/revoked/i);
      expect((await run("dc1", ["samba-tool", "user", "show", "hugo.lefranc"])).text).toContain("hugo.lefranc");
      expect(await apply("dc1")).toEqual(["the plan's directory", "directory"]);
      expect(await logon("dc1", "hugo.lefranc", first("hugo.lefranc"))).toBe("");
      expect(await logon("dc1", "lea.roy", first("lea.roy"))).toMatch(/revoked/i);
      expect(await logon("dc1", "paul.girard", changed)).toBe("");
      expect(await apply("dc1")).toEqual([]);
    },
    3 * MINUTES,
  );

  it("a service's password that was rotated is brought to the directory, once", async () => {
    const { login, passwordLabel } = serviceAccount(lab.plan, "mail");
    const { secret: rotated, source: other } = standing.sourceAt(new Map([[`password/${passwordLabel}`, 1]]));
    expect(await apply("dc1", lab.plan, other)).toEqual(["the plan's directory", "directory"]);
    expect(await logon("dc1", login, rotated.password(passwordLabel))).toBe("");
    expect(await logon("dc1", login, standing.secret.password(passwordLabel))).toMatch(/incorrect|preauth/i);
    expect(await apply("dc1", lab.plan, other)).toEqual([]);
    expect(await apply("dc1")).toEqual(["the plan's directory", "directory"]);
  }, 60_000);

  it("stops when it is told to, also while SYSVOL is about to be copied", async () => {
    const script =
      "systemctl stop samba-ad-dc & stop=$!; " +
      "while kill -0 $stop && ! systemctl list-jobs | grep -q 'samba-ad-dc.* stop '; do :; done; " +
      "systemctl start maquette-sysvol.service; wait $stop";
    expect(await run("dc2", ["sh", "-c", script])).toMatchObject({ exitCode: 0 });
    expect((await run("dc2", ["systemctl", "is-active", "samba-ad-dc"])).text).not.toMatch(/^(active|deactivating)/);
    await run("dc2", ["systemctl", "start", "samba-ad-dc"]);
  });

  it("goes on without the first controller", async () => {
    await run("dc1", ["systemctl", "stop", "samba-ad-dc"]);
    expect(await logon("dc2", "claire.morel", first("claire.morel"))).toBe("");
    expect(await tool("dc2", "answers")).toMatchObject({ exitCode: 0 });
    // And, where somebody asked while winbind started, the numbers of groups.
    expect((await apply("dc1"))[0]).toBe("Samba runs");
    expect(await apply("dc1")).toEqual([]);
  }, 90_000);
});
