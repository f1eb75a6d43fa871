import { formatNetwork, parseAddress } from "../../core/ip.ts";
import type { Address, Family } from "../../core/ip.ts";
import type { PfPortForward } from "../model/nat.ts";
import { portRange } from "./aliases.ts";
import { warn } from "./context.ts";
import type { Context } from "./context.ts";
import { hasGateway, netOf } from "./interfaces.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { isLostPort, natBoxes } from "./nat-match.ts";
import type { Redirect, RedirectTarget } from "./nat-types.ts";
import { hasPorts } from "./protocols.ts";
import { reportUnusable, Unusable } from "./unusable.ts";

/** pfSense's local proxies for reflection listen from this port on. */
const FIRST_PROXY_PORT = 19_000;
const MAX_PROXIED = 500;

/** The port forwards, each followed by its reflection. */
export function redirects(c: Context): readonly Redirect[] {
  let nextProxy = FIRST_PROXY_PORT;
  return c.config.nat.portForwards.flatMap((r): readonly Redirect[] => {
    if (r.isDisabled) return [];
    const i = c.interfaces.find((x) => x.key === (r.interface ?? "wan"));
    if (!i)
      return skipped(c, r, new Unusable(`interface "${r.interface ?? "wan"}" is not an enabled interface or group`));
    const made = portForward(c, r, i);
    if (made instanceof Unusable) return skipped(c, r, made);
    if (hasPorts(r.protocol)) reportLost(c, r);
    const { reflections, used } = reflect(c, r, i, made, nextProxy);
    nextProxy += used;
    return [made, ...reflections];
  });
}

function skipped(c: Context, r: PfPortForward, why: Unusable): readonly Redirect[] {
  reportUnusable(c, "NAT", "port forward", r.place, `nat.rule[${r.index}]`, why);
  return [];
}

function reportLost(c: Context, r: PfPortForward): void {
  const path = `nat.rule[${r.index}]`;
  const lost = [
    [r.destination.port, "it redirects every port"],
    [r.source.port, "it redirects from every port"],
    [r.localPort, "the port stays what it is"],
  ] as const;
  for (const [port, so] of lost.filter(([port]) => isLostPort(c, port))) {
    const fact = `its port "${port ?? ""}" is neither a port nor an alias, so ${so}`;
    warn(c, "PFSENSE_NAT_PORT_LOST", r.place, path, fact, "Write a port, a range or an alias.");
  }
}

function portForward(c: Context, r: PfPortForward, i: FilterInterface): Redirect | Unusable {
  const family: Family = r.ipProtocol === "inet6" ? 6 : 4;
  if (r.protocol === undefined) return new Unusable("it has no protocol", true);
  const ports = { source: r.source.port, destination: r.destination.port };
  const made = natBoxes(c, family, r.protocol, r.source, r.destination, ports);
  if (made instanceof Unusable) return made;
  const target = targetOf(c, r, family);
  if (!target && !r.isNoRedirect)
    return new Unusable(`its target "${r.target ?? ""}" is neither an address nor an alias`);
  return {
    id: `nat[${r.index}]`,
    place: r.place,
    by: "user",
    description: r.description ?? "",
    interfaces: [i.key],
    boxes: made.boxes,
    mayBoxes: made.mayBoxes,
    isNo: r.isNoRedirect,
    isPass: r.associatedRuleId === "pass" && !r.isNoRedirect,
    setsTag: undefined,
    target: target ?? { kind: "unknown", why: "no redirect" },
    port: portOf(c, r),
  };
}

/** An address, an alias of one host, or an interface's address; an alias of several is a pool. */
function targetOf(c: Context, r: PfPortForward, family: Family): RedirectTarget | undefined {
  if (r.target === undefined) return undefined;
  const address = parseAddress(r.target);
  if (address) return { kind: "address", address };
  const keyword = c.book.keyword(r.target, family, false);
  const resolved = keyword ? undefined : c.aliases.addresses(r.target);
  if (resolved && resolved.kind !== "set") return undefined;
  const set = (keyword ?? resolved?.set)?.[family];
  const only = set?.must.length === 1 && set.may.length === 1 ? set.must[0] : undefined;
  if (only?.lo === only?.hi && only) return { kind: "address", address: { family, value: only.lo } };
  return { kind: "unknown", why: `"${r.target}" is not one known address` };
}

