import { isMap, isScalar, parseDocument } from "yaml";
import { Fault } from "../core/fault.ts";
import {
  contains,
  formatAddress,
  formatNetwork,
  networkOf,
  parseAddress,
  parseNetwork,
  rangeOf,
  type Address,
  type Network,
} from "../core/ip.ts";
import type { Plan } from "./types.ts";

/** What somebody's own plan is to differ in from the one that it begins from. */
export interface OwnPlan {
  /** The plan's `name`. */
  readonly site: string;
  /** DNS name of the domain. */
  readonly domain: string;
  readonly netbios: string;
  /** Where its inside zones, the routers' own link and the pools lie. */
  readonly network: Network;
  /** The folder of the schemas, as seen from the new documents. */
  readonly schemas: string;
}

/** The NetBIOS name that a domain gets by itself: its first label, 15 capitals, digits and hyphens at most. */
export const netbiosOf = (domain: string): string =>
  domain
    .split(".")[0]!
    .toUpperCase()
    .replace(/[^A-Z0-9-]/g, "")
    .slice(0, 15)
    .replace(/^-+|-+$/g, "");

/**
 * The documents of a plan with another name, domain and network; comments and all else stay as they are.
 *
 * Networks keep their places where the new one has room for them (10.20.30.0/24 of 10.20.0.0/16 is 172.20.30.0/24 of
 * 172.20.0.0/16), and come one after another where it has not. Accesses and scenery keep their addresses: those are
 * their operators'.
 * @param documents the texts of `plan`, by file name
 * @throws Fault PLAN_NETWORK_SMALL
 */
export function ownPlan(
  documents: ReadonlyMap<string, string>,
  plan: Plan,
  wish: OwnPlan,
): ReadonlyMap<string, string> {
  const moved = places(own(plan), wish.network);
  return new Map(
    [...documents].map(([name, text]) => {
      const schema = text.replace(/^(# yaml-language-server: \$schema=).*\/(?=[^/\n]+$)/m, `$1${wish.schemas}/`);
      const there = readdressed(schema, moved, wish.network);
      return [name, name === "addressing.yaml" ? named(there, wish) : there] as const;
    }),
  );
}

/** What the plan itself gives out: its inside networks, the routers' link, its pools; in order. */
const own = (plan: Plan): readonly Network[] =>
  [
    ...[...plan.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync").map((z) => z.subnet),
    ...[...plan.pools.values()].map((p) => p.network),
  ].sort((a, b) => (a.base < b.base ? -1 : 1));

interface Move {
  readonly from: Network;
  readonly to: Network;
}

function places(networks: readonly Network[], into: Network): readonly Move[] {
  const common = enclosing(networks);
  const room = rangeOf(into);
  if (into.prefix <= common.prefix)
    return networks.map((from) => ({ from, to: { ...from, base: into.base + (from.base - common.base) } }));
  // The largest first, so that each begins where a network of its size may begin, and nothing is lost between them.
  let next = into.base;
  const moves = [...networks]
    .sort((a, b) => a.prefix - b.prefix || (a.base < b.base ? -1 : 1))
    .map((from): Move => {
      const to = { ...from, base: next };
      next = rangeOf(to).hi + 1n;
      return { from, to };
    });
  if (next - 1n <= room.hi) return moves;
  const prefix = 32 - (next - into.base - 1n).toString(2).length;
  throw new Fault(
    "PLAN_NETWORK_SMALL",
    `${formatNetwork(into)} has ${room.hi - room.lo + 1n} addresses; the plan's ${networks.length} networks take ${next - into.base}.`,
    `Give a /${prefix} or larger.`,
  );
}

/** The smallest network that has all of these in it. */
function enclosing(networks: readonly Network[]): Network {
  const [first, ...rest] = networks;
  const hasAll = (n: Network): boolean =>
    rest.every((r) => contains(n, { family: r.family, value: r.base }) && n.prefix <= r.prefix);
  let common = first!;
  while (!hasAll(common)) common = networkOf({ family: common.family, value: common.base }, common.prefix - 1);
  return common;
}

const WORD = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?![\d.]*\d)/g;

/** Every address and network of the text, wherever it stands, moved with the network that it belongs to. */
function readdressed(text: string, moves: readonly Move[], into: Network): string {
  const move = (address: Address): Address | undefined => {
    const found = moves.find(({ from }) => contains(from, address));
    return found && { family: address.family, value: found.to.base + (address.value - found.from.base) };
  };
  return text.replace(WORD, (word) => {
    const network = parseNetwork(word);
    // One that has all of them in it is the site's.
    if (network && moves.every(({ from }) => contains(network.network, { family: 4, value: from.base })))
      return formatNetwork(into);
    const address = network?.address ?? parseAddress(word);
    const there = address && move(address);
    if (there === undefined) return word;
    return network ? `${formatAddress(there)}/${network.network.prefix}` : formatAddress(there);
  });
}

/** With these names at their places, and the rest of the text as it was. */
function named(text: string, { site, domain, netbios }: OwnPlan): string {
  const document = parseDocument(text);
  const at = (path: readonly string[]): readonly [number, number] => {
    const node = isMap(document.contents) ? document.getIn(path, true) : undefined;
    if (!isScalar(node) || !node.range) throw new Error(`addressing.yaml has no ${path.join(".")}`);
    return [node.range[0], node.range[1]];
  };
  const edits: readonly (readonly [readonly [number, number], string])[] = [
    [at(["name"]), site],
    [at(["domain", "name"]), domain],
    [at(["domain", "netbios"]), netbios],
  ];
  return [...edits]
    .sort(([a], [b]) => b[0] - a[0])
    .reduce(
      (t, [[from, to], value]) => t.slice(0, from) + JSON.stringify(value).replace(/^"([\w.-]+)"$/, "$1") + t.slice(to),
      text,
    );
}
