import * as pulumi from "@pulumi/pulumi";
import { formatAddress } from "../core/ip.ts";
import { bastionOf, isRouter, routersOf } from "../plan/query.ts";
import type { Host } from "../plan/types.ts";
import { declaredText } from "../provision/text.ts";
import type { Guest } from "./guest.ts";
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
  const bastion = bastionOf(plan);
  const watched = [...plan.hosts.values()].filter((h) => !h.isOutside && !isRouter(h) && h !== bastion);
  const placeOf = (host: Host): { readonly host: string; readonly vmId: number } => ({
    host: host.id,
    vmId: naming.vmId(host),
  });
  const made: pulumi.Resource[] = [];
  for (const host of [...routersOf(plan)].reverse()) {
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
          witness:
            bastion === undefined
              ? null
              : {
                  from: placeOf(bastion),
                  hosts: watched.map((h) => ({ host: h.id, address: formatAddress(h.nics[0]!.address) })),
                },
        },
        { parent: guest, dependsOn: [guest.vm, ...made], deletedWith: guest.vm },
      ),
    );
  }
  return made;
}
