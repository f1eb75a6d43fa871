import * as pulumi from "@pulumi/pulumi";
import { PairsApart } from "./apart.ts";
import { Guest } from "./guest.ts";
import { addRoles } from "./roles.ts";
import { addRouters } from "./router.ts";
import { Images } from "./image.ts";
import { Network } from "./network.ts";
import { Pool } from "./proxmox.ts";
import { Ownership } from "./seed.ts";
import { Templates } from "./template.ts";
import { nodeOf, ownVms, type World } from "./world.ts";

/** The whole lab, in the order in which a person would build it by hand. */
export class Lab extends pulumi.ComponentResource {
  readonly guests: ReadonlyMap<string, Guest>;

  constructor(world: World, opts: pulumi.ComponentResourceOptions) {
    super("maquette:lab:Lab", world.naming.pool, {}, opts);
    const { plan, naming, settings, mark } = world;
    const within = { parent: this };
    const pool = new Pool(
      "pool",
      { poolId: naming.pool, comment: `maquette: plan ${plan.name}, mark ${mark}` },
      within,
    );
    const network = new Network(world, within);
    const images = new Images(world, within);
    const templates = new Templates(world, images, pool, within);
    const guests = new Map<string, Guest>();
    for (const host of world.hosts) {
      const bridge = network.byNode.get(nodeOf(world, host));
      guests.set(host.id, new Guest(world, host, templates, [pool, ...(bridge ? [bridge] : [])], within));
    }
    const pairs = new PairsApart(world, guests, within);
    addRoles(world, guests, addRouters(world, guests));
    const own = Object.fromEntries(ownVms(world));
    new Ownership({ mark, guests: own }, { ...within, dependsOn: [...guests.values(), pairs] });
    this.guests = guests;
    this.registerOutputs({ pool: pool.poolId, nodes: settings.nodes });
  }
}
