import { plays } from "../plan/query.ts";
import type { Host, Plan, Zone } from "../plan/types.ts";
import type { Settings } from "./settings.ts";
import { bridgeOf, ownVms, templateOf, type Naming } from "./world.ts";

/** A privilege without which something that the program does is refused. */
export interface Need {
  readonly privilege: string;
  /** Where, as Proxmox names it; on any of these it suffices, and the first is the usual one. */
  readonly paths: readonly [string, ...string[]];
  readonly why: string;
}

export interface Stack {
  readonly settings: Settings;
  readonly plan: Plan;
  readonly naming: Naming;
  readonly hosts: readonly Host[];
}

const TO_MAKE =
  "VM.Allocate VM.Audit VM.Config.CPU VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Options".split(" ");

/**
 * Everything that a stack's token needs, of its settings and plan alone: up, change, snapshot, reset and destroy are
 * refused without any of it, and with it are not. (tests/infra/needs.test.ts holds it against the calls of such a run.)
 */
export function needsOf(stack: Stack): readonly Need[] {
  return [...poolNeeds(stack), ...nodeNeeds(stack), ...storageNeeds(stack), ...bridgeNeeds(stack), ...vmNeeds(stack)];
}

const need = (why: string, path: string, ...privileges: readonly string[]): Need[] =>
  privileges.map((privilege) => ({ privilege, paths: [path], why }));

const poolNeeds = ({ naming }: Stack): Need[] =>
  need("the lab's pool", `/pool/${naming.pool}`, "Pool.Allocate", "Pool.Audit");

function nodeNeeds(stack: Stack): Need[] {
  const { settings } = stack;
  const bridges = settings.bridge.create
    ? settings.nodes.flatMap((node) => need(`the bridge ${settings.bridge.name}`, `/nodes/${node}`, "Sys.Modify"))
    : [];
  const downloads = downloadingNodes(stack).map((node): Need => ({
    privilege: "Sys.AccessNetwork",
    paths: [`/nodes/${node}`],
    why: "downloading images",
  }));
  const ha = settings.ha === "rules" ? need("HA rules (maquette:ha)", "/", "Sys.Audit", "Sys.Console") : [];
  return [...bridges, ...downloads, ...ha];
}

/** Where the program downloads an image to: each node that has guests of it, or one for all. */
function downloadingNodes({ settings, plan, hosts }: Stack): readonly string[] {
  const nodes = hosts
    .filter((h) => {
      const own = settings.images[h.image];
      const url = own?.url ?? plan.images.get(h.image)!.url;
      return own?.template === undefined && own?.volume === undefined && url !== null;
    })
    .map((h) => settings.nodes[h.node % settings.nodes.length]!);
  return [...new Set(settings.storage.isShared ? nodes.slice(0, 1) : nodes)];
}

function storageNeeds(stack: Stack): Need[] {
  const { images, seeds, disks } = stack.settings.storage;
  const files = new Map([[seeds, "the guests' first CDs"]]);
  if (downloadingNodes(stack).length > 0) files.set(images, seeds === images ? "images and first CDs" : "images");
  return [
    ...need("the guests' disks", `/storage/${disks}`, "Datastore.AllocateSpace", "Datastore.Audit"),
    ...[...files].flatMap(([storage, what]) =>
      need(
        `${what}: put there, read and deleted`,
        `/storage/${storage}`,
        "Datastore.AllocateTemplate",
        "Datastore.Allocate",
        "Datastore.Audit",
      ),
    ),
  ];
}

/** A NIC takes a right on its VLAN of its bridge, or on the bridge where it has none. */
function bridgeNeeds({ settings, plan, naming, hosts }: Stack): Need[] {
  const zones = new Map<string, Zone>();
  for (const nic of hosts.flatMap((h) => h.nics)) zones.set(nic.zone, plan.zones.get(nic.zone)!);
  const plugs = new Map<string, string>();
  for (const zone of zones.values()) {
    const { bridge, vlanId } = bridgeOf({ settings, naming }, zone);
    plugs.set(`/sdn/zones/localnetwork/${bridge}${vlanId === null ? "" : `/${vlanId}`}`, `NICs of the zone ${zone.id}`);
  }
  const { operator } = settings;
  if (operator !== null && naming.operator !== null && hosts.some((h) => plays(h, "bastion")))
    plugs.set(
      `/sdn/zones/localnetwork/${operator.bridge}${operator.vlan === null ? "" : `/${operator.vlan}`}`,
      "the bastion's way in (maquette:operator)",
    );
  return [...plugs].flatMap(([path, why]) => need(why, path, "SDN.Use"));
}

/** On a VM's own path, or on the pool that it is made in and belongs to. */
function vmNeeds(stack: Stack): Need[] {
  const { settings, naming, hosts } = stack;
  const pool = `/pool/${naming.pool}`;
  const guests = new Set(hosts.map((h) => naming.vmId(h)));
  // Tags are asked for on the VM's own path, and what is made with them is in no pool yet (assert_tag_permissions).
  const isTagged = (id: number): boolean => settings.clones === "import" || !guests.has(id);
  const of = (id: number, why: string, privileges: readonly string[]): Need[] =>
    privileges.map((privilege) => ({
      privilege,
      paths: privilege === "VM.Config.Options" && isTagged(id) ? [`/vms/${id}`] : [`/vms/${id}`, pool],
      why,
    }));
  const made = [...ownVms(stack)].flatMap(([id, name]) =>
    guests.has(id)
      ? [
          ...of(id, `the guest ${name}`, [...TO_MAKE, "VM.Config.CDROM", "VM.Config.Network", "VM.PowerMgmt"]),
          ...of(id, `snapshot and reset of ${name}`, ["VM.Snapshot"]),
        ]
      : of(id, `the template ${name}`, [...TO_MAKE, "VM.Clone"]),
  );
  // Made by the user, and in no pool of ours.
  const yours = hosts.flatMap((host): Need[] => {
    const id = templateOf(settings, host);
    return id === undefined ? [] : need(`clones of your template of ${host.image}`, `/vms/${id}`, "VM.Clone");
  });
  return [...made, ...new Map(yours.map((n) => [`${n.privilege} ${n.paths[0]}`, n])).values()];
}

/** Those that are not met. @param held the privileges on a path, asked of the API for each path of the needs */
export const unmet = (needs: readonly Need[], held: ReadonlyMap<string, ReadonlySet<string>>): readonly Need[] =>
  needs.filter(({ privilege, paths }) => !paths.some((path) => held.get(path)?.has(privilege) === true));

/** `VM.Clone on /vms/9900, /vms/9901: why`, a line for each privilege and reason. */
export function describeNeeds(missing: readonly Need[]): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const { privilege, paths, why } of missing) {
    // What lies side by side and is needed for the same has one line: fifteen guests are not fifteen reasons.
    const key = `${privilege} on ${paths[0].replace(/[^/]+$/, "")}|${/^(the guest|the template|snapshot and reset|NICs)/.exec(why)?.[0] ?? why}`;
    lines.set(key, [...(lines.get(key) ?? []), paths[0]]);
  }
  return [...lines].map(([key, paths]) => {
    const [head = "", why = ""] = key.split("|");
    const many = paths.length > 3 ? `${paths.slice(0, 2).join(", ")} and ${paths.length - 2} more` : paths.join(", ");
    return `${head.split(" on ")[0]!} on ${many} (${why})`;
  });
}
