import { describe, expect, test } from "vitest";
import { deflateRawSync } from "node:zlib";
import { askedOf, fillText, placesOf, shown } from "../../../src/core/text.ts";
import { formatAddress } from "../../../src/core/ip.ts";
import { emitConfig, emitRouters, interfaceKeys } from "../../../src/pfsense/emit/index.ts";
import { sshKeyFilesOf } from "../../../src/pfsense/read/ssh-keys.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { StackSecret } from "../../../src/stack/secret.ts";
import { labPlan, readBack, type Edits } from "./lab.ts";

const plan = labPlan();
const primary = readBack(plan, "rtr-a");
const secondary = readBack(plan, "rtr-b");

/** What two files differ in, line by line; they have the same lines but for these. */
function differingLines(a: string, b: string): readonly string[] {
  const [left, right] = [a.split("\n"), b.split("\n")];
  return [...left.filter((l) => !right.includes(l)), ...right.filter((l) => !left.includes(l))].map((l) => l.trim());
}

describe("a file", () => {
  test.each(["rtr-a", "rtr-b"])("of %s reads back without a finding or an unknown element", (router) => {
    const outcome = readConfig(shown(emitConfig(plan, router)), { file: router });
    expect(outcome.warnings).toEqual([]);
    expect(outcome.ok && outcome.value.unknown).toEqual([]);
    expect(outcome.ok && rulesOf(outcome.value).diagnostics).toEqual([]);
  });

  test("has the same bytes each time, from a plan read anew", () => {
    expect(shown(emitConfig(labPlan(), "rtr-a"))).toBe(shown(emitConfig(plan, "rtr-a")));
  });

  test("begins as the External Configuration Locator wants it", () => {
    expect(shown(emitConfig(plan, "rtr-a")).split("\n").slice(0, 3)).toEqual([
      '<?xml version="1.0"?>',
      "<pfsense>",
      "\t<version>24.0</version>",
    ]);
  });

  test("holds nothing of the stack's secret, only places for it, each written as its element wants", () => {
    const secret = new StackSecret(Buffer.alloc(32, 7));
    for (const text of emitRouters(plan).values()) {
      const places = placesOf(text);
      expect(places.length).toBeGreaterThan(10);
      for (const place of places) {
        expect(place.as).toMatch(/^(xml|base64|deflate)$/);
        expect(shown(text)).not.toContain(secret.password(askedOf(place).label));
      }
      expect(shown(text)).not.toMatch(/PRIVATE KEY|\$2[aby]\$/);
    }
  });

  test("brings the router's own SSH key, both halves, as pfSense inflates them", () => {
    const secret = new StackSecret(Buffer.alloc(32, 7));
    const filled = fillText(emitConfig(plan, "rtr-b"), (kind, label) => {
      const key = secret.sshKey(label, label);
      return kind === "ssh-private" ? key.privateKey : kind === "ssh-public" ? key.publicKey : "x";
    });
    const { privateKey, publicKey } = secret.sshKey("host/rtr-b", "host/rtr-b");
    expect(sshKeyFilesOf(Buffer.from(filled))).toEqual([
      { name: "ssh_host_ed25519_key", content: privateKey },
      { name: "ssh_host_ed25519_key.pub", content: publicKey },
    ]);
  });

  test.each([
    ["a name that leads elsewhere", "../../root/.ssh/authorized_keys", deflateRawSync("x").toString("base64")],
    ["what is not deflated", "ssh_host_ed25519_key", "AAAA"],
    ["what grows without end", "ssh_host_rsa_key", deflateRawSync("x".repeat(1_000_000)).toString("base64")],
    ["nothing", "ssh_host_rsa_key", ""],
  ])("brings no key by %s", (_, name, data) => {
    const text = `<pfsense><sshdata><sshkeyfile><filename>${name}</filename><xmldata>${data}</xmldata></sshkeyfile></sshdata></pfsense>`;
    expect(sshKeyFilesOf(Buffer.from(text))).toEqual([]);
  });

  test("of the two routers differs in own addresses, names, skew, peer, roles, certificate and SSH key only", () => {
    const [a, b] = [shown(emitConfig(plan, "rtr-a")), shown(emitConfig(plan, "rtr-b"))];
    const tags = new Set(differingLines(a, b).map((l) => /^<([\w-]+)>/.exec(l)?.[1]));
    // What a tag's line differs in: interfaces, CARP, HA, Kea; crt, prv, descr and refid are those of the GUI certificate.
    expect([...tags].sort()).toEqual(
      [
        ...[
          "advskew",
          "crt",
          "descr",
          "hostname",
          "ipaddr",
          "localip",
          "localname",
          "password",
          "pfhostid",
          "prv",
          "refid",
        ],
        ...["remotename", "role", "ssl-certref", "synchronizetoip", "username", "pfsyncpeerip", "remoteip", "xmldata"],
        ...[
          "rules",
          "schedules",
          "aliases",
          "nat",
          "dhcpd",
          "virtualip",
          "staticroutes",
          "trafficshaper",
          "dnsforwarder",
        ].map((s) => `synchronize${s}`),
      ].sort(),
    );
    const shared = /<(gateways|aliases|filter|nat|shaper|unbound|dhcpd|staticroutes)>[\s\S]*<\/\1>/;
    expect(shared.exec(a)![0]).toBe(shared.exec(b)![0]);
    for (const section of ["filter", "nat", "aliases", "gateways", "unbound", "shaper", "dhcpd"]) {
      const of = (text: string): string => new RegExp(`\\n\\t<${section}>[\\s\\S]*?\\n\\t</${section}>`).exec(text)![0];
      expect(of(a)).toBe(of(b));
    }
  });
});

