import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, describe } from "vitest";
import { askedOf, placesOf, shown, type Text } from "../../src/core/text.ts";
import { formatDiagnostic } from "../../src/core/diagnostics.ts";
import { parseNetwork } from "../../src/core/ip.ts";
import { loadPlan, type Person, type Plan } from "../../src/plan/index.ts";
import { isPublic } from "../../src/provision/steps/secrecy.ts";
import { declare } from "../../src/provision/steps/work.ts";
import { escapeRdn } from "../../src/roles/dc/accounts.ts";
import { directoryOf, reverseZone, type Directory } from "../../src/roles/dc/directory.ts";
import { settings } from "../../src/roles/dc/settings.ts";
import { dynamicPorts } from "../../src/roles/dc/index.ts";
import { allProbes, askedIn, roleTemplateNames } from "../../src/roles/registry.ts";
import { renderHost } from "../../src/roles/render.ts";
import type { Command, Step } from "../../src/roles/role.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const root = repositoryRoot();
const outcome = await loadPlan(join(root, "tests/plans/lab"));
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan: Plan = outcome.value;
const templates = new Map(
  await Promise.all(
    roleTemplateNames.map(async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const),
  ),
);

const workOf = (id: string, of = plan) => {
  const work = renderHost(of, of.hosts.get(id)!, templates, null).find((r) => r.role === "dc")!.work;
  declare("dc", work);
  return work;
};
const stepOf = <K extends Step["kind"]>(id: string, kind: K, name: string, of = plan): Extract<Step, { kind: K }> => {
  const found = workOf(id, of).steps.find((s) => s.kind === kind && s.name === name);
  if (!found) throw new Error(`${id} has no ${kind} step "${name}"`);
  return found as Extract<Step, { kind: K }>;
};
const textOf = (id: string, path: string, of = plan): Text => {
  for (const step of workOf(id, of).steps)
    if (step.kind === "files" && step.files[path]) return step.files[path].content;
  throw new Error(`${id} has no ${path}`);
};
const fileOf = (id: string, path: string, of = plan): string => shown(textOf(id, path, of));
const inputOf = (step: { readonly run: Command }): string => shown(step.run.input ?? "");
const withPeople = (people: ReadonlyMap<string, Person>): Plan => ({ ...plan, people });
const claire = plan.people.get("claire.morel")!;

