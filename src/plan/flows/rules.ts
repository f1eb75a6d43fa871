import { bitsOf, networkOf, type Family } from "../../core/ip.ts";
import type { Draft } from "../draft.ts";
import { below, keyOf, problem, warning } from "../problem.ts";
import { isRouter } from "../query.ts";
import type { Endpoint, Flow, Forward, Host, Service, ServiceTerm } from "../types.ts";
import { repeats, type Rule } from "../rule.ts";

export const rowsDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.flows, (flow) => flow.id)) {
    const fact = `${again.id} is already the row at line ${first.place.line}`;
    yield problem("PLAN_FLOW_DUPLICATE", below(draft.origin(again), "id"), fact, "Ids of rows are never used twice");
  }
};

/** The IP families of an end; undefined for one that has both. */
function familiesOf(draft: Draft, end: Endpoint): readonly Family[] | undefined {
  switch (end.kind) {
    case "any":
    case "internet":
    case "firewall":
      return undefined;
    case "network":
      return [end.network.family];
    case "zone":
      return familyList(draft.zones.get(end.zone)?.subnet.family);
    case "pool":
      return familyList(draft.pools.get(end.pool)?.network.family);
    case "host": {
      const nics = draft.hosts.get(end.host)?.nics;
      return nics?.flatMap((nic) => [nic.address.family, ...nic.aliases.map((a) => a.family)]);
    }
  }
}

const familyList = (family: Family | undefined): readonly Family[] | undefined => (family ? [family] : undefined);

/** A packet has one family: an end that finds no partner of its family on the other side matches nothing. */
export const rowsHaveOneFamily: Rule = function* (draft) {
  for (const row of [...draft.flows, ...draft.invariants]) {
    const side = (ends: readonly Endpoint[]): ReadonlySet<Family> =>
      new Set(ends.flatMap((end) => familiesOf(draft, end) ?? ([4, 6] as const)));
    const [from, to] = [side(row.from), side(row.to)];
    if ([...from].some((family) => to.has(family))) continue;
    const [source, target] = [[...from][0] ?? 4, [...to][0] ?? 4];
    const fact = `the destination is IPv${target} and the source IPv${source}`;
    const hint = "Write one row for each family";
    yield problem("PLAN_FLOW_FAMILY", below(draft.origin(row), "to"), fact, hint);
  }
};

const isTarget = (host: Host): boolean => !host.isOutside && !isRouter(host);
const isMadeOfPorts = (service: Service): boolean => service.terms.every((term) => "ports" in term);

export const forwardsAreSound: Rule = function* (draft) {
  for (const forward of draft.forwards) {
    const where = draft.origin(forward);
    for (const [index, wan] of forward.wans.entries()) {
      const zone = draft.zones.get(wan);
      if (!zone || zone.kind === "wan") continue;
      const hint = "Forwards come from WANs";
      yield problem(
        "PLAN_FORWARD_NOT_WAN",
        below(where, "wans", index),
        `"${wan}" is a zone of kind ${zone.kind}`,
        hint,
      );
    }
    const host = draft.hosts.get(forward.host);
    if (host && !isTarget(host)) {
      const fact = `"${host.id}" is ${host.isOutside ? "outside the firewall" : "a router"}`;
      yield problem("PLAN_FORWARD_TARGET", below(where, "host"), fact, "Name an inside host");
    }
    const service = draft.services.get(forward.service);
    if (service && !isMadeOfPorts(service)) {
      const fact = `"${service.id}" is not made of ports`;
      yield problem("PLAN_FORWARD_SERVICE", below(where, "service"), fact, "Forward a service of tcp or udp ports");
    }
  }
};

type Ports = Extract<ServiceTerm, { readonly protocol: "tcp" | "udp" }>;

