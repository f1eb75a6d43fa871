import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatAddress } from "../../src/core/ip.ts";
import { asRoot } from "../../src/door/index.ts";
import type { Plan } from "../../src/plan/index.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { debianRunner, Reached, sentRole } from "../../src/provision/steps/index.ts";
import type { FailEvent } from "../../src/provision/steps/observed.ts";
import { declare, stepSchema } from "../../src/provision/steps/work.ts";
import { serviceAccount } from "../../src/roles/dc/accounts.ts";
import { renderHost, roleLayers, roleTemplateNames } from "../../src/roles/registry.ts";
import { serviceAccountIds } from "../../src/roles/dc/accounts.ts";
import { authorityOf } from "../../src/roles/seed.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { driverHere, whyNot } from "../twin/machine.ts";
import { planLab, STACK_KEY, type PlanLab } from "../twin/plan-lab.ts";

/*
 * The domain on two running guests: made, joined, changed, halved, rebuilt. Routers are not there: what the
 * controllers owe each other and their own zone needs none.
 */

const reason = whyNot();
const MINUTES = 60_000;

describe.skipIf(reason !== undefined)(`the domain${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let here: Awaited<ReturnType<typeof driverHere>>;
  let lab: PlanLab;
  let reached: Reached;
  let templates: ReadonlyMap<string, string>;
  let source: SecretSource;

  beforeAll(async () => {
    const root = repositoryRoot();
    here = await driverHere({ packages: { router: [], roles: roleLayers } });
    lab = await planLab(here.driver, here.home);
    source = new SecretSource(lab.secret, new Vault(join(here.home, "vault")));
    templates = new Map(
      await Promise.all(
        roleTemplateNames.map(async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const),
      ),
    );
    reached = new Reached(here.driver.sockets, lab.secret);
    await lab.boot("dc1", "dc2");
  }, 15 * MINUTES);
  afterAll(async () => {
    await reached.close();
    await here.driver.close();
    await here.remove();
  });

  const connect = (host: string): ReturnType<Reached["to"]> =>
    reached.to({
      host,
      vmId: lab.vmid(host),
      way: "console",
      address: "",
      bastion: { host: "bastion", vmId: 1003, address: null },
    });
  /** Does the work of the host's roles: the base, and the controller's on it. */
  const attempt = async (
    host: string,
    plan: Plan = lab.plan,
    secrets = source,
  ): Promise<{ readonly changed: readonly string[]; readonly failure: FailEvent | undefined }> => {
    const authority = authorityOf(plan);
    const roles = renderHost(plan, plan.hosts.get(host)!, templates, null).map(({ role, work }) => ({
      role,
      steps: declare(role, work).map((s) => stepSchema.parse(s)),
      authority,
      certificates: work.certificates ?? {},
    }));
    const sent = await Promise.all(roles.map((r) => sentRole(r, secrets)));
    const changed: string[] = [];
    const failure = await debianRunner(await connect(host)).apply(sent, (event) => {
      if (event.event === "done" && event.changed)
        changed.push(roles.find((r) => r.role === event.role)!.steps[event.step]!.name);
    });
    return { changed, failure };
  };
  /** @returns the names of the steps that changed something */
  const apply = async (host: string, plan?: Plan, secrets?: SecretSource): Promise<readonly string[]> => {
    const { changed, failure } = await attempt(host, plan, secrets);
    expect(failure).toBeUndefined();
    return changed;
  };
  const run = async (
    host: string,
    argv: readonly string[],
    input = "",
  ): Promise<{ readonly exitCode: number; readonly text: string }> => {
    const ran = await (await connect(host)).exec(asRoot(argv), { input, deadlineMs: 30_000 });
    return { exitCode: ran.exitCode, text: ran.stdout + ran.stderr };
  };
  const address = (host: string): string => formatAddress(lab.host(host).nics[0]!.address);
  /** A logon at that controller alone; @returns the words of a refusal, empty when it is let in */
  const logon = async (host: string, login: string, password: string): Promise<string> => {
    const script =
      'printf "[libdefaults]\\n[realms]\\nCOD.TEST = {\\nkdc = %s\\n}\\n" "$1" >/tmp/krb5.$$; ' +
      'KRB5_CONFIG=/tmp/krb5.$$ KRB5CCNAME=MEMORY: kinit "$2@COD.TEST"';
    const ran = await run(host, ["sh", "-c", script, "logon", address(host), login], `${password}\n`);
    return ran.exitCode === 0 ? "" : ran.text;
  };
  const first = (login: string): string => lab.secret.password(`user/${login}`);
  /** A simple bind over LDAPS; @returns who it is known as, or the words of a refusal */
  const bind = async (host: string, login: string, password: string): Promise<string> => {
    const url = `ldaps://${host}.${lab.plan.domain.name}`;
    const ask = ["ldapwhoami", "-x", "-H", url, "-D", `${login}@${lab.plan.domain.name}`, "-y", "/dev/stdin"];
    return (await run(host, ask, password)).text.trim();
  };
  const tool = (host: string, verb: string): ReturnType<typeof run> =>
    run(host, ["python3", "/usr/local/lib/maquette/domain.py", verb, "/etc/maquette/domain.json"]);

  it(
    "is made on the first controller and joined by the second; a second run changes nothing",
    async () => {
      expect(await apply("dc1")).toContain("domain");
      expect(await apply("dc2")).toContain("domain");
      expect([await apply("dc1"), await apply("dc2")]).toEqual([[], []]);
    },
    10 * MINUTES,
  );

  it("lets people in at both, and refuses a wrong password", async () => {
    for (const host of ["dc1", "dc2"]) expect(await logon(host, "claire.morel", first("claire.morel"))).toBe("");
    expect(await logon("dc2", "claire.morel", "not-the-Password1")).toMatch(/incorrect|preauth/i);
  }, 60_000);

  it("lets every service bind over LDAPS at both, where it may read and no more", async () => {
    for (const id of serviceAccountIds)
      for (const host of ["dc1", "dc2"])
        expect(await bind(host, `svc-${id}`, lab.secret.password(`service/${id}`))).toBe(`u:COD\\svc-${id}`);
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
    const password = lab.secret.password("service/accept");
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
    const rotated = new StackSecret(STACK_KEY, new Map([[`password/${passwordLabel}`, 1]]));
    const other = new SecretSource(rotated, new Vault(join(here.home, "vault")));
    expect(await apply("dc1", lab.plan, other)).toEqual(["the plan's directory", "directory"]);
    expect(await logon("dc1", login, rotated.password(passwordLabel))).toBe("");
    expect(await logon("dc1", login, lab.secret.password(passwordLabel))).toMatch(/incorrect|preauth/i);
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

  it(
    "a rebuilt first controller whose peer is silent makes no second domain",
    async () => {
      await here.driver.destroy(lab.vmid("dc1"));
      await here.driver.stop(lab.vmid("dc2"));
      await lab.boot("dc1");
      const { failure } = await attempt("dc1");
      expect(failure?.said).toMatch(/DC2 is silent and may hold cod\.test already: a second domain .* is not made/);
      await here.driver.start(await lab.describe("dc2"), () => undefined);
    },
    6 * MINUTES,
  );

  it.each(["dc1", "dc2"])(
    "a rebuilt %s, whose disk is new, joins the domain that the other holds",
    async (host) => {
      const other = host === "dc1" ? "dc2" : "dc1";
      const before = (await run(other, ["sh", "-c", "net getdomainsid | tail -1"])).text;
      await here.driver.destroy(lab.vmid(host));
      await lab.boot(host);
      expect(await apply(host)).toContain("domain");
      expect((await run(host, ["sh", "-c", "net getdomainsid | tail -1"])).text).toBe(before);
      expect(await tool(host, "roundtrip")).toMatchObject({ exitCode: 0 });
      expect(await logon(host, "claire.morel", first("claire.morel"))).toBe("");
      expect(await apply(host)).toEqual([]);
      expect(await apply(other)).toEqual([]);
    },
    10 * MINUTES,
  );
});
