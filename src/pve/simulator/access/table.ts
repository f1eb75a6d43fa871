import type { MethodKey } from "../api/methods.ts";
import {
  checkClone,
  checkCreate,
  checkEdit,
  checkMigrate,
  checkMoveDisk,
  checkSuspend,
  checkUnlink,
} from "./guests.ts";
import { checkPoolChange, checkReadVolume, checkRemoveVolume, checkTask } from "./others.ts";
import type { Inside } from "./guests.ts";
import { all, and, anyOf, or, perm, where } from "./rule.ts";
import type { Rule } from "./rule.ts";

/** Who may call a method, and where Proxmox says so. */
export interface Access {
  /** Repository, file below its `PVE/`, and the method's name there; all as of August 2026 (pve-manager 9.2). */
  readonly source: string;
  /** What the method's registration asks: checked before the parameters are. */
  readonly rule: Rule;
  /** What its code asks besides, which the API's schema does not show. */
  readonly inside?: Inside;
  /** Lists are cut down to what the caller may see; the handler does it. */
  readonly isFiltered?: true;
}

const from = (source: string, rule: Rule, inside?: Inside): Access => ({
  source,
  rule,
  ...(inside === undefined ? {} : { inside }),
});
const filtered = (source: string): Access => ({ source, rule: all, isFiltered: true });

const vm = (...privileges: readonly string[]): Rule => perm("/vms/{vmid}", ...privileges);
const aGuest = (name: string): string => `qemu-server API2/Qemu.pm ${name}`;
const anAgent = (name: string): string => `qemu-server API2/Qemu/Agent.pm ${name}`;
const aStatus = (name: string): string => `pve-storage API2/Storage/Status.pm ${name}`;
const aContent = (name: string): string => `pve-storage API2/Storage/Content.pm ${name}`;
const aNode = (name: string): string => `pve-manager API2/Nodes.pm ${name}`;
const aLink = (name: string): string => `pve-manager API2/Network.pm ${name}`;
const aPool = (name: string): string => `pve-manager API2/Pool.pm ${name}`;
const aTask = (name: string): string => `pve-manager API2/Tasks.pm ${name}`;
const aCluster = (name: string): string => `pve-manager API2/Cluster.pm ${name}`;
const anHa = (name: string): string => `pve-ha-manager API2/HA/${name}`;
const anAccess = (name: string): string => `pve-access-control API2/${name}`;

const SEES_STORAGE = anyOf("/storage/{storage}", "Datastore.Audit", "Datastore.AllocateSpace");
const CHANGES_NODE = perm("/nodes/{node}", "Sys.Modify");
const READS_NODE = perm("/nodes/{node}", "Sys.Audit");
const CHANGES_POOL = perm("/pool/{poolid}", "Pool.Allocate");
const READS_HA = perm("/", "Sys.Audit");
const CHANGES_HA = perm("/", "Sys.Console");
const POWERS = vm("VM.PowerMgmt");
const DOWNLOADS = or(perm("/", "Sys.Audit", "Sys.Modify"), perm("/nodes/{node}", "Sys.AccessNetwork"));
/** On the user's own realm and groups; the simulator knows no groups. */
const MAKES_USERS = and(perm("/access/realm/pve", "Realm.AllocateUser"), perm("/access/groups", "User.Modify"));
const EDITS = anyOf(
  "/vms/{vmid}",
  ..."Disk CDROM CPU Memory Network HWType Options Cloudinit".split(" ").map((kind) => `VM.Config.${kind}`),
);
const READS_AGENT = anyOf("/vms/{vmid}", "VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted");
const COMMANDS_AGENT = vm("VM.GuestAgent.Unrestricted");

