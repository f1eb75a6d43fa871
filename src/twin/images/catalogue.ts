/**
 * What guests of each role have on their disk before their first boot: the small table that the roles' own registry
 * will replace. A template's name tells the role (`tpl-<role>-<n>`), a guest's tag too (`role-<role>`).
 */

export interface Recipe {
  readonly role: string;
  /** Debian's release. */
  readonly suite: string;
  /** On top of the base. */
  readonly packages: readonly string[];
  /** How the guest's system names `net[n]` unless its seed says otherwise. */
  readonly nicName: (index: number) => string;
  /** Who reads the seed CD: this driver, the guest's own cloud-init, or a router's firmware. */
  readonly seed: "driver" | "cloud-init" | "router";
}

/** In every guest: what a Debian cloud image has and steps rely on, and nothing that listens but SSH. */
export const BASE_PACKAGES: readonly string[] = [
  ...["systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "tzdata"],
  ...["iproute2", "iputils-ping", "nftables", "netbase", "netcat-openbsd", "tcpdump"],
  ...["ca-certificates", "curl", "less", "procps", "python3-minimal"],
  // A guest knows its own name without asking a server that may not be there yet (nss-myhostname(8)).
  "libnss-myhostname",
];

/** Packages of a role on Debian; a role that is not here has the base alone. */
const ROLE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // The public DNS and the outside's clock and web.
  internet: ["unbound", "chrony", "nginx-light"],
};

const SUITES: Readonly<Record<string, string>> = { "12": "bookworm", "13": "trixie" };

/** On which Debian the router's stand-in runs. */
const ROUTER_SUITE = "trixie";

export interface RouterPackages {
  readonly packages: readonly string[];
}

/**
 * @param image the file name or URL of the image that the guest's first disk was made from
 * @returns undefined when nothing here can stand for that image
 */
export function recipeFor(image: string, role: string, router: RouterPackages): Recipe | undefined {
  const file = image.split("/").at(-1) ?? image;
  if (/pfsense/i.test(file)) {
    return {
      role: "router",
      suite: ROUTER_SUITE,
      packages: router.packages,
      // FreeBSD's virtio driver, whose names config.xml bears.
      nicName: (index) => `vtnet${index}`,
      seed: "router",
    };
  }
  const suite = SUITES[/debian-(\d+)/i.exec(file)?.[1] ?? ""];
  if (suite === undefined) return undefined;
  const isCloudInit = role === "cloud-init";
  return {
    role,
    suite,
    packages: isCloudInit ? ["cloud-init"] : (ROLE_PACKAGES[role] ?? []),
    // systemd.net-naming-scheme(7) of a q35 or i440fx machine, as Debian's image names them on Proxmox.
    nicName: (index) => `ens${18 + index}`,
    seed: isCloudInit ? "cloud-init" : "driver",
  };
}

/** The role that a hypervisor's name or tags tell. */
export function roleOf(name: string, tags: readonly string[]): string | undefined {
  const tag = tags.find((t) => t.startsWith("role-"));
  return tag?.slice("role-".length) ?? /(?:^|-)tpl-([a-z0-9-]+?)-\d+$/.exec(name)?.[1];
}