describe("the parts of a file", () => {
  test("the first WAN is wan, the first inside zone lan, the others opt1 and on in the order of the NICs", () => {
    expect(Object.fromEntries(interfaceKeys(plan))).toEqual({
      wan1: "wan",
      wan2: "opt1",
      sync: "opt2",
      admin: "lan",
      servers: "opt3",
      users: "opt4",
      dmz: "opt5",
      vpn: "opt6",
    });
    expect(primary.interfaces.map((i) => `${i.key} ${i.device!} ${i.description!} ${i.gateway ?? "-"}`)).toEqual([
      "wan vtnet0 WAN1 WAN1GW",
      "lan vtnet3 ADMIN -",
      "opt1 vtnet1 WAN2 WAN2GW",
      "opt2 vtnet2 SYNC -",
      "opt3 vtnet4 SERVERS -",
      "opt4 vtnet5 USERS -",
      "opt5 vtnet6 DMZ -",
      "opt6 vtnet7 VPN -",
    ]);
  });

  test("a CARP address stands in every zone that has one, skew 0 on the primary and 100 on the other", () => {
    const vips = [...plan.zones.values()].flatMap((z) => (z.vip ? [z.vip] : []));
    for (const [config, skew] of [
      [primary, "0"],
      [secondary, "100"],
    ] as const) {
      expect(config.virtualIps.map((v) => formatAddress(v.address!)).sort()).toEqual(
        vips.map((v) => formatAddress(v.address)).sort(),
      );
      expect(new Set(config.virtualIps.map((v) => `${v.mode} ${v.advskew!} ${v.advbase!} /${v.prefix!}`))).toEqual(
        new Set([`carp ${skew} 1 /24`]),
      );
    }
    expect(primary.virtualIps.map((v) => v.uniqueId)).toEqual(secondary.virtualIps.map((v) => v.uniqueId));
  });

  test("states go both ways, configuration from the primary only", () => {
    expect(primary.haSync?.pfsyncPeer).toBe("10.20.99.2");
    expect(secondary.haSync?.pfsyncPeer).toBe("10.20.99.1");
    expect(primary.haSync?.synchronizeTo).toBe("10.20.99.2");
    expect(primary.haSync?.synchronizes).toContain("synchronizerules");
    expect(secondary.haSync?.synchronizeTo).toBeUndefined();
    expect(secondary.haSync?.synchronizes).toEqual([]);
    expect(primary.haSync?.hostId).not.toBe(secondary.haSync?.hostId);
  });

  test("both WANs are monitored, and the group of them by tier is the default", () => {
    const { items, groups, default4 } = primary.gateways;
    expect(items.map((g) => `${g.name} ${g.interface!} ${g.gateway!} ${g.monitor ?? "-"} ${g.isMonitorOff}`)).toEqual([
      "WAN1GW wan 198.51.100.1 192.0.2.101 false",
      "WAN2GW opt1 203.0.113.1 192.0.2.102 false",
      "POOL_VPN_CLIENTS opt6 10.20.50.10 - true",
    ]);
    expect(groups.map((g) => [g.name, ...g.items, g.trigger])).toEqual([
      ["WANS", "WAN1GW|1|address", "WAN2GW|2|address", "downloss"],
    ]);
    expect(default4).toBe("WANS");
    expect(primary.staticRoutes.map((r) => `${r.network} ${r.gateway!}`)).toEqual(["10.20.51.0/24 POOL_VPN_CLIENTS"]);
  });

  test("each port forward shares its id with exactly one filter rule, which is a row's own", () => {
    const ids = primary.nat.portForwards.map((f) => f.associatedRuleId);
    expect(new Set(ids).size).toBe(4);
    for (const f of primary.nat.portForwards) {
      const rules = primary.filter.rules.filter((r) => r.associatedRuleId === f.associatedRuleId);
      expect(rules.map((r) => `${r.interface!} ${r.description!.slice(0, 4)}`)).toEqual([
        `${f.interface!} ${f.target === "10.20.50.10" ? "F461" : "F462"}`,
      ]);
    }
  });

  test("what leaves by a WAN has its VIP, what the router sends from an inside address its own", () => {
    expect(primary.nat.outboundMode).toBe("advanced");
    expect(primary.nat.outbound.map((r) => `${r.interface!} ${r.source.network!} ${r.target ?? "own"}`)).toEqual([
      "wan n_nat_own own",
      "wan n_nat_inside 198.51.100.4",
      "opt1 n_nat_own own",
      "opt1 n_nat_inside 203.0.113.4",
    ]);
  });

  test("rules to the Internet go to the group of WANs, and no others", () => {
    const routed = new Set(
      primary.filter.rules.filter((r) => r.gateway !== undefined).map((r) => r.description!.slice(0, 4)),
    );
    expect([...routed].sort()).toEqual(["F418", "F421", "F422", "F446"]);
  });

  test("the end of every interface is a logged refusal, and so is the end of what the firewall sends", () => {
    const { rules } = primary.filter;
    for (const key of interfaceKeys(plan).values()) {
      const last = rules.filter((r) => r.floating === undefined && r.interface === key).at(-1)!;
      expect([key, last.type, last.isLogged, last.source.isAny, last.destination.isAny, last.protocol]).toEqual([
        ...[key, "block", true, true, true, undefined],
      ]);
    }
    const out = rules.filter((r) => r.direction === "out").at(-1)!;
    expect([out.type, out.isLogged, out.source.network, out.destination.isAny]).toEqual([
      "block",
      true,
      "(self)",
      true,
    ]);
  });

  test("noise is refused without a log", () => {
    const noise = primary.filter.rules.filter((r) => r.description?.startsWith("F501"));
    expect(noise.map((r) => [r.interface, r.isLogged, r.protocol])).toEqual(
      ["lan", "opt3", "opt4", "opt5", "opt6"].map((key) => [key, false, "udp"]),
    );
  });

  test("administrators log in with their accounts of the domain over LDAPS, both controllers known", () => {
    expect(primary.system.authServers.map((s) => [s.name, s.host, s.fields.get("ldap_port")])).toEqual([
      ["AD dc1", "dc1.cod.test", "636"],
      ["AD dc2", "dc2.cod.test", "636"],
    ]);
    const group = primary.system.groups.find((g) => g.name === "administrateurs");
    expect([group?.scope, group?.privileges]).toEqual(["remote", ["page-all"]]);
    expect(primary.system.webGui.isAntiLockoutOff).toBe(true);
    expect(primary.certificates[0]?.refId).toBe(primary.system.webGui.certificateRef);
  });

  test("every queue tree has a default, and stays below its access", () => {
    expect(primary.shaperQueues.map((q) => [q.name, q.fields.get("bandwidth")])).toEqual([
      ["wan", "47500"],
      ["opt1", "9500"],
    ]);
    for (const q of primary.shaperQueues) expect(q.queues.filter((x) => x.fields.has("default"))).toHaveLength(1);
  });

  test("a queue's switches are words: an empty one is off to the shaper", () => {
    const fields = primary.shaperQueues.flatMap((q) => [q, ...q.queues]).flatMap((q) => [...q.fields]);
    expect(fields.filter(([, value]) => value === "" || value === "0")).toEqual([]);
    expect(fields.filter(([name]) => name === "ecn").map(([, value]) => value)).toEqual(["on", "on"]);
  });

  test("the clock is listened to where its servers are, and where somebody may ask a router for it", () => {
    const interfacesOf = (edits: Edits): string | undefined =>
      readBack(labPlan(edits), "rtr-a").ntpd?.fields.get("interface");
    expect(primary.ntpd?.fields.get("interface")).toBe("wan,opt1");
    expect(interfacesOf({ addressing: [["ntp: [192.0.2.53]", "ntp: [10.20.20.11]"]] })).toBe("opt3");
    expect(interfacesOf({ addressing: [["ntp: [192.0.2.53]", "ntp: [10.20.20.1]"]] })).toBeUndefined();
  });
});

