import { describe, expect, test } from "vitest";
import { fillText, shown, type SecretKind } from "../../src/core/text.ts";
import { parse } from "yaml";
import { formatAddress, parseNetwork } from "../../src/core/ip.ts";
import { readSeedTemplates } from "../../src/infra/read-templates.ts";
import { loadPlan, type Host, type Plan } from "../../src/plan/index.ts";
import { renderSeed, type Seed, type SeedNaming } from "../../src/roles/seed.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const outcome = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan: Plan = outcome.value;
const templates = await readSeedTemplates(repositoryRoot());
const naming: SeedNaming = { mac: (nic) => nic.mac.toUpperCase(), operator: null };
const secret = new StackSecret(Buffer.alloc(32, 1));
const resolve = (kind: SecretKind, label: string): string =>
  secret.sshKey(label, label)[kind === "ssh-private" ? "privateKey" : "publicKey"];

const seedOf = (id: string, how = naming): Seed => renderSeed(plan, plan.hosts.get(id)!, templates, how);
const read = (seed: Seed, file: string): unknown => parse(fillText(seed.files.get(file)!, resolve));

interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly "set-name": string;
  readonly addresses: readonly string[];
  readonly routes?: readonly { readonly to: string; readonly via: string }[];
  readonly nameservers?: { readonly addresses: readonly string[]; readonly search: readonly string[] };
}
const network = (id: string, how = naming): Record<string, Ethernet> => {
  const config = read(seedOf(id, how), "network-config") as { version: number; ethernets: Record<string, Ethernet> };
  expect(config.version).toBe(2);
  return config.ethernets;
};
const debians = [...plan.hosts.values()].filter((h) => plan.images.get(h.image)!.os === "debian");
const each = debians.map((host) => [host.id, host] as const);

