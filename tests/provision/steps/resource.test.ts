import { describe, expect, test } from "vitest";
import { secret as place } from "../../../src/core/secret-place.ts";
import type { Text } from "../../../src/core/text.ts";
import { PartlyDone } from "../../../src/provision/partly-done.ts";
import type { ResourceType } from "../../../src/provision/resource-type.ts";
import { SecretSource } from "../../../src/provision/secrets.ts";
import { digestOf, sentSteps } from "../../../src/provision/steps/filled.ts";
import { roleState, type RoleInputs, type RoleState } from "../../../src/provision/steps/inputs.ts";
import { hostsInTurn } from "../../../src/provision/turns.ts";
import { refuseClock, roleResource } from "../../../src/provision/steps/resource.ts";
import { declare } from "../../../src/provision/steps/work.ts";
import type { Step } from "../../../src/roles/role.ts";
import { StackSecret } from "../../../src/stack/secret.ts";
import { Vault } from "../../../src/stack/vault.ts";
import { faultOf, temporaryFolder } from "../../stack/temporary.ts";
import { FakePve, vm } from "../fake-client.ts";
import { FakeHost } from "./fake-host.ts";

const secret = new StackSecret(Buffer.alloc(32, 7));
const PASSWORD = secret.password("ldap");
const CA = { commonName: "CA", years: 10, crlDays: 365 };
const MARK = "lab-12345678";
const CONF = "/etc/lab/lab.conf";
const steps: readonly Step[] = [
  { kind: "packages", name: "packages", packages: ["slapd"] },
  {
    kind: "files",
    name: "directory",
    files: { [CONF]: { content: ["port = 389\npassword = ", place("password", "ldap"), "\n"] } },
  },
  { kind: "units", name: "services", units: ["slapd"], state: "running" },
];

interface Lab {
  readonly host: FakeHost;
  readonly pve: FakePve;
  readonly resource: ResourceType;
  /** Inputs as the program declares them. */
  readonly inputs: (changes?: Partial<RoleInputs>, work?: readonly Step[]) => Promise<RoleInputs>;
}

function lab(): Lab {
  const host = new FakeHost();
  const pve = new FakePve();
  pve.vms = [vm(1011, "dc1", ["maquette", MARK])];
  const secrets = new SecretSource(secret, new Vault(temporaryFolder()));
  const resource = roleResource({
    connect: pve.connect,
    secrets: () => Promise.resolve(secrets),
    reached: host.reached,
    inTurn: hostsInTurn({}),
  });
  return {
    host,
    pve,
    resource,
    async inputs(changes = {}, work = steps) {
      const declared = { steps: [...declare("dc", { steps: work })], authority: CA, certificates: {} };
      return {
        host: "dc1",
        role: "dc",
        vmId: 1011,
        mark: MARK,
        reach: {
          os: "debian",
          way: "inside",
          address: "10.20.20.11",
          bastion: { host: "bastion", vmId: 1003, address: null },
        },
        network: "here",
        ...declared,
        digest: digestOf(await sentSteps(declared, secrets), secrets),
        ...changes,
      };
    },
  };
}

async function created(made: Lab): Promise<{ readonly id: string; readonly state: RoleState }> {
  const { id, outs } = (await made.resource.create(await made.inputs())) as { id: string; outs: unknown };
  return { id, state: outs as RoleState };
}

async function partlyDone(work: Promise<unknown>): Promise<PartlyDone> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(PartlyDone);
  return error as PartlyDone;
}

