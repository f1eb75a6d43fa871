import type { Call } from "../api/method.ts";
import { splitList } from "../vm/edit.ts";
import { poolsByVm } from "../api/resources.ts";
import { checkVolume } from "./guests.ts";
import type { Inside } from "./guests.ts";
import { splitToken } from "./permissions.ts";
import { enforce } from "./rule.ts";

/** `update_pool`: a member's own permissions are changed with it (`check_perm_modify`). */
export const checkPoolChange: Inside = (call, sight) => {
  for (const vmid of splitList(call.optional("vms"))) {
    enforce(sight, `/vms/${vmid}`, ["Permissions.Modify", "VM.Allocate"], true);
    const other = poolsByVm(call.world).get(Number(vmid));
    if (other !== undefined && other !== call.text("poolid") && call.flag("allow-move"))
      enforce(sight, `/pool/${other}`, ["Pool.Allocate"]);
  }
  for (const storage of splitList(call.optional("storage")))
    enforce(sight, `/storage/${storage}`, ["Permissions.Modify", "Datastore.Allocate"], true);
};

const volumeOf = (call: Call): string => {
  const volume = call.text("volume");
  return volume.includes(":") ? volume : `${call.text("storage")}:${volume}`;
};

export const checkReadVolume: Inside = (call, sight) => {
  if (!call.isRoot) checkVolume(sight, undefined, volumeOf(call));
};

/** Whatever it is, but for backups, of which there are none here. */
export const checkRemoveVolume: Inside = (call, sight) => {
  enforce(sight, `/storage/${volumeOf(call).split(":")[0]!}`, ["Datastore.Allocate"]);
};

/** `$check_task_user`: a token sees its own tasks, a user also those of its tokens. */
export const isOwnTask = (taskUser: string, caller: string): boolean =>
  taskUser === caller || splitToken(taskUser).user === caller;

/** Own tasks are free; those of others take a privilege on the node. */
export const checkTask =
  (privilege: string): Inside =>
  (call, sight) => {
    const owner = call.text("upid").split(":")[7] ?? "";
    if (!isOwnTask(owner, call.user)) enforce(sight, `/nodes/${call.node}`, [privilege]);
  };