describe("trackers", () => {
  const trackers = (edits: Edits): ReadonlyMap<string, string> =>
    new Map(
      readBack(labPlan(edits), "rtr-a").filter.rules.map((r) => [
        `${r.description!} ${r.interface!} ${r.direction ?? ""} ${r.protocol ?? ""} ${r.destination.address ?? ""}`,
        r.tracker!,
      ]),
    );

  test("stay with their row when rows change places", () => {
    const before = trackers({});
    // F405 and its neighbour F404 swap, and another row is new.
    const swapped = trackers({
      flows: [
        ["id: F404", "id: F40X"],
        ["id: F405", "id: F404"],
        ["id: F40X", "id: F405"],
        ["Le bastion est membre du domaine", "@"],
        ["Diagnostic depuis le bastion", "Le bastion est membre du domaine"],
        ["description: @", "description: Diagnostic depuis le bastion"],
        [/from: \[bastion\]\n    to: \[dcs\]\n    services: \[dns, ntp, kerberos, ldaps\]/, "@"],
        [
          /from: \[bastion\]\n    to: \[servers, users, dmz, "zone:vpn"\]\n    services: \[icmp-echo\]/,
          "from: [bastion]\n    to: [dcs]\n    services: [dns, ntp, kerberos, ldaps]",
        ],
        ["    @\n", '    from: [bastion]\n    to: [servers, users, dmz, "zone:vpn"]\n    services: [icmp-echo]\n'],
      ],
    });
    expect(new Map([...swapped].sort())).toEqual(new Map([...before].sort()));
    expect([...swapped.keys()]).not.toEqual([...before.keys()]);
  });

  test("are unique, and none is one that pfSense or its GUI hands out", () => {
    const all = primary.filter.rules.map((r) => Number(r.tracker));
    expect(new Set(all).size).toBe(all.length);
    for (const t of all) expect(t >= 200_000_000 && t < 1_000_000_000).toBe(true);
  });
});
