import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  isEmbedded,
  isLoopback,
  parseSettings,
  refuseWithoutOperator,
  settingNames,
  type Settings,
} from "../../src/infra/settings.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf } from "../stack/temporary.ts";

const endpoint = "https://192.0.2.10:8006/";

describe("a stack's settings", () => {
  test("have a default each, but for the endpoint of a stack of one's own", () => {
    expect(parseSettings("mine", { endpoint })).toEqual({
      plan: "stacks/lab",
      copy: 0,
      endpoint,
      insecure: false,
      nodes: ["pve"],
      storage: { images: "local", seeds: "local", disks: "local-lvm", isShared: false },
      bridge: { name: "vmbr9", create: true },
      bridges: {},
      operator: null,
      images: {},
      clones: "linked",
      archive: null,
      artefacts: null,
      vmidBase: 1000,
      templateBase: 9000,
      vlanOffset: 0,
      ha: "none",
    } satisfies Settings);
  });

  test("each have a line in docs/own-proxmox.md", () => {
    const doc = readFileSync(join(repositoryRoot(), "docs/own-proxmox.md"), "utf8");
    for (const name of settingNames) expect(doc).toMatch(new RegExp(`\`${name}\``));
  });

  test("of the repository's own stack are right", () => {
    const text = readFileSync(join(repositoryRoot(), "Pulumi.lab.yaml"), "utf8");
    const { config } = parse(text) as { config: Record<string, unknown> };
    const values = Object.fromEntries(Object.entries(config).map(([k, v]) => [k.replace("maquette:", ""), v]));
    expect(parseSettings("lab", values).nodes).toEqual(["pve1", "pve2"]);
  });

  test("are read as `pulumi config set` writes them, every value as text", () => {
    const values = {
      endpoint,
      insecure: "true",
      vmidBase: "2000",
      copy: "3",
      nodes: '["a","b"]',
      bridge: '{"name":"vmbr1"}',
    };
    expect(parseSettings("mine", values)).toMatchObject({
      insecure: true,
      vmidBase: 2000,
      copy: 3,
      nodes: ["a", "b"],
      bridge: { name: "vmbr1", create: true },
    });
  });

  test.each<[string, unknown]>([
    ["plan", ""],
    ["copy", -1],
    ["copy", 40],
    ["copy", 1.5],
    ["copy", "one"],
    ["endpoint", "http://192.0.2.10:8006/"],
    ["endpoint", "192.0.2.10:8006"],
    ["endpoint", "[broken"],
    ["insecure", "yes"],
    ["insecure", 1],
    ["nodes", []],
    ["nodes", "pve1"],
    ["nodes", ["-pve"]],
    ["nodes", ["a b"]],
    ["nodes", ["../x"]],
    ["nodes", ["pve1", "pve2", "pve1"]],
    ["storage", "local"],
    ["storage", { image: "local" }],
    ["storage", { isShared: "no" }],
    ["bridge", { name: "1vmbr" }],
    ["bridge", { name: "abcdefghijk" }],
    ["bridges", { wan1: "vmbr0" }],
    ["bridges", { wan1: { vlan: 30 } }],
    ["bridges", { wan1: { name: "vmbr0", vlan: 4095 } }],
    ["operator", { bridge: "vmbr0" }],
    ["operator", { bridge: "vmbr0", address: 1 }],
    ["images", { "pfsense-2.8": 9900 }],
    ["images", { "pfsense-2.8": { template: 99 } }],
    ["images", { "pfsense-2.8": { template: { pve1: "x" } } }],
    ["images", { "pfsense-2.8": { url: "no url" } }],
    ["images", { "pfsense-2.8": { volumne: "x" } }],
    ["clones", "copied"],
    ["vmidBase", 99],
    ["templateBase", 1.5],
    ["vlanOffset", 4001],
    ["ha", true],
    ["colour", "blue"],
  ])("refuse %s: %j, and name it", async (name, value) => {
    const fault = await faultOf(() => parseSettings("mine", { endpoint, [name]: value }));
    expect(fault.code).toBe("STACK_SETTINGS");
    expect(fault.message).toMatch(/^Pulumi\.mine\.yaml/);
    expect(fault.message).toMatch(new RegExp(`maquette(:${name}|:? .*"${name}")`));
    expect(fault.hint).toContain("docs/own-proxmox.md");
  });

  test("are refused with every wrong value at once", async () => {
    const fault = await faultOf(() => parseSettings("mine", { endpoint: 1, copy: 99, nodes: [1, "a b"], storage: 0 }));
    expect(fault.message.split("\n").slice(1)).toHaveLength(5);
  });

  test("never repeat a value that may be a secret", async () => {
    const token = "maquette@pve!lab=00000000-aaaa-bbbb-cccc-000000000000";
    for (const values of [{ apiToken: token }, { endpoint: token }, { operator: token }]) {
      const fault = await faultOf(() => parseSettings("mine", values));
      expect(fault.message + fault.hint).not.toContain("00000000-aaaa");
    }
  });
});

