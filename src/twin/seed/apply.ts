import type { GuestSeed, SeedNic, SeedUser } from "./nocloud.ts";

/** A file to stand in the guest; `owner` is uid:gid, folders above it are root's. */
export interface GuestFile {
  readonly path: string;
  readonly content: string;
  /** Default 0644. */
  readonly mode?: number;
  readonly owner?: number;
  /** Where it is not the owner's. */
  readonly group?: number;
}

/** What the guest's disk says already. */
export interface Present {
  readonly passwd: string;
  readonly group: string;
  readonly shadow: string;
  readonly gshadow: string;
}

/** Symbolic links, and folders with their own modes, that go with the files. */
export interface Applied {
  readonly files: readonly GuestFile[];
  readonly links: Readonly<Record<string, string>>;
  readonly folders: readonly { readonly path: string; readonly mode: number; readonly owner: number }[];
}

const FIRST_UID = 1000;
/** Debian's group of that name (base-passwd): what reads both files for others. */
const SHADOW = 42;

/** The files that cloud-init would leave on a Debian guest after its first boot. */
export function applySeed(seed: GuestSeed, present: Present, nicName: (mac: string) => string | undefined): Applied {
  const accounts = addUsers(present, seed.users);
  const files: GuestFile[] = [
    { path: "/etc/hostname", content: `${seed.hostname}\n` },
    { path: "/etc/passwd", content: accounts.passwd },
    { path: "/etc/group", content: accounts.group },
    { path: "/etc/shadow", content: accounts.shadow, mode: 0o640, group: SHADOW },
    { path: "/etc/gshadow", content: accounts.gshadow, mode: 0o640, group: SHADOW },
    ...sudoers(seed.users),
    ...hostKeys(seed.hostKeys),
    ...seed.nics.flatMap((nic) => networkFile(nic, nicName(nic.mac), seed)),
    ...resolver(seed),
  ];
  const folders: Applied["folders"][number][] = [];
  for (const user of seed.users) {
    const uid = accounts.uids.get(user.name)!;
    folders.push({ path: home(user.name), mode: 0o700, owner: uid });
    if (user.keys.length === 0) continue;
    folders.push({ path: `${home(user.name)}/.ssh`, mode: 0o700, owner: uid });
    files.push({
      path: `${home(user.name)}/.ssh/authorized_keys`,
      content: `${user.keys.map((k) => k.trim()).join("\n")}\n`,
      mode: 0o600,
      owner: uid,
    });
  }
  if (seed.isHostsManaged) {
    const names = [seed.fqdn, seed.hostname].filter((n) => n !== null).join(" ");
    files.push({
      path: "/etc/hosts",
      content: `127.0.1.1 ${names}\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n`,
    });
  }
  if (seed.hasPasswordLogin !== null) {
    files.push({
      path: "/etc/ssh/sshd_config.d/50-cloud-init.conf",
      content: `PasswordAuthentication ${seed.hasPasswordLogin ? "yes" : "no"}\n`,
      mode: 0o600,
    });
  }
  if (seed.timezone !== null) files.push({ path: "/etc/timezone", content: `${seed.timezone}\n` });
  return {
    files,
    folders,
    links: seed.timezone === null ? {} : { "/etc/localtime": `/usr/share/zoneinfo/${seed.timezone}` },
  };
}

const home = (name: string): string => (name === "root" ? "/root" : `/home/${name}`);

