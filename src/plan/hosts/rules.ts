import { below, keyOf, problem } from "../problem.ts";
import { isRouter, routersOf } from "../query.ts";
import type { Host, Zone } from "../types.ts";
import { repeats, type Rule } from "../rule.ts";

export const numbersDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.hosts.values(), (host) => host.number)) {
    const fact = `number ${again.number} is already that of "${first.id}"`;
    yield problem("PLAN_NUMBER_DUPLICATE", below(draft.origin(again), "number"), fact, "Choose a free number, 1 to 99");
  }
};

export const nicsAreInDifferentZones: Rule = function* (draft) {
  for (const host of draft.hosts.values())
    for (const { again } of repeats(host.nics.entries(), ([, nic]) => nic.zone)) {
      const [index, nic] = again;
      const fact = `"${host.id}" already has a NIC in zone "${nic.zone}"`;
      const hint = "One NIC a zone; write further addresses as aliases";
      yield problem("PLAN_NIC_REPEATED", below(draft.origin(host), "nics", index, "zone"), fact, hint);
    }
};

const legs = (host: Host): readonly string[] => host.nics.map((nic) => nic.zone);

/** pfSense synchronises by interface name, and interfaces are named in the order of the NICs. */
export const routersHaveTheSameLegs: Rule = function* (draft) {
  const [first, ...others] = routersOf(draft);
  for (const other of others) {
    if (!first || legs(first).join() === legs(other).join()) continue;
    const fact = `${legs(other).join(", ")}; "${first.id}" has ${legs(first).join(", ")}`;
    yield problem("PLAN_ROUTERS_DIFFER", keyOf(below(draft.origin(other), "nics")), fact, "Same zones, same order");
  }
};

export const routersReachTheirZones: Rule = function* (draft) {
  if (!draft.isWhole("addressing", "zones")) return;
  const isServed = (zone: Zone): boolean => zone.kind !== "outside";
  for (const host of draft.hosts.values()) {
    if (!isRouter(host)) continue;
    const where = keyOf(below(draft.origin(host), "nics"));
    for (const zone of draft.zones.values()) {
      if (isServed(zone) === legs(host).includes(zone.id)) continue;
      const fact = isServed(zone)
        ? `"${host.id}" has no leg in zone "${zone.id}"`
        : `zone "${zone.id}" is beyond the operators`;
      const hint = isServed(zone) ? "Add a NIC, on both routers" : "Remove the NIC, on both routers";
      yield problem("PLAN_ROUTER_LEG", where, fact, hint);
    }
  }
};

/** Two legs, one of them inside: traffic could pass beside the firewall. */
export const nothingPassesBesideTheRouters: Rule = function* (draft) {
  for (const host of draft.hosts.values()) {
    if (isRouter(host) || host.isOutside || new Set(legs(host)).size < 2) continue;
    const fact = `"${host.id}" joins ${legs(host).join(", ")} beside the firewall`;
    const hint = "Give it one NIC; what it needs elsewhere is a row of the flow table";
    yield problem("PLAN_BACK_DOOR", keyOf(below(draft.origin(host), "nics")), fact, hint);
  }
};

/** A router is a pfSense, on which nothing else is done. */
export const routersAreNothingBeside: Rule = function* (draft) {
  for (const host of draft.hosts.values()) {
    if (!isRouter(host) || host.roles.length < 2) continue;
    const others = host.roles.filter((role) => role !== "router");
    const where = keyOf(below(draft.origin(host), "also"));
    const fact = `"${host.id}" is a router and ${others.join(", ")} beside`;
    yield problem("PLAN_ROUTER_BESIDE", where, fact, "Give the other role to another host");
  }
};

export const routersArePfsense: Rule = function* (draft) {
  for (const host of draft.hosts.values()) {
    const image = draft.images.get(host.image);
    if (!image || (image.os === "pfsense") === isRouter(host)) continue;
    const fact = `image "${image.id}" is ${image.os}; the role "${host.role}" ${isRouter(host) ? "needs pfSense" : "does not run on it"}`;
    yield problem(
      "PLAN_IMAGE_MISMATCH",
      below(draft.origin(host), "image"),
      fact,
      "Name an image whose os fits the role",
    );
  }
};

/** With several nodes, losing one must not take both of a pair. */
export const pairsAreApart: Rule = function* (draft) {
  const words = new Set([...draft.hosts.values()].flatMap((host) => host.apartAs ?? []));
  for (const word of words) {
    const members = [...draft.hosts.values()].filter((host) => host.apartAs === word);
    const [only] = members;
    if (members.length === 1 && only && draft.isWhole("hosts", "hosts")) {
      const fact = `"${only.id}" alone is apart as "${word}"`;
      yield problem(
        "PLAN_PAIR_ALONE",
        below(draft.origin(only), "apartAs"),
        fact,
        "Write the same word on its partner",
      );
    }
    if (draft.nodes < 2) continue;
    for (const { first, again } of repeats(members, (host) => host.node % draft.nodes)) {
      const where = below(draft.origin(again), "node");
      const fact = `node ${again.node} of ${draft.nodes} also holds "${first.id}", apart as "${word}"`;
      yield problem("PLAN_PAIR_ON_ONE_NODE", where, fact, `Place it on another, such as node: ${first.node + 1}`);
    }
  }
};
