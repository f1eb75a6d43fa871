import type { Host, Nic, Plan, Zone } from "../plan/types.ts";
import type { Settings } from "./settings.ts";
import type { DeclaredRole } from "../provision/steps/index.ts";
import type { Seed } from "../roles/seed.ts";

/** How the hypervisor names this copy of the lab. */
export interface Naming {
  readonly pool: string;
  readonly guestName: (host: Host) => string;
  readonly vmId: (host: Host) => number;
  readonly vlan: (zone: Zone) => number;
  readonly mac: (host: Host, nic: Nic) => string;
  /** The bastion's second NIC, or null. */
  readonly operator: { readonly cidr: string; readonly mac: string } | null;
  /** A template per role and node. */
  readonly templateId: (role: string, node: number) => number;
  readonly templateName: (role: string, node: number) => string;
}

export interface ApiFacts {
  /** How disks are kept where the storage has a choice: raw files have no snapshots. Null: it has none. */
  readonly diskFormat: "qcow2" | null;
  /** The order in which guests start with their node is the node's affair: it takes Sys.Modify on /. */
  readonly maySetStartup: boolean;
}

export interface DeclaredSeed extends Seed {
  /** Keyed, of the CD's bytes. */
  readonly digest: string;
  /** Keyed, of a router's configuration; null of other hosts. */
  readonly configDigest: string | null;
}

/** All that the components read: the plan, the stack's settings, and what derives from both. */
export interface World {
  readonly plan: Plan;
  /** The hosts to build: all of the plan's, unless some were asked for. */
  readonly hosts: readonly Host[];
  readonly settings: Settings;
  readonly naming: Naming;
  /** What each host reads at its first boot, with the digest of its bytes. */
  readonly seeds: ReadonlyMap<string, DeclaredSeed>;
  /** What each host is asked for, in order, with the digest of what fills its places for secrets. */
  readonly roles: ReadonlyMap<string, readonly DeclaredRole[]>;
  readonly isEmbedded: boolean;
  /** Guests' consoles are at hand: they run on this machine. */
  readonly hasConsoles: boolean;
  /** Guests are made, and nothing is done inside them. */
  readonly isGuestsOnly: boolean;
  /** What the API says of itself and of the token, once for all resources. */
  readonly api: ApiFacts;
  /** The tag that says "this stack's": only guests that bear it are ever changed or deleted. */
  readonly mark: string;
}

/** The node that a host is placed on. */
export const nodeOf = (world: Pick<World, "settings">, host: Host): string =>
  world.settings.nodes[host.node % world.settings.nodes.length]!;

/** The user's own template that a host is cloned from, where there is one. */
export function templateOf(settings: Settings, host: Host): number | undefined {
  const template = settings.images[host.image]?.template;
  if (template === undefined || typeof template === "number") return template;
  return template[settings.nodes[host.node % settings.nodes.length]!];
}

/** The VMs that this stack makes, by id: its guests, and the templates they are cloned from unless the user made those. */
export function ownVms({ hosts, settings, naming }: Pick<World, "hosts" | "settings" | "naming">): Map<number, string> {
  const own = new Map<number, string>();
  for (const host of hosts) {
    own.set(naming.vmId(host), naming.guestName(host));
    if (settings.images[host.image]?.template !== undefined || settings.clones === "import") continue;
    const node = host.node % settings.nodes.length;
    own.set(naming.templateId(host.role, node), naming.templateName(host.role, node));
  }
  return own;
}

/** Zones that the hypervisor switches: all that some host has a leg in. */
export function bridgeOf(
  world: Pick<World, "settings" | "naming">,
  zone: Zone,
): { readonly bridge: string; readonly vlanId: number | null } {
  const other = world.settings.bridges[zone.id];
  return other
    ? { bridge: other.name, vlanId: other.vlan }
    : { bridge: world.settings.bridge.name, vlanId: world.naming.vlan(zone) };
}
