import { formatAddress, parseNetwork, rangeOf } from "../../core/ip.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { EVERYWHERE, makeRanges, meetOf, unite, without, type Ranges } from "../../policy/ranges.ts";
import { routersOf } from "../../plan/query.ts";
import { ownAddresses } from "../../policy/space.ts";
import { hasGateway } from "../rules/interfaces.ts";
import type { PfRuleset } from "../rules/types.ts";

/** Destinations that leave by one interface; `key` undefined is the router itself. */
export interface Region {
  readonly key: string | undefined;
  readonly to: Ranges;
}

/** A router of the plan beside the file that it would load. */
export interface Ways {
  readonly router: Pick<Host, "id" | "nics">;
  readonly ruleset: PfRuleset;
  /** Zone to interface key, found by the router's address in the zone. */
  readonly keyOf: ReadonlyMap<string, string>;
  /** Legs of the plan without an interface of that address, as `zone 10.20.20.2`. */
  readonly lost: readonly string[];
  /** Enabled interfaces that no leg of the plan accounts for. */
  readonly strange: readonly string[];
  /** Addresses that this router answers to, and those that only the other does. */
  readonly own: Ranges;
  readonly peers: Ranges;
  readonly notPeers: Ranges;
  /** By the longest prefix, without the default route. */
  readonly regions: readonly Region[];
  /** What only the default route leads to, and the interfaces that it may lead out of: any access may be the one that is up. */
  readonly beyond: Ranges;
  readonly wans: readonly string[];
}

export function waysOf(plan: Plan, router: Host, ruleset: PfRuleset): Ways {
  const keyOf = new Map<string, string>();
  const lost: string[] = [];
  for (const nic of router.nics) {
    const found = ruleset.interfaces.find(
      (i) => i.ip4?.address.value === nic.address.value || i.ip6?.address.value === nic.address.value,
    );
    if (found) keyOf.set(nic.zone, found.key);
    else lost.push(`${nic.zone} ${formatAddress(nic.address)}`);
  }
  const known = new Set(keyOf.values());
  const strange = ruleset.interfaces.filter((i) => i.kind !== "group" && !known.has(i.key)).map((i) => i.key);
  const own = ownAddresses(plan, router);
  const others = routersOf(plan).filter((r) => r.id !== router.id);
  const peers = without(makeRanges(others.flatMap((r) => ownAddresses(plan, r))), own);
  const { regions, beyond } = regionsOf(ruleset);
  const wans = ruleset.interfaces.filter((i) => hasGateway(i, 4) || hasGateway(i, 6)).map((i) => i.key);
  const notPeers = without(EVERYWHERE, peers);
  return { router, ruleset, keyOf, lost, strange, own, peers, notPeers, regions, beyond, wans };
}

/** The same of a file alone: interfaces by their names, own addresses as far as the file holds them. */
export function waysOfFile(ruleset: PfRuleset): Ways {
  const keyOf = new Map(
    ruleset.interfaces.filter((i) => i.kind !== "group").map((i) => [i.label.toLowerCase(), i.key]),
  );
  const { regions, beyond } = regionsOf(ruleset);
  const own = without(regions.find((r) => r.key === undefined)?.to ?? [], NOT_ROUTED);
  const wans = ruleset.interfaces.filter((i) => hasGateway(i, 4) || hasGateway(i, 6)).map((i) => i.key);
  const router = { id: "router", nics: [] };
  return { router, ruleset, keyOf, lost: [], strange: [], own, peers: [], notPeers: EVERYWHERE, regions, beyond, wans };
}

/** To everybody on a network: multicast of both families, and the broadcast that no route leads to. */
export const TO_ALL: Ranges = networks("224.0.0.0/4", "255.255.255.255/32", "ff00::/8");

// What the kernel never forwards, as in `rules/forwarding.ts`: loopback, what is for everybody, link-local.
const NOT_ROUTED: Ranges = unite(TO_ALL, networks("127.0.0.0/8", "::/127", "fe80::/10"));

function networks(...texts: readonly string[]): Ranges {
  return makeRanges(texts.map((text) => rangeOf(parseNetwork(text)!.network)));
}

function regionsOf(ruleset: PfRuleset): { regions: readonly Region[]; beyond: Ranges } {
  const byKey = new Map<string | undefined, Ranges[]>([[undefined, [NOT_ROUTED]]]);
  let left = without(EVERYWHERE, NOT_ROUTED);
  for (const route of ruleset.routes) {
    if (route.network.prefix === 0) continue;
    const to = meetOf([rangeOf(route.network)], left);
    if (to.length === 0) continue;
    left = without(left, to);
    byKey.set(route.interface, [...(byKey.get(route.interface) ?? []), to]);
  }
  const regions = [...byKey].map(([key, sets]) => ({ key, to: makeRanges(sets.flat()) }));
  return { regions, beyond: left };
}
