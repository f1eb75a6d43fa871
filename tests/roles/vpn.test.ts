import { beforeAll, describe, expect, test } from "vitest";
import type { Person, Plan } from "../../src/plan/index.ts";
import { allProbes, askedIn } from "../../src/roles/registry.ts";
import { directoryOf } from "../../src/roles/dc/directory.ts";
import { settings as dcSettings } from "../../src/roles/dc/settings.ts";
import { gatewayOf } from "../../src/roles/vpn/profile.ts";
import { poolOf, portsFrom, routedTo } from "../../src/roles/vpn/reach.ts";
import type { Probe } from "../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "./lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

/** Nor with the mail server, which asks for people of its own, nor with those who work side by side. */
const without = (logins: readonly string[]): Plan => ({
  ...plan,
  hosts: new Map(
    [...plan.hosts].map(([id, host]) => [id, ["mail", "pc1", "pc2"].includes(id) ? { ...host, roles: [] } : host]),
  ),
  probePeople: new Map([...plan.probePeople].filter(([login, p]) => !logins.includes(login) && p.oneOf === null)),
});
const tried = (of: Plan): readonly Probe[] => allProbes(of).filter((p) => p.id.startsWith("vpn-"));

describe("people of acceptance", () => {
  test("there is one in each group that grants something, and none is counted as a user", () => {
    const granting = [...plan.groups.values()].filter((g) => g.grants.length > 0).map((g) => g.id);
    const groups = new Set([...plan.probePeople.values()].flatMap((p) => p.groups));
    expect(granting.filter((id) => !groups.has(id))).toEqual([]);
    for (const login of plan.probePeople.keys()) expect(plan.people.has(login)).toBe(false);
  });

  test("have an account where some probe logs on as them, with the stack's password for good, and none otherwise", () => {
    const accounts = (of: Plan): Record<string, { dn: string; passwordDigest?: unknown }> =>
      directoryOf(of, askedIn(of), dcSettings.parse({})).accounts;
    const made = accounts(plan);
    for (const login of [
      "recette.nomade1",
      "recette.nomade2",
      "recette.nomade3",
      "recette.nomade4",
      "recette.nomade5",
      "recette.nomade6",
      "recette.membre",
    ]) {
      expect(made[login]?.dn).toMatch(/^CN=[^,]+,OU=Comptes de recette,OU=Utilisateurs,OU=COD$/);
      expect(made[login]?.passwordDigest).toEqual({ secret: `password-digest/probe/${login}` });
    }
    const phones = ["recette.nomade4", "recette.nomade5", "recette.nomade6"];
    const alone = accounts(
      without(["recette.nomade2", "recette.nomade3", ...phones, "recette.membre", "recette.admin"]),
    );
    expect(Object.keys(alone).filter((login) => login.startsWith("recette."))).toEqual([]);
  });

  test("are members of their groups in the directory only where they have an account", () => {
    const members = (of: Plan): readonly string[] =>
      directoryOf(of, askedIn(of), dcSettings.parse({})).groups["nomades"]!.members.filter((m) =>
        m.includes("recette"),
      );
    expect(members(plan)).toHaveLength(16);
    expect(
      members(without(["recette.membre", "recette.nomade4", "recette.nomade5", "recette.nomade6", "recette.admin"])),
    ).toEqual([]);
  });
});

