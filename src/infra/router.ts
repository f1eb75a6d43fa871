import * as pulumi from "@pulumi/pulumi";
import { formatAddress } from "../core/ip.ts";
import { bastionOf, isRouter, routersOf } from "../plan/query.ts";
import type { Host } from "../plan/types.ts";
import { declaredText } from "../provision/text.ts";
import { declaredPlan } from "../provision/witness/declared.ts";
import type { Guest } from "./guest.ts";
import { chosenHosts } from "./settings.ts";
import type { World } from "./world.ts";

/** A router's configuration on the router that runs (src/provision/router-config.ts). */
class RouterConfig extends pulumi.CustomResource {
  constructor(name: string, args: object, opts: pulumi.CustomResourceOptions) {
    super("provision:index:Router", name, { ...args }, opts);
  }
}

/**
 * Routers get their configuration before anything is done through them, one after the other: the last of the pair first,
 * because the first carries. Only where there is a console: a real pfSense is brought to another file by hand
 * (docs/own-proxmox.md).
 */
export function addRouters(world: World, guests: ReadonlyMap<string, Guest>): readonly pulumi.Resource[] {
  const { plan, naming, mark } = world;
  if (!world.hasConsoles) return [];
  const chosen = chosenHosts(process.env);
  const bastion = bastionOf(plan);
  const watched = [...plan.hosts.values()].filter((h) => !h.isOutside && !isRouter(h) && h !== bastion);
  // A router is asked at its own leg in the bastion's zone: its shared address is the other one's half of the time.
  const ownLeg = (host: Host): Host["nics"][number] | undefined =>
    host.nics.find((nic) => bastion?.nics.some((n) => n.zone === nic.zone));
  const reached = [
    ...watched.map((h) => ({ host: h.id, address: formatAddress(h.nics[0]!.address) })),
    ...routersOf(plan).flatMap((h) => {
      const leg = ownLeg(h);
      return leg === undefined ? [] : [{ host: h.id, address: formatAddress(leg.address) }];
    }),
  ];
  const policy = declaredPlan(plan);
  const cardsOf = (host: Host): Record<string, string> =>
    Object.fromEntries(host.nics.map((nic) => [nic.zone, naming.mac(host, nic)]));
  const everybody = Object.fromEntries(
    world.hosts.map((h) => [h.id, { vmId: naming.vmId(h), cards: cardsOf(h) }] as const),
  );
  const order = [...routersOf(plan)].reverse();
  const placeOf = (host: Host): { readonly host: string; readonly vmId: number } => ({
    host: host.id,
    vmId: naming.vmId(host),
  });
  const made: pulumi.Resource[] = [];
  for (const [n, host] of order.entries()) {
    const guest = guests.get(host.id);
    const seed = world.seeds.get(host.id)!;
    if (guest === undefined || seed.configDigest === null) continue;
    made.push(
      new RouterConfig(
        `${host.id}-config`,
        {
          host: host.id,
          vmId: guest.vm.vmId,
          mark,
          files: { "config.xml": declaredText(seed.files.get("config.xml")!) },
          authority: seed.authority,
          certificates: seed.certificates,
          digest: seed.configDigest,
          // The names that the file calls them by (src/pfsense/emit/material.ts).
          cards: Object.fromEntries(host.nics.map((nic, n) => [`vtnet${n}`, naming.mac(host, nic).toLowerCase()])),
          peers: routersOf(plan)
            .filter((r) => r !== host)
            .map(placeOf),
          witness: bastion === undefined ? null : { from: placeOf(bastion), hosts: reached },
          policy,
          guests: everybody,
          next: order.slice(n + 1).flatMap((later) => {
            const digest = world.seeds.get(later.id)!.configDigest;
            const isAsked = guests.has(later.id) && (chosen === undefined || chosen.has(later.id));
            return digest === null || !isAsked ? [] : [{ ...placeOf(later), digest }];
          }),
        },
        { parent: guest, dependsOn: [guest.vm, ...made], deletedWith: guest.vm },
      ),
    );
  }
  return made;
}
