import { connect, createServer } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openDoor, type Door } from "../../src/door/door.ts";
import type { SshConnection } from "../../src/door/ssh.ts";
import { keyOf, type Target } from "../../src/door/target.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { fakeHost, otherSecret, secret, type FakeHost } from "./ssh-server.ts";

function doorTo(...hosts: readonly Target[]): Door {
  const find = (name: string): Target => hosts.find((h) => h.name === name)!;
  const door = openDoor({
    targets: { bastion: "bastion", inBand: find, outOfBand: find },
    key: keyOf(secret),
  });
  onTestFinished(() => door.close());
  return door;
}

const opened = async (host: FakeHost): Promise<SshConnection> => doorTo(host.target).ssh(host.target.name);

describe("an SSH connection to a host", () => {
  it("runs a command: both streams, input, exit code", async () => {
    const connection = await opened(await fakeHost());
    expect(await connection.exec("uptime")).toEqual({ exitCode: 0, stdout: "ran uptime\n", stderr: "warned\n" });
    expect((await connection.exec("exit 3")).exitCode).toBe(3);
    expect((await connection.exec("cat", { input: "é".repeat(200_000) })).stdout).toBe("é".repeat(200_000));
  });

  it("refuses another host key, in words, and sends nothing to whoever shows it", async () => {
    const host = await fakeHost({ hostSecret: otherSecret });
    const fault = await faultOf(() => doorTo(host.target).ssh("dc1"));
    expect(fault.code).toBe("DOOR_HOST_KEY");
    expect(fault.message).toMatch(/dc1 shows another host key than dc1's: SHA256:\S{43}, not SHA256:\S{43}/);
  });

  it("says that the lab's key is not taken", async () => {
    const host = await fakeHost({ userSecret: otherSecret });
    const fault = await faultOf(() => doorTo(host.target).ssh("dc1"));
    expect(fault.code).toBe("DOOR_AUTH");
    expect(fault.message).toBe("dc1 does not take the lab's key for the user maquette.");
  });

  it("says that a server is silent, after its deadline", async () => {
    const path = `${temporaryFolder()}/ssh`;
    const server = createServer(() => undefined).listen(path);
    onTestFinished(() => void server.close());
    const host = await fakeHost();
    const target: Target = { ...host.target, way: { kind: "socket", path } };
    const fault = await faultOf(() => doorTo(target).ssh("dc1", { deadlineMs: 1_000 }));
    expect(fault.code).toBe("DOOR_DEADLINE");
  });

  it("says that a guest is off where its socket is not there, and waits for one that starts", async () => {
    const host = await fakeHost();
    const path = `${temporaryFolder()}/ssh`;
    const target: Target = { ...host.target, way: { kind: "socket", path } };
    expect((await faultOf(() => doorTo(target).ssh("dc1"))).code).toBe("DOOR_OFF");
    const waiting = doorTo(target).ssh("dc1", { waitMs: 60_000 });
    const late = await fakeHost({ path });
    expect((await (await waiting).exec("x")).stdout).toBe("ran x\n");
    await late.close();
  });

  it("a command that does not end is left after its deadline, and told with its last words", async () => {
    const host = await fakeHost({
      run: (_, channel) => {
        channel.write("first\nwaiting for the lock\n");
      },
    });
    const connection = await opened(host);
    const fault = await faultOf(() => connection.exec("apt-get update", { deadlineMs: 2_000 }));
    expect(fault).toMatchObject({ code: "DOOR_DEADLINE" });
    expect(fault.message).toBe("dc1: `apt-get update` did not end within 2 s; last words: waiting for the lock.");
    expect(connection.isOpen).toBe(true);
  });

  it("a connection that is cut ends what ran on it with a fault, never with half an answer", async () => {
    const host = await fakeHost({
      run: (_, channel) => {
        channel.write("half an ans");
        setImmediate(() => {
          for (const connection of host.connections)
            (connection as unknown as { _sock: { destroy(): void } })._sock.destroy();
        });
      },
    });
    const connection = await opened(host);
    const fault = await faultOf(() => connection.exec("dump"));
    expect(fault.code).toBe("DOOR_CUT");
    await connection.ended;
    expect((await faultOf(() => connection.exec("again"))).code).toBe("DOOR_CUT");
  });

  it("opens eight sessions at most; the others wait", async () => {
    const host = await fakeHost({
      run: (_, channel) => {
        setTimeout(() => {
          channel.exit(0);
          channel.end();
        }, 20);
      },
    });
    const connection = await opened(host);
    const codes = await Promise.all(Array.from({ length: 30 }, () => connection.exec("x")));
    expect(codes.every((c) => c.exitCode === 0)).toBe(true);
    expect(host.sessions.most).toBe(8);
    await vi.waitFor(() => expect(host.sessions.now).toBe(0));
  });
});

describe("the door", () => {
  it("reaches a host through the bastion, by a name that only the bastion knows", async () => {
    const inside = await fakeHost({ name: "dc1" });
    const { path } = inside.target.way as { readonly path: string };
    const bastion = await fakeHost({ name: "bastion", reach: { "dc1.cod.test:22": () => connect(path) } });
    const door = doorTo(bastion.target, {
      ...inside.target,
      way: { kind: "inside", host: "dc1.cod.test", port: 22 },
    });
    const connection = await door.ssh("dc1");
    expect((await connection.exec("hostname")).stdout).toBe("ran hostname\n");
    expect(bastion.connections.size).toBe(1);
    await door.ssh("dc1");
    // One connection to the bastion serves them all.
    expect(bastion.connections.size).toBe(1);
    await door.close();
    expect(connection.isOpen).toBe(false);
    await vi.waitFor(() => expect(bastion.connections.size).toBe(0));
  });

  /** As sshd forwards: what the host has ended can still be written to. */
  const halfOpenTo = async (path: string): Promise<Target[]> => {
    const far = (): Duplex => {
      const socket = connect(path).on("error", () => undefined);
      const half = new Duplex({
        read: () => undefined,
        write(chunk: Buffer, _encoding, done) {
          if (socket.writable) socket.write(chunk);
          done();
        },
      });
      socket.on("data", (data) => half.push(data)).on("close", () => half.push(null));
      return half.on("close", () => socket.destroy());
    };
    const bastion = await fakeHost({ name: "bastion", reach: { "dc1.cod.test:22": far } });
    const { target } = await fakeHost({ name: "dc1" });
    return [bastion.target, { ...target, way: { kind: "inside", host: "dc1.cod.test", port: 22 } }];
  };

  it("tells that a host was lost whose end of the way through the bastion has ended, in the middle of a command", async () => {
    const inside = await fakeHost({
      name: "dc1",
      run: (_, channel) => {
        channel.write("half an ans");
        setImmediate(() => {
          for (const connection of inside.connections)
            (connection as unknown as { _sock: { destroy(): void } })._sock.destroy();
        });
      },
    });
    const { path } = inside.target.way as { readonly path: string };
    const connection = await doorTo(...(await halfOpenTo(path))).ssh("dc1");
    expect((await faultOf(() => connection.exec("dump"))).code).toBe("DOOR_CUT");
    await connection.ended;
    expect(connection.isOpen).toBe(false);
  });

  it("tells so of one that ends before it has said a word, or in the middle of its greeting", async () => {
    for (const said of ["", "SSH-2.0-OpenSSH_10.0\r\n"]) {
      const path = `${temporaryFolder()}/ssh`;
      const server = createServer((socket) => void socket.on("error", () => undefined).end(said)).listen(path);
      onTestFinished(() => void server.close());
      const door = doorTo(...(await halfOpenTo(path)));
      expect((await faultOf(() => door.ssh("dc1", { deadlineMs: 3_600_000 }))).code).toBe("DOOR_CUT");
    }
  });

  it("reaches a host that the bastion was told of since it was entered; what runs on the old way runs on", async () => {
    const inside = await Promise.all(["dc1", "kiosk"].map((name) => fakeHost({ name })));
    const known = ["dc1"];
    const bastion = await fakeHost({
      name: "bastion",
      reach: () =>
        Object.fromEntries(
          inside
            .filter((h) => known.includes(h.target.name))
            .map((h) => [`${h.target.name}:22`, () => connect((h.target.way as { readonly path: string }).path)]),
        ),
    });
    const door = doorTo(
      bastion.target,
      ...inside.map(({ target }) => ({ ...target, way: { kind: "inside", host: target.name, port: 22 } as const })),
    );
    const old = await door.ssh("dc1");
    known.push("kiosk");
    expect((await (await door.ssh("kiosk")).exec("hostname")).stdout).toBe("ran hostname\n");
    expect((await old.exec("hostname")).stdout).toBe("ran hostname\n");
    expect(bastion.connections.size).toBe(2);
    await old.close();
    await vi.waitFor(() => expect(bastion.connections.size).toBe(1));
    // Twice refused by one that knows all there is to know is refused, and leaves no connection behind.
    for (let n = 0; n < 3; n++) expect((await faultOf(() => door.connect("payroll", 22))).code).toBe("DOOR_FORBIDDEN");
    await vi.waitFor(() => expect(bastion.connections.size).toBe(2));
  });

  it("tells what the bastion says of a target that it cannot reach", async () => {
    const bastion = await fakeHost({ name: "bastion" });
    const door = doorTo(bastion.target);
    const fault = await faultOf(() => door.connect("dc9", 22));
    expect(fault.code).toMatch(/^DOOR_(NO_ROUTE|FORBIDDEN)$/);
    expect(fault.message).toContain("bastion cannot reach dc9 port 22");
  });

  it("gives up a target that does not answer, and closes it if it answers later", async () => {
    let answer!: () => void;
    const late = new Promise<void>((resolve) => (answer = resolve));
    const other = await fakeHost();
    const { path } = other.target.way as { readonly path: string };
    let isClosed!: () => void;
    const closed = new Promise<void>((resolve) => (isClosed = resolve));
    const bastion = await fakeHost({
      name: "bastion",
      reach: {
        "dc1:22": async () => {
          await late;
          return connect(path).on("close", isClosed);
        },
      },
    });
    const door = doorTo(bastion.target);
    // Its own start is not what is late.
    await door.ssh("bastion");
    const fault = await faultOf(() => door.connect("dc1", 22, { deadlineMs: 100 }));
    expect(fault.code).toBe("DOOR_SILENT");
    answer();
    await closed;
  });

  it("calls the bastion again after it was lost, and tells who reads that the stream was cut", async () => {
    const other = await fakeHost();
    const { path } = other.target.way as { readonly path: string };
    const bastion = await fakeHost({ name: "bastion", reach: { "dc1:22": () => connect(path) } });
    const door = doorTo(bastion.target);
    const stream = await door.connect("dc1", 22);
    const failed = new Promise<unknown>((resolve) => stream.once("error", resolve));
    for (const connection of bastion.connections) connection.end();
    expect(await failed).toMatchObject({ code: "DOOR_CUT" });
    const again = await door.connect("dc1", 22);
    const banner = await new Promise<Buffer>((resolve) => again.once("data", resolve));
    expect(banner.toString()).toMatch(/^SSH-2.0/);
  });
});
