import { describe, expect, test } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import { consolesOf } from "../../src/provision/console.ts";
import { plain } from "../../src/provision/plain.ts";
import { hostsInTurn } from "../../src/provision/turns.ts";
import { makeProvider } from "../../src/provision/provider.ts";
import { FakePve, vm } from "./fake-client.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const sealed = (value: unknown): object => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });

describe("plain", () => {
  test("takes values out of envelopes, to any depth, envelopes in envelopes too", () => {
    const value = sealed({ a: [sealed("x"), { b: sealed(sealed(1)) }], c: null });
    expect(plain(value)).toEqual({ a: ["x", { b: 1 }], c: null });
  });

  test("leaves everything else as it is", () => {
    for (const value of [null, undefined, 0, "", false, [], {}, { value: 1 }, { a: [{ value: "x" }] }])
      expect(plain(value)).toEqual(value);
  });
});

describe("the provider", () => {
  const pve = new FakePve();
  const provider = makeProvider({
    connect: pve.connect,
    secrets: () => Promise.reject(new Fault("STACK_SECRET_DAMAGED", "the secret is damaged.", "Put it back.")),
    reached: () => Promise.reject(new Error("unused")),
    console: consolesOf({}),
    inTurn: hostsInTurn({}),
  });
  const types = Object.keys((JSON.parse(provider.schema!) as { resources: object }).resources);
  const urnOf = (kind: string): string => {
    const type = types.find((t) => t.endsWith(`:${kind}`))!;
    return `urn:pulumi:lab::maquette::maquette:lab:Lab$${type}::name`;
  };
  const ownership = { mark: "m", guests: { "100": "x" } };
  const seed = {
    node: "pve1",
    storage: "local",
    fileName: "x.iso",
    label: "cidata",
    files: {},
    authority: { commonName: "CA", years: 10, crlDays: 365 },
    certificates: {},
    vmId: 100,
    mark: "m",
    digest: "d",
  };

  test("names its resources in its schema", () => {
    expect(types.map((t) => t.split(":").pop())).toEqual(["Seed", "Router", "Role", "Ownership"]);
  });

  test("says a fault with code and hint, because the engine prints the message alone", async () => {
    pve.vms = [vm(100, "payroll")];
    const failed = provider.create!(urnOf("Ownership"), ownership);
    await expect(failed).rejects.toThrow(/^PVE_NOT_OURS .*payroll[\s\S]*\n {2}hint: .*vmidBase/);
    await expect(provider.delete!("m", urnOf("Ownership"), ownership)).rejects.toThrow(/PVE_NOT_OURS/);
    await expect(provider.update!("m", urnOf("Ownership"), ownership, ownership)).rejects.toThrow(/PVE_NOT_OURS/);
    await expect(provider.create!(urnOf("Seed"), seed)).rejects.toThrow(/^STACK_SECRET_DAMAGED .*\n {2}hint: Put/);
  });

  test("reads inputs out of their envelopes", async () => {
    pve.vms = [];
    const made = await provider.create!(urnOf("Ownership"), sealed({ mark: sealed("m"), guests: sealed({}) }));
    expect(made).toEqual({ id: "m", outs: { mark: "m", guests: {} } });
    expect(await provider.diff!("m", urnOf("Ownership"), sealed(ownership), ownership)).toEqual({ changes: false });
    const checked = await provider.check!(urnOf("Seed"), {}, sealed({ ...seed, vmId: sealed("x") }));
    expect(checked.failures).toMatchObject([{ property: "vmId" }]);
  });

  test("knows no other type, and says so by name", async () => {
    const urn = "urn:pulumi:lab::maquette::other:index:Thing::name";
    await expect(provider.create!(urn, {})).rejects.toThrow(/other:index:Thing/);
  });

  test("refuses in words when the environment names no API", async () => {
    const lost = makeProvider({
      connect: () => {
        throw new Fault("STACK_NO_ENVIRONMENT", "not told.", "Run env.");
      },
      secrets: () => Promise.reject(new Error("unused")),
      reached: () => Promise.reject(new Error("unused")),
      console: consolesOf({}),
      inTurn: hostsInTurn({}),
    });
    await expect(lost.read!("x", urnOf("Seed"), seed)).rejects.toThrow(/STACK_NO_ENVIRONMENT.*\n {2}hint/);
  });
});
