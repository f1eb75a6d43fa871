import { rangeOf } from "../core/ip.ts";
import type { Plan, Service } from "../plan/types.ts";
import { describeProduct, fullInterval, type AddressLabel, type Packet, type Product } from "./engine/index.ts";
import { holdsAddress } from "./ranges.ts";
import { spaceOf, tailsOfTerm, type Tail } from "./space.ts";

/** What people call addresses: hosts before zones, zones before pools; of several plans the first that knows a name. */
export function labelsOf(...plans: readonly Plan[]): readonly AddressLabel[] {
  return plans.flatMap((plan): readonly AddressLabel[] => {
    const zoneNames = new Set(plan.zones.keys());
    const hosts = [...plan.hosts.values()].flatMap((h) =>
      h.nics.flatMap((nic) =>
        [nic.address, ...nic.aliases].map((a) => ({
          // Where a host and a zone share a name, the host says what it is.
          name: zoneNames.has(h.id) ? `host:${h.id}` : h.id,
          family: a.family,
          lo: a.value,
          hi: a.value,
        })),
      ),
    );
    const vips = [...plan.zones.values()].flatMap((z) =>
      z.vip
        ? [{ name: `VIP of ${z.id}`, family: z.vip.address.family, lo: z.vip.address.value, hi: z.vip.address.value }]
        : [],
    );
    const zones = [...plan.zones.values()].map((z) => ({ name: z.id, ...rangeOf(z.subnet) }));
    const pools = [...plan.pools.values()].map((p) => ({ name: p.id, ...rangeOf(p.network) }));
    return [...hosts, ...vips, ...zones, ...pools];
  });
}

/** The narrowest name that an address has, with its number: `pc1 (10.20.30.11)`; `internet` for what has none. */
export function placeOf(plan: Plan, family: 4 | 6, value: bigint): string {
  const labels = labelsOf(plan).filter((l) => l.family === family && l.lo <= value && value <= l.hi);
  const best = labels.sort((a, b) => (a.hi - a.lo < b.hi - b.lo ? -1 : a.hi - a.lo > b.hi - b.lo ? 1 : 0))[0];
  if (best) return best.name;
  return holdsAddress(spaceOf(plan).internet, family, value) ? "internet" : "nowhere";
}

const isSameTail = (t: Tail, s: Product["services"][number], family: 4 | 6): boolean =>
  t.family === family &&
  t.slice === s.slice &&
  t.a.lo === s.a.lo &&
  t.a.hi === s.a.hi &&
  t.b.lo === s.b.lo &&
  t.b.hi === s.b.hi;

/** Names of services whose terms are, together, exactly some of the given ones; the rest stays as numbers. */
export function serviceNames(product: Product, services: Iterable<Service>): readonly string[] {
  // pfSense drops port 0, so what a file opens begins at 1.
  let left = product.services.map((s) =>
    s.a.lo === 1n && s.a.hi === 65535n ? { ...s, a: { lo: 0n, hi: 65535n } } : s,
  );
  const names: string[] = [];
  const byWidth = [...services].sort((x, y) => y.terms.length - x.terms.length);
  for (const service of byWidth) {
    const tails = service.terms.flatMap(tailsOfTerm).filter((t) => t.family === product.family);
    const met = left.filter((s) => tails.some((t) => isSameTail(t, s, product.family)));
    if (tails.length === 0 || met.length !== tails.length) continue;
    names.push(service.id);
    left = left.filter((s) => !met.includes(s));
  }
  if (left.length === 0) return names;
  const rest = describeProduct({ ...product, services: left }, []).split(" -> ")[1] ?? "";
  const target = describeProduct({ ...product, services: [] }, []).split(" -> ")[1] ?? "";
  return [...names, rest.slice(target.length).trim()];
}

/** `udp 5060` of a packet, or the service that holds it. */
export function serviceOfPacket(packet: Packet, services: Iterable<Service>): string {
  let best: { id: string; width: bigint } | undefined;
  for (const service of services) {
    // "any" says nothing about the packet.
    if (service.terms.some((t) => t.protocol === "any")) continue;
    for (const t of service.terms.flatMap(tailsOfTerm)) {
      const isMet =
        t.family === packet.family &&
        t.slice === packet.slice &&
        t.a.lo <= packet.a &&
        packet.a <= t.a.hi &&
        t.b.lo <= packet.b &&
        packet.b <= t.b.hi;
      const width = (t.a.hi - t.a.lo + 1n) * (t.b.hi - t.b.lo + 1n);
      if (isMet && (best === undefined || width < best.width)) best = { id: service.id, width };
    }
  }
  const full = fullInterval(packet.family, packet.slice, "b");
  return best?.id ?? (full.hi === 0n ? `protocol ${packet.a}` : `${packet.slice} ${packet.b}`);
}