describe("the gateway", () => {
  const conf = (): string => lab.files("vpn").get("/etc/openvpn/server/maquette.conf")!.content;

  test("asks for certificate, revocation list, account and the outer key, and for strong ciphers", () => {
    for (const line of [
      "verify-client-cert require",
      "remote-cert-tls client",
      "crl-verify /usr/local/share/ca-certificates/maquette.crl",
      'auth-user-pass-verify "/usr/local/lib/maquette/vpn_hook.sh verify" via-file',
      'client-connect "/usr/local/lib/maquette/vpn_hook.sh connect"',
      "tls-crypt-v2 /etc/openvpn/server/maquette/tls-crypt-v2.key",
      "data-ciphers AES-256-GCM:CHACHA20-POLY1305",
      "tls-version-min 1.2",
      "server 10.20.51.0 255.255.255.0",
      "passtos",
    ])
      expect(conf().split("\n")).toContain(line);
  });

  test("pushes the way to the hosts that rows open to its pool, the resolvers, and nothing else", () => {
    const pushed = conf().match(/^push "(route|dhcp-option DNS) .*"$/gm)!;
    const opened = ["10.20.20.11", "10.20.20.12", "10.20.20.13", "10.20.20.14", "10.20.40.10"];
    expect(pushed.filter((p) => p.startsWith('push "route')).sort()).toEqual(
      opened.map((a) => `push "route ${a} 255.255.255.255"`).sort(),
    );
    expect(pushed.filter((p) => p.includes("DNS"))).toHaveLength(2);
    expect(conf()).not.toContain("redirect-gateway");
    expect(conf()).not.toContain("client-to-client");
  });

  test("a row that opens another host to the pool is another route", () => {
    const { flows } = plan;
    const pool = poolOf(plan, plan.hosts.get("vpn")!)!;
    const more = {
      ...flows.find((f) => f.id === "F417")!,
      id: "F418",
      from: [{ kind: "pool", pool: pool.id }] as const,
    };
    const at = flows.findIndex((f) => f.id === "F417");
    const of = { ...plan, flows: [...flows.slice(0, at), more, ...flows.slice(at)] };
    expect(routedTo(of, pool).filter((r) => !routedTo(plan, pool).includes(r))).toEqual([
      "10.20.20.15 255.255.255.255",
    ]);
    const opened = portsFrom(of, pool).filter((p) => p.isAllowed && p.host === "supervision");
    expect(opened.map((p) => p.name)).toEqual(["supervision tcp/443"]);
  });

  test("a client reaches mail, telephony, eBrigade and names, and no administration", () => {
    const ports = portsFrom(plan, poolOf(plan, plan.hosts.get("vpn")!)!);
    expect(ports.filter((p) => p.isAllowed).map((p) => p.name)).toEqual([
      "dc1 tcp/53",
      "dc2 tcp/53",
      "pbx tcp/5061",
      "mail tcp/443",
      "mail tcp/587",
      "mail tcp/465",
      "mail tcp/993",
      "mail tcp/4190",
      "ebrigade tcp/443",
    ]);
    for (const host of plan.hosts.values())
      if (!host.isOutside) expect(ports.find((p) => p.name === `${host.id} tcp/22`)?.isAllowed, host.id).toBe(false);
  });

  test("orders a client's certificate of the account's name for each person with the right, and for nobody else", () => {
    const { certificates } = lab.roles("vpn").find((r) => r.role === "vpn")!.work;
    const clients = Object.entries(certificates!).filter(([, c]) => c.usage === "client");
    const travellers = [...plan.people.values()].filter((p) => p.hasVpn).map((p) => p.login);
    expect(clients.map(([label, c]) => [label, c.commonName])).toEqual(travellers.map((l) => [`vpn.${l}`, l]));
  });

  test("asks both controllers by address, over TLS, for the groups that grant it", () => {
    const wanted = lab.files("vpn").get("/etc/maquette/vpn.json")!.content;
    const { servers, groups, account } = JSON.parse(wanted.replace(/\{\{.*?\}\}/, '"-"')) as Record<string, unknown>;
    expect(servers).toEqual(["ldaps://10.20.20.11", "ldaps://10.20.20.12"]);
    expect(groups).toEqual(["CN=nomades,OU=Groupes,OU=COD,DC=cod,DC=test"]);
    expect(account).toBe("CN=svc-vpn,OU=Services,OU=COD,DC=cod,DC=test");
  });

  test("a plan without its pool, or without its port, has none", () => {
    const services = new Map([...plan.services].filter(([id]) => id !== "openvpn"));
    expect(gatewayOf({ ...plan, services })).toBeNull();
    expect(tried({ ...plan, services })).toEqual([]);
  });
});