/** A method without a line here does not compile. */
export const ACCESS_OF: { readonly [Key in MethodKey]: Access } = {
  "GET /access/permissions": from(anAccess("AccessControl.pm permissions"), all),
  "GET /access/roles": from(anAccess("Role.pm index"), all),
  "POST /access/roles": from(anAccess("Role.pm create_role"), perm("/access", "Sys.Modify")),
  "GET /access/users": filtered(anAccess("User.pm index")),
  "POST /access/users": from(anAccess("User.pm create_user"), MAKES_USERS),
  "POST /access/users/{userid}/token/{tokenid}": from(
    anAccess("User.pm generate_token"),
    perm("/access/groups", "User.Modify"),
  ),
  "GET /access/acl": filtered(anAccess("ACL.pm read_acl")),
  "PUT /access/acl": from(anAccess("ACL.pm update_acl"), anyOf("{path}", "Permissions.Modify")),
  "GET /version": from("pve-manager API2.pm version", all),

  "GET /cluster": from(aCluster("index"), all),
  "GET /cluster/nextid": from(aCluster("nextid"), all),
  "GET /cluster/resources": filtered(aCluster("resources")),
  "GET /cluster/status": from(aCluster("get_status"), perm("/", "Sys.Audit")),
  "GET /cluster/options": filtered(aCluster("get_options")),
  "PUT /cluster/options": from(aCluster("set_options"), perm("/", "Sys.Modify")),
  "GET /cluster/tasks": filtered(aCluster("tasks")),
  "GET /cluster/log": filtered(aCluster("log")),

  "GET /cluster/ha": from("pve-manager API2/HAConfig.pm index", all),
  "GET /cluster/ha/status": from(anHa("Status.pm index"), all),
  "GET /cluster/ha/status/current": from(anHa("Status.pm status"), READS_HA),
  "GET /cluster/ha/resources": from(anHa("Resources.pm index"), READS_HA),
  "POST /cluster/ha/resources": from(anHa("Resources.pm create"), CHANGES_HA),
  "GET /cluster/ha/resources/{sid}": from(anHa("Resources.pm read"), READS_HA),
  "PUT /cluster/ha/resources/{sid}": from(anHa("Resources.pm update"), CHANGES_HA),
  "DELETE /cluster/ha/resources/{sid}": from(anHa("Resources.pm delete"), CHANGES_HA),
  "POST /cluster/ha/resources/{sid}/migrate": from(anHa("Resources.pm migrate"), CHANGES_HA),
  "POST /cluster/ha/resources/{sid}/relocate": from(anHa("Resources.pm relocate"), CHANGES_HA),
  "GET /cluster/ha/rules": from(anHa("Rules.pm index"), READS_HA),
  "POST /cluster/ha/rules": from(anHa("Rules.pm create_rule"), CHANGES_HA),
  "GET /cluster/ha/rules/{rule}": from(anHa("Rules.pm read_rule"), READS_HA),
  "PUT /cluster/ha/rules/{rule}": from(anHa("Rules.pm update_rule"), CHANGES_HA),
  "DELETE /cluster/ha/rules/{rule}": from(anHa("Rules.pm delete_rule"), CHANGES_HA),
  "GET /cluster/ha/groups": from(anHa("Groups.pm index"), READS_HA),
  "POST /cluster/ha/groups": from(anHa("Groups.pm create"), CHANGES_HA),
  "GET /cluster/ha/groups/{group}": from(anHa("Groups.pm read"), READS_HA),
  "PUT /cluster/ha/groups/{group}": from(anHa("Groups.pm update"), CHANGES_HA),
  "DELETE /cluster/ha/groups/{group}": from(anHa("Groups.pm delete"), CHANGES_HA),

  // Of one pool Proxmox asks, and does not mind the answer.
  "GET /pools": filtered(aPool("index")),
  "POST /pools": from(aPool("create_pool"), CHANGES_POOL),
  "PUT /pools": from(aPool("update_pool"), CHANGES_POOL, checkPoolChange),
  "DELETE /pools": from(aPool("delete_pool"), CHANGES_POOL),
  "GET /pools/{poolid}": from(aPool("read_pool"), perm("/pool/{poolid}", "Pool.Audit")),
  "PUT /pools/{poolid}": from(aPool("update_pool_deprecated"), CHANGES_POOL, checkPoolChange),
  "DELETE /pools/{poolid}": from(aPool("delete_pool_deprecated"), CHANGES_POOL),

  "GET /nodes": filtered(aNode("index")),
  "GET /nodes/{node}": from(aNode("index"), all),
  "GET /nodes/{node}/status": from(aNode("status"), READS_NODE),
  "GET /nodes/{node}/version": from(aNode("version"), all),
  "GET /nodes/{node}/dns": from(aNode("dns"), READS_NODE),
  "PUT /nodes/{node}/dns": from(aNode("update_dns"), CHANGES_NODE),
  "GET /nodes/{node}/hosts": from(aNode("get_etc_hosts"), perm("/", "Sys.Audit")),
  "POST /nodes/{node}/hosts": from(aNode("write_etc_hosts"), CHANGES_NODE),
  "GET /nodes/{node}/time": from(aNode("time"), READS_NODE),
  "PUT /nodes/{node}/time": from(aNode("set_timezone"), CHANGES_NODE),
  "GET /nodes/{node}/query-url-metadata": from(aNode("query_url_metadata"), DOWNLOADS),

  "GET /nodes/{node}/network": filtered(aLink("index")),
  "POST /nodes/{node}/network": from(aLink("create_network"), CHANGES_NODE),
  "PUT /nodes/{node}/network": from(aLink("reload_network_config"), CHANGES_NODE),
  "DELETE /nodes/{node}/network": from(aLink("revert_network_changes"), CHANGES_NODE),
  "GET /nodes/{node}/network/{iface}": from(aLink("network_config"), READS_NODE),
  "PUT /nodes/{node}/network/{iface}": from(aLink("update_network"), CHANGES_NODE),
  "DELETE /nodes/{node}/network/{iface}": from(aLink("delete_network"), CHANGES_NODE),

  "GET /nodes/{node}/storage": filtered(aStatus("index")),
  "GET /nodes/{node}/storage/{storage}": from(aStatus("diridx"), SEES_STORAGE),
  "GET /nodes/{node}/storage/{storage}/status": from(aStatus("read_status"), SEES_STORAGE),
  "GET /nodes/{node}/storage/{storage}/content": from(aContent("index"), SEES_STORAGE),
  "POST /nodes/{node}/storage/{storage}/content": from(
    aContent("create"),
    perm("/storage/{storage}", "Datastore.AllocateSpace"),
  ),
  "GET /nodes/{node}/storage/{storage}/content/{volume}": from(aContent("info"), all, checkReadVolume),
  "PUT /nodes/{node}/storage/{storage}/content/{volume}": from(aContent("updateattributes"), all, checkReadVolume),
  "DELETE /nodes/{node}/storage/{storage}/content/{volume}": from(aContent("delete"), all, checkRemoveVolume),
  "POST /nodes/{node}/storage/{storage}/upload": from(
    aStatus("upload"),
    perm("/storage/{storage}", "Datastore.AllocateTemplate"),
  ),
  "POST /nodes/{node}/storage/{storage}/download-url": from(
    aStatus("download_url"),
    and(perm("/storage/{storage}", "Datastore.AllocateTemplate"), DOWNLOADS),
  ),

  "GET /nodes/{node}/tasks": filtered(aTask("node_tasks")),
  "GET /nodes/{node}/tasks/{upid}": from(aTask("upid_index"), all),
  "GET /nodes/{node}/tasks/{upid}/status": from(aTask("read_task_status"), all, checkTask("Sys.Audit")),
  "GET /nodes/{node}/tasks/{upid}/log": from(aTask("read_task_log"), all, checkTask("Sys.Audit")),
  "DELETE /nodes/{node}/tasks/{upid}": from(aTask("stop_task"), all, checkTask("Sys.Modify")),

  "GET /nodes/{node}/qemu": filtered(aGuest("vmlist")),
  "POST /nodes/{node}/qemu": from(aGuest("create_vm"), all, checkCreate),
  "GET /nodes/{node}/qemu/{vmid}": from(aGuest("vmdiridx"), all),
  "DELETE /nodes/{node}/qemu/{vmid}": from(aGuest("destroy_vm"), vm("VM.Allocate")),
  "GET /nodes/{node}/qemu/{vmid}/config": from(aGuest("vm_config"), vm("VM.Audit")),
  "PUT /nodes/{node}/qemu/{vmid}/config": from(aGuest("update_vm"), EDITS, checkEdit),
  "POST /nodes/{node}/qemu/{vmid}/config": from(aGuest("update_vm_async"), EDITS, checkEdit),
  "GET /nodes/{node}/qemu/{vmid}/pending": from(aGuest("vm_pending"), vm("VM.Audit")),
  "GET /nodes/{node}/qemu/{vmid}/cloudinit": from(aGuest("cloudinit_pending"), vm("VM.Audit")),
  "PUT /nodes/{node}/qemu/{vmid}/cloudinit": from(aGuest("cloudinit_update"), vm("VM.Config.Cloudinit")),
  "PUT /nodes/{node}/qemu/{vmid}/resize": from(aGuest("resize_vm"), vm("VM.Config.Disk")),
  "PUT /nodes/{node}/qemu/{vmid}/unlink": from(aGuest("unlink"), vm("VM.Config.Disk"), checkUnlink),
  "POST /nodes/{node}/qemu/{vmid}/template": from(aGuest("template"), vm("VM.Allocate")),
  "POST /nodes/{node}/qemu/{vmid}/clone": from(
    aGuest("clone_vm"),
    and(vm("VM.Clone"), or(perm("/vms/{newid}", "VM.Allocate"), where("pool", perm("/pool/{pool}", "VM.Allocate")))),
    checkClone,
  ),
  "POST /nodes/{node}/qemu/{vmid}/move_disk": from(aGuest("move_vm_disk"), vm("VM.Config.Disk"), checkMoveDisk),
  "GET /nodes/{node}/qemu/{vmid}/migrate": from(aGuest("migrate_vm_precondition"), vm("VM.Migrate")),
  "POST /nodes/{node}/qemu/{vmid}/migrate": from(aGuest("migrate_vm"), vm("VM.Migrate"), checkMigrate),

  "GET /nodes/{node}/qemu/{vmid}/status": from(aGuest("vmcmdidx"), all),
  "GET /nodes/{node}/qemu/{vmid}/status/current": from(aGuest("vm_status"), vm("VM.Audit")),
  "POST /nodes/{node}/qemu/{vmid}/status/start": from(aGuest("vm_start"), POWERS),
  "POST /nodes/{node}/qemu/{vmid}/status/stop": from(aGuest("vm_stop"), POWERS),
  "POST /nodes/{node}/qemu/{vmid}/status/shutdown": from(aGuest("vm_shutdown"), POWERS),
  "POST /nodes/{node}/qemu/{vmid}/status/reboot": from(aGuest("vm_reboot"), POWERS),
  "POST /nodes/{node}/qemu/{vmid}/status/reset": from(aGuest("vm_reset"), POWERS),
  "POST /nodes/{node}/qemu/{vmid}/status/suspend": from(aGuest("vm_suspend"), POWERS, checkSuspend),
  "POST /nodes/{node}/qemu/{vmid}/status/resume": from(aGuest("vm_resume"), POWERS),

  "GET /nodes/{node}/qemu/{vmid}/snapshot": from(aGuest("snapshot_list"), vm("VM.Audit")),
  "POST /nodes/{node}/qemu/{vmid}/snapshot": from(aGuest("snapshot"), vm("VM.Snapshot")),
  "GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}": from(aGuest("snapshot_cmd_idx"), all),
  "DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}": from(aGuest("delsnapshot"), vm("VM.Snapshot")),
  "GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config": from(
    aGuest("get_snapshot_config"),
    anyOf("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"),
  ),
  "PUT /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config": from(aGuest("update_snapshot_config"), vm("VM.Snapshot")),
  "POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback": from(
    aGuest("rollback"),
    anyOf("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback"),
  ),

  "GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces": from(anAgent("network-get-interfaces"), READS_AGENT),
  "GET /nodes/{node}/qemu/{vmid}/agent/get-host-name": from(anAgent("get-host-name"), READS_AGENT),
  "GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo": from(anAgent("get-osinfo"), READS_AGENT),
  "POST /nodes/{node}/qemu/{vmid}/agent/ping": from(anAgent("ping"), READS_AGENT),
  "POST /nodes/{node}/qemu/{vmid}/agent/exec": from(anAgent("exec"), COMMANDS_AGENT),
  "GET /nodes/{node}/qemu/{vmid}/agent/exec-status": from(anAgent("exec-status"), COMMANDS_AGENT),
};

/** Agents were all VM.Monitor's in 8. */
export function accessOf(key: MethodKey, major: 8 | 9): Access {
  const access = ACCESS_OF[key];
  return major === 8 && access.source.includes("/Agent.pm") ? { ...access, rule: vm("VM.Monitor") } : access;
}
