import * as pulumi from "@pulumi/pulumi";
import { Bridge } from "./proxmox.ts";
import type { World } from "./world.ts";

/**
 * One VLAN-aware bridge a node; the zones are tags on the guests' NICs. (SDN would name the zones on the
 * hypervisor, but the provider crashes on it.)
 */
export class Network extends pulumi.ComponentResource {
  /** What a guest on a node has to wait for. */
  readonly byNode: ReadonlyMap<string, pulumi.Resource>;

  constructor(world: World, opts: pulumi.ComponentResourceOptions) {
    super("maquette:lab:Network", "network", {}, opts);
    const { bridge, nodes } = world.settings;
    const bridges = bridge.create
      ? nodes.map((node) => {
          const made = new Bridge(
            `bridge-${node}`,
            {
              nodeName: node,
              name: bridge.name,
              vlanAware: true,
              autostart: true,
              comment: `maquette ${world.naming.pool}: one VLAN a zone`,
            },
            { parent: this },
          );
          return [node, made] as const;
        })
      : [];
    this.byNode = new Map(bridges);
    this.registerOutputs({ bridges: bridges.map(([, b]) => b.name) });
  }
}
