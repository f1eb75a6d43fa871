import { isOwnTask } from "../access/others.ts";
import { badParameter } from "../api-error.ts";
import { flag, format, int, num, oneOf, opt, text, vmid } from "../schema/schema.ts";
import type { PropertyFormat, PropertySchema } from "../schema/schema.ts";
import { parsePropertyString } from "../schema/property-string.ts";
import { KEYBOARDS } from "../schema/vm-options.ts";
import { removeKey } from "../vm/config.ts";
import { splitList } from "../vm/edit.ts";
import { own } from "../world.ts";
import { method, subdirs } from "./method.ts";
import { clusterResources } from "./resources.ts";
import { taskAnswer } from "./tasks.ts";

const TAG_STYLE: PropertyFormat = {
  "case-sensitive": opt(flag()),
  "color-map": opt(text()),
  ordering: opt(oneOf("config", "alphabetical")),
  shape: opt(oneOf("full", "circle", "dense", "none")),
};
const bytesPerSecond = opt(num({ minimum: 0 }));
const OPTIONS: Readonly<Record<string, PropertySchema>> = {
  bwlimit: opt(
    format({
      clone: bytesPerSecond,
      default: bytesPerSecond,
      migration: bytesPerSecond,
      move: bytesPerSecond,
      restore: bytesPerSecond,
    }),
  ),
  "consent-text": opt(text({ maxLength: 65536 })),
  console: opt(oneOf("applet", "vv", "html5", "xtermjs")),
  crs: opt(
    format({
      ha: { ...opt(oneOf("basic", "static", "dynamic")), defaultKey: true },
      "ha-auto-rebalance": opt(flag()),
      "ha-auto-rebalance-hold-duration": opt(num({ minimum: 0 })),
      "ha-auto-rebalance-margin": opt(num({ minimum: 0 })),
      "ha-auto-rebalance-method": opt(oneOf("bruteforce", "topsis")),
      "ha-auto-rebalance-threshold": opt(num({ minimum: 0 })),
      "ha-rebalance-on-start": opt(flag()),
    }),
  ),
  description: opt(text({ maxLength: 65536 })),
  email_from: opt(text()),
  fencing: opt(oneOf("watchdog", "hardware", "both")),
  ha: opt(format({ shutdown_policy: oneOf("freeze", "failover", "conditional", "migrate") })),
  http_proxy: opt(text({ pattern: /http:\/\/.*/ })),
  keyboard: opt(oneOf(...KEYBOARDS)),
  language: opt(text({ pattern: /[a-z]{2,3}(_[A-Z]{2})?/ })),
  mac_prefix: opt(text({ pattern: /[a-f0-9][02468ace](:[a-f0-9]{2}){0,2}:?/i })),
  max_workers: opt(int({ minimum: 1 })),
  migration: opt(format({ type: { ...oneOf("secure", "insecure"), defaultKey: true }, network: opt(format("CIDR")) })),
  migration_unsecure: opt(flag()),
  "next-id": opt(format({ lower: opt(int()), upper: opt(int()) })),
  notify: opt(
    format({
      fencing: opt(oneOf("always", "never")),
      "package-updates": opt(oneOf("auto", "always", "never")),
      replication: opt(oneOf("always", "never")),
      "target-fencing": opt(text()),
      "target-package-updates": opt(text()),
      "target-replication": opt(text()),
    }),
  ),
  "registered-tags": opt(format("pve-tag-list")),
  replication: opt(
    format({ type: { ...oneOf("secure", "insecure"), defaultKey: true }, network: opt(format("CIDR")) }),
  ),
  "tag-style": opt(format(TAG_STYLE)),
  u2f: opt(format({ appid: opt(text()), origin: opt(text()) })),
  "user-tag-access": opt(
    format({ "user-allow": opt(oneOf("none", "list", "existing", "free")), "user-allow-list": opt(text()) }),
  ),
  webauthn: opt(format({ "allow-subdomains": opt(flag()), id: opt(text()), origin: opt(text()), rp: opt(text()) })),
};

export const CLUSTER = [
  method("GET", "/cluster", {}, () => subdirs("ha", "log", "nextid", "options", "resources", "status", "tasks")),
  method("GET", "/cluster/nextid", { vmid: opt(vmid) }, (call) => {
    const { vms } = call.world.state;
    const wanted = call.optional("vmid");
    if (wanted !== undefined) {
      if (own(vms, wanted) !== undefined) throw badParameter("vmid", `VM ${wanted} already exists`);
      return wanted;
    }
    let free = 100;
    while (own(vms, String(free)) !== undefined) free++;
    return String(free);
  }),
  method("GET", "/cluster/resources", { type: opt(oneOf("vm", "storage", "node", "sdn")) }, (call) =>
    clusterResources(call),
  ),
  method("GET", "/cluster/status", {}, (call) => {
    const nodes = Object.values(call.world.state.nodes);
    const cluster = {
      id: "cluster",
      type: "cluster",
      name: "maquette",
      nodes: nodes.length,
      quorate: 1,
      version: nodes.length,
    };
    const members = nodes.map((node, index) => ({
      id: `node/${node.name}`,
      type: "node",
      name: node.name,
      nodeid: nodes.length === 1 ? 0 : node.id,
      ip: `192.0.2.${node.id}`,
      level: "",
      local: index === 0 ? 1 : 0,
      online: call.world.faults.isNodeDown(node.name) ? 0 : 1,
    }));
    // A node that stands alone is no cluster.
    return nodes.length === 1 ? members : [cluster, ...members];
  }),
  method("GET", "/cluster/options", {}, (call) => {
    const { console: viewer, "tag-style": style } = call.world.state.clusterOptions;
    if (!call.may("/", "Sys.Audit"))
      return {
        ...(viewer === undefined ? {} : { console: viewer }),
        ...(style === undefined ? {} : { "tag-style": parsePropertyString(TAG_STYLE, style) }),
      };
    const answer: Record<string, unknown> = { keyboard: "en-us", ...call.world.state.clusterOptions };
    for (const [key, schema] of Object.entries(OPTIONS)) {
      const value = call.world.state.clusterOptions[key];
      if (value === undefined) continue;
      // Proxmox gives property strings of this file back as objects.
      if (typeof schema.format === "object") answer[key] = parsePropertyString(schema.format, value);
      else if (schema.type === "integer") answer[key] = Number(value);
      else if (schema.type === "boolean") answer[key] = Number(value);
    }
    return answer;
  }),
  method("PUT", "/cluster/options", { ...OPTIONS, delete: opt(format("pve-configid-list")) }, (call) => {
    const { state, touch } = call.world;
    for (const key of splitList(call.optional("delete"))) {
      if (own(OPTIONS, key) === undefined) throw badParameter("delete", `unknown option '${key}'`);
      removeKey(state.clusterOptions, key);
    }
    Object.assign(state.clusterOptions, call.rest("delete"));
    touch();
  }),
  method("GET", "/cluster/tasks", {}, (call) => {
    const isAuditor = call.may("/", "Sys.Audit");
    const seen = call.world.tasks.list().filter(({ user }) => isAuditor || isOwnTask(user, call.user));
    return seen.slice(0, 100).map(taskAnswer);
  }),
  method("GET", "/cluster/log", { max: opt(int({ minimum: 1 })) }, () => []),
];
