import { badParameter } from "../api-error.ts";
import { flag, format, int, oneOf, opt, text } from "../schema/schema.ts";
import type { InterfaceState, NodeState } from "../state/state.ts";
import { removeKey } from "../vm/config.ts";
import type { Config } from "../vm/config.ts";
import { splitList } from "../vm/edit.ts";
import { nodeOf, own } from "../world.ts";
import { method } from "./method.ts";
import type { Call } from "./method.ts";

const TYPES = [
  "bridge",
  "bond",
  "eth",
  "alias",
  "vlan",
  "fabric",
  "OVSBridge",
  "OVSBond",
  "OVSPort",
  "OVSIntPort",
  "vnet",
  "unknown",
];
const BOND_MODES =
  "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb balance-slb lacp-balance-slb lacp-balance-tcp".split(
    " ",
  );

const OPTIONS = {
  address: opt(format("ipv4"), { requires: "netmask" }),
  address6: opt(format("ipv6"), { requires: "netmask6" }),
  autostart: opt(flag()),
  "bond-primary": opt(format("pve-iface")),
  bond_mode: opt(oneOf(...BOND_MODES)),
  bond_xmit_hash_policy: opt(oneOf("layer2", "layer2+3", "layer3+4")),
  bridge_ports: opt(format("pve-iface-list")),
  bridge_vids: opt(format("pve-vlan-id-or-range-list")),
  bridge_vlan_aware: opt(flag()),
  cidr: opt(format("CIDRv4")),
  cidr6: opt(format("CIDRv6")),
  comments: opt(text()),
  comments6: opt(text()),
  gateway: opt(format("ipv4")),
  gateway6: opt(format("ipv6")),
  mtu: opt(int({ minimum: 1280, maximum: 65520 })),
  netmask: opt(format("ipv4mask"), { requires: "address" }),
  netmask6: opt(int({ minimum: 0, maximum: 128 }), { requires: "address6" }),
  ovs_bonds: opt(format("pve-iface-list")),
  ovs_bridge: opt(format("pve-iface")),
  ovs_options: opt(text({ maxLength: 1024 })),
  ovs_ports: opt(format("pve-iface-list")),
  ovs_tag: opt(int({ minimum: 1, maximum: 4094 })),
  slaves: opt(format("pve-iface-list")),
  type: oneOf(...TYPES),
  "vlan-id": opt(int({ minimum: 1, maximum: 4094 })),
  "vlan-raw-device": opt(format("pve-iface")),
};

/** What the next reload would make run; a change starts from it. */
const planned = (node: NodeState): Record<string, InterfaceState> => node.pendingInterfaces ?? node.interfaces;

function answer(node: NodeState, iface: string, state: InterfaceState): Record<string, unknown> {
  const { options } = state;
  const [address, prefix] = (options["cidr"] ?? "").split("/");
  const [address6, prefix6] = (options["cidr6"] ?? "").split("/");
  const vlan = /^(.+)\.(\d+)$/.exec(iface);
  const isActive = own(node.interfaces, iface) !== undefined;
  return {
    iface,
    type: state.type,
    method: options["cidr"] === undefined && options["address"] === undefined ? "manual" : "static",
    method6: options["cidr6"] === undefined && options["address6"] === undefined ? "manual" : "static",
    families: options["cidr6"] === undefined ? ["inet"] : ["inet", "inet6"],
    priority: Object.keys(planned(node)).indexOf(iface) + 3,
    ...(isActive ? { active: 1, exists: 1 } : {}),
    ...(state.type === "bridge" ? { bridge_fd: "0", bridge_stp: "off", bridge_ports: "" } : {}),
    ...(state.type === "bridge" && options["bridge_vlan_aware"] === "1" ? { bridge_vids: "2-4094" } : {}),
    ...(state.type === "vlan" && vlan !== null ? { "vlan-raw-device": vlan[1], "vlan-id": vlan[2] } : {}),
    ...options,
    ...(address === "" ? {} : { address, netmask: prefix }),
    ...(address6 === "" ? {} : { address6, netmask6: prefix6 === undefined ? undefined : Number(prefix6) }),
    ...Object.fromEntries(
      ["autostart", "bridge_vlan_aware"].filter((key) => options[key] === "1").map((key) => [key, 1]),
    ),
    ...Object.fromEntries(
      ["autostart", "bridge_vlan_aware"].filter((key) => options[key] === "0").map((key) => [key, undefined]),
    ),
    // A comment is a line of the file and comes back as one.
    ...(options["comments"] === undefined ? {} : { comments: options["comments"].replace(/\n?$/, "\n") }),
  };
}