describe("a controller's work", () => {
  test("the second comes after the first, and the first after nobody", () => {
    expect(workOf("dc1").after).toEqual([]);
    expect(workOf("dc2").after).toEqual(["dc1"]);
  });

  test("only the first writes the plan into the directory: the other has it by replication", () => {
    expect(workOf("dc1").steps.map((s) => s.name)).toContain("directory");
    expect(workOf("dc2").steps.map((s) => s.name)).not.toContain("directory");
  });

  test("the Diffie-Hellman group is RFC 7919's ffdhe3072, with 2 for its generator", () => {
    const pem = fileOf("dc1", "/etc/samba/tls/dh.pem");
    const der = Buffer.from(/-----BEGIN DH PARAMETERS-----([^-]+)/.exec(pem)![1]!, "base64");
    // p = 2^3072 - 2^3008 + (⌊2^2942 · e⌋ + 2625351) · 2^64 - 1 (appendix A.2); e by its series, with bits to spare.
    const spare = 64n;
    let [term, e] = [1n << (2942n + spare), 0n];
    for (let k = 1n; term > 0n; k++) [e, term] = [e + term, term / k];
    const prime = (1n << 3072n) - (1n << 3008n) + (((e >> spare) + 2625351n) << 64n) - 1n;
    const hex = prime.toString(16);
    // SEQUENCE { INTEGER prime, INTEGER 2 } (PKCS #3).
    expect(der.toString("hex")).toBe(`308201880282018100${hex}020102`);
  });

  test("no guard is given a secret, and no command line has one", () => {
    for (const id of ["dc1", "dc2"]) {
      for (const step of workOf(id).steps) {
        if (step.kind !== "command") continue;
        expect(placesOf(step.unless.input ?? "")).toEqual([]);
        for (const word of [...step.unless.argv, ...step.run.argv]) expect(typeof word).toBe("string");
      }
    }
  });

  test("what is in the open on the disk holds no secret", () => {
    const kinds = placesOf(textOf("dc1", "/etc/maquette/domain.json")).map((p) => askedOf(p).kind);
    expect(new Set(kinds)).toEqual(new Set(["password-digest"]));
    expect(isPublic("password-digest")).toBe(true);
    expect(placesOf(textOf("dc1", "/etc/samba/smb.conf"))).toEqual([]);
  });

  test("each resolves by itself first, then by the other", () => {
    const servers = (id: string) =>
      [...fileOf(id, "/etc/resolv.conf").matchAll(/^nameserver (\S+)$/gm)].map((m) => m[1]);
    expect(servers("dc1")).toEqual(["10.20.20.11", "10.20.20.12"]);
    expect(servers("dc2")).toEqual(["10.20.20.12", "10.20.20.11"]);
  });

  test("Samba's dynamic ports are those of the flow table's service rpc", () => {
    expect(fileOf("dc1", "/etc/samba/smb.conf")).toContain("rpc server dynamic port range = 49152-65535\n");
    const rpc = plan.services.get("rpc")!;
    const narrow = {
      ...rpc,
      terms: [
        {
          protocol: "tcp" as const,
          ports: [
            { lo: 135, hi: 135 },
            { lo: 50000, hi: 50999 },
          ],
        },
      ],
    };
    expect(dynamicPorts({ ...plan, services: new Map([...plan.services, ["rpc", narrow]]) })).toBe("50000-50999");
  });

  test("Samba's own clients go by the authority's list, which is there before Samba is told of it", () => {
    const [, list] = /^\ttls crlfile = (.*)$/m.exec(fileOf("dc1", "/etc/samba/smb.conf"))!;
    expect(fileOf("dc1", list!)).toBe("{{secret:vault-crl/ca}}");
    const names = workOf("dc1").steps.map((s) => s.name);
    expect(names.indexOf("revocation list")).toBeLessThan(names.indexOf("Samba"));
    // No directory is out of service because somewhere else a certificate was revoked.
    expect(stepOf("dc1", "files", "revocation list").reload).toBeUndefined();
  });

  test("its certificate is for its name, the domain's and its address", () => {
    expect(workOf("dc2").certificates!["dc2"]!.names).toEqual(["dc2.cod.test", "dc2", "cod.test", "10.20.20.12"]);
  });
});

