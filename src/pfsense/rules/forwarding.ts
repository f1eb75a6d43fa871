import { maxOf, rangeOf } from "../../core/ip.ts";
import type { Address, AddressRange, Family } from "../../core/ip.ts";
import { gatewayByName } from "./routes.ts";
import type { Context } from "./context.ts";
import type { PfRuleset } from "./types.ts";

/**
 * Where a packet goes: to the firewall itself, out of an interface, or nobody knows. A connected network is the
 * destination's own; whatever leads elsewhere gives way to a network that the file does not hold.
 */
export type NextHop =
  | { readonly kind: "local" }
  | { readonly kind: "out"; readonly key: string; readonly isConnected: boolean }
  | { readonly kind: "none" };

const LOCAL: NextHop = { kind: "local" };
const NONE: NextHop = { kind: "none" };

interface Entry {
  readonly lo: number | bigint;
  readonly hi: number | bigint;
  readonly hop: NextHop;
}

/** Ranges that are never forwarded: loopback, multicast, broadcast, link-local. */
const NEVER: readonly AddressRange[] = [
  { family: 4, lo: 0x7f000000n, hi: 0x7fffffffn },
  { family: 4, lo: 0xe0000000n, hi: 0xefffffffn },
  { family: 4, lo: 0xffffffffn, hi: 0xffffffffn },
  { family: 6, lo: 0n, hi: 1n },
  { family: 6, lo: 0xfe80n << 112n, hi: (0xfec0n << 112n) - 1n },
  { family: 6, lo: 0xff00n << 112n, hi: maxOf(6) },
];

/** A packet's way through the routing table that the file implies. Broadcasts of connected networks stay here. */
export function makeRouter(ruleset: PfRuleset): (family: Family, dst: number | bigint) => NextHop {
  const entries = (family: Family): readonly Entry[] => {
    const value = (v: bigint): number | bigint => (family === 4 ? Number(v) : v);
    const own = NEVER.filter((r) => r.family === family).map((r) => ({ lo: value(r.lo), hi: value(r.hi), hop: LOCAL }));
    const routes = ruleset.routes.filter((r) => r.network.family === family);
    const broadcasts = routes.flatMap((r) => {
      if (family === 6 || r.interface === undefined || r.gateway || r.network.prefix > 30) return [];
      const { lo, hi } = rangeOf(r.network);
      return [lo, hi].map((v) => ({ lo: value(v), hi: value(v), hop: LOCAL }));
    });
    const table = routes.map((r) => {
      const { lo, hi } = rangeOf(r.network);
      const isConnected = r.gateway === undefined && r.network.prefix > 0;
      const hop: NextHop = r.interface === undefined ? LOCAL : { kind: "out", key: r.interface, isConnected };
      return { lo: value(lo), hi: value(hi), hop };
    });
    return [...own, ...table.filter((e) => e.lo === e.hi), ...broadcasts, ...table.filter((e) => e.lo !== e.hi)];
  };
  const tables = { 4: entries(4), 6: entries(6) };
  return (family, dst) => {
    for (const e of tables[family]) if (e.lo <= dst && dst <= e.hi) return e.hop;
    return NONE;
  };
}

/** To everybody on a network: multicast, and both broadcasts. */
const TO_ALL: readonly AddressRange[] = [
  { family: 4, lo: 0xe0000000n, hi: 0xefffffffn },
  { family: 4, lo: 0xffffffffn, hi: 0xffffffffn },
  { family: 6, lo: 0xff00n << 112n, hi: maxOf(6) },
];

/**
 * Where what the firewall itself sends goes out. What is for everybody on a network is never its own to receive alone: it
 * leaves by that network's interface, a group's packet by the one whose network its source is of.
 */
export function makeSender(
  ruleset: PfRuleset,
): (family: Family, src: number | bigint, dst: number | bigint) => string | undefined {
  const route = makeRouter(ruleset);
  const connected = ruleset.routes.filter((r) => r.interface !== undefined && r.gateway === undefined);
  const isIn = ({ lo, hi }: { readonly lo: bigint; readonly hi: bigint }, value: number | bigint): boolean =>
    lo <= BigInt(value) && BigInt(value) <= hi;
  return (family, src, dst) => {
    const hop = route(family, dst);
    if (hop.kind === "out") return hop.key;
    const isToAll = TO_ALL.some((r) => r.family === family && isIn(r, dst));
    const near = connected.filter((r) => r.network.family === family);
    if (isToAll) return near.find((r) => isIn(rangeOf(r.network), src))?.interface;
    // The broadcast address of a connected network (its own address is one too, to older systems).
    const own = near.find((r) => {
      const { lo, hi } = rangeOf(r.network);
      return family === 4 && r.network.prefix <= 30 && (BigInt(dst) === lo || BigInt(dst) === hi);
    });
    return own?.interface;
  };
}

/** The interface that `route-to` sends a packet out of; undefined when the gateway is down or not known. */
export function gatewayInterface(c: Context, name: string): string | undefined {
  if (c.circumstances.gatewayStates?.[name] === "down") return undefined;
  return gatewayByName(c, name)?.interface;
}

export const addressNumber = (a: Address): number | bigint => (a.family === 4 ? Number(a.value) : a.value);