/** The port stays when there is none of its own, or the same (`filter_nat_rules_generate`). */
function portOf(c: Context, r: PfPortForward): Redirect["port"] {
  if (!hasPorts(r.protocol) || r.localPort === undefined || r.localPort === r.destination.port) return undefined;
  const resolved = c.aliases.ports(r.localPort);
  const to = resolved.kind === "set" ? Number(resolved.set.may[0]?.lo ?? 0n) : 0;
  if (to === 0) return undefined;
  const wanted = r.destination.port === undefined ? undefined : portRange(r.destination.port.replace("-", ":"));
  if (!wanted || wanted.lo === wanted.hi) return { from: 0, to, count: 1 };
  return { from: Number(wanted.lo), to, count: Number(wanted.hi - wanted.lo) + 1 };
}

type ReflectionMode = "none" | "proxy" | "pure";

/** The rule's own wish, else the system's; no `disablenatreflection` means on, by proxy. */
function reflectionMode(c: Context, r: PfPortForward): ReflectionMode {
  if (r.natReflection === "disable") return "none";
  if (r.natReflection === "enable") return "proxy";
  if (r.natReflection === "purenat") return "pure";
  if (c.config.system.isNatReflectionOff) return "none";
  return c.config.system.isPureNatReflection ? "pure" : "proxy";
}

/** The same redirect on every entry of the list without a gateway, straight to the target or to a local proxy. */
function reflect(
  c: Context,
  r: PfPortForward,
  i: FilterInterface,
  made: Redirect,
  proxyPort: number,
): { reflections: readonly Redirect[]; used: number } {
  const nothing = { reflections: [], used: 0 };
  const mode = reflectionMode(c, r);
  const keys = c.interfaces.filter((x) => x.key !== i.key && !hasGateway(x, 4)).map((x) => x.key);
  if (mode === "none" || keys.length === 0) return nothing;
  const family: Family = r.ipProtocol === "inet6" ? 6 : 4;
  const boxes = reflectedBoxes(c, r, i, family);
  if (boxes === undefined) return nothing;
  const common = { ...made, ...boxes, by: "pfsense", interfaces: keys, id: `${made.id}:reflection` } as const;
  if (mode === "pure" || r.isNoRedirect) return { reflections: [common], used: 0 };
  const name = r.protocol?.toLowerCase() ?? "";
  const wanted = r.destination.port === undefined ? undefined : portRange(r.destination.port.replace("-", ":"));
  const isProxied = family === 4 && ["tcp", "udp", "tcp/udp"].includes(name) && r.destination.port !== undefined;
  const count = wanted ? Number(wanted.hi - wanted.lo) + 1 : 1;
  if (!isProxied || count > MAX_PROXIED) return nothing;
  const loopback: Address = { family: 4, value: 0x7f000001n };
  const proxy: Redirect = {
    ...common,
    isPass: false,
    setsTag: "PFREFLECT",
    target: { kind: "address", address: loopback },
    port: { from: Number(wanted?.lo ?? 0n), to: proxyPort, count },
  };
  return { reflections: [proxy], used: count };
}

/** A destination of `any` becomes the interface's network when it is reflected; without an address there is none. */
function reflectedBoxes(
  c: Context,
  r: PfPortForward,
  i: FilterInterface,
  family: Family,
): Pick<Redirect, "boxes" | "mayBoxes"> | undefined {
  const held = family === 4 ? i.ip4 : i.ip6;
  if (r.destination.isAny && !held) return undefined;
  const narrowed =
    r.destination.isAny && held
      ? { ...r.destination, isAny: false, network: undefined, address: networkText(held) }
      : r.destination;
  const ports = { source: r.source.port, destination: r.destination.port };
  const made = natBoxes(c, family, r.protocol, r.source, narrowed, ports);
  return made instanceof Unusable ? undefined : made;
}

function networkText(held: NonNullable<FilterInterface["ip4"]>): string {
  return formatNetwork(netOf(held));
}