export const forwardsDoNotClash: Rule = function* (draft) {
  const terms = (forward: Forward): readonly Ports[] =>
    (draft.services.get(forward.service)?.terms ?? []).filter((term): term is Ports => "ports" in term);
  const share = (a: Ports, b: Ports): boolean =>
    a.protocol === b.protocol && a.ports.some((p) => b.ports.some((q) => p.lo <= q.hi && q.lo <= p.hi));
  for (const [index, later] of draft.forwards.entries())
    for (const earlier of draft.forwards.slice(0, index)) {
      const wan = later.wans.find((w) => earlier.wans.includes(w));
      if (wan === undefined || !terms(later).some((a) => terms(earlier).some((b) => share(a, b)))) continue;
      const fact = `a port of "${later.service}" on ${wan} is already taken by forward "${earlier.id}"`;
      const hint = "A port of a WAN leads to one host";
      yield problem("PLAN_FORWARD_CLASH", below(draft.origin(later), "service"), fact, hint);
    }
};

/** A port that is forwarded and not allowed looks open in the table and is closed. A site may be found so: a warning. */
export const forwardsAreAllowed: Rule = function* (draft) {
  if (!draft.isWhole("flows", "flows")) return;
  for (const forward of draft.forwards) {
    const host = draft.hosts.get(forward.host);
    const service = draft.services.get(forward.service);
    // What is wrong in itself needs no row.
    if (!host || !service || !isTarget(host) || !isMadeOfPorts(service)) continue;
    if (draft.flows.some((flow) => lets(draft, flow, forward))) continue;
    const fact = `no row allows "${forward.service}" from the internet to host "${forward.host}"`;
    const hint = `Add a row: from: [internet], to: ["host:${forward.host}"], services: [${forward.service}]`;
    const say = draft.kind === "lab" ? problem : warning;
    yield say("PLAN_FORWARD_WITHOUT_FLOW", keyOf(draft.origin(forward)), fact, hint);
  }
};

function lets(draft: Draft, flow: Flow, forward: Forward): boolean {
  const nic = draft.hosts.get(forward.host)?.nics[0];
  const reaches = (end: Endpoint): boolean => {
    switch (end.kind) {
      case "any":
        return true;
      case "host":
        return end.host === forward.host;
      case "zone":
        return end.zone === nic?.zone;
      case "network":
        return (
          nic !== undefined &&
          end.network.base === networkOf(nic.address, Math.min(end.network.prefix, bitsOf(nic.address.family))).base
        );
      default:
        return false;
    }
  };
  return (
    flow.action === "allow" &&
    flow.from.some((end) => end.kind === "internet" || end.kind === "any") &&
    flow.to.some(reaches) &&
    flow.services.some(
      (id) => id === forward.service || draft.services.get(id)?.terms.some((t) => t.protocol === "any"),
    )
  );
}

/** Declared and used by nothing: mostly the remains of a change. */
export const everythingIsUsed: Rule = function* (draft) {
  const isWhole =
    draft.isWhole("flows", "flows") && draft.isWhole("flows", "invariants") && draft.isWhole("hosts", "hosts");
  if (!isWhole) return;
  const unused = (thing: object, what: string) =>
    warning("PLAN_UNUSED", keyOf(draft.origin(thing)), `${what} is used by nothing`, "Remove it, or use it");

  const rows = [...draft.flows, ...draft.invariants];
  const services = new Set([...rows.flatMap((row) => row.services), ...draft.forwards.map((f) => f.service)]);
  for (const service of draft.services.values())
    if (!services.has(service.id)) yield unused(service, `service "${service.id}"`);

  const images = new Set([...draft.hosts.values()].map((host) => host.image));
  for (const image of draft.images.values()) if (!images.has(image.id)) yield unused(image, `image "${image.id}"`);

  const named = new Set(draft.namedEnds);
  for (const group of draft.endpointGroups.values())
    if (!named.has(group.id) && !named.has(`group:${group.id}`)) yield unused(group, `group "${group.id}"`);
};
