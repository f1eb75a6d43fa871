import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { secret as place } from "../../src/core/secret-place.ts";
import { asRoot, keyOf, openDoor, hostKeyOf, USER, type Door, type Target } from "../../src/door/index.ts";
import { RecordingDriver } from "../../src/embedded/recorder/driver.ts";
import { recorderSockets } from "../../src/embedded/recorder/places.ts";
import { GuestDriverError, type GuestDescription } from "../../src/pve/simulator/index.ts";
import type { ApplyEvent, StateEvent } from "../../src/provision/steps/observed.ts";
import { BOOTSTRAP } from "../../src/core/program.ts";
import { debianRunner, message } from "../../src/provision/steps/runner.ts";
import { fillSteps, type DeclaredStep, type SentStep } from "../../src/provision/steps/work.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { seededGuest } from "../door/guests.ts";
import { guestDriverContract } from "../pve/guest-driver-contract.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

const secret = new StackSecret(Buffer.alloc(32, 7));
const other = new StackSecret(Buffer.alloc(32, 8));
const silent = (): void => undefined;
const PASSWORD = "correct horse battery staple";

const hosts = {
  bastion: { vmid: 1003, address: "10.20.10.10" },
  dc1: { vmid: 1011, address: "10.20.20.11" },
} as const;
type Name = keyof typeof hosts;

interface Lab {
  readonly folder: string;
  readonly sockets: string;
  readonly guests: Readonly<Record<Name, GuestDescription>>;
  driver: RecordingDriver;
  restart(): Promise<void>;
}

const make = (folder: string, sockets: string): RecordingDriver => {
  const driver = new RecordingDriver({ folder: join(folder, "memory"), sockets, log: silent });
  onTestFinished(() => driver.close());
  return driver;
};

/** Two guests that are on, each booted from its seed. */
async function lab(): Promise<Lab> {
  const folder = temporaryFolder();
  const sockets = join(folder, "g");
  const guests = {
    bastion: await seededGuest(folder, secret, hosts.bastion.vmid, "bastion", `${hosts.bastion.address}/24`),
    dc1: await seededGuest(folder, secret, hosts.dc1.vmid, "dc1", `${hosts.dc1.address}/24`),
  };
  const made: Lab = {
    folder,
    sockets,
    guests,
    driver: make(folder, sockets),
    async restart() {
      await made.driver.close();
      made.driver = make(folder, sockets);
      const entries = Object.values(guests).map((guest) => ({
        // Their CDs were taken out of the drives after their first boot.
        guest: { ...guest, cdroms: [] },
        shouldRun: true,
        snapshots: [],
      }));
      await made.driver.reconcile(entries, silent);
    },
  };
  await made.driver.reconcile([], silent);
  for (const guest of Object.values(guests)) {
    await made.driver.create(guest, silent);
    await made.driver.start(guest, silent);
  }
  return made;
}

/** The way that the provider goes: the bastion by its socket, the others from there. */
function enter(
  { sockets }: Lab,
  keys: { readonly hosts?: StackSecret; readonly user?: StackSecret; readonly name?: string } = {},
): Door {
  const target = (name: string, way: Target["way"]): Target => ({
    name,
    user: keys.name ?? USER,
    hostKey: hostKeyOf(keys.hosts ?? secret, name),
    way,
  });
  const socket = (name: string): Target =>
    target(name, { kind: "socket", path: join(sockets, String(hosts[name as Name].vmid), "ssh") });
  const door = openDoor({
    key: keyOf(keys.user ?? secret),
    targets: {
      bastion: "bastion",
      inBand: (name) =>
        name === "bastion"
          ? socket(name)
          : target(name, { kind: "inside", host: hosts[name as Name].address, port: 22 }),
      outOfBand: socket,
    },
  });
  onTestFinished(() => door.close());
  return door;
}