/** passwd(5), group(5) and the shadows of both, each user with a group of its own as adduser(8) does; known names stay as they are. */
function addUsers(
  present: Present,
  users: readonly SeedUser[],
): Present & { readonly uids: ReadonlyMap<string, number> } {
  const passwd = lines(present.passwd);
  const group = lines(present.group);
  const shadow = lines(present.shadow);
  const gshadow = lines(present.gshadow);
  const uids = new Map(passwd.map((line) => [line.split(":")[0]!, Number(line.split(":")[2])]));
  const taken = new Set(uids.values());
  let next = FIRST_UID;
  for (const user of users) {
    if (!uids.has(user.name)) {
      while (taken.has(next)) next++;
      taken.add(next);
      uids.set(user.name, next);
      passwd.push(`${user.name}:x:${next}:${next}:${user.gecos}:${home(user.name)}:${user.shell}`);
      group.push(`${user.name}:x:${next}:`);
      shadow.push(`${user.name}:${user.hash}:20000:0:99999:7:::`);
      gshadow.push(`${user.name}:!::`);
    }
    for (const name of user.groups) for (const file of [group, gshadow]) addMember(file, name, user.name);
  }
  return { passwd: text(passwd), group: text(group), shadow: text(shadow), gshadow: text(gshadow), uids };
}

/** The fourth field of group(5) and of gshadow(5) alike; a group that is not there is not made. */
function addMember(file: string[], group: string, user: string): void {
  const at = file.findIndex((line) => line.startsWith(`${group}:`));
  if (at < 0) return;
  const fields = file[at]!.split(":");
  const members = fields[3]!.split(",").filter((m) => m !== "");
  if (!members.includes(user)) file[at] = [...fields.slice(0, 3), [...members, user].join(",")].join(":");
}

const lines = (content: string): string[] => content.split("\n").filter((line) => line !== "");
const text = (all: readonly string[]): string => `${all.join("\n")}\n`;

function sudoers(users: readonly SeedUser[]): GuestFile[] {
  const rules = users.flatMap((u) => u.sudo.map((rule) => `${u.name} ${rule}`));
  if (rules.length === 0) return [];
  return [{ path: "/etc/sudoers.d/90-cloud-init-users", content: `${rules.join("\n")}\n`, mode: 0o440 }];
}

function hostKeys(keys: Readonly<Record<string, string>>): GuestFile[] {
  return Object.entries(keys).flatMap(([name, content]) => {
    const match = /^([a-z0-9]+)_(private|public|certificate)$/.exec(name);
    if (!match || match[2] === "certificate") return [];
    const isPrivate = match[2] === "private";
    return [
      {
        path: `/etc/ssh/ssh_host_${match[1]!}_key${isPrivate ? "" : ".pub"}`,
        content: content.endsWith("\n") ? content : `${content}\n`,
        mode: isPrivate ? 0o600 : 0o644,
      },
    ];
  });
}

/** systemd.network(5), in the form of cloud-init's networkd renderer. */
function networkFile(nic: SeedNic, name: string | undefined, seed: GuestSeed): GuestFile[] {
  if (name === undefined) return [];
  const isFirst = nic === seed.nics[0];
  const out = ["[Match]", `Name=${name}`, "", "[Network]", `DHCP=${nic.isDhcp ? "ipv4" : "no"}`];
  out.push("LinkLocalAddressing=no", "IPv6AcceptRA=no");
  for (const address of nic.addresses) out.push(`Address=${address}`);
  if (isFirst) for (const server of seed.nameservers) out.push(`DNS=${server}`);
  if (isFirst && seed.search.length > 0) out.push(`Domains=${seed.search.join(" ")}`);
  if (nic.mtu !== null) out.push("", "[Link]", `MTUBytes=${nic.mtu}`);
  for (const route of nic.routes) {
    out.push("", "[Route]", `Destination=${route.to}`, `Gateway=${route.via}`);
    if (route.metric !== null) out.push(`Metric=${route.metric}`);
  }
  return [{ path: `/etc/systemd/network/10-cloud-init-${name}.network`, content: `${out.join("\n")}\n` }];
}

/** resolv.conf(5): these images have no resolver of their own. */
function resolver(seed: GuestSeed): GuestFile[] {
  if (seed.nameservers.length === 0) return [];
  const search = seed.search.length > 0 ? [`search ${seed.search.join(" ")}`] : [];
  return [
    {
      path: "/etc/resolv.conf",
      content: `${[...search, ...seed.nameservers.map((n) => `nameserver ${n}`), "options timeout:2 attempts:2"].join("\n")}\n`,
    },
  ];
}
