import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { PassThrough, type Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  asRoot,
  attach,
  openDoor,
  quote,
  rootUntilHangUp,
  serveDoor,
  tcpdump,
  type Door,
} from "../../src/door/index.ts";
import { keyOf, hostKeyOf, USER, type Target } from "../../src/door/target.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { all, bytesOf, seededGuest, WEB } from "./guests.ts";
import { driverHere, leftovers, whyNot } from "../twin/machine.ts";

const reason = whyNot();
const silent = (): void => undefined;
const secret = new StackSecret(Buffer.alloc(32, 42));
const [BASTION, TARGET] = [100, 101];

const banner = (stream: Duplex): Promise<string> =>
  new Promise((resolve, reject) => stream.once("error", reject).once("data", (d: Buffer) => resolve(d.toString())));

describe.skipIf(reason !== undefined)(`the door${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let here: Awaited<ReturnType<typeof driverHere>>;
  let door: Door;
  let target: Target;

  async function boot(vmid: number, host: string, address: string): Promise<void> {
    const made = await seededGuest(here.home, secret, vmid, host, address);
    await here.driver.create(made, silent);
    await here.driver.start(made, silent);
  }

  beforeAll(async () => {
    here = await driverHere();
    await Promise.all([boot(BASTION, "bastion", "10.20.10.10/24"), boot(TARGET, "dc1", "10.20.10.11/24")]);
    const socket = (vmid: number): string => join(here.home, "s", String(vmid), "ssh");
    const known = (name: string): Pick<Target, "name" | "user" | "hostKey"> => ({
      name,
      user: USER,
      hostKey: hostKeyOf(secret, name),
    });
    const bastion: Target = { ...known("bastion"), way: { kind: "socket", path: socket(BASTION) } };
    const console_: Target = { ...known("dc1"), way: { kind: "socket", path: socket(TARGET) } };
    target = { ...known("dc1"), way: { kind: "inside", host: "10.20.10.11", port: 22 } };
    door = openDoor({
      targets: {
        bastion: "bastion",
        inBand: (name) => (name === "bastion" ? bastion : target),
        outOfBand: (name) => (name === "bastion" ? bastion : console_),
      },
      key: keyOf(secret),
    });
    // Guests that have just begun to boot: no wait but the door's own patience.
    await (await door.ssh("bastion", { waitMs: 30_000 })).close();
    await here.driver.exec(BASTION, ["sh", "-c", "echo 10.20.10.11 dc1.cod.test dc1 >> /etc/hosts"], "");
    await (await door.ssh("dc1", { waitMs: 30_000 })).close();
    await here.driver.exec(TARGET, ["sh", "-c", WEB], "");
  });

  afterAll(async () => {
    await door.close();
    await here.driver.close();
    await here.remove();
    expect(await leftovers(`t${here.home.slice(-6).toLowerCase()}`)).toEqual([]);
  });

  it("comes out at the bastion, and through it at the target, in band", async () => {
    const bastion = await door.ssh("bastion");
    expect((await bastion.exec("hostname; id -un")).stdout).toBe("bastion\nmaquette\n");
    const dc1 = await door.ssh("dc1");
    const { stdout, exitCode } = await dc1.exec("hostname; echo $SSH_CONNECTION; exit 7");
    expect(stdout).toMatch(/^dc1\n10\.20\.10\.10 \d+ 10\.20\.10\.11 22\n$/);
    expect(exitCode).toBe(7);
    await dc1.close();
    await bastion.close();
  });

  it("resolves names at the bastion", async () => {
    for (const name of ["dc1.cod.test", "dc1", "10.20.10.11"]) {
      const stream = await door.connect(name, 22);
      expect(await banner(stream)).toMatch(/^SSH-2\.0-OpenSSH/);
      stream.destroy();
    }
    await expect(door.connect("dc9.cod.test", 22)).rejects.toMatchObject({ code: "DOOR_NO_NAME" });
    await expect(door.connect("dc1", 81)).rejects.toMatchObject({ code: "DOOR_REFUSED" });
    await expect(door.connect("10.20.10.99", 22, { deadlineMs: 1_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/^DOOR_(SILENT|NO_ROUTE)$/) as string,
    });
  });

  it("speaks SOCKS5 to other programs, on a socket and on a port with a password", async () => {
    const said: string[] = [];
    const served = await serveDoor(door, { folder: join(here.home, "run"), tcpPort: 0, log: (l) => said.push(l) });
    try {
      await expect(
        serveDoor(door, { folder: join(here.home, "run"), tcpPort: null, log: silent }),
      ).rejects.toMatchObject({ code: "DOOR_OPEN" });
      const { port, user, passwordFile } = served.tcp!;
      const config = join(here.home, "curlrc");
      // curl reads the password from a file as well: nothing secret on a command line.
      await writeFile(
        config,
        `proxy = "socks5h://127.0.0.1:${port}"\nproxy-user = "${user}:${(await readFile(passwordFile, "utf8")).trim()}"\n`,
        { mode: 0o600 },
      );
      const fetched = async (...args: readonly string[]): Promise<string> => {
        const curl = spawn("curl", ["-sS", "--max-time", "20", ...args, "http://dc1.cod.test/"]);
        const [out, words] = await Promise.all([all(curl.stdout), all(curl.stderr)]);
        return out + words;
      };
      expect(await fetched("-K", config)).toBe("dc1\n");
      expect(await fetched("--proxy", `socks5h://127.0.0.1:${port}`)).toMatch(/SOCKS|authentication|connect/i);
      const socket = connect(served.socket);
      socket.write(Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, 3]), Buffer.from("dc1"), Buffer.from([0, 80])]));
      socket.write("GET / HTTP/1.0\r\n\r\n");
      expect(await all(socket)).toMatch(/dc1\n$/);
    } finally {
      await served.close();
    }
  });

  it("carries many connections at once over one of the bastion's, whole", async () => {
    const streams = await Promise.all(Array.from({ length: 48 }, () => door.connect("dc1", 80)));
    for (const stream of streams) stream.end("GET / HTTP/1.0\r\n\r\n");
    const pages = await Promise.all(streams.map((stream) => all(stream)));
    expect(pages.every((page) => page.endsWith("\r\n\r\ndc1\n"))).toBe(true);
    const dc1 = await door.ssh("dc1");
    const { stdout } = await dc1.exec("head -c 8000000 /dev/zero | tr '\\0' x | tee /tmp/x; sha256sum /tmp/x >&2");
    expect(stdout.length).toBe(8_000_000);
    await dc1.close();
  });

  it("gives a console that works with every firewall closed, where the way in band does not", async () => {
    await here.driver.exec(
      TARGET,
      ["nft", "add table inet shut; add chain inet shut in { type filter hook input priority 0; policy drop; }"],
      "",
    );
    try {
      await expect(door.ssh("dc1", { deadlineMs: 1_500 })).rejects.toMatchObject({ code: "DOOR_SILENT" });
      const console_ = await door.console("dc1");
      const [output, errors] = [new PassThrough(), new PassThrough()];
      const words = all(output);
      expect(
        await attach(console_, {
          command: "hostname; echo $SSH_CONNECTION; exit 4",
          hasTerminal: false,
          ends: { input: null, output, errors },
        }),
      ).toBe(4);
      output.end();
      expect(await words).toBe("dc1\nUNKNOWN 65535 /run/host/unix-export/ssh 65535\n");
      await console_.close();
    } finally {
      await here.driver.exec(TARGET, ["nft", "delete", "table", "inet", "shut"], "");
    }
  });

  it("reads and follows the journal, and leaves nothing running when it hangs up", async () => {
    const console_ = await door.console("dc1");
    const read = await console_.exec(asRoot(["journalctl", "--no-pager", "--quiet", "--lines=5"]));
    expect(read.stdout.trim().split("\n")).toHaveLength(5);
    const controller = new AbortController();
    const output = new PassThrough();
    const following = attach(console_, {
      command: rootUntilHangUp(quote(["journalctl", "--quiet", "--lines=0", "--follow", "-t", "maquette-test"])),
      hasTerminal: false,
      ends: { input: null, output, errors: new PassThrough() },
      stop: controller.signal,
    });
    const heard = banner(output);
    while ((await here.driver.exec(TARGET, ["pgrep", "-x", "journalctl"], "")).exitCode !== 0) await sleep(20);
    await here.driver.exec(TARGET, ["logger", "-t", "maquette-test", "a word"], "");
    expect(await heard).toContain("a word");
    controller.abort();
    expect(await following).toBe(0);
    expect((await here.driver.exec(TARGET, ["pgrep", "-x", "journalctl"], "")).exitCode).toBe(1);
    await console_.close();
  });

  it("captures as pcap, in band without the connection that carries it", async () => {
    const dc1 = await door.ssh("dc1");
    const capture = async (filter: string, seconds: number, count?: number): Promise<Buffer> => {
      const output = new PassThrough();
      const bytes = bytesOf(output);
      const command = tcpdump({ device: "eth0", filter, ...(count === undefined ? {} : { count }) });
      const errors = new PassThrough();
      // It says so when it has begun.
      errors.once("data", () => void here.driver.exec(BASTION, ["ping", "-c", "3", "-i", "0.1", "10.20.10.11"], ""));
      const code = await attach(dc1, {
        command,
        hasTerminal: false,
        ends: { input: null, output, errors },
        stop: AbortSignal.timeout(seconds * 1000),
      });
      expect(code).toBe(0);
      output.end();
      return bytes;
    };
    const pings = await capture("icmp", 10, 4);
    // pcap's magic in this machine's order (pcap-savefile(5)); four frames of 98 bytes behind their headers.
    expect(pings.subarray(0, 4).toString("hex")).toBe("d4c3b2a1");
    expect(pings.length).toBe(24 + 4 * (16 + 98));
    // Only that connection speaks on port 22, and it is not there.
    expect((await capture("tcp port 22", 1)).length).toBe(24);
    expect((await here.driver.exec(TARGET, ["pgrep", "-x", "tcpdump"], "")).exitCode).toBe(1);
    await dc1.close();
  });
});