const declared: readonly DeclaredStep[] = [
  { kind: "packages", name: "packages", packages: ["chrony", "krb5-user"] },
  {
    kind: "files",
    name: "clock",
    files: {
      "/etc/chrony/chrony.conf": { content: "pool 192.0.2.53 iburst\n" },
      "/etc/chrony/keys": { content: ["1 ", place("password", "clock"), "\n"], owner: "root:_chrony" },
    },
    absent: ["/etc/chrony/old.conf"],
    check: [{ argv: ["chronyd", "-p", "-f", "new:/etc/chrony/chrony.conf"] }],
    reload: [{ argv: ["systemctl", "restart", "chrony"] }],
  },
  {
    kind: "command",
    name: "account",
    unless: { argv: ["samba-tool", "user", "show", "clock"] },
    run: { argv: ["samba-tool", "user", "add", "clock"], input: [place("password", "clock"), "\n"] },
  },
  { kind: "units", name: "services", units: ["chrony"], state: "running" },
  { kind: "units", name: "others", units: ["systemd-timesyncd"], state: "masked" },
  { kind: "probe", name: "clock answers", run: { argv: ["chronyc", "tracking"] } },
];
const filled = (steps = declared): SentStep[] => fillSteps(steps, () => PASSWORD);

async function apply(door: Door, steps = filled(), host: Name = "dc1"): Promise<ApplyEvent[]> {
  const events: ApplyEvent[] = [];
  const failure = await debianRunner(await door.ssh(host)).apply([{ role: "dc", steps }], (e) => events.push(e));
  expect(failure).toBeUndefined();
  return events;
}

const check = async (door: Door, steps = filled(), host: Name = "dc1"): Promise<StateEvent> =>
  debianRunner(await door.ssh(host)).check([{ role: "dc", steps }]);

const changed = (events: readonly ApplyEvent[]): boolean[] =>
  events.flatMap((e) => (e.event === "done" ? [e.changed] : []));
const instanceOf = (events: readonly ApplyEvent[]): string | undefined =>
  events.flatMap((e) => (e.event === "hello" ? [e.instance] : []))[0];

const like = (facts: object): unknown => expect.objectContaining(facts);

const allGood = [
  { missing: [] },
  { wrong: {}, present: [], isLoaded: true },
  { holds: true },
  { wrong: {} },
  { wrong: {} },
  { holds: true },
];

guestDriverContract("recording", () => {
  const folder = temporaryFolder();
  return new RecordingDriver({ folder: join(folder, "memory"), sockets: join(folder, "g"), log: silent });
});

