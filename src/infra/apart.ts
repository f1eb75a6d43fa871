import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../plan/types.ts";
import type { Guest } from "./guest.ts";
import { HaResource, HaRule } from "./proxmox.ts";
import { nodeOf, type World } from "./world.ts";

/**
 * Keeps pairs on different nodes: the placement puts them there. Where the stack asks for it, HA rules also keep anybody
 * from moving them together. On one node a dead machine takes both: said as a warning.
 */
export class PairsApart extends pulumi.ComponentResource {
  constructor(world: World, guests: ReadonlyMap<string, Guest>, opts: pulumi.ComponentResourceOptions) {
    super("maquette:lab:PairsApart", "pairs-apart", {}, opts);
    for (const [pair, hosts] of pairsOf(world)) {
      const names = hosts.map((h) => h.id).join(" and ");
      if (new Set(hosts.map((h) => nodeOf(world, h))).size < hosts.length) {
        void pulumi.log.warn(
          `${names} share a node: when it fails, both are gone. Give the stack several nodes (maquette:nodes).`,
          this,
        );
        continue;
      }
      if (world.settings.ha === "none") continue;
      const members = hosts.map((host) => {
        const sid = `vm:${world.naming.vmId(host)}`;
        return new HaResource(
          `ha-${host.id}`,
          // Its disks are local: it can be restarted where it is, not moved. Every default is written out, or the diff never ends.
          {
            resourceId: sid,
            state: "started",
            maxRestart: 1,
            maxRelocate: 0,
            failback: false,
            comment: `maquette ${host.id}`,
          },
          { parent: this, dependsOn: guests.get(host.id)!.vm },
        );
      });
      new HaRule(
        `apart-${pair}`,
        {
          rule: `${world.mark}-${pair}`,
          type: "resource-affinity",
          affinity: "negative",
          resources: hosts.map((h) => `vm:${world.naming.vmId(h)}`),
          comment: `maquette: ${names} on different nodes`,
        },
        { parent: this, dependsOn: members },
      );
    }
    this.registerOutputs({});
  }
}

function pairsOf(world: World): ReadonlyMap<string, readonly Host[]> {
  const pairs = new Map<string, Host[]>();
  for (const host of world.hosts) {
    if (host.apartAs === null) continue;
    pairs.set(host.apartAs, [...(pairs.get(host.apartAs) ?? []), host]);
  }
  return new Map([...pairs].filter(([, hosts]) => hosts.length > 1));
}
