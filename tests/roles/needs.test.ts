import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../src/core/ip.ts";
import { explain } from "../../src/pfsense/proof/explain.ts";
import { loadPlan, type Endpoint, type Host, type Plan, type Zone } from "../../src/plan/index.ts";
import { contradictions, roleFindings } from "../../src/roles/findings.ts";
import { refusedNeeds } from "../../src/roles/needs.ts";
import { roleNamed } from "../../src/roles/registry.ts";
import { firewallOf, workOf, type HostWork } from "../../src/roles/render.ts";
import type { RoleWork } from "../../src/roles/role.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const lab = outcome.value;

const zone = (id: string): Endpoint => ({ kind: "zone", zone: id });

/** The lab with a host moved into a zone that no row speaks of but the bastion's. */
function moved(id: string): Plan {
  const { network } = parseNetwork("10.20.60.0/24")!;
  const users = lab.zones.get("users")!;
  const guests: Zone = { ...users, id: "guests", vlan: 55, subnet: network, dhcp: null };
  const host = lab.hosts.get(id)!;
  const nic = { ...host.nics[0]!, zone: "guests", address: { family: 4, value: network.base + 20n } as const };
  const router = (h: Host, n: bigint): Host => {
    const leg = { ...nic, address: { family: 4, value: network.base + n } as const };
    return { ...h, nics: [...h.nics, leg] };
  };
  const hosts = [...lab.hosts.values()].map((h) => {
    if (h.role === "router") return router(h, h.id === "rtr-a" ? 2n : 3n);
    return h === host ? { ...host, nics: [nic] } : h;
  });
  return {
    ...lab,
    zones: new Map([...lab.zones, ["guests", guests]]),
    hosts: new Map(hosts.map((h) => [h.id, h])),
    flows: lab.flows.map((f) => (f.id === "F401" ? { ...f, to: [...f.to, zone("guests")] } : f)),
  };
}

describe("what roles need of the network", () => {
  test("is all there in the lab", () => {
    expect(roleFindings(lab)).toEqual([]);
  });

  test("a host in a zone that no row covers has neither names nor time, log nor updates, each said with who refuses and what would help", () => {
    const findings = roleFindings(moved("pc2"));
    const of = (what: string): (typeof findings)[number] => findings.find((f) => f.fact.includes(what))!;
    expect(findings.map((f) => [f.code, f.path])).toEqual(
      Array.from({ length: 8 }, () => ["ROLE_NEED_REFUSED", "hosts.pc2"]),
    );
    expect(of("resolves names").fact).toMatch(/\(dns to dc1, dc2\), and F601 refuses it \(.*flows\.yaml:\d+\)$/);
    expect(of("resolves names").hint).toMatch(/^Add pc2 or its zone guests to `from` of F411 \(.*flows\.yaml:\d+\)/);
    expect(of("takes its time").fact).toContain("ntp to dc1, dc2");
    expect(of("sends its log").fact).toContain("syslog-tls to backup");
    expect(of("packages and updates").fact).toContain("http or https to internet");
    expect(of("asks the domain").fact).toContain("kerberos, kpasswd, ldap, ldaps to dc1, dc2");
    expect(of("reports to the supervision").fact).toContain("zabbix-trapper to supervision");
    expect(of("listens to the UPS").fact).toContain("nut to backup");
    expect(of("telephones").fact).toContain("sip-tls, rtp to pbx");
    expect(findings[0]!.place).toEqual(lab.hosts.get("pc2")!.place);
  });

  test("a row that opens it takes the finding away, and one row that opens only a part does not", () => {
    const plan = moved("pc2");
    const opened = (services: readonly string[], to: readonly Endpoint[]): Plan => ({
      ...plan,
      flows: plan.flows.flatMap((f) =>
        f.id === "F411" ? [{ ...f, id: "F499", from: [zone("guests")], services, to }, f] : [f],
      ),
    });
    const both: readonly Endpoint[] = ["dc1", "dc2"].map((host) => ({ kind: "host", host }));
    const names = (p: Plan): string | undefined => roleFindings(p).find((f) => f.fact.includes("resolves names"))?.fact;
    expect(names(opened(["dns"], both))).toBeUndefined();
    expect(names(opened(["dns"], both.slice(0, 1)))).toContain("(dns to dc2)");
    expect(names(opened(["ntp"], both))).toContain("(dns to dc1, dc2)");
  });

  test("the bastion that may not enter a host is found", () => {
    const shut = { ...lab, flows: lab.flows.filter((f) => f.id !== "F401") };
    const [finding] = roleFindings(shut).filter((f) => f.path === "hosts.bastion");
    expect(finding).toMatchObject({ code: "ROLE_NEED_REFUSED", fact: expect.stringContaining("enters dc1") as string });
  });

  /** The work of one host, and beside it a need of its own. */
  const withNeed = (id: string, work: Partial<RoleWork>): ReadonlyMap<string, HostWork> => {
    const own = workOf(lab, lab.hosts.get(id)!)!;
    return new Map([[id, { ...own, base: { ...own.base, ...work } }]]);
  };

  test("between neighbours the firewall of the host that is asked decides, and is named", () => {
    const to = { kind: "host", host: "supervision" } as const;
    const needs = [{ what: "reads mail at the supervision", services: ["imaps"], to }];
    const [finding, ...others] = refusedNeeds(lab, withNeed("mail", { needs }));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "ROLE_NEED_REFUSED_BY_HOST", path: "hosts.mail" });
    expect(finding!.fact).toMatch(/the firewall of supervision \(.*hosts\.yaml:\d+\) refuses it/);
    const heard = [{ ...needs[0]!, services: ["syslog-tls"], to: { kind: "host", host: "backup" } as const }];
    expect(refusedNeeds(lab, withNeed("mail", { needs: heard }))).toEqual([]);
  });

  test("explain knows the host's own firewall, where no router stands between and where one does", () => {
    const ask = (from: string, to: string, port: number): ReturnType<typeof explain> =>
      explain(lab, new Map(), { from, to, protocol: "tcp", port }, (host) => firewallOf(lab, host));
    expect(ask("mail", "supervision", 993)).toMatchObject({
      ingress: null,
      verdict: "refused",
      host: { host: "supervision", action: "block" },
    });
    expect(ask("mail", "supervision", 10051)).toMatchObject({
      verdict: "direct",
      host: { by: "neighbours: zabbix-trapper" },
    });
    expect(ask("mail", "dc1", 636)).toMatchObject({ verdict: "direct", host: { by: "neighbours: ldaps" } });
    expect(ask("bastion", "mail", 22)).toMatchObject({ verdict: "allowed", host: { host: "mail", by: "door" } });
    expect(ask("pc1", "mail", 22)).toMatchObject({ verdict: "refused", table: { action: "deny" } });
  });
});