describe("a role that is created", () => {
  test("is sent with its secrets, and the state has places for them and which guest it was", async () => {
    const made = lab();
    const { id, state } = await created(made);
    expect(made.host.disk.packages).toEqual(["slapd"]);
    expect(made.host.disk.files[CONF]).toMatchObject({ mode: "0600", owner: "root:root" });
    expect(state).toEqual({ ...(await made.inputs()), instance: made.host.disk.instance });
    expect(id).toBe(`dc1/dc@${made.host.disk.instance}`);
    expect(JSON.stringify(state)).toContain('{"secret":"password/ldap"}');
    expect(JSON.stringify(state)).not.toContain(PASSWORD);
  });

  test("is sent text of the plan as text, even what looks like a place, and finds it there again", async () => {
    const made = lab();
    const said = "# {{secret:password/ldap}} {{secret:password/ldap|json}}\n";
    const other: Step = { kind: "files", name: "said", files: { "/said": { content: said } } };
    const { id, outs } = (await made.resource.create(await made.inputs({}, [...steps, other]))) as {
      id: string;
      outs: RoleState;
    };
    expect(made.host.disk.files["/said"]).toMatchObject({ content: said, mode: "0644" });
    expect(made.resource.diff(outs, await made.inputs({}, [...steps, other]))).toMatchObject({ changes: false });
    const read = (await made.resource.read(id, outs)) as { props: RoleState };
    expect(read.props).toEqual(outs);
    // Found changed, it is text still.
    Object.assign(made.host.disk.files["/said"]!, { content: `${said}more\n`, digest: "another" });
    const found = (await made.resource.read(id, outs)) as { props: RoleState };
    expect(found.props.steps.at(-1)).toMatchObject({ files: { "/said": { content: [`${said}more\n`] } } });
    expect(roleState.parse(found.props)).toEqual(found.props);
  });

  test("by code from before, which had places within strings, is neither done again nor shown in clear", async () => {
    const made = lab();
    const { id, state } = await created(made);
    const before = JSON.parse(
      JSON.stringify(state).replace(/\["port = 389\\npassword = ",\{"secret":"password\/ldap"\},"\\n"\]/, () =>
        JSON.stringify("port = 389\npassword = {{secret:password/ldap}}\n"),
      ),
    ) as RoleState;
    expect(before).not.toEqual(state);
    expect(made.resource.diff(before, await made.inputs())).toMatchObject({ changes: false });
    const { props } = (await made.resource.read(id, before)) as { props: RoleState };
    expect(props).toEqual(state);
  });

  test("a second time leaves all as it is, and is the same", async () => {
    const made = lab();
    const { id } = await created(made);
    const disk = structuredClone(made.host.disk);
    expect((await created(made)).id).toBe(id);
    expect(made.host.disk).toEqual(disk);
  });

  test("is not begun when its secrets are not those that the program saw", async () => {
    const made = lab();
    const fault = await faultOf(async () => made.resource.create(await made.inputs({ digest: "another" })));
    expect(fault.code).toBe("STEP_DIGEST");
    expect(made.host.calls).toBe(0);
  });

  test("and fails at a step is there partly, with the guest that it was begun on and what was said", async () => {
    const made = lab();
    await made.resource.create(await made.inputs({}, steps.slice(0, 1)));
    made.host.disk.isFull = true;
    const partly = await partlyDone(made.resource.create(await made.inputs()));
    expect(partly.id).toBe(`dc1/dc@${made.host.disk.instance}`);
    expect(partly.properties).toEqual({ ...(await made.inputs()), instance: made.host.disk.instance });
    expect(partly.reasons.join()).toContain('STEP_FAILED dc1, role dc, step "directory": the disk is full');
    made.host.disk.isFull = false;
    await made.resource.update(partly.properties, await made.inputs());
    expect(made.host.disk.units).toEqual({ slapd: "running" });
  });

  test("whose host is lost on the way goes on there, when it is back", async () => {
    const made = lab();
    Object.assign(made.host, { lostAfter: 4, lostTimes: 2 });
    await made.resource.create(await made.inputs());
    expect(made.host.disk.units).toEqual({ slapd: "running" });
    expect(made.host.calls).toBe(3);
  });

  test("whose host is lost again and again is there partly too; lost before the first word, it is not there", async () => {
    const made = lab();
    made.host.lostAfter = 4;
    const partly = await partlyDone(made.resource.create(await made.inputs()));
    expect(partly.message).toMatch(/STEP_CUT dc1 was lost at the step "directory" of the role dc/);
    made.host.lostAfter = 0;
    const fault = await faultOf(async () => made.resource.create(await made.inputs()));
    expect(fault.code).toBe("STEP_NOT_BEGUN");
  });

  test("on a host whose clock is wrong is refused, unless it is the base, which sets clocks", async () => {
    const made = lab();
    made.host.ahead = -3_600;
    const partly = await partlyDone(made.resource.create(await made.inputs()));
    expect(partly.message).toMatch(/STEP_CLOCK The clock of dc1 is 3600 s behind/);
    const base = await made.resource.create(await made.inputs({ role: "base" }));
    expect(base.id).toBe(`dc1/base@${made.host.disk.instance}`);
  });
});

describe("a clock", () => {
  test.each([0, 119, -120])("that is %i s off will do", (off) => {
    expect(() => refuseClock("dc1", 1_000_000 + off, 1_000_000)).not.toThrow();
  });

  test.each([
    [121, "121 s ahead"],
    [-86_400, "86400 s behind"],
  ])("that is %i s off is refused in words", async (off, words) => {
    const fault = await faultOf(() => refuseClock("dc1", 1_000_000 + off, 1_000_000));
    expect(fault.code).toBe("STEP_CLOCK");
    expect(fault.message).toContain(words);
    expect(fault.hint).toContain("maquette ssh dc1 -- chronyc tracking");
  });
});

