import { badParameter, failure } from "../api-error.ts";
import { configId, digest, flag, format, int, node, oneOf, opt, text } from "../schema/schema.ts";
import type { HaResourceState } from "../state/state.ts";
import { removeKey } from "../vm/config.ts";
import type { Config } from "../vm/config.ts";
import { splitList } from "../vm/edit.ts";
import { checkDigest, digestOf, nowSeconds, own } from "../world.ts";
import type { World } from "../world.ts";
import { method, subdirs } from "./method.ts";
import type { Call } from "./method.ts";

const deletions = opt(text({ maxLength: 4096, format: "pve-configid-list" }));
const comment = opt(text({ maxLength: 4096 }));
const state = opt(oneOf("started", "stopped", "enabled", "disabled", "ignored"), { default: "started" });

const RESOURCE = {
  comment,
  failback: opt(flag(), { default: true }),
  group: opt(configId),
  max_relocate: opt(int({ minimum: 0 }), { default: 1 }),
  max_restart: opt(int({ minimum: 0 }), { default: 1 }),
  state,
};
const RULE = {
  affinity: opt(oneOf("positive", "negative")),
  comment,
  disable: opt(flag()),
  nodes: opt(format("pve-ha-node-list")),
  strict: opt(flag(), { default: false }),
  type: oneOf("node-affinity", "resource-affinity"),
};
const GROUP = { comment, nofailback: opt(flag(), { default: false }), restricted: opt(flag(), { default: false }) };
const BOOLEANS = new Set(["failback", "disable", "strict", "nofailback", "restricted"]);
const INTEGERS = new Set(["max_relocate", "max_restart"]);

/** `200` is `vm:200`. */
const fullSid = (sid: string): string => (/^\d+$/.test(sid) ? `vm:${sid}` : sid);

function typed(options: Readonly<Config>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      BOOLEANS.has(key) || INTEGERS.has(key) ? Number(value) : value,
    ]),
  );
}

function resourceAnswer(resource: HaResourceState): object {
  return {
    sid: resource.sid,
    type: resource.sid.split(":")[0],
    state: resource.state,
    digest: digestOf(resource),
    ...typed(resource.options),
  };
}

function resourceOf(call: Call): HaResourceState {
  const sid = fullSid(call.text("sid"));
  const resource = own(call.world.state.haResources, sid);
  if (resource === undefined) throw failure(`no such resource '${sid}'`);
  return resource;
}

function checkGroup(call: Call): void {
  const group = call.optional("group");
  if (group === undefined) return;
  if (call.world.version.major >= 9) throw failure("invalid parameter 'group': ha groups have been migrated to rules");
  if (own(call.world.state.haGroups, group) === undefined) throw failure(`HA group '${group}' does not exist`);
}

/** `enabled` is the old name of `started`. */
const canonicalState = (value: string | undefined): string =>
  value === undefined || value === "enabled" ? "started" : value;

function changeOptions(options: Config, call: Call, ...fixed: readonly string[]): void {
  for (const key of splitList(call.optional("delete"))) removeKey(options, key);
  Object.assign(options, call.rest("delete", "digest", ...fixed));
  call.world.touch();
}

const RESOURCES = [
  method("GET", "/cluster/ha/resources", { type: opt(oneOf("ct", "vm")) }, (call) =>
    Object.values(call.world.state.haResources)
      .filter((resource) => !call.has("type") || resource.sid.startsWith(`${call.text("type")}:`))
      .map(resourceAnswer),
  ),
  method(
    "POST",
    "/cluster/ha/resources",
    { ...RESOURCE, sid: format("pve-ha-resource-or-vm-id"), type: opt(oneOf("ct", "vm")) },
    (call) => {
      const sid = fullSid(call.text("sid"));
      const { world } = call;
      if (call.has("type") && !sid.startsWith(`${call.text("type")}:`)) throw failure("types does not match");
      checkGroup(call);
      if (own(world.state.vms, sid.replace(/^vm:/, "")) === undefined)
        throw failure(`unable to add service '${sid}' - VM ${sid.slice(3)} does not exist`);
      if (own(world.state.haResources, sid) !== undefined) throw failure(`resource ID '${sid}' already defined`);
      world.state.haResources[sid] = {
        sid,
        state: canonicalState(call.optional("state")),
        options: call.rest("sid", "type", "state"),
      };
      world.touch();
    },
  ),
  method("GET", "/cluster/ha/resources/{sid}", {}, (call) => resourceAnswer(resourceOf(call))),
  method("PUT", "/cluster/ha/resources/{sid}", { ...RESOURCE, delete: deletions, digest: opt(digest) }, (call) => {
    const resource = resourceOf(call);
    checkGroup(call);
    checkDigest(call.optional("digest"), digestOf(resource));
    if (call.has("state")) resource.state = canonicalState(call.text("state"));
    changeOptions(resource.options, call, "sid", "state");
  }),
  method("DELETE", "/cluster/ha/resources/{sid}", { purge: opt(flag(), { default: true }) }, (call) => {
    const sid = fullSid(call.text("sid"));
    const { state, touch } = call.world;
    if (own(state.haResources, sid) === undefined) throw failure(`cannot delete service '${sid}', not HA managed!`);
    removeKey(state.haResources as unknown as Config, sid);
    if (call.flag("purge")) dropFromRules(call.world, sid);
    touch();
  }),
  ...(["migrate", "relocate"] as const).map((verb) =>
    method("POST", `/cluster/ha/resources/{sid}/${verb}`, { node }, (call) => {
      const { sid } = resourceOf(call);
      throw failure(`the simulator has no HA manager: ${verb} '${sid}' with POST /nodes/{node}/qemu/{vmid}/migrate`);
    }),
  ),
];