describe("memory guests take the steps of their roles", () => {
  test("a new guest knows nothing, takes every step through the bastion, and a second run changes nothing", async () => {
    const door = enter(await lab());
    expect(await check(door)).toEqual({ event: "state", instance: null, roles: {} });
    const first = await apply(door);
    expect(changed(first)).toEqual([true, true, true, true, true, false]);
    expect(first.at(-1)).toEqual({ event: "end" });
    expect(await check(door)).toMatchObject({ instance: instanceOf(first), roles: { dc: allGood } });
    const second = await apply(door);
    expect(changed(second)).toEqual([false, false, false, false, false, false]);
    expect(instanceOf(second)).toBe(instanceOf(first));
  });

  test("a changed template and a changed secret are seen before they are sent, and nothing else is", async () => {
    const door = enter(await lab());
    await apply(door);
    const text = JSON.stringify(declared).replace("192.0.2.53 iburst", "192.0.2.54 iburst");
    const steps = fillSteps(JSON.parse(text) as DeclaredStep[], () => "another password");
    const { roles } = await check(door, steps);
    expect(roles["dc"]).toEqual([
      { missing: [] },
      {
        wrong: {
          "/etc/chrony/chrony.conf": like({ content: "pool 192.0.2.53 iburst\n", isSame: false }),
          "/etc/chrony/keys": like({ mode: "0600", owner: "root:_chrony", isSame: false }),
        },
        present: [],
        isLoaded: false,
      },
      { holds: false, said: "this memory guest was never sent that command" },
      { wrong: {} },
      { wrong: {} },
      { holds: true },
    ]);
    expect(JSON.stringify(roles)).not.toContain(PASSWORD);
    expect(changed(await apply(door, steps))).toEqual([false, true, true, false, false, false]);
    expect((await check(door, steps)).roles["dc"]).toMatchObject(allGood);
  });

  test("what was changed by hand on its disk is seen, and put right", async () => {
    const made = await lab();
    const door = enter(made);
    await apply(door);
    const file = join(made.folder, "memory", String(hosts.dc1.vmid), "disk.json");
    const disk = JSON.parse(readFileSync(file, "utf8")) as {
      files: Record<string, { digest: string; mode: string; owner: string; content?: string }>;
      packages: string[];
    };
    disk.files["/etc/chrony/chrony.conf"]!.mode = "0666";
    delete disk.files["/etc/chrony/keys"];
    disk.files["/etc/chrony/old.conf"] = { digest: "0", mode: "0644", owner: "root:root", content: "" };
    disk.packages = ["chrony"];
    writeFileSync(file, JSON.stringify(disk));
    const { roles } = await check(door);
    expect(roles["dc"]!.slice(0, 2)).toEqual([
      { missing: ["krb5-user"] },
      {
        wrong: {
          "/etc/chrony/chrony.conf": like({ mode: "0666", isSame: true }),
          "/etc/chrony/keys": null,
        },
        present: ["/etc/chrony/old.conf"],
        isLoaded: true,
      },
    ]);
    expect(changed(await apply(door))).toEqual([true, true, false, false, false, false]);
    expect((await check(door)).roles["dc"]).toMatchObject(allGood);
  });

  test("a disk that is full fails at the first step that writes, keeps what was done, and goes on there", async () => {
    const made = await lab();
    const door = enter(made);
    await apply(door, filled(declared.slice(0, 1)));
    const file = join(made.folder, "memory", String(hosts.dc1.vmid), "disk.json");
    const setFull = (isFull: boolean): void =>
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), isFull }));
    setFull(true);
    const connection = await door.ssh("dc1");
    const events: ApplyEvent[] = [];
    const failure = await debianRunner(connection).apply([{ role: "dc", steps: filled() }], (e) => events.push(e));
    expect(failure).toMatchObject({ role: "dc", step: 1, what: "the disk is full (no space left on device)" });
    expect(changed(events)).toEqual([false]);
    setFull(false);
    expect(changed(await apply(door))).toEqual([false, true, true, true, true, false]);
  });

  test("no secret is on its disk, which is its user's alone", async () => {
    const { folder, ...made } = await lab();
    await apply(enter({ folder, ...made }));
    const file = join(folder, "memory", String(hosts.dc1.vmid), "disk.json");
    const text = readFileSync(file, "utf8");
    expect(text).toContain("pool 192.0.2.53 iburst");
    expect(text).not.toContain(PASSWORD);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(statSync(made.sockets).mode & 0o077).toBe(0);
  });

  test("steps that this recorder does not know are refused, and nothing is recorded", async () => {
    const made = await lab();
    const door = enter(made);
    const strange = [{ kind: "registry", name: "x" }] as unknown as SentStep[];
    const fault = await faultOf(() => apply(door, strange));
    expect(fault.code).toBe("STEP_NOT_BEGUN");
    expect(fault.message).toContain("does not know these steps");
    expect((await check(door)).instance).toBeNull();
  });

  test("a message that was cut begins nothing", async () => {
    const door = enter(await lab());
    const connection = await door.ssh("dc1");
    const whole = message({ mode: "apply", roles: [{ role: "dc", steps: filled() }] });
    const input = whole.subarray(0, whole.length - 1);
    expect(await connection.exec(asRoot(["python3", "-c", BOOTSTRAP]), { input })).toMatchObject({
      exitCode: 75,
      stdout: "",
    });
    expect((await check(door)).instance).toBeNull();
  });
});

