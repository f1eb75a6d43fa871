import { formatAddress } from "../../../src/core/ip.ts";
import { interfaceKeys } from "../../../src/pfsense/emit/index.ts";
import { makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import type { Flow } from "../../../src/pfsense/rules/lanes.ts";
import type { Circumstances } from "../../../src/pfsense/rules/types.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { readBack } from "./lab.ts";
import { edges, services, Table, type Wanted } from "./oracle.ts";

const flowOf = (p: Wanted): Flow => ({
  family: 4,
  slice: p.protocol === 6 ? "tcp" : p.protocol === 17 ? "udp" : p.protocol === 1 ? "icmp" : "other",
  src: Number(p.src.value),
  dst: Number(p.dst.value),
  a: p.protocol === 6 || p.protocol === 17 ? 40_000 : p.protocol === 1 ? p.port : p.protocol,
  b: p.protocol === 6 || p.protocol === 17 ? p.port : 0,
});

/** Every packet that the table and the file answer differently, of those whose ends and services are edges of the plan. */
export function differences(plan: Plan, router: string, circumstances: Circumstances): readonly string[] {
  const table = new Table(plan);
  const decider = makePacketDecider(readBack(plan, router), circumstances);
  const keys = interfaceKeys(plan);
  const all = edges(plan);
  const out: string[] = [];
  const compare = (from: string, p: Wanted): void => {
    const want = table.decide(from, from === "self" ? p : forwarded(plan, from, p));
    const got = decider.decide({ in: from === "self" ? "self" : keys.get(from)!, flow: flowOf(p) });
    if (got.verdict === want.action && got.unsure === undefined) return;
    const what = `${formatAddress(p.src)} -> ${formatAddress(p.dst)} ${p.protocol}:${p.port}`;
    out.push(
      `${from} ${what}: table ${want.action} by ${want.flow}, file ${got.verdict} by ${got.rule} ${got.unsure ?? ""}`,
    );
  };
  const spoken = services(plan);
  for (const zone of keys.keys())
    for (const src of all) {
      // What bears a router's own address and arrives is its neighbour on the sync link, or a lie.
      if (table.isFirewall(src) && plan.zones.get(zone)!.kind !== "sync") continue;
      for (const dst of all) for (const s of spoken) compare(zone, { src, dst, ...s });
    }
  const own = addressesOf(plan, router);
  for (const src of all.filter((a) => own.has(a.value)))
    // What a router sends to itself leaves by no interface.
    for (const dst of all.filter((a) => !own.has(a.value))) for (const s of spoken) compare("self", { src, dst, ...s });
  return out;
}

/** A router's addresses, VIPs included. */
function addressesOf(plan: Plan, router: string): ReadonlySet<bigint> {
  const nics = plan.hosts.get(router)!.nics.flatMap((n) => [n.address, ...n.aliases]);
  const vips = [...plan.zones.values()].flatMap((z) => (z.vip ? [z.vip.address] : []));
  return new Set([...nics, ...vips].map((a) => a.value));
}

/** The table speaks of destinations as they stand after port forwarding. */
function forwarded(plan: Plan, from: string, p: Wanted): Wanted {
  const zone = plan.zones.get(from)!;
  if (zone.kind !== "wan" || zone.vip?.address.value !== p.dst.value) return p;
  const name = p.protocol === 6 ? "tcp" : p.protocol === 17 ? "udp" : "other";
  const forward = [...plan.forwards.values()].find(
    (f) =>
      f.wans.includes(from) &&
      plan.services
        .get(f.service)!
        .terms.some((t) => t.protocol === name && t.ports.some((r) => r.lo <= p.port && p.port <= r.hi)),
  );
  return forward ? { ...p, dst: plan.hosts.get(forward.host)!.nics[0]!.address } : p;
}
