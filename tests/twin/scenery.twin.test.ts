import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConsoleRun } from "../../src/provision/console.ts";
import { roleLayers } from "../../src/roles/registry.ts";
import { driverHere, leftovers, whyNot } from "./machine.ts";
import { planLab, type PlanLab } from "./plan-lab.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(`the scenery${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let here: Awaited<ReturnType<typeof driverHere>>;
  let lab: PlanLab;
  beforeAll(async () => {
    here = await driverHere({ packages: { router: [], roles: roleLayers } });
    lab = await planLab(here.driver, here.home);
    await lab.boot("internet", "field");
  });
  afterAll(async () => {
    await here.driver.close();
    await here.remove();
  });
  const run =
    (id: string): ConsoleRun =>
    (argv, input) =>
      here.driver.exec(lab.vmid(id), argv, input);
  const inField = async (...argv: string[]): Promise<string> => (await run("field")(argv, "")).stdout.trim();

  it("the Internet is set up from the plan, and a second time nothing changes", async () => {
    expect(await lab.configure("internet")).toEqual(
      expect.arrayContaining(["names", "routing", "public DNS", "public clock", "web"]),
    );
    expect(await lab.configure("internet")).toEqual([]);
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

  it("other names are answered at once: there is no such name", async () => {
    const before = performance.now();
    expect(
      await inField(
        "python3",
        "-c",
        "import socket\ntry: socket.getaddrinfo('nowhere.test', 80)\nexcept socket.gaierror as e: print(e.errno)",
      ),
    ).toBe("-2");
    expect(performance.now() - before).toBeLessThan(4_000);
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
    const key = lab.secret.sshKey("host/field", "host/field").publicKey;
    expect(await inField("cat", "/etc/ssh/ssh_host_ed25519_key.pub")).toContain(key.split(" ")[1]);
    expect(await inField("systemctl", "is-system-running", "--wait")).toBe("running");
  });

  it("keeps its names, addresses and what it serves when its seed is gone and it boots again", async () => {
    for (const id of ["field", "internet"]) {
      const guest = await lab.describe(id, { cdroms: [] });
      await here.driver.update(guest, () => undefined);
      await here.driver.reboot(guest, () => undefined);
    }
    expect(await lab.configure("internet")).toEqual([]);
    await run("field")(["systemctl", "is-system-running", "--wait"], "");
    expect(await inField("sh", "-c", "ip -4 -br address show eth0")).toContain("192.0.2.10/24");
    expect(await inField("curl", "-sS", "--max-time", "5", "http://www.example.org/")).toContain("simulated Internet");
  });

  it("leaves nothing on the machine", async () => {
    await here.driver.close();
    expect(await leftovers()).toEqual([]);
  });
});
