import { formatAddress, type Address } from "../../core/ip.ts";
import { addressesOf, fqdnOf, routersOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { makeRanges, meetOf, without, type Ranges } from "../../policy/ranges.ts";
import { clip, spaceOf, type PlanSpace } from "../../policy/space.ts";
import { ruleOfFlow } from "../../policy/intent.ts";
import { exactly } from "../base/firewall.ts";

const SSH = 22;

/**
 * What the bastion passes on by name (sshd's PermitOpen): every host behind the firewall by its address, its name and
 * its full name, on the TCP ports that the flow table opens to it from the bastion. Of a router the leg in the bastion's
 * own zone, by which it is administered.
 */
export function permittedForwards(plan: Plan, bastion: Host): readonly string[] {
  const space = spaceOf(plan);
  const from = exactly(addressesOf(bastion));
  const zones = new Set(bastion.nics.map((nic) => nic.zone));
  const routers = new Set(routersOf(plan));
  return [...plan.hosts.values()].flatMap((host) => {
    if (host === bastion || host.isOutside) return [];
    const isNear = host.nics.some((nic) => zones.has(nic.zone)) && !routers.has(host);
    const nics = routers.has(host) ? host.nics.filter((nic) => zones.has(nic.zone)) : host.nics;
    const byAddress = nics
      .flatMap((nic) => [nic.address, ...nic.aliases])
      // No router stands between neighbours, so no row speaks of them.
      .map((a) => [literal(a), [...openPorts(space, from, exactly([a])), ...(isNear ? [String(SSH)] : [])]] as const);
    const all = byAddress.flatMap(([, ports]) => ports);
    const byName = [host.id, fqdnOf(plan, host)].map((name) => [name, all] as const);
    return [...byAddress, ...byName].flatMap(([name, ports]) => [...new Set(ports)].map((port) => `${name}:${port}`));
  });
}

/** As sshd_config(5) wants it before a colon and a port. */
const literal = (a: Address): string => (a.family === 6 ? `[${formatAddress(a)}]` : formatAddress(a));

/** More ports than a person would list: the routers say which. */
const MANY = 64n;

/** TCP ports that the table opens from one set to another, `*` for ranges that no list should hold. */
function openPorts(space: PlanSpace, from: Ranges, to: Ranges): readonly string[] {
  let open: Ranges = [];
  // First match decides: from the last row to the first, each one puts its word over those after it.
  for (const flow of [...space.plan.flows].reverse()) {
    const boxes = clip(ruleOfFlow(space, flow).boxes, from, to).filter((b) => b.slice === "tcp");
    if (boxes.length === 0) continue;
    const ports = makeRanges(boxes.map(({ b }) => ({ family: 4, lo: b.lo, hi: b.hi })));
    open = flow.action === "allow" ? makeRanges([...open, ...ports]) : without(open, ports);
  }
  const listed = meetOf(open, [{ family: 4, lo: 1n, hi: 65535n }]);
  return listed.flatMap(({ lo, hi }) =>
    hi - lo >= MANY ? ["*"] : Array.from({ length: Number(hi - lo) + 1 }, (_, n) => String(lo + BigInt(n))),
  );
}
