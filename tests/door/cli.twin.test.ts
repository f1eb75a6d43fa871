import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roomPlaces, type RoomPlaces } from "../../src/embedded/room.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { loadStackSecret } from "../../src/stack/secret.ts";
import { RemoteDriver } from "../../src/twin/remote-driver.ts";
import { openRoom, type Room } from "../../src/twin/room.ts";
import { IMAGES, leftovers, whyNot } from "../twin/machine.ts";
import { all, bytesOf, seededGuest, WEB } from "./guests.ts";

const reason = whyNot();
const silent = (): void => undefined;
/** As the plan's copy 0 has them (stacks/lab/hosts.yaml). */
const [BASTION, DC1] = [1003, 1011];

interface Ran {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

describe.skipIf(reason !== undefined)(
  `the door's commands${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let home: string;
    let places: RoomPlaces;
    let room: Room;
    let driver: RemoteDriver;
    let env: NodeJS.ProcessEnv;

    const started = (...args: readonly string[]): ChildProcessWithoutNullStreams =>
      spawn(join(repositoryRoot(), "bin", "maquette"), args, { env });
    const ended = async (child: ChildProcessWithoutNullStreams): Promise<Ran> => {
      const code = new Promise<number | null>((resolve) => child.once("close", resolve));
      const [out, err] = await Promise.all([bytesOf(child.stdout), all(child.stderr)]);
      return { code: await code, out, err };
    };
    /** Ends by itself or is killed by the test's own limit. */
    const maquette = (args: readonly string[], input = ""): Promise<Ran> => {
      const child = started(...args);
      child.stdin.end(input);
      return ended(child);
    };
    const said = async (args: readonly string[], input?: string): Promise<[number | null, string, string]> => {
      const { code, out, err } = await maquette(args, input);
      return [code, out.toString(), err];
    };

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), "maquette-door-"));
      env = {
        ...process.env,
        XDG_STATE_HOME: join(home, "state"),
        XDG_DATA_HOME: join(home, "data"),
        MAQUETTE_TWIN_DIR: home,
      };
      const folders = foldersOf(repositoryRoot(), "lab", env);
      places = roomPlaces(folders, env);
      room = await openRoom(
        {
          key: places.key,
          home: places.home,
          images: IMAGES,
          run: places.run,
          uid: 0,
          gid: 0,
          build: "test",
          archive: null,
          roles: {},
          firmware: null,
        },
        silent,
        silent,
      );
      driver = new RemoteDriver(places.socket);
      const secret = await loadStackSecret(folders.secrets);
      // No router here: one network for all, so that the way in band is a straight one.
      for (const [vmid, host, address] of [
        [BASTION, "bastion", "10.20.10.10/16"],
        [DC1, "dc1", "10.20.20.11/16"],
      ] as const) {
        const made = await seededGuest(home, secret, vmid, host, address);
        await driver.create(made, silent);
        await driver.start(made, silent);
      }
      // No wait: the commands have patience with guests that have just been started.
      expect(await said(["ssh", "dc1", "hostname"])).toEqual([0, "dc1\n", ""]);
      await driver.exec(BASTION, ["sh", "-c", "echo 10.20.20.11 dc1.cod.test >> /etc/hosts"], "");
      await driver.exec(DC1, ["sh", "-c", WEB], "");
    });

    afterAll(async () => {
      await driver.close();
      await room.close();
      await rm(home, { recursive: true, force: true });
      expect(await leftovers(places.key)).toEqual([]);
    });

    it("ssh passes input, output and exit code on", async () => {
      expect(await said(["ssh", "bastion", "--", "cat; ls -d /nowhere; exit 5"], "a line\n")).toEqual([
        5,
        "a line\n",
        "ls: cannot access '/nowhere': No such file or directory\n",
      ]);
      const [exit, words] = await said(["ssh", "dc1.cod.test"], "echo in $HOSTNAME; exit 6\n");
      expect([exit, words]).toEqual([6, expect.stringMatching(/\nin dc1\n$/)]);
      expect((await said(["ssh", "dc1", "--", "kill -9 $$"]))[0]).toBe(137);
      const big = "0123456789abcdef".repeat(300_000);
      const [code, out] = await said(["ssh", "dc1", "--", "cat"], big);
      expect([code, out === big]).toEqual([0, true]);
    });

    it("has a terminal where there is one, of its size", async () => {
      const child = spawn(
        "script",
        [
          "-qec",
          `stty rows 33 cols 111; ${join(repositoryRoot(), "bin", "maquette")} ssh dc1 --tty -- 'stty size; tty'`,
          "/dev/null",
        ],
        { env },
      );
      child.stdin.end();
      const { out, code } = await ended(child);
      // script(1) echoes the end of its own input wherever it comes.
      expect(out.toString().replace("^@", "")).toMatch(/^33 111\r\n\/dev\/pts\/\d+\r\n$/);
      expect(code).toBe(0);
    });

    it("console goes out of band, and shows the screen also of a guest that is off", async () => {
      expect(await said(["console", "dc1", "--", "echo $SSH_CONNECTION; exit 3"])).toEqual([
        3,
        "UNKNOWN 65535 /run/host/unix-export/ssh 65535\n",
        "",
      ]);
      const [code, out] = await said(["console", "dc1", "--screen", "--lines", "3", "--json"]);
      const screen = JSON.parse(out) as { readonly host: string; readonly lines: readonly string[] };
      expect([code, screen.host, screen.lines.length]).toEqual([0, "dc1", 3]);
    });

    it("logs says of a unit that nobody has that there is none, and names the near one", async () => {
      const [code, out, err] = await said(["logs", "dc1", "--unit", "shh"]);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/DOOR_NO_UNIT dc1 has no unit shh, .*\n {2}hint: Did you mean ssh\?/);
      expect((await said(["logs", "dc1", "--unit", "no-such-thing"]))[2]).toContain("list-units");
    });

    it("logs reads the journal, also as JSON, and follows it until it is interrupted", async () => {
      const [code, out] = await said(["logs", "dc1", "--lines", "4", "--unit", "ssh.service"]);
      expect([code, out.trim().split("\n").length]).toEqual([0, 4]);
      const [, json] = await said(["logs", "dc1", "--since=-1h", "--unit=ssh.service", "--json"]);
      const entries = json
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, string>);
      expect(entries.some((entry) => entry["MESSAGE"]?.includes("Server listening"))).toBe(true);
      const child = started("logs", "dc1", "--follow", "--lines", "1");
      const heard = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
      const result = ended(child);
      await heard;
      child.kill("SIGINT");
      expect((await result).code).toBe(0);
      expect((await driver.exec(DC1, ["pgrep", "-x", "journalctl"], "")).exitCode).toBe(1);
    });

    it("capture writes pcap, bounded by frames, by time, or by an interrupt", async () => {
      const child = started("capture", "dc1", "--interface", "servers", "--count", "2", "icmp");
      child.stderr.once("data", () => void driver.exec(BASTION, ["ping", "-c", "2", "10.20.20.11"], ""));
      const { code, out } = await ended(child);
      expect([code, out.subarray(0, 4).toString("hex"), out.length]).toEqual([0, "d4c3b2a1", 24 + 2 * (16 + 98)]);
      const quiet = await maquette(["capture", "dc1", "--seconds", "1", "udp port 9"]);
      expect([quiet.code, quiet.out.length]).toEqual([0, 24]);
      const interrupted = started("capture", "dc1", "udp", "port", "9");
      interrupted.stderr.once("data", () => interrupted.kill("SIGINT"));
      expect((await ended(interrupted)).code).toBe(0);
      expect((await driver.exec(DC1, ["pgrep", "-x", "tcpdump"], "")).exitCode).toBe(1);
      const wrong = await maquette(["capture", "dc1", "no such filter"]);
      expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("syntax error") as string]);
    });

    it("door serves other programs until it is interrupted", async () => {
      const child = started("door", "--tcp", "--json");
      const line = new Promise<string>((resolve) => child.stdout.once("data", (d: Buffer) => resolve(d.toString())));
      const result = ended(child);
      const { socket, tcp } = JSON.parse(await line) as { socket: string; tcp: { port: number; passwordFile: string } };
      const page = spawn("sh", [
        "-c",
        'printf \'proxy-user = "maquette:%s"\\n\' "$(cat "$1")" | curl -sS -K - --proxy "socks5h://127.0.0.1:$2" http://dc1.cod.test/',
        "sh",
        tcp.passwordFile,
        String(tcp.port),
      ]);
      expect(await all(page.stdout)).toBe("dc1\n");
      const bySocket = spawn("curl", ["-sS", "--proxy", `socks5h://localhost${socket}`, "http://dc1.cod.test/"]);
      expect(await all(bySocket.stdout)).toBe("dc1\n");
      const [second, , why] = await said(["door"]);
      expect([second, why]).toEqual([2, expect.stringContaining("DOOR_OPEN") as string]);
      child.kill("SIGINT");
      expect((await result).code).toBe(0);
      for (const gone of [socket, tcp.passwordFile]) await expect(stat(gone)).rejects.toThrow(/ENOENT/);
    });

    it("says in words what is not there", async () => {
      expect(await said(["ssh", "dc11"])).toEqual([
        2,
        "",
        'CLI_UNKNOWN_HOST "dc11" is not a host of the plan.\n  hint: Did you mean "dc1"?\n',
      ]);
      expect((await said(["logs", "pbx"]))[2]).toMatch(
        /^DOOR_GUEST_OFF pbx is not made yet\.\n {2}hint: Run `maquette up`/,
      );
      expect((await said(["ssh", "dc1", "ls", "-l"]))[2]).toMatch(/hint: Write -- before words/);
      await driver.pause(DC1);
      expect((await said(["ssh", "dc1"]))[2]).toMatch(/^DOOR_GUEST_OFF dc1 is paused/);
      await driver.resume(DC1);
      await driver.stop(BASTION, silent);
      expect((await said(["ssh", "dc1"]))[2]).toMatch(/^DOOR_GUEST_OFF bastion is powered off/);
      expect((await said(["console", "dc1", "hostname"]))[1]).toBe("dc1\n");
      expect((await said(["console", "bastion", "--screen"]))[0]).toBe(0);
    });
  },
);