describe("roles that contradict each other are found all at once", () => {
  const files = (path: string): RoleWork["steps"] => [
    { kind: "files", name: path, files: { [path]: { content: "" } } },
  ];
  const on = (id: string, work: Partial<HostWork>): ReturnType<typeof contradictions> => {
    const host = lab.hosts.get(id)!;
    return contradictions(lab, host, { base: { steps: [] }, served: [], own: [], ...work });
  };

  test("two that write one file, and one that needs a service of which the plan knows nothing", () => {
    const needs = [{ what: "is read", services: ["imap4"], to: zone("servers") }];
    const found = on("mail", {
      served: [{ by: roleNamed("dc"), work: { steps: files("/etc/one") } }],
      own: [{ by: roleNamed("mail"), work: { steps: [...files("/etc/one"), ...files("/etc/two")], needs } }],
    });
    expect(found).toMatchObject([
      { code: "ROLE_FILE_TWICE", path: "hosts.mail", fact: "dc and mail both write /etc/one on mail" },
      { code: "ROLE_NEED_UNKNOWN_SERVICE", fact: expect.stringContaining('"imap4" on mail (it is read)') as string },
    ]);
    for (const { place, hint } of found) {
      expect(place?.file).toMatch(/hosts\.yaml$/);
      expect(hint).toMatch(/src\/roles\//);
    }
  });

  test("what comes first is among the base's steps and no second writer; one role may write a file in two steps", () => {
    const first = files("/etc/resolv.conf");
    const twice = [...files("/etc/one"), ...files("/etc/one")];
    expect(
      on("mail", { base: { steps: first }, served: [{ by: roleNamed("dc"), work: { first, steps: twice } }] }),
    ).toEqual([]);
  });

  test("work of a role for a host beyond the routers that it would have to reach", () => {
    const needs = [{ what: "sends its log", services: ["syslog-tls"], to: zone("servers") }];
    expect(on("field", { served: [{ by: roleNamed("backup"), work: { steps: [], needs } }] })).toMatchObject([
      { code: "ROLE_CLIENT_OUTSIDE", path: "hosts.field" },
    ]);
  });
});
