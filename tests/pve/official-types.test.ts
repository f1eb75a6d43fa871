/* eslint-disable @typescript-eslint/no-unsafe-assignment -- tests look into whatever the API answers */
import { describe, expect, it, onTestFinished } from "vitest";
import { FORMAT_NAMES } from "../../src/pve/simulator/schema/formats.ts";
import { METHODS } from "../../src/pve/simulator/index.ts";
import { Lab } from "./lab.ts";
import { readOfficialMethods } from "./official-types.ts";

/** What Proxmox 9 has and the package, made before it, has not. */
const EDIT_SINCE_9 = ["allow-ksm", "amd-sev", "intel-tdx", "virtiofs[n]"];
const SINCE_9: Readonly<Record<string, readonly string[]>> = {
  "DELETE /cluster/ha/resources/{sid}": ["purge"],
  "POST /cluster/ha/resources": ["failback"],
  "PUT /cluster/ha/resources/{sid}": ["failback"],
  "PUT /cluster/options": ["consent-text", "replication"],
  "POST /nodes/{node}/network": ["bridge_vids"],
  "PUT /nodes/{node}/network/{iface}": ["bridge_vids"],
  "PUT /nodes/{node}/network": ["regenerate-frr"],
  "POST /nodes/{node}/qemu": [...EDIT_SINCE_9, "ha-managed", "import-working-storage"],
  "POST /nodes/{node}/qemu/{vmid}/config": [...EDIT_SINCE_9, "import-working-storage"],
  "PUT /nodes/{node}/qemu/{vmid}/config": EDIT_SINCE_9,
  "POST /nodes/{node}/qemu/{vmid}/migrate": ["with-conntrack-state"],
  "POST /nodes/{node}/qemu/{vmid}/status/start": ["nets-host-mtu", "with-conntrack-state"],
  "POST /nodes/{node}/qemu/{vmid}/status/stop": ["overrule-shutdown"],
};
const METHODS_SINCE_9 = /\/cluster\/ha\/rules/;

const official = readOfficialMethods();
/** The package knows four of each numbered option, whatever their number. */
const withoutIndex = (name: string): string => name.replace(/\d+$/, "[n]");
const namesOf = (names: Iterable<string>): Set<string> => new Set([...names].map(withoutIndex));

describe("the table of methods", () => {
  it("holds no method that Proxmox does not have", () => {
    const unknown = METHODS.map((m) => `${m.verb} ${m.path}`).filter(
      (key) => !official.has(key) && !METHODS_SINCE_9.test(key),
    );
    expect(unknown).toEqual([]);
  });

  it("names every parameter as Proxmox does, and none besides", () => {
    const differences: Record<string, { missing: string[]; extra: string[] }> = {};
    for (const m of METHODS) {
      const key = `${m.verb} ${m.path}`;
      const theirs = official.get(key);
      if (theirs === undefined) continue;
      const inPath = [...m.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const isElsewhere = (name: string): boolean => inPath.includes(name) || (SINCE_9[key] ?? []).includes(name);
      const ours = namesOf(Object.keys(m.parameters));
      const known = namesOf(theirs.parameters.keys());
      const extra = [...ours].filter((name) => !known.has(name) && !isElsewhere(name));
      const missing = [...known].filter((name) => !ours.has(name));
      if (extra.length > 0 || missing.length > 0) differences[key] = { missing, extra };
    }
    expect(differences).toEqual({});
  });

  it("requires what Proxmox requires", () => {
    const differences = METHODS.flatMap((m) => {
      const theirs = official.get(`${m.verb} ${m.path}`);
      if (theirs === undefined) return [];
      return [...theirs.parameters].flatMap(([name, { isOptional }]) => {
        const ours = m.parameters[name];
        return ours !== undefined && (ours.optional === true) !== isOptional ? [`${m.verb} ${m.path} ${name}`] : [];
      });
    });
    expect(differences).toEqual([]);
  });

  it("uses only formats that are checked", () => {
    const unknown = METHODS.flatMap((m) => Object.values(m.parameters))
      .map(({ format }) => format)
      .filter((format) => typeof format === "string" && !FORMAT_NAMES.has(format));
    expect(unknown).toEqual([]);
  });
});

describe("answers", () => {
  it("have every property that the official types require, with its primitive type", async () => {
    const lab = await Lab.start();
    onTestFinished(() => lab.end());
    await lab.createVm(500, { start: 1, agent: "enabled=1", tags: "b;a" });
    await lab.task("POST", "/nodes/pve1/qemu/500/snapshot", { snapname: "first" });
    await lab.ok("POST", "/cluster/ha/resources", { sid: "vm:500" });
    await lab.ok("POST", "/pools", { poolid: "answers" });
    const upid = await lab.ok("PUT", "/nodes/pve1/network");
    const pathOf: Readonly<Record<string, string>> = {
      node: "pve1",
      vmid: "500",
      storage: "local-lvm",
      snapname: "first",
      upid: encodeURIComponent(upid as string),
      volume: "local-lvm:vm-500-disk-0",
      iface: "vmbr0",
      poolid: "answers",
      sid: "vm:500",
    };
    const query: Readonly<Record<string, Record<string, string>>> = {
      "/nodes/{node}/query-url-metadata": { url: "https://x.invalid/a.iso" },
      "/nodes/{node}/qemu/{vmid}/agent/exec-status": { pid: "1" },
    };
    const wrong: string[] = [];
    let checked = 0;
    for (const method of METHODS.filter(
      ({ verb, path }) => verb === "GET" && !/\/ha\/(groups|rules)|exec-status/.test(path),
    )) {
      const path = method.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => pathOf[name]!);
      const answer = await lab.call("GET", path, query[method.path] ?? {});
      if (answer.status !== 200) wrong.push(`${method.path}: ${answer.status} ${answer.phrase}`);
      const { required, isList } = official.get(`GET ${method.path}`)!;
      const rows = (isList ? answer.data : [answer.data]) as Record<string, unknown>[];
      if (!Array.isArray(rows)) wrong.push(`${method.path}: not a list`);
      for (const [name, type] of required) {
        const expected = { string: "string", number: "number", integer: "number", boolean: "number" }[type];
        for (const row of Array.isArray(rows) ? rows : []) {
          checked++;
          const actual = typeof row[name];
          if (actual === "undefined" || (expected !== undefined && actual !== expected))
            wrong.push(`${method.path} ${name}: ${actual}, not ${type}`);
        }
      }
    }
    expect([...new Set(wrong)]).toEqual([]);
    expect(checked).toBeGreaterThan(60);
  });
});
