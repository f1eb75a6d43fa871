import { badParameter, failure } from "../api-error.ts";
import { flag, format, oneOf, opt, poolId, text } from "../schema/schema.ts";
import type { PoolState } from "../state/state.ts";
import { guestFigures, poolsByVm } from "./resources.ts";
import { removeKey } from "../vm/config.ts";
import type { Config } from "../vm/config.ts";
import { splitList } from "../vm/edit.ts";
import { own } from "../world.ts";
import type { World } from "../world.ts";
import { method } from "./method.ts";
import type { Call } from "./method.ts";

const typeFilter = opt(oneOf("qemu", "lxc", "storage"));

function poolOf(call: Call): PoolState {
  const id = call.text("poolid");
  const pool = own(call.world.state.pools, id);
  if (pool === undefined) throw failure(`pool '${id}' does not exist`);
  return pool;
}

function members(world: World, pool: PoolState, type: string | undefined): object[] {
  const guests = pool.vms
    .map((vmid) => own(world.state.vms, String(vmid)))
    .filter((vm) => vm !== undefined)
    .map((vm) => ({ ...guestFigures(vm, undefined), id: `qemu/${vm.vmid}`, type: "qemu", node: vm.node }));
  const node = Object.keys(world.state.nodes)[0]!;
  const storages = pool.storages.map((storage) => ({
    id: `storage/${node}/${storage}`,
    type: "storage",
    storage,
    node,
  }));
  if (type === "qemu") return guests;
  if (type === "storage") return storages;
  return type === "lxc" ? [] : [...guests, ...storages];
}

const withComment = (pool: PoolState): object => (pool.comment === undefined ? {} : { comment: pool.comment });

const UPDATE = {
  "allow-move": opt(flag(), { default: false }),
  comment: opt(text()),
  delete: opt(flag(), { default: false }),
  storage: opt(format("pve-storage-id-list")),
  vms: opt(format("pve-vmid-list")),
};

function update(call: Call): void {
  const pool = poolOf(call);
  const comment = call.optional("comment");
  for (const vmid of splitList(call.optional("vms"))) changeGuest(call, pool, Number(vmid));
  for (const storage of splitList(call.optional("storage"))) changeStorage(call, pool, storage);
  if (comment !== undefined) pool.comment = comment;
  call.world.touch();
}

function changeGuest(call: Call, pool: PoolState, vmid: number): void {
  const at = pool.vms.indexOf(vmid);
  if (call.flag("delete")) {
    if (at < 0) throw failure(`VM ${vmid} is not a pool member`);
    pool.vms.splice(at, 1);
    return;
  }
  if (at >= 0) throw failure(`VM ${vmid} is already a pool member`);
  if (own(call.world.state.vms, String(vmid)) === undefined) throw badParameter("vms", `VM ${vmid} does not exist`);
  const other = poolsByVm(call.world).get(vmid);
  if (other !== undefined) {
    if (!call.flag("allow-move"))
      throw failure(`VM ${vmid} belongs already to pool '${other}' and 'allow-move' is not set`);
    const { vms } = call.world.state.pools[other]!;
    vms.splice(vms.indexOf(vmid), 1);
  }
  pool.vms.push(vmid);
}

function changeStorage(call: Call, pool: PoolState, storage: string): void {
  const at = pool.storages.indexOf(storage);
  if (call.flag("delete")) {
    if (at < 0) throw failure(`Storage '${storage}' is not a pool member`);
    pool.storages.splice(at, 1);
  } else {
    if (at >= 0) throw failure(`Storage '${storage}' is already a pool member`);
    pool.storages.push(storage);
  }
}

function remove(call: Call): void {
  const pool = poolOf(call);
  const guest = pool.vms[0];
  if (guest !== undefined) throw failure(`pool '${pool.id}' is not empty (contains VM ${guest})`);
  const storage = pool.storages[0];
  if (storage !== undefined) throw failure(`pool '${pool.id}' is not empty (contains storage '${storage}')`);
  const { access, pools } = call.world.state;
  removeKey(pools as unknown as Config, pool.id);
  // Its permissions go with it: whoever had them on the pool alone cannot make it again (delete_pool_acl).
  access.acl = access.acl.filter(({ path }) => path !== `/pool/${pool.id}` && !path.startsWith(`/pool/${pool.id}/`));
  call.world.touch();
}

export const POOLS = [
  method("GET", "/pools", { poolid: opt(poolId), type: opt(typeFilter, { requires: "poolid" }) }, (call) => {
    const { world } = call;
    if (!call.has("poolid"))
      return Object.values(world.state.pools)
        .filter((pool) => call.may(`/pool/${pool.id}`, "Pool.Audit"))
        .map((pool) => ({ poolid: pool.id, ...withComment(pool) }));
    const pool = poolOf(call);
    return [{ poolid: pool.id, ...withComment(pool), members: members(world, pool, call.optional("type")) }];
  }),
  method("POST", "/pools", { poolid: poolId, comment: opt(text()) }, (call) => {
    const id = call.text("poolid");
    const { state, touch } = call.world;
    if (own(state.pools, id) !== undefined) throw failure(`create pool failed: pool '${id}' already exists`);
    const comment = call.optional("comment");
    state.pools[id] = { id, storages: [], vms: [], ...(comment === undefined ? {} : { comment }) };
    touch();
  }),
  method("PUT", "/pools", { poolid: poolId, ...UPDATE }, update),
  method("DELETE", "/pools", { poolid: poolId }, remove),
  method("GET", "/pools/{poolid}", { type: typeFilter }, (call) => {
    const pool = poolOf(call);
    return { ...withComment(pool), members: members(call.world, pool, call.optional("type")) };
  }),
  method("PUT", "/pools/{poolid}", UPDATE, update),
  method("DELETE", "/pools/{poolid}", {}, remove),
];
