import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { GuestDriverError } from "../../pve/simulator/guest-driver.ts";
import type { GuestCloudInit, GuestDescription } from "../../pve/simulator/guest-driver.ts";

/*
 * The part of cloud-init (NoCloud source, network configuration version 2) that this driver does from outside, before
 * a guest's first boot: half a second a guest less than the real one, which a test holds it against. What it does not
 * know it refuses by name; nothing is left out in silence.
 */

const user = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/),
  gecos: z.string().optional(),
  shell: z.string().optional(),
  lock_passwd: z.boolean().optional(),
  /** crypt(3). */
  passwd: z.string().optional(),
  hashed_passwd: z.string().optional(),
  sudo: z.union([z.string(), z.array(z.string()), z.literal(false)]).optional(),
  groups: z.union([z.string(), z.array(z.string())]).optional(),
  ssh_authorized_keys: z.array(z.string()).optional(),
});

const userData = z.strictObject({
  hostname: z.string().optional(),
  fqdn: z.string().optional(),
  prefer_fqdn_over_hostname: z.boolean().optional(),
  manage_etc_hosts: z.union([z.boolean(), z.literal("localhost")]).optional(),
  timezone: z.string().optional(),
  disable_root: z.boolean().optional(),
  ssh_pwauth: z.boolean().optional(),
  users: z.array(z.union([z.literal("default"), user])).optional(),
  ssh_deletekeys: z.boolean().optional(),
  ssh_genkeytypes: z.array(z.string()).optional(),
  ssh_keys: z.record(z.string(), z.string()).optional(),
  ssh_authorized_keys: z.array(z.string()).optional(),
  // A disk of a container has the size of its host's.
  growpart: z.unknown().optional(),
  resize_rootfs: z.unknown().optional(),
  package_update: z.literal(false).optional(),
  package_upgrade: z.literal(false).optional(),
  // Proxmox' own user-data.
  chpasswd: z.unknown().optional(),
  user: z.string().optional(),
  password: z.string().optional(),
});

const metaData = z.looseObject({
  "instance-id": z.string(),
  "local-hostname": z.string().optional(),
  hostname: z.string().optional(),
});

const route = z.strictObject({ to: z.string(), via: z.string(), metric: z.int().optional() });
const ethernet = z.strictObject({
  match: z.strictObject({ macaddress: z.string() }).optional(),
  "set-name": z.string().optional(),
  addresses: z.array(z.string()).optional(),
  dhcp4: z.boolean().optional(),
  dhcp6: z.boolean().optional(),
  gateway4: z.string().optional(),
  routes: z.array(route).optional(),
  nameservers: z
    .strictObject({ addresses: z.array(z.string()).optional(), search: z.array(z.string()).optional() })
    .optional(),
  mtu: z.int().optional(),
});
const networkConfig = z.strictObject({ version: z.literal(2), ethernets: z.record(z.string(), ethernet) });

export interface SeedUser {
  readonly name: string;
  readonly gecos: string;
  readonly shell: string;
  /** crypt(3), or `!` where no password is taken. */
  readonly hash: string;
  readonly sudo: readonly string[];
  readonly groups: readonly string[];
  readonly keys: readonly string[];
}

export interface SeedNic {
  /** Upper case, colons. */
  readonly mac: string;
  /** What the system calls it; null for the driver's own name. */
  readonly name: string | null;
  /** CIDR. */
  readonly addresses: readonly string[];
  readonly isDhcp: boolean;
  readonly routes: readonly { readonly to: string; readonly via: string; readonly metric: number | null }[];
  readonly mtu: number | null;
}

/** What a guest is told of itself, whichever way it came. */
export interface GuestSeed {
  /** A new one makes the guest read its seed again, as cloud-init does. */
  readonly instance: string;
  readonly hostname: string;
  readonly fqdn: string | null;
  readonly isHostsManaged: boolean;
  readonly timezone: string | null;
  readonly users: readonly SeedUser[];
  readonly hasPasswordLogin: boolean | null;
  readonly isRootDisabled: boolean;
  /** `ed25519_private` and the like to key. */
  readonly hostKeys: Readonly<Record<string, string>>;
  readonly nics: readonly SeedNic[];
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

const refuse = (file: string, why: string): never => {
  throw new GuestDriverError(`the seed's ${file} ${why}`);
};

function yaml(file: string, text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 10 });
  } catch (error) {
    return refuse(
      file,
      `is not YAML: ${error instanceof YAMLParseError ? error.message.split("\n")[0]! : String(error)}`,
    );
  }
}

function typed<T>(schema: z.ZodType<T>, file: string, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys")
    return refuse(
      file,
      `asks for ${issue.keys.map((k) => [...issue.path, k].join(".")).join(", ")}, which a container guest's seed does not know: a guest with its own cloud-init (role cloud-init) does`,
    );
  return refuse(file, `is not as cloud-init has it: ${at === "" ? "" : `${at}: `}${issue.message}`);
}

/**
 * @param files of a CD labelled `cidata`: user-data, meta-data, network-config
 * @throws GuestDriverError for what is malformed, or not done from outside
 */
