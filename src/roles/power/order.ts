import { hostsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";

/* Who stops when the battery is low, and in which order: the other way round than the plan starts them. */

/** Whose NUT server it is; of several hosts with the role the first. */
export const serverOf = (plan: Plan): Host | undefined => hostsOf(plan, "power")[0];

/** Hosts that stop together. */
export interface Stage {
  /** As NUT knows it: a UPS of its own, so that it can be told to stop alone. */
  readonly name: string;
  readonly hosts: readonly Host[];
}

/** All that run Debian behind the routers, but the server itself: no row leads to the scenery, and a pfSense has no NUT of its own. */
export const listenersOf = (plan: Plan): readonly Host[] =>
  [...plan.hosts.values()].filter(
    (host) => host !== serverOf(plan) && !host.isOutside && plan.images.get(host.image)!.os === "debian",
  );

/** The first is told first. */
export function stagesOf(plan: Plan): readonly Stage[] {
  const listeners = listenersOf(plan);
  const orders = [...new Set(listeners.map((host) => host.startOrder))].sort((a, b) => b - a);
  return orders.map((order) => ({
    name: stageName(order),
    hosts: listeners.filter((host) => host.startOrder === order),
  }));
}

export const stageName = (order: number): string => `order${order}`;