describe("the directory that the plan asks for", () => {
  const directory = directoryOf(plan, askedIn(plan), settings.parse({}));

  test("a person has what mail, telephony and the address book look for", () => {
    expect(directory.accounts["claire.morel"]).toEqual({
      dn: "CN=Claire Morel,OU=cabinet,OU=Utilisateurs,OU=COD",
      attributes: {
        givenName: "Claire",
        sn: "Morel",
        displayName: "Claire Morel",
        title: "Préfète",
        department: "Cabinet du préfet",
        mail: "claire.morel@cod.test",
        telephoneNumber: "101",
        ipPhone: "101",
        userPrincipalName: "claire.morel@cod.test",
      },
      control: 0,
    });
  });

  test("a department's name that the schema cannot hold gives way to its abbreviation", () => {
    expect(directory.accounts["elise.fontaine"]!.attributes["department"]).toBe("SIDSIC");
  });

  test("a person without mailbox or telephone has those attributes taken away", () => {
    const bare = withPeople(new Map([["claire.morel", { ...claire, mailbox: null, extension: null }]]));
    const { attributes } = directoryOf(bare, askedIn(bare), settings.parse({})).accounts["claire.morel"]!;
    expect([attributes["mail"], attributes["telephoneNumber"], attributes["ipPhone"]]).toEqual([null, null, null]);
  });

  test("a person added is an account, a member and a password more; one removed is none of them", () => {
    const lea: Person = { ...claire, login: "lea.roy", givenName: "Léa", surname: "Roy", groups: ["nomades"] };
    const more = withPeople(new Map([...plan.people, [lea.login, lea]]));
    expect(directoryOf(more, askedIn(more), settings.parse({})).groups["nomades"]!.members).toContain(
      "CN=Léa Roy,OU=cabinet,OU=Utilisateurs,OU=COD",
    );
    expect(inputOf(stepOf("dc1", "command", "directory", more))).toContain("{{secret:password/user/lea.roy|json}}");
    const fewer = withPeople(new Map([...plan.people].filter(([login]) => login !== "claire.morel")));
    const left: Directory = directoryOf(fewer, askedIn(fewer), settings.parse({}));
    expect(left.accounts).not.toHaveProperty(["claire.morel"]);
    expect(left.groups["nomades"]!.members.join()).not.toContain("Morel");
  });

  test("two people of one name have two places", () => {
    const twin: Person = { ...claire, login: "claire.morel2" };
    const both = directoryOf(
      withPeople(new Map([...plan.people, [twin.login, twin]])),
      askedIn(withPeople(new Map([...plan.people, [twin.login, twin]]))),
      settings.parse({}),
    ).accounts;
    expect(both["claire.morel"]!.dn).toMatch(/^CN=Claire Morel \(claire\.morel\),/);
    expect(both["claire.morel2"]!.dn).toMatch(/^CN=Claire Morel \(claire\.morel2\),/);
  });

  test("each service has an account of its own, in no group, whose password does not expire", () => {
    for (const id of askedIn(plan).accounts) {
      expect(directory.accounts[`svc-${id}`]!.control & 0x10000).toBe(0x10000);
      expect(JSON.stringify(directory.groups)).not.toContain(`svc-${id}`);
    }
  });

  test("a service may log on at the controllers alone, where its bind is a logon", () => {
    for (const id of askedIn(plan).accounts.filter((i) => i !== "accept"))
      expect(directory.accounts[`svc-${id}`]!.attributes["userWorkstations"]).toBe("DC1,DC2");
  });

  test("acceptance may log on where it asks from as well, and is nothing more than the other services", () => {
    const { attributes, ...rest } = directory.accounts["svc-accept"]!;
    expect(attributes["userWorkstations"]).toBe("DC1,DC2,PC1");
    expect(rest.control).toBe(directory.accounts["svc-mail"]!.control);
    expect(inputOf(stepOf("dc1", "command", "directory"))).toContain("{{secret:password/service/accept|json}}");
  });

  test("administrators of the plan may reset passwords of people, and nothing makes them Domain Admins", () => {
    expect(directory.delegation.groups).toEqual(["administrateurs"]);
    expect(directory.delegation.unit).toBe("OU=Utilisateurs,OU=COD");
    expect(JSON.stringify(directory)).not.toMatch(/Domain Admins/i);
  });

  test("every inside zone and pool is a subnet of the site and has a reverse zone", () => {
    expect(Object.keys(directory.subnets)).toEqual([
      "10.20.10.0/24",
      "10.20.20.0/24",
      "10.20.30.0/24",
      "10.20.40.0/24",
      "10.20.50.0/24",
      "10.20.51.0/24",
    ]);
    expect(directory.reverseZones).toContain("51.20.10.in-addr.arpa");
  });

  test("hosts have names forwards and backwards; controllers say their own", () => {
    const of = (name: string) => directory.records.filter((r) => r.name === name || r.data === `${name}.cod.test`);
    expect(of("mail")).toEqual([
      { zone: "cod.test", name: "mail", type: "A", data: "10.20.20.14" },
      { zone: "20.20.10.in-addr.arpa", name: "14", type: "PTR", data: "mail.cod.test" },
    ]);
    expect(of("dc1").map((r) => r.type)).toEqual(["PTR"]);
    expect(of("internet")).toEqual([]);
  });

  test.each([
    ["10.0.0.0/8", "10.in-addr.arpa"],
    ["10.20.20.0/24", "20.20.10.in-addr.arpa"],
    ["10.20.20.128/25", "20.20.10.in-addr.arpa"],
    ["10.20.16.0/20", "20.10.in-addr.arpa"],
    ["fd00:20::/32", "0.2.0.0.0.0.d.f.ip6.arpa"],
  ])("the reverse zone of %s is %s", (network, zone) => {
    expect(reverseZone(parseNetwork(network)!.network)).toBe(zone);
  });

  test("a name with commas stays one name", () => {
    expect(escapeRdn(" a,b=c ")).toBe(String.raw`\ a\,b\=c\ `);
  });
});