describe("the stack lab", () => {
  test("is the embedded lab, and nothing else is", () => {
    expect(["lab", "Lab", "lab2", "", "lab "].map(isEmbedded)).toEqual([true, false, false, false, false]);
  });

  const loopback = [
    "https://127.0.0.1:8006/",
    "https://127.255.1.2/",
    "https://localhost:1/",
    "https://LOCALHOST/",
    "https://[::1]:8006/",
    "https://127.1/",
  ];
  const elsewhere = [
    "https://127.0.0.1.example.org/",
    "https://localhost.example.org/",
    "https://localhost@evil.example/",
    "https://127.0.0.1:8006@evil.example/",
    "https://evil.example/#@127.0.0.1",
    "https://evil.example/?127.0.0.1",
    "https://evil.example\\@127.0.0.1/",
    "https://0.0.0.0:8006/",
    "https://[::]:8006/",
    "https://[::2]/",
    "https://128.0.0.1/",
    "https://192.0.2.1:8006/",
    "https://localhosts/",
  ];

  test.each(loopback)("takes %s", (url) => {
    expect(isLoopback(url)).toBe(true);
    expect(parseSettings("lab", { endpoint: url }).endpoint).toBe(url);
  });

  test.each(elsewhere)("refuses %s", async (url) => {
    expect(isLoopback(url)).toBe(false);
    const fault = await faultOf(() => parseSettings("lab", { endpoint: url }));
    expect(["STACK_LAB_IS_EMBEDDED", "STACK_SETTINGS"]).toContain(fault.code);
  });

  test.each(["", "localhost", "127.0.0.1:8006", "[broken"])("has no loopback in what is no address: %j", (text) => {
    expect(isLoopback(text)).toBe(false);
  });

  test("says where a Proxmox of one's own goes", async () => {
    const fault = await faultOf(() => parseSettings("lab", { endpoint }));
    expect(fault.hint).toContain("pulumi stack init mine");
  });
});

test("a stack of one's own without an endpoint is told the command that sets it", async () => {
  const fault = await faultOf(() => parseSettings("mine", {}));
  expect(fault.code).toBe("STACK_NO_ENDPOINT");
  expect(fault.hint).toContain("--stack mine");
});

describe("HA rules", () => {
  const own = { endpoint: "https://192.0.2.10:8006/" };
  const three = ["a", "b", "c"];
  test.each([
    ["two nodes with local disks", { nodes: ["a", "b"] }, ["HA needs three", "isShared is false"]],
    ["three nodes with local disks", { nodes: three }, ["isShared is false"]],
    ["two nodes with shared storage", { nodes: ["a", "b"], storage: { isShared: true } }, ["HA needs three"]],
  ])("are refused at the setting on %s", (_what, values, reasons) => {
    const ask = (): unknown => parseSettings("mine", { ...own, ...values, ha: "rules" });
    for (const reason of ["maquette:ha: rules", ...reasons]) expect(ask).toThrow(reason);
    expect(parseSettings("mine", { ...own, ...values }).ha).toBe("none");
  });

  test("are to be had on three nodes with shared storage", () => {
    const values = { nodes: three, storage: { isShared: true }, ha: "rules" };
    expect(parseSettings("mine", { ...own, ...values }).ha).toBe("rules");
  });
});

describe("a stack without a way into its guests", () => {
  test("is refused with the settings that make one; the embedded lab has its own", () => {
    const settings = parseSettings("mine", { endpoint: "https://192.0.2.10:8006/" });
    expect(() => refuseWithoutOperator("mine", settings)).toThrow("maquette:operator");
    expect(() => refuseWithoutOperator("lab", settings)).not.toThrow();
    const operator = { bridge: "vmbr0", address: "192.0.2.50/24" };
    const led = parseSettings("mine", { endpoint: "https://192.0.2.10:8006/", operator });
    expect(() => refuseWithoutOperator("mine", led)).not.toThrow();
  });
});
