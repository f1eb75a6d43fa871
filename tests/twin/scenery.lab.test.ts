import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "./machine.ts";
import { hostWork, type HostWork } from "./plan-lab.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(`the scenery${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let standing: StandingLab;
  let lab: RunningLab;
  let work: HostWork;
  beforeAll(async () => {
    standing = await standingLab();
    lab = await standing.running();
    work = await hostWork({ ...standing, ...lab });
  });
  afterAll(async () => {
    await lab.close();
  });
  const inField = async (...argv: string[]): Promise<string> =>
    (await lab.shell.run("field", argv, "", 30_000)).stdout.trim();

  it("the Internet is set up from the plan: another run changes nothing", async () => {
    expect(await work.configure("internet")).toEqual([]);
  });

  it("a road warrior reads its pages, by the name that the public DNS knows", async () => {
    expect(await inField("curl", "-sS", "--max-time", "5", "http://www.example.org/")).toContain(
      "simulated Internet of lab",
    );
  });

  it("its clock answers, not only its name", async () => {
    // An NTP client's packet (RFC 5905 §7.3) and the stratum of what answers.
    const ask =
      "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(3)\ns.sendto(b'\\x23' + 47 * b'\\0', ('192.0.2.53', 123))\nprint(s.recv(48)[1])";
    expect(await inField("python3", "-c", ask)).toBe("3");
  });

  // Without an answer it would say EAI_AGAIN (-3).
  it("other names are answered: there is no such name", async () => {
    expect(
      await inField(
        "python3",
        "-c",
        "import socket\ntry: socket.getaddrinfo('nowhere.test', 80)\nexcept socket.gaierror as e: print(e.errno)",
      ),
    ).toBe("-2");
  });

  it("it routes between the operators: both accesses are reached from the field", async () => {
    for (const address of ["198.51.100.1", "203.0.113.1"])
      expect(await inField("ping", "-c1", "-W2", address)).toContain("1 received");
  });

  it("guests bear the plan's names, addresses, keys and users", async () => {
    expect(await inField("hostname")).toBe("field");
    expect(await inField("cat", "/etc/resolv.conf")).toContain("nameserver 192.0.2.53");
    expect(await inField("sh", "-c", "ip -4 -br address show eth0")).toContain("192.0.2.10/24");
    expect(await inField("sudo", "-u", "maquette", "sudo", "-n", "id", "-u")).toBe("0");
    const key = standing.secret.sshKey("host/field", "host/field").publicKey;
    expect(await inField("cat", "/etc/ssh/ssh_host_ed25519_key.pub")).toContain(key.split(" ")[1]);
    expect(await inField("systemctl", "is-system-running", "--wait")).toBe("running");
  });

  it("keeps its names, addresses and what it serves when its seed is gone and it boots again", async () => {
    for (const id of ["field", "internet"]) await lab.power.reboot(id);
    expect(await work.configure("internet")).toEqual([]);
    await inField("systemctl", "is-system-running", "--wait");
    expect(await inField("sh", "-c", "ip -4 -br address show eth0")).toContain("192.0.2.10/24");
    expect(await inField("curl", "-sS", "--max-time", "5", "http://www.example.org/")).toContain("simulated Internet");
  });
});
