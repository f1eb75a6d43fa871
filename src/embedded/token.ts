import type { Grants } from "../pve/simulator/index.ts";

/** Whom the embedded lab's token belongs to, as docs/own-proxmox.md makes it; only the secret is each stack's own. */
const TOKEN_USER = "maquette@pve";
export const TOKEN_ID = `${TOKEN_USER}!lab`;

/**
 * What the token may do: the roles and places of docs/own-proxmox.md, so that whatever the embedded lab is refused a real
 * Proxmox would refuse too. (tests/pve/own-page.test.ts holds them against the page.)
 */
export const ROLES = {
  MaquetteGuests:
    "VM.Allocate VM.Audit VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Disk VM.Config.HWType VM.Config.Memory " +
    "VM.Config.Network VM.Config.Options VM.PowerMgmt VM.Snapshot",
  MaquettePool: "Pool.Allocate Pool.Audit",
  MaquetteDisks: "Datastore.AllocateSpace Datastore.Audit",
  MaquetteFiles: "Datastore.Allocate Datastore.AllocateTemplate Datastore.Audit",
  MaquetteNode: "Sys.AccessNetwork Sys.Modify",
  MaquetteNet: "SDN.Use",
} as const;

/** Roles by place; the two storages are those of a fresh installation. */
const PLACES: readonly (readonly [string, keyof typeof ROLES])[] = [
  ["/vms", "MaquetteGuests"],
  ["/pool", "MaquettePool"],
  ["/storage/local", "MaquetteFiles"],
  ["/storage/local-lvm", "MaquetteDisks"],
  ["/nodes", "MaquetteNode"],
  ["/sdn/zones/localnetwork", "MaquetteNet"],
];

export const TOKEN_GRANTS: Grants = {
  roles: Object.fromEntries(Object.entries(ROLES).map(([role, names]) => [role, names.split(" ")])),
  acl: PLACES.map(([path, role]) => ({ path, user: TOKEN_USER, role })),
};
