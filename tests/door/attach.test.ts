import { PassThrough } from "node:stream";
import type { ServerChannel } from "ssh2";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { attach, escapes, type AttachOptions } from "../../src/door/attach.ts";
import { openDoor } from "../../src/door/door.ts";
import { keyOf } from "../../src/door/target.ts";
import type { SshConnection } from "../../src/door/ssh.ts";
import { faultOf } from "../stack/temporary.ts";
import { all } from "./guests.ts";
import { fakeHost, secret, type FakeHost } from "./ssh-server.ts";

class FakeTerminal extends PassThrough {
  readonly modes: boolean[] = [];
  columns = 100;
  rows = 30;
}

async function opened(host: FakeHost): Promise<SshConnection> {
  const door = openDoor({
    targets: { bastion: "bastion", inBand: () => host.target, outOfBand: () => host.target },
    key: keyOf(secret),
  });
  onTestFinished(() => door.close());
  return door.ssh("dc1");
}

const shell = (onLine: (line: string, channel: ServerChannel) => void) => (_: unknown, channel: ServerChannel) => {
  let rest = "";
  channel.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\r");
    rest = lines.pop()!;
    for (const line of lines) onLine(line, channel);
  });
};

function terminal(change: Partial<AttachOptions> = {}): {
  readonly input: FakeTerminal;
  readonly output: FakeTerminal;
  readonly options: AttachOptions;
} {
  const [input, output] = [new FakeTerminal(), new FakeTerminal()];
  const ends = { input, output, errors: new PassThrough(), setRaw: (isRaw: boolean) => void input.modes.push(isRaw) };
  return { input, output, options: { command: undefined, hasTerminal: true, ends, ...change } };
}

describe("a session in a terminal", () => {
  it("has the terminal's size, follows its changes, and gives it back as it was", async () => {
    const host = await fakeHost({
      run: shell((line, channel) => {
        channel.write(`you typed ${line}\r\n`);
        if (line !== "exit") return;
        channel.exit(9);
        channel.end();
      }),
    });
    const { input, output, options } = terminal();
    const code = attach(await opened(host), options);
    await vi.waitFor(() => expect(host.sizes).toEqual(["100x30"]));
    output.columns = 120;
    output.emit("resize");
    await vi.waitFor(() => expect(host.sizes).toEqual(["100x30", "120x30"]));
    input.write("hello\rexit\r");
    expect(await code).toBe(9);
    output.end();
    expect(await all(output)).toBe("you typed hello\r\nyou typed exit\r\n");
    expect(input.modes).toEqual([true, false]);
    expect(output.listenerCount("resize")).toBe(0);
  });

  it("hangs up on ~. at the start of a line, also when the host says nothing any more", async () => {
    const host = await fakeHost({ run: shell(() => undefined) });
    const { input, options } = terminal();
    const code = attach(await opened(host), options);
    input.write("ls ~.\r");
    input.write("~.");
    expect(await code).toBe(255);
    expect(input.modes).toEqual([true, false]);
  });

  it("gives the terminal back when the connection is cut", async () => {
    const host = await fakeHost({ run: shell(() => undefined) });
    const { input, options } = terminal();
    const fault = faultOf(async () => attach(await opened(host), options));
    await vi.waitFor(() => expect(input.modes).toEqual([true]));
    for (const connection of host.connections) connection.end();
    expect((await fault).code).toBe("DOOR_CUT");
    expect(input.modes).toEqual([true, false]);
  });

  it("is asked to end by the end of its input, and may say last words", async () => {
    const host = await fakeHost({
      run: (_, channel) => {
        channel.write("first ");
        channel.resume().on("end", () => {
          channel.write("last");
          channel.exit("TERM" as unknown as number);
          channel.end();
        });
      },
    });
    const output = new PassThrough();
    const words = all(output);
    const stop = new AbortController();
    output.once("data", () => stop.abort());
    const ends = { input: null, output, errors: new PassThrough() };
    expect(await attach(await opened(host), { command: "x", hasTerminal: false, ends, stop: stop.signal })).toBe(0);
    output.end();
    expect(await words).toBe("first last");
  });
});

describe("escapes of a terminal", () => {
  const typed = async (...chunks: readonly string[]): Promise<{ readonly passed: string; readonly hungUp: number }> => {
    let hungUp = 0;
    const filter = escapes(() => hungUp++);
    const passed = all(filter);
    for (const chunk of chunks) filter.write(chunk);
    filter.end();
    return { passed: await passed, hungUp };
  };

  it.each([
    ["~ in a line is nothing special", ["cd ~.\r"], "cd ~.\r", 0],
    ["~. at its start hangs up", ["ls\r~."], "ls\r", 1],
    ["also in pieces", ["ls\r", "~", "."], "ls\r", 1],
    ["~~ is one tilde", ["~~/bin\r"], "~/bin\r", 0],
    ["~x is what it is", ["~x\r~."], "~x\r", 1],
  ] as const)("%s", async (_, chunks, passed, hungUp) => {
    expect(await typed(...chunks)).toEqual({ passed, hungUp });
  });
});