describe("a role that is read", () => {
  test("is as it was where nothing differs", async () => {
    const made = lab();
    const { id, state } = await created(made);
    expect(await made.resource.read(id, state)).toEqual({ id, props: state, inputs: await made.inputs() });
  });

  test("has what differs in its steps, without the secret, so that it shows as a change", async () => {
    const made = lab();
    const { id, state } = await created(made);
    made.host.disk.packages = [];
    made.host.disk.files[CONF]!.mode = "0644";
    const { props, inputs } = (await made.resource.read(id, state)) as { props: unknown; inputs: unknown };
    expect((props as RoleState).steps).toMatchObject([
      { drift: "missing: slapd" },
      { files: { [CONF]: { mode: "0644", content: expect.arrayContaining([{ secret: "password/ldap" }]) as Text } } },
      { name: "services" },
    ]);
    expect((inputs as RoleInputs).steps).toEqual((props as RoleState).steps);
    expect(JSON.stringify(props)).not.toContain(PASSWORD);
    expect(made.resource.diff(props, await made.inputs())).toMatchObject({ changes: true, replaces: [] });
  });

  test("is gone with its guest: deleted, not ours, or another one of the same number", async () => {
    const made = lab();
    const { id, state } = await created(made);
    const gone = { id: "", props: {} };
    made.pve.vms = [];
    expect(await made.resource.read(id, state)).toEqual(gone);
    made.pve.vms = [vm(1011, "dc1", ["somebody-else"])];
    expect(await made.resource.read(id, state)).toEqual(gone);
    made.pve.vms = [vm(1011, "dc1", [MARK])];
    expect(await made.resource.read(id, { ...state, instance: "another" })).toEqual(gone);
  });

  test("of a guest that is off is what it was, and nobody is called", async () => {
    const made = lab();
    const { id, state } = await created(made);
    const calls = made.host.calls;
    made.pve.vms = [{ ...vm(1011, "dc1", [MARK]), status: "stopped" }];
    expect(await made.resource.read(id, state)).toMatchObject({ id, props: state });
    expect(made.host.calls).toBe(calls);
  });
});

describe("a role differs", () => {
  test("not from itself, in whatever order the engine hands its fields over", async () => {
    const made = lab();
    const { state } = await created(made);
    const turned = Object.fromEntries(Object.entries(await made.inputs()).reverse());
    expect(made.resource.diff(state, turned)).toMatchObject({ changes: false, replaces: [] });
  });

  test.each<[string, Partial<RoleInputs>]>([
    ["a secret that was rotated", { digest: "another" }],
    [
      "another address",
      {
        reach: { os: "debian", way: "inside", address: "10.20.20.99", bastion: { host: "b", vmId: 1, address: null } },
      },
    ],
    ["one step less", { steps: [] }],
    ["another network of its guest, which begins there as its seed has it", { network: "elsewhere" }],
  ])("by %s: it is done again, and no guest is made again", async (_, change) => {
    const made = lab();
    const { state } = await created(made);
    expect(made.resource.diff(state, await made.inputs(change))).toMatchObject({ changes: true, replaces: [] });
  });

  test("not by a network that a state of before does not tell", async () => {
    const made = lab();
    const told = JSON.stringify((await created(made)).state, (key, value: unknown) =>
      key === "network" ? undefined : value,
    );
    const state = JSON.parse(told) as object;
    expect(made.resource.diff(state, await made.inputs())).toMatchObject({ changes: false });
  });

  test("by its guest, known or not yet: it is another role", async () => {
    const made = lab();
    const { state } = await created(made);
    expect(made.resource.diff(state, await made.inputs({ vmId: 1012 }))).toMatchObject({ replaces: ["vmId"] });
    const unknown = { ...(await made.inputs()), vmId: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" };
    expect(made.resource.diff(state, unknown)).toMatchObject({ changes: true, replaces: ["vmId"] });
    expect(made.resource.check(unknown)).toEqual([]);
  });
});

test("what is no role is refused by name", async () => {
  const made = lab();
  const failures = made.resource.check({ ...(await made.inputs()), steps: [{ kind: "registry", name: "x" }] });
  expect(failures.map((f) => f.property)).toEqual(["steps.0.kind"]);
});