function change(call: Call, edit: (interfaces: Record<string, InterfaceState>, node: NodeState) => void): void {
  const node = nodeOf(call.world, call.node);
  const interfaces = structuredClone(planned(node));
  edit(interfaces, node);
  node.pendingInterfaces = interfaces;
  call.world.touch();
}

function existing(interfaces: Record<string, InterfaceState>, iface: string): InterfaceState {
  const found = own(interfaces, iface);
  if (found === undefined) throw badParameter("iface", "interface does not exist");
  return found;
}

function checkVlanDevice(interfaces: Record<string, InterfaceState>, iface: string, options: Readonly<Config>): void {
  const raw = options["vlan-raw-device"] ?? /^(.+)\.\d+$/.exec(iface)?.[1];
  if (raw === undefined) throw badParameter("vlan-raw-device", "vlan-raw-device parameter not defined");
  if (own(interfaces, raw) === undefined) throw badParameter("vlan-raw-device", `interface '${raw}' does not exist`);
}

/** `check_sdn_bridge`: a right on one VLAN of a bridge shows the bridge. */
function seesBridge(call: Call, bridge: string): boolean {
  const path = `/sdn/zones/localnetwork/${bridge}`;
  const below = call.world.state.access.acl.map((entry) => entry.path).filter((p) => p.startsWith(`${path}/`));
  return [path, ...below].some((p) => call.may(p, "SDN.Audit", "SDN.Use"));
}

export const NETWORK = [
  method(
    "GET",
    "/nodes/{node}/network",
    {
      type: opt(oneOf(...TYPES.filter((type) => type !== "unknown"), "any_bridge", "any_local_bridge", "include_sdn")),
    },
    (call) => {
      const node = nodeOf(call.world, call.node);
      const type = call.optional("type");
      return Object.entries(planned(node))
        .filter(([iface, state]) => !/bridge/i.test(state.type) || seesBridge(call, iface))
        .filter(
          ([, state]) =>
            type === undefined ||
            type === "include_sdn" ||
            (type.startsWith("any_") ? /bridge/i.test(state.type) : state.type === type),
        )
        .map(([iface, state]) => answer(node, iface, state));
    },
  ),
  method(
    "POST",
    "/nodes/{node}/network",
    { ...OPTIONS, iface: text({ minLength: 2, maxLength: 20, format: "pve-iface" }) },
    (call) =>
      change(call, (interfaces) => {
        const iface = call.text("iface");
        if (own(interfaces, iface) !== undefined) throw badParameter("iface", "interface already exists");
        const options = call.rest("node", "iface", "type");
        if (call.text("type") === "vlan") checkVlanDevice(interfaces, iface, options);
        interfaces[iface] = { type: call.text("type"), options };
      }),
  ),
  method("PUT", "/nodes/{node}/network", { "regenerate-frr": opt(flag(), { default: false }) }, (call) => {
    const node = nodeOf(call.world, call.node);
    return call.task("srvreload", "networking", async (task) => {
      await task.elapse();
      if (node.pendingInterfaces === null) return;
      node.interfaces = node.pendingInterfaces;
      node.pendingInterfaces = null;
      call.world.touch();
    });
  }),
  method("DELETE", "/nodes/{node}/network", {}, (call) => {
    nodeOf(call.world, call.node).pendingInterfaces = null;
    call.world.touch();
  }),
  method("GET", "/nodes/{node}/network/{iface}", {}, (call) => {
    const node = nodeOf(call.world, call.node);
    const iface = call.text("iface");
    return answer(node, iface, existing(planned(node), iface));
  }),
  method("PUT", "/nodes/{node}/network/{iface}", { ...OPTIONS, delete: opt(format("pve-configid-list")) }, (call) =>
    change(call, (interfaces) => {
      const iface = call.text("iface");
      const options = { ...existing(interfaces, iface).options, ...call.rest("node", "iface", "type", "delete") };
      for (const key of splitList(call.optional("delete"))) removeKey(options, key);
      interfaces[iface] = { type: call.text("type"), options };
    }),
  ),
  method("DELETE", "/nodes/{node}/network/{iface}", {}, (call) =>
    change(call, (interfaces) => {
      existing(interfaces, call.text("iface"));
      removeKey(interfaces as unknown as Config, call.text("iface"));
    }),
  ),
];