function dropFromRules(world: World, sid: string): void {
  const { haRules } = world.state;
  for (const [id, rule] of Object.entries(haRules)) {
    const left = splitList(rule["resources"]).filter((resource) => resource !== sid);
    if (left.length === splitList(rule["resources"]).length) continue;
    if (left.length === 0) removeKey(haRules as unknown as Config, id);
    else rule["resources"] = left.join(",");
  }
}

function ruleOf(call: Call): Config {
  const id = call.text("rule");
  const rule = own(call.world.state.haRules, id);
  if (rule === undefined) throw failure(`no such ha rule '${id}'`);
  return rule;
}

const ruleAnswer = (id: string, rule: Config): object => ({ rule: id, digest: digestOf(rule), ...typed(rule) });

function checkRule(world: World, rule: Readonly<Config>): void {
  const resources = splitList(rule["resources"]);
  const unmanaged = resources.filter((sid) => own(world.state.haResources, sid) === undefined);
  if (resources.length === 0) throw failure("no resources were specified");
  if (unmanaged.length > 0) throw failure(`cannot use unmanaged resource(s) ${unmanaged.join(", ")}.`);
  if (rule["type"] === "resource-affinity") {
    if (rule["affinity"] === undefined) throw badParameter("affinity", "property is missing and it is not optional");
    if (resources.length < 2)
      throw badParameter("resources", "rule is ineffective as there are less than two resources");
    return;
  }
  const nodes = splitList(rule["nodes"]).map((entry) => entry.split(":")[0]!);
  if (nodes.length === 0) throw badParameter("nodes", "property is missing and it is not optional");
  const unknown = nodes.filter((name) => own(world.state.nodes, name) === undefined);
  if (unknown.length > 0) throw failure(`cannot use non-existent node(s) ${unknown.join(", ")}.`);
}

const since9 = { since: 9 } as const;
const RULES = [
  method(
    "GET",
    "/cluster/ha/rules",
    { resource: opt(text()), type: opt(oneOf("node-affinity", "resource-affinity")) },
    (call) =>
      Object.entries(call.world.state.haRules)
        .filter(([, rule]) => !call.has("type") || rule["type"] === call.text("type"))
        .filter(([, rule]) => !call.has("resource") || splitList(rule["resources"]).includes(call.text("resource")))
        .map(([id, rule]) => ruleAnswer(id, rule)),
    since9,
  ),
  method(
    "POST",
    "/cluster/ha/rules",
    { ...RULE, rule: configId, resources: format("pve-ha-resource-id-list") },
    (call) => {
      const id = call.text("rule");
      const { state: all, touch } = call.world;
      if (own(all.haRules, id) !== undefined) throw failure(`HA rule '${id}' already defined`);
      const rule = call.rest("rule");
      rule["resources"] = splitList(rule["resources"]).map(fullSid).sort().join(",");
      // Stored as a flag that is there or not, as in the file.
      if (rule["disable"] === "0") removeKey(rule, "disable");
      checkRule(call.world, rule);
      all.haRules[id] = rule;
      touch();
    },
    since9,
  ),
  method("GET", "/cluster/ha/rules/{rule}", {}, (call) => ruleAnswer(call.text("rule"), ruleOf(call)), since9),
  method(
    "PUT",
    "/cluster/ha/rules/{rule}",
    { ...RULE, resources: opt(format("pve-ha-resource-id-list")), delete: deletions, digest: opt(digest) },
    (call) => {
      const rule = ruleOf(call);
      checkDigest(call.optional("digest"), digestOf(rule));
      if (call.text("type") !== rule["type"]) throw failure("types does not match");
      const next = { ...rule, ...call.rest("rule", "delete", "digest") };
      for (const key of splitList(call.optional("delete"))) removeKey(next, key);
      if (next["disable"] === "0") removeKey(next, "disable");
      checkRule(call.world, next);
      call.world.state.haRules[call.text("rule")] = next;
      call.world.touch();
    },
    since9,
  ),
  method(
    "DELETE",
    "/cluster/ha/rules/{rule}",
    {},
    (call) => {
      ruleOf(call);
      removeKey(call.world.state.haRules as unknown as Config, call.text("rule"));
      call.world.touch();
    },
    since9,
  ),
];

