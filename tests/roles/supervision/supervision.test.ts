import { beforeAll, describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { allProbes, askedIn } from "../../../src/roles/registry.ts";
import type { Probe } from "../../../src/roles/role.ts";
import type { Wanted } from "../../../src/roles/supervision/wanted.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (path: string, host = "supervision"): string => lab.files(host).get(path)!.content;
const wanted = (): Wanted =>
  JSON.parse(file("/etc/maquette/supervision/wanted.json").replaceAll(/\{\{secret:([^}]*)\}\}/g, '"$1"')) as Wanted;

describe("the supervision", () => {
  test("asks both controllers by the names of their certificates, and lets the plan's administrators in", () => {
    const { directory, authentication, password } = wanted();
    expect(directory.fields["host"]).toBe("ldaps://dc1.cod.test:636 ldaps://dc2.cod.test:636");
    expect(directory.fields["bind_dn"]).toBe("CN=svc-supervision,OU=Services,OU=COD,DC=cod,DC=test");
    expect(directory.fields["search_filter"]).toContain("(!(userAccountControl:1.2.840.113556.1.4.803:=2))");
    expect(directory.groups.map((g) => g.name)).toEqual(["administrateurs"]);
    expect(authentication).toMatchObject({ authentication_type: 1, ldap_jit_status: 1 });
    expect([password, directory.password]).toEqual([
      "password/supervision/admin|json",
      "password/service/supervision|json",
    ]);
  });

  test("has no password for its database, which no network reaches", () => {
    expect(file("/etc/postgresql/17/main/conf.d/maquette.conf")).toContain("listen_addresses = ''\n");
    const ways = file("/etc/postgresql/17/main/pg_hba.conf").match(/^(?!#).+/gm)!;
    expect(ways.every((way) => way.startsWith("local ") && way.includes(" peer"))).toBe(true);
  });

  test("hands out no file beside its pages, and asks nobody outside", () => {
    const nginx = file("/etc/nginx/nginx.conf");
    expect(nginx).toMatch(/location \/ \{\n\s+return 404;/);
    const pages = new RegExp(/location ~ (\^\/\(\?:index\|.*\$) \{/.exec(nginx)![1]!);
    expect(["/index.php", "/zabbix.php", "/chart2.php"].filter((p) => !pages.test(p))).toEqual([]);
    expect(
      ["/setup.php", "/index_sso.php", "/conf/zabbix.conf.php", "/include/x.php"].filter((p) => pages.test(p)),
    ).toEqual([]);
    expect(nginx).toContain("default-src 'self'");
    expect(file("/etc/zabbix/zabbix_server.conf")).toContain("AllowSoftwareUpdateCheck=0\n");
  });

  test("a service that the plan does not name is a fault that says which", async () => {
    const bare = await renderedLab((p) => ({
      ...p,
      services: new Map([...p.services].filter(([id]) => id !== "zabbix-trapper")),
    }));
    expect(() => bare.roles("supervision")).toThrow("The supervision needs the port of the service zabbix-trapper");
  });
});

describe("agents", () => {
  const watched = (): readonly string[] => lab.debians.filter((h) => !h.isOutside).map((h) => h.id);

  test("are on every Debian behind the routers, and tell one server that shows the right certificate", () => {
    for (const host of watched()) {
      const lines = file("/etc/zabbix/zabbix_agent2.conf", host).split("\n");
      for (const line of [
        `Hostname=${host}`,
        // Nothing listens.
        "Server=",
        "ServerActive=10.20.20.15:10051",
        "TLSConnect=cert",
        "TLSServerCertSubject=CN=supervision.cod.test",
      ])
        expect(lines).toContain(line);
    }
    expect(lab.files("field").has("/etc/zabbix/zabbix_agent2.conf")).toBe(false);
  });

  test("are each known by their own certificate, in the group of their zone", () => {
    const { hosts, hostGroups } = wanted();
    expect(Object.keys(hosts)).toEqual([...watched(), "rtr-a", "rtr-b"]);
    expect(hostGroups).toEqual(["Zone admin", "Zone servers", "Zone dmz", "Zone vpn", "Zone users", "Routeurs"]);
    for (const id of watched())
      expect(hosts[id]!.fields).toMatchObject({ tls_accept: 4, tls_subject: `CN=${id}.cod.test` });
  });
});

describe("what is told", () => {
  test("is whether each service of a role is there, asked by the host's own agent", () => {
    const { hosts } = wanted();
    expect(Object.keys(hosts["mail"]!.items)).toEqual([
      "net.tcp.service[smtp,10.20.20.14,25]",
      ...[587, 465, 993, 4190, 443].map((port) => `net.tcp.service[tcp,10.20.20.14,${port}]`),
      ...[465, 993, 443].map((port) => `web.certificate.get[mail.cod.test,${port},10.20.20.14]`),
      "maquette.letter",
      "maquette.webmail",
    ]);
    expect(
      hosts["pbx"]!.triggers["sip-tls ne répond plus sur {HOST.NAME} (Signalisation téléphonique chiffrée)"],
    ).toEqual({
      fields: { expression: "max(/pbx/net.tcp.service[tcp,10.20.20.13,5061],#2)=0", priority: 4 },
      unless: [],
    });
    const asked = (id: string): boolean => Object.keys(hosts[id]!.items).some((key) => key.startsWith("net.tcp"));
    expect(Object.keys(hosts).filter(asked)).toEqual([
      "dc1",
      "dc2",
      "pbx",
      "mail",
      "supervision",
      "backup",
      "ebrigade",
    ]);
  });

  test("is one thing where no router leads on: what is beyond, and each router, are its consequences", () => {
    const { hosts } = wanted();
    const cause = ["supervision", "Aucun routeur ne mène plus aux autres zones"];
    const consequences = Object.entries(hosts).flatMap(([id, { triggers }]) =>
      Object.entries(triggers).flatMap(([problem, { unless }]) => {
        if (!unless.some(([host, name]) => host === cause[0] && name === cause[1])) return [];
        if (!problem.includes("CARP")) expect(unless).toEqual([cause]);
        return [`${id}: ${problem}`];
      }),
    );
    const silent = "{HOST.NAME} ne dit plus rien";
    const leads = (zone: string, host: string): readonly string[] => [
      `${host}: Deux routeurs mènent à la fois la zone ${zone} (CARP), entendus sur {HOST.NAME}`,
      `${host}: Aucun routeur ne mène la zone ${zone} (CARP), vu sur {HOST.NAME}`,
    ];
    // The servers beside the supervision are reached without a router.
    expect(consequences.filter((c) => c.includes("CARP")).sort()).toEqual(
      [
        ...leads("servers", "supervision"),
        ...leads("admin", "bastion"),
        ...leads("users", "pc1"),
        ...leads("dmz", "ebrigade"),
        ...leads("vpn", "vpn"),
      ].sort(),
    );
    expect(consequences.filter((c) => !c.includes("CARP"))).toEqual([
      ...["bastion", "ebrigade", "vpn", "pc1", "pc2"].map((id) => `${id}: ${silent}`),
      ...["rtr-a", "rtr-b"].map((id) => `${id}: {HOST.NAME} ne répond plus`),
    ]);
    // The cause is seen before any of them.
    expect(hosts["supervision"]!.triggers[cause[1]!]!.fields["expression"]).toBe(
      "max(/supervision/icmpping[10.20.20.1],#2)=0",
    );
    expect(hosts["rtr-a"]!.triggers["{HOST.NAME} ne répond plus"]!.fields["expression"]).toBe(
      "max(/rtr-a/icmpping[10.20.20.2],#3)=0",
    );
  });

  test("of a router is what pfSense and its stand-in both answer by SNMP, with the community as a secret macro", () => {
    const router = wanted().hosts["rtr-a"]!;
    expect(router.templates).toEqual(["PFSense by SNMP"]);
    expect(router.snmp).toEqual({ address: "10.20.20.2", port: "161", community: "{$SNMP_COMMUNITY}" });
    expect(router.macros[0]).toEqual({
      macro: "{$SNMP_COMMUNITY}",
      value: "password/snmp/pfsense|json",
      isSecret: true,
    });
    expect(router.dependents["maquette.wan2"]!.fields["preprocessing"]).toMatchObject([
      { type: 12, params: "$[?(@.descr == 'vtnet1')].passed.first()" },
      { type: 10 },
    ]);
  });

  test("of an access that is cut is one thing: the second router tells later, and who leads then later still", () => {
    const { hosts } = wanted();
    const name = "L'accès wan1 ne répond plus à {HOST.NAME} (Accès Internet principal (fibre))";
    const [first, second] = [hosts["rtr-a"]!.triggers[name]!, hosts["rtr-b"]!.triggers[name]!];
    expect([first, second].map((t) => t.fields["expression"])).toEqual([
      "max(/rtr-a/maquette.wan1,#2)<2",
      "max(/rtr-b/maquette.wan1,#4)<2",
    ]);
    const death = "{HOST.NAME} ne répond plus";
    expect(first.unless).toEqual([["rtr-a", death]]);
    expect(second.unless).toEqual([
      ["rtr-b", death],
      ["rtr-a", name],
    ]);
    const usurped = hosts["supervision"]!.triggers["rtr-b mène (CARP) alors que rtr-a est là, vu sur {HOST.NAME}"]!;
    expect(usurped.unless).toEqual([
      ["rtr-a", death],
      ["rtr-a", name],
      ["rtr-a", "L'accès wan2 ne répond plus à {HOST.NAME} (Accès Internet de secours (4G/5G))"],
    ]);
    expect(hosts["pc1"]!.triggers).not.toHaveProperty(["rtr-b mène (CARP) alors que rtr-a est là, vu sur {HOST.NAME}"]);
  });

  test("of a plan without SNMP is whether routers answer ping", async () => {
    const bare = await renderedLab((p) => ({
      ...p,
      services: new Map([...p.services].filter(([id]) => id !== "snmp")),
    }));
    const content = bare.files("supervision").get("/etc/maquette/supervision/wanted.json")!.content;
    expect(content).not.toContain("PFSense by SNMP");
    expect(content).not.toContain("maquette.wan1");
  });

  test("is when a certificate ends, as the service shows it, and told two weeks before", () => {
    const { items, triggers } = wanted().hosts["pbx"]!;
    const key = "web.certificate.get[pbx.cod.test,5061,10.20.20.13]";
    expect(items[key]).toMatchObject({
      units: "unixtime",
      preprocessing: [{ type: 12, params: "$.x509.not_after.timestamp" }],
    });
    expect(
      triggers["Le certificat de sip-tls finit dans moins de 14 jours sur {HOST.NAME}"]!.fields["expression"],
    ).toBe(`last(/pbx/${key})-now()<14d`);
  });

  test("is what roles measure, by programs that the agent may run as root word for word, and nothing else", () => {
    const measured =
      "/usr/bin/python3 -I /usr/local/lib/maquette/measure/replication.py /etc/maquette/measure/replication.json";
    expect(file("/etc/zabbix/zabbix_agent2.conf", "dc1")).toContain(
      `UserParameter=maquette.replication,sudo -n ${measured} 2>/dev/null\n`,
    );
    expect(file("/etc/sudoers.d/maquette-measure", "dc1")).toContain(`zabbix ALL=(root:root) NOPASSWD: ${measured}\n`);
    expect(lab.files("pc2").has("/etc/sudoers.d/maquette-measure")).toBe(false);
    // Of a controller that is lost the other says nothing.
    expect(wanted().hosts["dc1"]!.triggers["L'annuaire n'est plus répliqué sur {HOST.NAME}"]!.unless).toEqual([
      ["dc2", "ldaps ne répond plus sur {HOST.NAME} (Annuaire LDAP sur TLS)"],
      ["dc2", "{HOST.NAME} ne dit plus rien"],
    ]);
  });

  test("counts as an outage of what a host gives, and of a directory only where both controllers are away", () => {
    const { services } = wanted();
    const [first, second] = ["Contrôleur de domaine principal (dc1)", "Contrôleur de domaine secondaire (dc2)"];
    expect(services.ofHosts).toMatchObject({ [first]: "dc1", [second]: "dc2", "Serveur de messagerie (mail)": "mail" });
    expect(services.shared).toEqual({ "Service dc": [first, second] });
    expect(services.agreement.fields).toMatchObject({ slo: "99.9", timezone: plan.domain.timezone });
  });

  test("goes to each administrator that has a mailbox, by TLS that is verified, in nobody's name", async () => {
    const { alerts } = wanted();
    expect(alerts!.to).toEqual(["elise.fontaine@cod.test", "yann.caradec@cod.test", "recette.admin@cod.test"]);
    expect(alerts!.medium).toMatchObject({
      smtp_server: "mail.cod.test",
      smtp_security: 1,
      smtp_verify_peer: 1,
      smtp_verify_host: 1,
      smtp_email: "supervision@cod.test",
    });
    const bare = await renderedLab((p) => ({
      ...p,
      services: new Map([...p.services].filter(([id]) => id !== "smtp")),
    }));
    expect(bare.files("supervision").get("/etc/maquette/supervision/wanted.json")!.content).toContain('"alerts": null');
  });
});

describe("acceptance of the supervision", () => {
  const asked = (of: Plan): readonly Probe[] => allProbes(of).filter((p) => p.id.startsWith("supervision-"));
  const judged = (id: string, said: object): ReturnType<Probe["judge"]> =>
    asked(plan)
      .find((p) => p.id === id)!
      .judge({ exitCode: 0, stdout: JSON.stringify(said), stderr: "" });

  test("is asked as people who have accounts for it, and each question depends on a unit", () => {
    expect(asked(plan).map((p) => [p.id, p.dependsOn?.units[0]])).toEqual([
      ["supervision-page-bastion", "nginx.service"],
      ["supervision-page-pc1", "nginx.service"],
      ["supervision-login-bastion", "php8.4-fpm.service"],
      ["supervision-refused-bastion", "postgresql@17-main.service"],
      ["supervision-fresh", "zabbix-server.service"],
      ["supervision-snmp-rtr-a", "snmpd.service"],
      ["supervision-snmp-rtr-b", "snmpd.service"],
    ]);
    expect(askedIn(plan).people).toEqual(expect.arrayContaining(["recette.admin", "recette.nomade1", "recette.ferme"]));
    expect(asked({ ...plan, probePeople: new Map() })).toEqual([]);
    const inputs = asked(plan).map((p) => shown(p.run.input!));
    expect(inputs.join("\n")).toContain("{{secret:password/probe/recette.admin|json}}");
  });

  test("a page that is not in French, or an installer that is there, is red", () => {
    const hidden = Object.fromEntries(
      [
        "/setup.php",
        "/index_http.php",
        "/index_sso.php",
        "/api_scim.php",
        "/conf/zabbix.conf.php",
        "/include/config.inc.php",
      ].map((path) => [path, 404]),
    );
    const page = { french: true, form: true, http: "nothing", hidden };
    const id = "supervision-page-bastion";
    expect(judged(id, { page }).isGood).toBe(true);
    expect(judged(id, { page: { ...page, french: false } })).toEqual({ isGood: false, seen: "not in French" });
    expect(judged(id, { page: { ...page, http: "open" } }).seen).toBe("port without TLS: open");
    expect(judged(id, { page: { ...page, hidden: { ...hidden, "/setup.php": 200 } } }).seen).toBe(
      "/setup.php: HTTP 200",
    );
  });

  test("a login that is not the directory's, or has fewer rights, is red", () => {
    const person = { start: "COD: Tableau de bord", right: 3, fromDirectory: true };
    const id = "supervision-login-bastion";
    expect(judged(id, { person }).isGood).toBe(true);
    expect(judged(id, { person: { ...person, right: 1 } }).seen).toBe("with the right 1");
    expect(judged(id, { person: { ...person, fromDirectory: false } }).seen).toBe("not by the directory");
  });

  test("somebody let in who must not be, or a refusal that is an error, is red", () => {
    const no = "HTTP 200: Incorrect user name or password";
    const tries = { wrong: no, empty: no, "without the group": no, closed: no, guest: no, right: "in" };
    const id = "supervision-refused-bastion";
    expect(judged(id, { tries })).toEqual({ isGood: true, seen: "5 refused, the right one in" });
    expect(judged(id, { tries: { ...tries, guest: "in" } })).toEqual({ isGood: false, seen: "guest: in" });
    expect(judged(id, { tries: { ...tries, wrong: "HTTP 502 for the login page" } }).isGood).toBe(false);
    expect(judged(id, { tries: { ...tries, right: no } }).isGood).toBe(false);
  });

  test("a host that tells nothing new is named", () => {
    const id = "supervision-fresh";
    expect(judged(id, { late: [], took: 9.1 })).toEqual({ isGood: true, seen: "11 within 9.1 s" });
    expect(judged(id, { late: ["vpn"], took: 30 })).toEqual({ isGood: false, seen: "nothing of vpn" });
  });
});
