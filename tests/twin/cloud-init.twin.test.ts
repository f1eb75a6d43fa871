import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driverHere, leftovers, whyNot } from "./machine.ts";
import { planLab, type PlanLab } from "./plan-lab.ts";

const reason = whyNot();
const silent = (): void => undefined;

/** What a seed decides, as the guest itself tells it. */
const FACTS: Readonly<Record<string, string>> = {
  hostname: "cat /etc/hostname",
  user: "getent passwd maquette | cut -d: -f1,5,6,7",
  "locked password": "sudo grep ^maquette: /etc/shadow | cut -d: -f2",
  keys: "sudo cat /home/maquette/.ssh/authorized_keys; sudo stat -c '%a %U' /home/maquette/.ssh /home/maquette/.ssh/authorized_keys",
  sudo: "sudo -u maquette sudo -n id -u",
  "host key":
    "cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f1,2; sudo stat -c '%a %U' /etc/ssh/ssh_host_ed25519_key; ls /etc/ssh/ssh_host_*_key",
  addresses: "ip -4 -o address show eth0 scope global | awk '{print $2, $4}'",
  route: "ip -4 route show default | cut -d' ' -f1-5",
  "password login": "sudo sshd -T | grep -i ^passwordauthentication",
  timezone: "readlink -f /etc/localtime",
};

describe.skipIf(reason !== undefined)(
  `the seed, beside the real cloud-init${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let here: Awaited<ReturnType<typeof driverHere>>;
    let lab: PlanLab;
    let real: number;
    beforeAll(async () => {
      here = await driverHere();
      lab = await planLab(here.driver, here.home);
      await lab.boot("pc1");
      // The same seed, on a segment of its own so that one address is not there twice.
      const guest = await lab.describe("pc1", { tags: ["role-cloud-init"] });
      real = guest.vmid + 500;
      const other = { ...guest, vmid: real, nics: guest.nics.map((nic) => ({ ...nic, tag: 99 })) };
      await here.driver.create(other, silent);
      await here.driver.start(other, silent);
      await finished(real);
    });
    afterAll(async () => {
      await here.driver.close();
      await here.remove();
    });

    /** `cloud-init status --wait` says so itself, once there is a guest to ask. */
    async function finished(vmid: number): Promise<void> {
      for (const deadline = Date.now() + 600_000; ;) {
        const asked = await here.driver.exec(vmid, ["cloud-init", "status", "--wait"], "").catch(() => undefined);
        if (asked !== undefined && /status: (done|degraded)/.test(asked.stdout)) return;
        if (Date.now() > deadline) throw new Error(`cloud-init did not end: ${JSON.stringify(asked)}`);
        await sleep(100);
      }
    }

    it.each(Object.entries(FACTS))("%s", async (_, command) => {
      const ask = async (vmid: number): Promise<string> => {
        await here.driver.exec(vmid, ["systemctl", "is-system-running", "--wait"], "");
        return (await here.driver.exec(vmid, ["sh", "-c", command], "")).stdout.trim();
      };
      const [ours, theirs] = [await ask(lab.vmid("pc1")), await ask(real)];
      expect(theirs).not.toBe("");
      expect(ours).toBe(theirs);
    });

    it("leaves nothing on the machine", async () => {
      await here.driver.close();
      expect(await leftovers()).toEqual([]);
    });
  },
);