/** In 9 groups have become rules and every call says so. */
function groupsOf(call: Call, doing: string): Record<string, Config> {
  if (call.world.version.major >= 9) throw failure(`cannot ${doing}: ha groups have been migrated to rules`);
  return call.world.state.haGroups;
}

function groupOf(call: Call, doing: string): Config {
  const group = own(groupsOf(call, doing), call.text("group"));
  if (group === undefined) throw failure(`no such ha group '${call.text("group")}'`);
  return group;
}

const groupAnswer = (id: string, group: Config): object => ({
  group: id,
  type: "group",
  digest: digestOf(group),
  ...typed(group),
});

const GROUPS = [
  method("GET", "/cluster/ha/groups", {}, (call) =>
    Object.entries(groupsOf(call, "index groups")).map(([id, group]) => groupAnswer(id, group)),
  ),
  method(
    "POST",
    "/cluster/ha/groups",
    { ...GROUP, group: configId, nodes: format("pve-ha-node-list"), type: opt(oneOf("group")) },
    (call) => {
      const groups = groupsOf(call, "create group");
      const id = call.text("group");
      if (own(groups, id) !== undefined) throw failure(`ha group ID '${id}' already defined`);
      groups[id] = call.rest("group", "type");
      call.world.touch();
    },
  ),
  method("GET", "/cluster/ha/groups/{group}", {}, (call) =>
    groupAnswer(call.text("group"), groupOf(call, "read group")),
  ),
  method(
    "PUT",
    "/cluster/ha/groups/{group}",
    { ...GROUP, nodes: opt(format("pve-ha-node-list")), delete: deletions, digest: opt(digest) },
    (call) => {
      changeOptions(groupOf(call, "update group"), call, "group");
    },
  ),
  method("DELETE", "/cluster/ha/groups/{group}", {}, (call) => {
    groupOf(call, "delete group");
    const user = Object.values(call.world.state.haResources).find(
      (resource) => resource.options["group"] === call.text("group"),
    );
    if (user !== undefined) throw failure(`ha group is used by service '${user.sid}'`);
    removeKey(call.world.state.haGroups as unknown as Config, call.text("group"));
    call.world.touch();
  }),
];

const STATUS = [
  method("GET", "/cluster/ha", {}, () => ["groups", "resources", "rules", "status"].map((id) => ({ id }))),
  method("GET", "/cluster/ha/status", {}, () =>
    subdirs("current", "manager_status").map(({ subdir }) => ({ name: subdir })),
  ),
  method("GET", "/cluster/ha/status/current", {}, (call) => {
    const { nodes, haResources, vms } = call.world.state;
    const first = Object.keys(nodes)[0]!;
    return [
      { id: "quorum", type: "quorum", node: first, status: "OK", quorate: 1 },
      { id: "master", type: "master", node: first, status: `${first} (active)`, timestamp: nowSeconds() },
      ...Object.keys(nodes).map((name) => ({
        id: `lrm:${name}`,
        type: "lrm",
        node: name,
        status: `${name} (active)`,
        timestamp: nowSeconds(),
      })),
      ...Object.values(haResources).map((resource) => {
        const vm = vms[resource.sid.slice(3)];
        const at = vm?.node ?? first;
        const actual = vm?.isOn === true ? "started" : "stopped";
        return {
          id: `service:${resource.sid}`,
          type: "service",
          sid: resource.sid,
          node: at,
          state: actual,
          crm_state: actual,
          request_state: resource.state,
          status: `${resource.sid} (${at}, ${actual})`,
        };
      }),
    ];
  }),
];

export const HA = [...RESOURCES, ...RULES, ...GROUPS, ...STATUS];
