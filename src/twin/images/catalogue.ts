import { DEFAULT_SUITE, releaseNamed, rootIn } from "../../core/debian.ts";

/**
 * What guests have on their disk before their first boot. A template's name tells the role (`tpl-<role>-<n>`), a
 * guest's tag too (`role-<role>`); the packages of roles are told from outside.
 */

export interface Recipe {
  readonly role: string;
  /** Debian's release. */
  readonly suite: string;
  /** Packages of each layer on top of the base, the lowest first; roots of other releases (core/debian.ts) above all others. */
  readonly layers: readonly (readonly string[])[];
  /** How the guest's system names `net[n]` unless its seed says otherwise. */
  readonly nicName: (index: number) => string;
  /** Who reads the seed CD: this driver, the guest's own cloud-init, or a router's firmware. */
  readonly seed: "driver" | "cloud-init" | "router";
}

/** In every guest: what a Debian cloud image has and steps rely on, and nothing that listens but SSH. */
export const BASE_PACKAGES: readonly string[] = [
  ...["systemd", "systemd-sysv", "dbus", "openssh-server", "openssh-client", "sudo", "tzdata"],
  ...["iproute2", "iputils-ping", "nftables", "netbase", "netcat-openbsd", "tcpdump"],
  ...["ca-certificates", "curl", "less", "procps", "python3-minimal"],
  // A guest knows its own name without asking a server that may not be there yet (nss-myhostname(8)).
  "libnss-myhostname",
];

/** Packages by role, one list a layer; a role that is not here has the base alone. */
export type RoleLayers = Readonly<Record<string, readonly (readonly string[])[]>>;

export interface KnownPackages {
  readonly router: readonly string[];
  readonly roles: RoleLayers;
}

/**
 * @param image the file name or URL of the image that the guest's first disk was made from
 * @param also what the guest plays beside its role
 * @returns undefined when nothing here can stand for that image
 */
export function recipeFor(
  image: string,
  role: string,
  known: KnownPackages,
  also: readonly string[] = [],
): Recipe | undefined {
  const file = image.split("/").at(-1) ?? image;
  if (/pfsense/i.test(file)) {
    return {
      role: "router",
      suite: DEFAULT_SUITE,
      layers: withContent([known.router]),
      // FreeBSD's virtio driver, whose names config.xml bears.
      nicName: (index) => `vtnet${index}`,
      seed: "router",
    };
  }
  const suite = releaseNamed(file)?.codename;
  if (suite === undefined) return undefined;
  const isCloudInit = role === "cloud-init";
  const of = (name: string): RoleLayers[string] => (Object.hasOwn(known.roles, name) ? known.roles[name]! : []);
  // A role's lowest layer is everybody's; those above it are its own.
  const others = also.flatMap((name) => of(name).slice(1));
  return {
    role,
    suite,
    layers: withContent(isCloudInit ? [["cloud-init"]] : [...of(role), ...others]),
    // systemd.net-naming-scheme(7) of a q35 or i440fx machine, as Debian's image names them on Proxmox.
    nicName: (index) => `ens${18 + index}`,
    seed: isCloudInit ? "cloud-init" : "driver",
  };
}

/** A root stands on nothing, so that it is made once whatever is below it. */
function withContent(layers: Recipe["layers"]): Recipe["layers"] {
  const all = layers.filter((l) => l.length > 0);
  const isRoot = (layer: readonly string[]): boolean => rootIn(layer) !== undefined;
  return [...all.filter((l) => !isRoot(l)), ...all.filter(isRoot)];
}

/** What a guest plays beside its role, by its tags. */
export const alsoOf = (tags: readonly string[]): readonly string[] =>
  tags.flatMap((t) => (t.startsWith("also-") ? [t.slice("also-".length)] : []));

/** The role that a hypervisor's name or tags tell. */
export function roleOf(name: string, tags: readonly string[]): string | undefined {
  const tag = tags.find((t) => t.startsWith("role-"));
  return tag?.slice("role-".length) ?? /(?:^|-)tpl-([a-z0-9-]+?)-\d+$/.exec(name)?.[1];
}