describe("memory guests answer SSH as their seeds say", () => {
  test("a guest with another host key, another user's key and an unknown user are told apart", async () => {
    const made = await lab();
    for (const host of ["bastion", "dc1"] as const) {
      expect((await faultOf(() => enter(made, { hosts: other }).console(host))).code).toBe("DOOR_HOST_KEY");
      expect((await faultOf(() => enter(made, { user: other }).console(host))).code).toBe("DOOR_AUTH");
      expect((await faultOf(() => enter(made, { name: "root" }).console(host))).code).toBe("DOOR_AUTH");
    }
  });

  test("any other command is refused in words", async () => {
    const connection = await enter(await lab()).ssh("dc1");
    expect(await connection.exec("systemctl restart chrony", { input: "unread" })).toEqual({
      exitCode: 127,
      stdout: "",
      stderr: "dc1 is a memory guest: no command runs here, it only records what the steps of its roles send.\n",
    });
  });

  test("the bastion reaches the SSH of guests that are on, and nothing else", async () => {
    const made = await lab();
    const door = enter(made);
    (await door.connect(hosts.dc1.address, 22)).destroy();
    for (const [address, port] of [
      [hosts.dc1.address, 443],
      ["10.20.20.12", 22],
      ["dc1", 22],
    ] as const) {
      const fault = await faultOf(() => door.connect(address, port));
      expect(fault.code).toBe("DOOR_REFUSED");
      expect(fault.message).toContain("Connection refused");
    }
    await made.driver.stop(hosts.dc1.vmid);
    expect((await faultOf(() => door.ssh("dc1"))).code).toBe("DOOR_REFUSED");
  });

  test("a guest without power answers nobody and cuts who was connected; with power again it is the same guest", async () => {
    const made = await lab();
    const door = enter(made);
    const connection = await door.ssh("dc1");
    const first = await apply(door);
    await made.driver.stop(hosts.dc1.vmid);
    expect((await connection.ended).code).toBe("DOOR_CUT");
    expect((await faultOf(() => door.console("dc1"))).code).toBe("DOOR_OFF");
    await made.driver.start({ ...made.guests.dc1, cdroms: [] }, silent);
    expect((await check(door)).instance).toBe(instanceOf(first));
  });

  test("a paused guest answers when it goes on", async () => {
    const made = await lab();
    await made.driver.pause(hosts.dc1.vmid);
    const asked = check(enter(made));
    expect(await Promise.race([asked, new Promise((r) => setTimeout(r, 300, "silent"))])).toBe("silent");
    await made.driver.resume(hosts.dc1.vmid);
    expect((await asked).instance).toBeNull();
  });

  test("a guest without a seed of its own, as a router, has no server", async () => {
    const made = await lab();
    const router: GuestDescription = { ...made.guests.dc1, vmid: 1001, name: "rtr-a", cdroms: [] };
    await made.driver.create(router, silent);
    await made.driver.start(router, silent);
    expect(existsSync(join(made.sockets, "1001"))).toBe(false);
  });

  test("a CD that is no seed keeps its guest from starting, in words", async () => {
    const made = await lab();
    const hostPath = join(made.folder, "bad.iso");
    writeFileSync(hostPath, Buffer.alloc(64 * 1024));
    const guest = { ...made.guests.dc1, vmid: 1012, cdroms: [{ slot: "ide3", volume: "local:iso/bad.iso", hostPath }] };
    await made.driver.create(guest, silent);
    await expect(made.driver.start(guest, silent)).rejects.toThrow(GuestDriverError);
  });
});