describe("a Debian guest's seed", () => {
  test.each(each)("of %s holds NoCloud's three files, each of them YAML", (id) => {
    const seed = seedOf(id);
    expect(seed.label).toBe("cidata");
    expect([...seed.files.keys()]).toEqual(["user-data", "meta-data", "network-config"]);
    expect(shown(seed.files.get("user-data")!)).toMatch(/^#cloud-config\n/);
    const user = read(seed, "user-data") as {
      hostname: string;
      fqdn: string;
      ssh_pwauth: boolean;
      users: { name: string; lock_passwd: boolean; ssh_authorized_keys: string[] }[];
      ssh_keys: Record<string, string>;
    };
    expect([user.hostname, user.fqdn, user.ssh_pwauth]).toEqual([id, `${id}.cod.test`, false]);
    expect(user.users).toHaveLength(1);
    expect(user.users[0]!.ssh_authorized_keys).toEqual([resolve("ssh-public", "provisioner")]);
    expect(user.ssh_keys["ed25519_private"]).toBe(resolve("ssh-private", `host/${id}`));
    expect(user.ssh_keys["ed25519_public"]).toBe(resolve("ssh-public", `host/${id}`));
    expect(read(seed, "meta-data")).toEqual({
      "instance-id": `${plan.name}-${id}-${seed.network}`,
      "local-hostname": id,
    });
  });

  test("is another instance where the host is elsewhere, and not where whom it asks for names is", () => {
    const networkOf = (change: (host: Host) => Host, more: Partial<Plan> = {}): string => {
      const host = change(plan.hosts.get("pc1")!);
      return renderSeed({ ...plan, ...more }, host, templates, naming).network;
    };
    const asItIs = networkOf((h) => h);
    const moved = (h: Host): Host => ({
      ...h,
      nics: h.nics.map((n) => ({ ...n, address: { ...n.address, value: n.address.value + 1n } })),
    });
    expect(networkOf(moved)).not.toBe(asItIs);
    expect(networkOf((h) => ({ ...h, memoryMiB: 1, description: "x" }))).toBe(asItIs);
    expect(networkOf((h) => h, { domain: { ...plan.domain, dns: [] } })).toBe(asItIs);
  });

  test.each(each)("of %s holds no secret in clear, and no name that its template does not fill", (id) => {
    for (const text of seedOf(id).files.values()) {
      expect(shown(text)).not.toMatch(/PRIVATE KEY|ssh-ed25519 AAAA/);
      expect(fillText(text, () => "")).not.toContain("{{");
    }
  });

  test.each(each)("of %s gives each NIC its addresses by its MAC in lower case, in the plan's order", (id, host) => {
    const nics = Object.values(network(id));
    expect(nics).toHaveLength(host.nics.length);
    for (const [i, nic] of host.nics.entries()) {
      expect(nics[i]!.match.macaddress).toBe(nic.mac);
      expect(nics[i]!["set-name"]).toBe(`eth${i}`);
      expect(nics[i]!.addresses).toHaveLength(1 + nic.aliases.length);
      expect(nics[i]!.addresses[0]).toMatch(new RegExp(`/${nic.prefix}$`));
    }
  });

  test.each(each)("of %s has at most one default route, by the gateway of its first zone", (id, host) => {
    const nics = Object.values(network(id));
    const routes = nics.flatMap((n) => n.routes ?? []);
    expect(routes.length).toBeLessThanOrEqual(1);
    expect(nics.slice(1).flatMap((n) => n.routes ?? [])).toEqual([]);
    if (!host.isOutside) expect(routes).toHaveLength(1);
    // cloud-init's own renderers (all but netplan) take a network and refuse the word "default".
    for (const { to } of routes) expect(parseNetwork(to)?.network.prefix).toBe(0);
  });
});

test("a server asks the domain's servers, and leaves by its zone's virtual address", () => {
  const { servers } = network("dc1");
  expect(servers).toEqual({
    match: { macaddress: plan.hosts.get("dc1")!.nics[0]!.mac },
    "set-name": "eth0",
    addresses: ["10.20.20.11/24"],
    routes: [{ to: "0.0.0.0/0", via: "10.20.20.1" }],
    nameservers: { addresses: ["10.20.20.11", "10.20.20.12"], search: ["cod.test"] },
  });
});

test("the guest that plays the Internet holds the operators' gateways, has no route of its own and asks nobody inside", () => {
  const nics = Object.values(network("internet"));
  expect(nics.flatMap((n) => n.routes ?? [])).toEqual([]);
  const addresses = nics.flatMap((n) => n.addresses);
  for (const zone of plan.zones.values()) {
    if (zone.wan === null || zone.gateway === null) continue;
    const gateway = formatAddress(zone.gateway);
    expect(addresses.some((a) => a.startsWith(`${gateway}/`))).toBe(true);
  }
  expect(nics[0]!.nameservers!.addresses).not.toContain("10.20.20.11");
});

test("the bastion's second NIC has an address, and neither route nor resolver: it does not forward", () => {
  const door = { cidr: "192.0.2.50/24", mac: "02:AA:BB:CC:DD:EE" };
  const nics = network("bastion", { ...naming, operator: door });
  expect(Object.keys(nics)).toEqual(["admin", "operator"]);
  expect(nics["operator"]).toEqual({
    match: { macaddress: "02:aa:bb:cc:dd:ee" },
    "set-name": "eth1",
    addresses: ["192.0.2.50/24"],
  });
  expect(Object.keys(network("bastion"))).toEqual(["admin"]);
});

test("a router's CD is told by another label and holds nothing for cloud-init", () => {
  for (const id of ["rtr-a", "rtr-b"]) {
    const seed = seedOf(id);
    expect(seed.label).toBe("config");
    expect([...seed.files.keys()]).not.toContain("user-data");
    expect([...seed.files.values()].map(shown).join("")).toContain(id);
    expect([...seed.files.values()].map(shown).join("")).not.toMatch(/PRIVATE KEY|ssh-ed25519 AAAA/);
  }
});

test("the same plan gives the same texts", () => {
  for (const host of plan.hosts.values()) expect(seedOf(host.id)).toEqual(seedOf(host.id));
});

test("a template that is missing is said by its file", () => {
  const without = new Map([...templates].filter(([name]) => name !== "user-data"));
  const host: Host = plan.hosts.get("dc1")!;
  expect(() => renderSeed(plan, host, without, naming)).toThrow(/templates\/seed\/user-data/);
});