describe("the road warrior's machine", () => {
  test("has profiles with both accesses, the preferred one first, and no password", () => {
    const files = [...lab.files("field")].filter(([path]) => path.endsWith(".ovpn") || path.endsWith("maquette.conf"));
    const profiles = files.filter(([, f]) => f.content.includes("<tls-crypt-v2>"));
    expect(profiles).toHaveLength(19);
    for (const [path, { content, mode }] of profiles) {
      expect(content.match(/^remote .*$/gm)).toEqual(["remote 198.51.100.4 1194", "remote 203.0.113.4 1194"]);
      expect([path, mode]).toEqual([path, "0600"]);
      expect(content).not.toContain("secret:password");
    }
  });

  test("and one whose certificate is revoked from its first moment on", () => {
    const { certificates } = lab.roles("field")[0]!.work;
    const revoked = Object.values(certificates!).filter((c) => c.isRevoked);
    expect(revoked.map((c) => c.commonName)).toEqual(["recette.nomade1"]);
  });
});

describe("its probes", () => {
  const named = (id: string): Probe => tried(plan).find((p) => p.id === id)!;
  const said = (o: object): Parameters<Probe["judge"]>[0] => ({ exitCode: 0, stdout: JSON.stringify(o), stderr: "" });
  const nothing = { said: "", isGreeted: true, routes: [], before: {}, after: {}, rightful: "" };

  test("ask from field, and are red when the gateway's service stops", () => {
    expect(tried(plan).map((p) => p.id)).toEqual([
      ...["vpn-revoked", "vpn-wrong-password", "vpn-empty-password", "vpn-outside-group", "vpn-stolen-profile"],
      ...["vpn-opens-wan1", "vpn-opens-wan2"],
    ]);
    for (const p of tried(plan))
      expect([p.from, p.dependsOn]).toEqual(["field", { host: "vpn", units: ["openvpn-server@maquette.service"] }]);
  });

  test("that let in by a certificate hold it: OpenVPN ends whoever else is under its name, also who is refused later", () => {
    const profilesOf = (p: Probe): readonly string[] => [
      ...new Set([...JSON.stringify(p.run).matchAll(/profile\\*":\s*\\*"([^"\\]+)/g)].map((found) => found[1]!)),
    ];
    const refusing = [
      "vpn-revoked",
      "vpn-wrong-password",
      "vpn-empty-password",
      "vpn-outside-group",
      "vpn-stolen-profile",
    ];
    const asked = allProbes(plan).flatMap((p) =>
      profilesOf(p).map((profile) => ({ id: p.id, holds: p.holds, profile })),
    );
    const ends = asked.filter((a) => !refusing.includes(a.id));
    expect(ends.map((a) => a.id)).toEqual(expect.arrayContaining(["vpn-opens-wan1", "vpn-opens-wan2"]));
    expect(new Set(asked.map((a) => a.id))).toEqual(new Set([...ends.map((a) => a.id), ...refusing]));
    const ended = ends.flatMap(({ id, holds, profile }) =>
      asked.flatMap((other) =>
        other.profile !== profile || other.id === id || (holds !== undefined && other.holds === holds)
          ? []
          : [`${other.id} by ${id}`],
      ),
    );
    expect(ended).toEqual([]);
  });

  test("put no password in an argument", () => {
    for (const p of tried(plan)) expect(JSON.stringify(p.run.argv)).not.toContain("secret");
  });

  test("a tunnel must open all that the table says, and nothing may answer before", () => {
    const { judge } = named("vpn-opens-wan1");
    const pool = poolOf(plan, plan.hosts.get("vpn")!)!;
    const ports = portsFrom(plan, pool);
    const names = ["DNS 10.20.20.11", "DNS 10.20.20.12"];
    const all = (of: readonly string[], answer: string): Readonly<Record<string, string>> =>
      Object.fromEntries(of.map((name) => [name, answer]));
    const allowed = ports.filter((p) => p.isAllowed).map((p) => p.name);
    const silent = all([...ports.map((p) => p.name), ...names], "silent");
    const after = { ...silent, ...all(allowed, "refused"), ...all(names, "open") };
    const good = { ...nothing, result: "up", routes: routedTo(plan, pool), before: silent, after };
    expect(judge(said(good)).isGood).toBe(true);
    const bad: readonly (readonly [object, string])[] = [
      [{ before: { ...silent, "mail tcp/993": "open" } }, "without the tunnel: mail tcp/993"],
      [{ after: { ...after, "mail tcp/993": "silent" } }, "mail tcp/993 silent"],
      [{ after: { ...after, "dc1 tcp/22": "refused" } }, "dc1 tcp/22 refused"],
      [{ after: { ...after, "DNS 10.20.20.12": "refused" } }, "DNS 10.20.20.12 refused"],
      [{ routes: [...good.routes, "0.0.0.0 0.0.0.0"] }, "a route to 0.0.0.0 0.0.0.0"],
      [{ routes: good.routes.slice(1) }, `no route to ${good.routes[0]!}`],
      [{ result: "refused", said: "account or password refused" }, "refused: account or password refused"],
    ];
    for (const [change, seen] of bad) expect(judge(said({ ...good, ...change }))).toEqual({ isGood: false, seen });
  });

  test("a refusal is green for its own reason alone", () => {
    const reasons = {
      "vpn-wrong-password": "account or password refused",
      "vpn-empty-password": "account or password refused",
      "vpn-outside-group": "this account has no right to the VPN",
      "vpn-stolen-profile": "this profile is another account's",
    };
    for (const [id, reason] of Object.entries(reasons)) {
      const { judge } = named(id);
      // To the right password the gateway must say something else: it did look at it.
      const rightful = "this account has no right to the VPN";
      expect(judge(said({ ...nothing, result: "refused", said: reason, rightful })).isGood, id).toBe(true);
      if (id === "vpn-wrong-password")
        expect(judge(said({ ...nothing, result: "refused", said: reason, rightful: reason })).isGood).toBe(false);
      for (const other of ["TEMP:the directory does not answer, try again later", "something else"])
        expect(judge(said({ ...nothing, result: "refused", said: other })).isGood, id).toBe(false);
      expect(judge(said({ ...nothing, result: "up" }))).toEqual({ isGood: false, seen: "it is in" });
      expect(judge(said({ ...nothing, result: "shut", said: "no answer" })).isGood).toBe(false);
    }
  });

  test("a revoked certificate is refused by a gateway that greets: a silent one shows nothing", () => {
    const { judge } = named("vpn-revoked");
    const shut = { ...nothing, result: "shut", said: "TLS Error: no" };
    expect(judge(said(shut))).toEqual({ isGood: true, seen: "TLS Error: no" });
    expect(judge(said({ ...shut, isGreeted: false }))).toEqual({ isGood: false, seen: "no greeting: TLS Error: no" });
    expect(judge(said({ ...shut, result: "up" })).isGood).toBe(false);
  });

  test("what is no answer of the program is red, with what it said last", () => {
    const { judge } = named("vpn-revoked");
    expect(judge({ exitCode: 1, stdout: "", stderr: "Traceback\nFileNotFoundError: openvpn\n" }).seen).toBe(
      "exit 1: FileNotFoundError: openvpn",
    );
    expect(judge({ exitCode: 0, stdout: "nonsense", stderr: "" }).isGood).toBe(false);
  });

  test("nobody of the plan is asked as: their passwords are their own", () => {
    const people: readonly Person["login"][] = [...plan.people.keys()];
    for (const p of tried(plan)) for (const login of people) expect(JSON.stringify(p.run.input)).not.toContain(login);
  });
});