describe("what a memory guest was sent is on its disk", () => {
  test("a daemon that starts again knows it, seed and all, and leaves no socket when it ends", async () => {
    const made = await lab();
    const first = await apply(enter(made));
    await made.driver.close();
    expect(existsSync(made.sockets)).toBe(false);
    await made.restart();
    const door = enter(made);
    expect((await check(door)).instance).toBe(instanceOf(first));
    expect(changed(await apply(door))).toEqual([false, false, false, false, false, false]);
  });

  test("sockets that a killed daemon left are taken over", async () => {
    const made = await lab();
    rmSync(join(made.sockets, String(hosts.dc1.vmid)), { recursive: true });
    writeFileSync(join(made.sockets, String(hosts.dc1.vmid)), "");
    const next = make(made.folder, made.sockets);
    const entries = [{ guest: made.guests.dc1, shouldRun: true, snapshots: [] }];
    await next.reconcile(entries, silent);
    expect((await debianRunner(await enter(made).console("dc1")).check([])).instance).toBeNull();
  });

  test("a guest that is destroyed loses it, and one of the same number is another", async () => {
    const made = await lab();
    await apply(enter(made));
    await made.driver.stop(hosts.dc1.vmid);
    await made.driver.destroy(hosts.dc1.vmid);
    expect(readdirSync(join(made.folder, "memory"))).toEqual([String(hosts.bastion.vmid)]);
    await made.driver.create(made.guests.dc1, silent);
    await made.driver.start(made.guests.dc1, silent);
    expect((await check(enter(made))).instance).toBeNull();
  });

  test("a snapshot keeps it, a rollback brings it back, and a clone has a copy", async () => {
    const made = await lab();
    const { vmid } = hosts.dc1;
    await apply(enter(made));
    await made.driver.snapshot(vmid, "before", { withMemory: true });
    const more: DeclaredStep[] = [...declared, { kind: "packages", name: "more", packages: ["samba-ad-dc"] }];
    await apply(enter(made), filled(more));
    await made.driver.rollback(made.guests.dc1, "before");
    const found = (await check(enter(made), filled(more))).roles["dc"]!;
    expect(found.slice(0, -1)).toMatchObject(allGood);
    expect(found.at(-1)).toEqual({ missing: ["samba-ad-dc"] });
    const copy: GuestDescription = { ...made.guests.dc1, vmid: 1099, cdroms: [] };
    await made.driver.clone({ vmid, snapshot: "before" }, copy, { isFull: true }, silent);
    expect(readFileSync(join(made.folder, "memory/1099/disk.json"), "utf8")).toContain("chrony");
    await made.driver.deleteSnapshot(vmid, "before");
    expect(readdirSync(join(made.folder, "memory", String(vmid), "snapshots"))).toEqual([]);
  });

  test("starting fifteen guests costs next to nothing", async () => {
    const folder = temporaryFolder();
    const guests = await Promise.all(
      Array.from({ length: 15 }, (_, n) => seededGuest(folder, secret, 2000 + n, `h${n}`, `10.20.20.${100 + n}/24`)),
    );
    const spent = async (driver: RecordingDriver): Promise<number> => {
      const begun = process.cpuUsage();
      for (const guest of guests) {
        await driver.create(guest, silent);
        await driver.start(guest, silent);
      }
      const { user, system } = process.cpuUsage(begun);
      return (user + system) / 1000;
    };
    // Some 5 ms of this process a guest, however much else the machine has to do.
    expect(await spent(make(folder, join(folder, "g")))).toBeLessThan(3_000);
  });
});

test("the folder for sockets is beside the run files where its path is short enough, and one of the user's own elsewhere", () => {
  const short = recorderSockets({ run: "/home/u/.local/state/maquette/0123456789/lab/run", stack: "/s" });
  expect(short).toBe("/home/u/.local/state/maquette/0123456789/lab/run/g");
  const deep = `/tmp/${"x".repeat(100)}`;
  const one = recorderSockets({ run: `${deep}/run`, stack: deep });
  const two = recorderSockets({ run: `${deep}2/run`, stack: `${deep}2` });
  expect(one).not.toBe(two);
  expect(Buffer.byteLength(`${one}/999999999/ssh`)).toBeLessThanOrEqual(107);
});