test("a login that stands twice is refused with file and line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "maquette-dc-"));
  try {
    await cp(join(root, "tests/plans/lab"), folder, { recursive: true });
    const people = await readFile(join(folder, "people.yaml"), "utf8");
    const again = `${people.trimEnd()}\n${/ {2}claire\.morel:\n.*\n/.exec(people)![0]}`;
    await writeFile(join(folder, "people.yaml"), again);
    const refused = await loadPlan(folder);
    if (refused.ok) throw new Error("it was taken");
    const line = again.trimEnd().split("\n").length - 1;
    expect(refused.errors.map(formatDiagnostic).join("\n")).toMatch(
      new RegExp(`people\\.yaml:${line}:3 PLAN_YAML_DUPLICATE_KEY "claire\\.morel" stands twice`),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each(["domain.py", "sysvol.py"])("%s is Python, and says how it is used without Samba's library", async (name) => {
  const path = join(root, "templates/dc", name);
  const source = "import ast,sys; ast.parse(open(sys.argv[1]).read())";
  await promisify(execFile)("python3", ["-c", source, path]);
  if (name !== "domain.py") return;
  await expect(promisify(execFile)("python3", [path, "nonsense"])).rejects.toThrow("usage: domain.py establish|");
});

describe("the domain's probes", () => {
  const probes = allProbes(plan).filter((p) => p.id.startsWith("dc-"));

  test("ask each controller alone, and each names what it depends on", () => {
    for (const kind of ["found", "logon", "ldaps", "no-plain-ldap"])
      for (const id of ["dc1", "dc2"])
        expect(probes.find((p) => p.id === `dc-${kind}-${id}`)!.dependsOn).toEqual({
          host: id,
          units: ["samba-ad-dc"],
        });
    expect(probes.filter((p) => p.dependsOn === null).map((p) => p.id)).toEqual([]);
  });

  test("no password is on a command line", () => {
    for (const probe of probes) for (const word of probe.run.argv) expect(typeof word).toBe("string");
  });

  test("ask as the acceptance account and say so; no person's password or name is in any of them", () => {
    const asked = probes.filter((p) => /^dc-(logon|ldaps|no-plain-ldap|wrong-password)/.test(p.id));
    expect(asked).toHaveLength(7);
    for (const p of asked) {
      expect([p.id, p.run.argv.some((a) => /^svc-accept(@cod\.test)?$/.test(a))]).toEqual([p.id, true]);
      const places = placesOf(p.run.input ?? "").map((place) => place.secret);
      expect([p.id, places]).toEqual([p.id, p.id.startsWith("dc-no-plain") ? [] : ["password/service/accept"]]);
      if (places.length > 0) for (const title of Object.values(p.title)) expect(title).toContain("svc-accept");
    }
    for (const p of probes)
      for (const login of plan.people.keys()) expect(JSON.stringify([p.run, p.title, p.expected])).not.toContain(login);
  });

  test("a plan whose first person is another one asks the same", () => {
    const others = allProbes(withPeople(new Map([...plan.people].reverse()))).filter((p) => p.id.startsWith("dc-"));
    expect(others.map((p) => p.run)).toEqual(probes.map((p) => p.run));
  });

  test("a refusal that does not come is a failure", () => {
    const said = (exitCode: number) => ({ exitCode, stdout: "", stderr: "" });
    const judge = (id: string, exitCode: number) => probes.find((p) => p.id === id)!.judge(said(exitCode)).isGood;
    expect([
      judge("dc-no-plain-ldap-dc1", 8),
      judge("dc-no-plain-ldap-dc1", 0),
      judge("dc-no-plain-ldap-dc1", 255),
    ]).toEqual([true, false, false]);
    expect([judge("dc-wrong-password", 49), judge("dc-wrong-password", 0), judge("dc-wrong-password", 98)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("samba-names, which Samba runs at its start and every ten minutes", () => {
  const cache =
    "A dc1.cod.test 10.20.20.11\nSRV _ldap._tcp.Lab._sites.cod.test dc1.cod.test 389\nNS cod.test dc1.cod.test\n";
  const served = [
    "dc1.cod.test.\t900\tIN\tA\t10.20.20.11",
    "_ldap._tcp.lab._sites.cod.test. 900 IN SRV 0 100 389 dc1.cod.test.",
    "_ldap._tcp.lab._sites.cod.test. 900 IN SRV 0 100 389 dc2.cod.test.",
    "cod.test. 900 IN NS dc1.cod.test.",
  ];
  interface Given {
    readonly program?: "samba_dnsupdate" | "samba_spnupdate";
    readonly options?: readonly string[];
    readonly ageSeconds?: number;
    readonly cache?: string | null;
    readonly answers?: readonly string[];
    /** What the program ends with. */
    readonly code?: number;
    readonly runs?: number;
  }
  /** How often the program itself ran, with what it was given. */
  const runsOf = async (given: Given): Promise<string[]> => {
    const folder = await mkdtemp(join(tmpdir(), "samba-names-"));
    try {
      const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o755 });
      const program = join(folder, given.program ?? "samba_dnsupdate");
      await put(
        given.program ?? "samba_dnsupdate",
        `#!/bin/sh\necho "ran $*" >>${folder}/ran\nexit ${given.code ?? 0}\n`,
      );
      await put("ready", "#!/bin/sh\n");
      await put("ps", `#!/bin/sh\necho "    ${given.ageSeconds ?? 3}"\n`);
      await put("dig", `#!/bin/sh\ncat >/dev/null\ncat ${folder}/answers\n`);
      await put("answers", (given.answers ?? served).map((line) => `${line}\n`).join(""));
      await put("spn_update_list", "HOST/${HOSTNAME}\n");
      if (given.cache !== null) await put("dns_update_cache", given.cache ?? cache);
      await put("ran", "");
      const text = fileOf("dc1", "/usr/local/lib/maquette/samba-names")
        .replace("/var/lib/samba/private", folder)
        .replace("/usr/local/lib/maquette/samba-ready", join(folder, "ready"));
      await put("samba-names", text);
      for (let k = 0; k < (given.runs ?? 1); k++)
        await promisify(execFile)(join(folder, "samba-names"), [program, ...(given.options ?? [])], {
          env: { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` },
        }).catch((error: unknown) => expect(error).toMatchObject({ code: given.code }));
      return (await readFile(join(folder, "ran"), "utf8")).split("\n").filter((line) => line !== "");
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test("asks nothing of Samba's program at a start where every record is served as it was registered", async () => {
    expect(await runsOf({})).toEqual([]);
  });

  test.each<[string, Given]>([
    ["later than at the start", { ageSeconds: 600 }],
    ["before anything was registered", { cache: null }],
    ["when the server answers nothing", { answers: [] }],
    ["when a record is not served", { answers: served.slice(1) }],
    ["when the server has only the other controller's", { answers: served.filter((l) => !/389 dc1/.test(l)) }],
    ["when a port differs", { answers: served.map((l) => l.replace("389 dc1", "390 dc1")) }],
    ["when the address was another one", { cache: cache.replaceAll("20.11", "20.99") }],
    ["when it is asked something", { options: ["--update-list", "x"] }],
  ])("runs it %s", async (_, given) => {
    expect(await runsOf(given)).toEqual([`ran ${(given.options ?? []).join(" ")}`]);
  });

  test("runs the other one until it has succeeded with this list, and from then on not at a start", async () => {
    const program = "samba_spnupdate";
    expect(await runsOf({ program, runs: 3 })).toEqual(["ran "]);
    expect(await runsOf({ program, runs: 3, code: 5 })).toHaveLength(3);
    expect(await runsOf({ program, runs: 3, ageSeconds: 601 })).toHaveLength(3);
  });
});