export function readNoCloud(files: ReadonlyMap<string, Uint8Array>, guest: Pick<GuestDescription, "name">): GuestSeed {
  const text = (name: string): string | undefined => {
    const content = files.get(name);
    return content === undefined ? undefined : Buffer.from(content).toString("utf8");
  };
  const meta = typed(metaData, "meta-data", yaml("meta-data", text("meta-data") ?? refuse("meta-data", "is missing")));
  const userText = text("user-data") ?? "";
  if (userText.trim() !== "" && !/^#cloud-config\b/.test(userText))
    refuse("user-data", "is not a #cloud-config: scripts run only under a guest's own cloud-init");
  const data = typed(userData, "user-data", yaml("user-data", userText) ?? {});
  const network = text("network-config");
  const config =
    network === undefined ? undefined : typed(networkConfig, "network-config", yaml("network-config", network));
  const ethernets = Object.values(config?.ethernets ?? {});
  const name = data.hostname ?? meta["local-hostname"] ?? meta.hostname ?? guest.name;
  return {
    instance: meta["instance-id"],
    hostname: name.split(".")[0]!,
    fqdn: data.fqdn ?? (name.includes(".") ? name : null),
    isHostsManaged: data.manage_etc_hosts === true || data.manage_etc_hosts === "localhost",
    timezone: data.timezone ?? null,
    users: usersOf(data),
    hasPasswordLogin: data.ssh_pwauth ?? null,
    isRootDisabled: data.disable_root ?? true,
    hostKeys: data.ssh_keys ?? {},
    nics: ethernets.map(nicOf),
    nameservers: ethernets.flatMap((e) => e.nameservers?.addresses ?? []),
    search: ethernets.flatMap((e) => e.nameservers?.search ?? []),
  };
}

function usersOf(data: z.infer<typeof userData>): SeedUser[] {
  const named = (data.users ?? []).flatMap((u) => (u === "default" ? [] : [u]));
  const users = named.map((u): SeedUser => {
    const sudo = u.sudo === undefined || u.sudo === false ? [] : [u.sudo].flat();
    const groups = u.groups === undefined ? [] : [u.groups].flat().flatMap((g) => g.split(/\s*,\s*/));
    const hash = u.hashed_passwd ?? u.passwd;
    return {
      name: u.name,
      gecos: u.gecos ?? "",
      shell: u.shell ?? "/bin/bash",
      hash: hash === undefined || u.lock_passwd !== false ? "!" : hash,
      sudo,
      groups,
      keys: u.ssh_authorized_keys ?? [],
    };
  });
  // Debian's default user, where the seed names no other.
  if (data.users === undefined || data.users.includes("default")) {
    users.push({
      name: data.user ?? "debian",
      gecos: "Debian",
      shell: "/bin/bash",
      hash: data.password ?? "!",
      sudo: ["ALL=(ALL) NOPASSWD:ALL"],
      groups: ["adm", "sudo"],
      keys: data.ssh_authorized_keys ?? [],
    });
  }
  return users;
}

function nicOf(e: z.infer<typeof ethernet>): SeedNic {
  return {
    mac: (e.match?.macaddress ?? refuse("network-config", "names an interface without its MAC address")).toUpperCase(),
    name: e["set-name"] ?? null,
    addresses: e.addresses ?? [],
    isDhcp: e.dhcp4 === true,
    routes: [
      ...(e.gateway4 === undefined ? [] : [{ to: "0.0.0.0/0", via: e.gateway4, metric: null }]),
      ...(e.routes ?? []).map((r) => ({
        to: r.to === "default" ? "0.0.0.0/0" : r.to,
        via: r.via,
        metric: r.metric ?? null,
      })),
    ],
    mtu: e.mtu ?? null,
  };
}

/** The same from the hypervisor's own cloud-init fields (`ciuser`, `sshkeys`, `ipconfig[n]`), as Proxmox renders them. */
export function fromCloudInit(cloudInit: GuestCloudInit, guest: GuestDescription): GuestSeed {
  return {
    // Proxmox' instance id is a digest of what it renders.
    instance: `${guest.vmid}-${JSON.stringify(cloudInit)}`,
    hostname: guest.name.split(".")[0]!,
    fqdn: guest.name.includes(".") ? guest.name : null,
    isHostsManaged: true,
    timezone: null,
    users: [
      {
        name: cloudInit.user ?? "debian",
        gecos: "",
        shell: "/bin/bash",
        hash: cloudInit.passwordHash ?? "!",
        sudo: ["ALL=(ALL) NOPASSWD:ALL"],
        groups: ["adm", "sudo"],
        keys: cloudInit.sshKeys,
      },
    ],
    hasPasswordLogin: null,
    isRootDisabled: true,
    hostKeys: {},
    nics: guest.nics.map((nic) => ipConfigNic(nic.mac, cloudInit.ipConfigs[nic.index] ?? "")),
    nameservers: cloudInit.nameservers,
    search: cloudInit.searchDomain === undefined ? [] : [cloudInit.searchDomain],
  };
}

function ipConfigNic(mac: string, config: string): SeedNic {
  const fields = new Map(config.split(",").map((part) => part.split("=", 2) as [string, string]));
  const ip = fields.get("ip");
  const gateway = fields.get("gw");
  return {
    mac: mac.toUpperCase(),
    name: null,
    addresses: ip === undefined || ip === "dhcp" ? [] : [ip],
    isDhcp: ip === "dhcp",
    routes: gateway === undefined ? [] : [{ to: "0.0.0.0/0", via: gateway, metric: null }],
    mtu: null,
  };
}
