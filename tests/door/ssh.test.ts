import { connect } from "node:net";
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
    const { createServer } = await import("node:net");
    const path = `${temporaryFolder()}/ssh`;
    const server = createServer(() => undefined).listen(path);
    onTestFinished(() => void server.close());
    const host = await fakeHost();
    const target: Target = { ...host.target, way: { kind: "socket", path } };
    const started = Date.now();
    const fault = await faultOf(() => doorTo(target).ssh("dc1", { deadlineMs: 150 }));
    expect(fault.code).toBe("DOOR_DEADLINE");
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it("says that a guest is off where its socket is not there, and waits for one that starts", async () => {
    const host = await fakeHost();
    const path = `${temporaryFolder()}/ssh`;
    const target: Target = { ...host.target, way: { kind: "socket", path } };
    expect((await faultOf(() => doorTo(target).ssh("dc1"))).code).toBe("DOOR_OFF");
    const waiting = doorTo(target).ssh("dc1", { waitMs: 5_000 });
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
    const fault = await faultOf(() => connection.exec("apt-get update", { deadlineMs: 200 }));
    expect(fault).toMatchObject({ code: "DOOR_DEADLINE" });
    expect(fault.message).toBe("dc1: `apt-get update` did not end within 0.2 s; last words: waiting for the lock.");
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
    const fault = await faultOf(() => doorTo(bastion.target).connect("dc1", 22, { deadlineMs: 100 }));
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
