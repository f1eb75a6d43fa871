import { iso9660 } from "../../src/provision/iso9660.ts";
import { USER } from "../../src/door/target.ts";
import type { GuestDescription } from "../../src/pve/simulator/guest-driver.ts";
import type { StackSecret } from "../../src/stack/secret.ts";
import { guest } from "../pve/guest-driver-contract.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The three files of a guest's CD, as templates/seed has them. */
function seed(secret: StackSecret, host: string, mac: string, address: string): Buffer {
  const label = `host/${host}`;
  const { privateKey, publicKey } = secret.sshKey(label, label);
  const user = {
    name: USER,
    shell: "/bin/bash",
    lock_passwd: true,
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    ssh_authorized_keys: [secret.sshKey("provisioner", "provisioner").publicKey],
  };
  const data = {
    hostname: host,
    disable_root: true,
    ssh_pwauth: false,
    users: [user],
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: privateKey, ed25519_public: publicKey },
  };
  const network = {
    version: 2,
    ethernets: { admin: { match: { macaddress: mac.toLowerCase() }, "set-name": "eth0", addresses: [address] } },
  };
  const files = {
    "user-data": `#cloud-config\n${JSON.stringify(data)}\n`,
    "meta-data": JSON.stringify({ "instance-id": `test-${host}`, "local-hostname": host }),
    "network-config": JSON.stringify(network),
  };
  return iso9660("cidata", new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
}

/** A guest of one NIC on the admin zone's bridge, with a CD of its own in that folder. */
export async function seededGuest(
  folder: string,
  secret: StackSecret,
  vmid: number,
  host: string,
  address: string,
): Promise<GuestDescription> {
  const mac =
    `BC:24:11:00:${(vmid >> 8).toString(16).padStart(2, "0")}:${(vmid & 255).toString(16).padStart(2, "0")}`.toUpperCase();
  const hostPath = join(folder, `${host}.iso`);
  await writeFile(hostPath, seed(secret, host, mac, address));
  return guest(vmid, {
    name: host,
    nics: [{ index: 0, model: "virtio", mac, bridge: "vmbr9", tag: 10, isLinkDown: false }],
    cdroms: [{ slot: "ide3", volume: `local:iso/${host}.iso`, hostPath }],
    cloudInit: { sshKeys: [], ipConfigs: {}, nameservers: [] },
  });
}

/** A small web server: one process a connection, started by the guest's own init. */
export const WEB = `cd /run/systemd/system
printf '[Socket]\\nListenStream=80\\nAccept=yes\\n' > web.socket
printf '[Service]\\nStandardInput=socket\\nExecStart=/bin/sh -c "read line; printf \\"HTTP/1.0 200 OK\\\\r\\\\nContent-Length: 4\\\\r\\\\n\\\\r\\\\n\\"; hostname"\\n' > web@.service
systemctl daemon-reload; systemctl start web.socket`;

/** Everything that a stream says until it ends. */
export function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  // Not by iteration, which ends the other direction of a socket too.
  return new Promise((resolve, reject) => {
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.once("end", () => resolve(Buffer.concat(parts))).once("error", reject);
  });
}

export const all = async (stream: NodeJS.ReadableStream): Promise<string> => (await bytesOf(stream)).toString("utf8");
