import type { Family } from "../../core/ip.ts";
import type { Action, Packet } from "../../policy/engine/types.ts";
import type { PfConfig } from "../model/config.ts";
import { makeContext } from "./context.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { gatewayInterface, makeRouter, makeSender } from "./forwarding.ts";
import { isUnknown } from "./interfaces.ts";
import type { Flow } from "./lanes.ts";
import { makeList } from "./lists.ts";
import type { List } from "./lists.ts";
import { rulesOf } from "./ruleset.ts";
import { makeInbound, makeOutbound } from "./translate.ts";
import type { Translation } from "./translate.ts";
import type { Circumstances, PfRuleset } from "./types.ts";

/** The first packet of a flow, before NAT, and where it comes from: an interface's key, or `self`. */
export interface ArrivingFlow {
  readonly in: string;
  readonly flow: Flow;
}

export interface PacketVerdict {
  readonly verdict: Action;
  /** The tracker of the deciding rule, or the name of an automatic one. */
  readonly rule: string;
  /** Why the verdict may be another in reality; absent when nothing unknown bears on it. */
  readonly unsure?: string;
}

export interface PacketDecider {
  readonly ruleset: PfRuleset;
  readonly decide: (arriving: ArrivingFlow) => PacketVerdict;
  /** Whether packets may come in here: `self`, an interface, or a VPN entry; a group is not a place. */
  readonly isPlace: (key: string) => boolean;
}

interface Side {
  readonly translate: Translation;
  readonly list: List;
}

/**
 * Decides packets as pf does: redirects, the filter on the way in, routing, outbound NAT, the filter on the way out.
 * Forwarded packets need both filters; what is for the firewall only the first; what it sends only the second.
 */
export function makePacketDecider(config: PfConfig, circumstances: Circumstances = {}): PacketDecider {
  const ruleset = rulesOf(config, circumstances);
  const context = makeContext(config, circumstances);
  const route = makeRouter(ruleset);
  const sender = makeSender(ruleset);
  const ins = new Map<string, Side>();
  const outs = new Map<string, Side>();
  const inSide = (key: string): Side =>
    cached(ins, key, () => ({ translate: makeInbound(ruleset, key), list: makeList(ruleset, key, "in") }));
  const outSide = (key: string): Side =>
    cached(outs, key, () => ({ translate: makeOutbound(ruleset, key), list: makeList(ruleset, key, "out") }));
  const gateways = new Map<string, { readonly key: string | undefined }>();
  const gatewayKey = (name: string): string | undefined =>
    cached(gateways, name, () => ({ key: gatewayInterface(context, name) })).key;

  const leave = (flow: Flow, key: string, tag: string | undefined): Passage => {
    const side = outSide(key);
    const translated = side.translate(flow);
    const out = side.list(translated.flow, tag);
    const unsure = translated.unsure ?? out.unsure;
    return { action: actionOf(out.rule?.action), rule: out.rule?.id ?? DEFAULT_PASS, unsure };
  };

  const unknown = { 4: unknownNetworks(ruleset, 4), 6: unknownNetworks(ruleset, 6) };
  /** Why a packet may leave by another interface than the file's routes say, and fare otherwise there. */
  const roadDoubt = (
    flow: Flow,
    chosen: Passage,
    exit: string | undefined,
    tag: string | undefined,
  ): string | undefined => {
    const hop = unknown[flow.family].length === 0 ? undefined : route(flow.family, flow.dst);
    if (!hop || hop.kind === "local" || (hop.kind === "out" && hop.isConnected)) return undefined;
    const other = unknown[flow.family].find((i) => i.key !== exit && leave(flow, i.key, tag).action !== chosen.action);
    return other && `the network of ${other.label}, which the file does not hold, may hold the destination`;
  };

  const decideSelf = (flow: Flow): PacketVerdict => {
    const key = sender(flow.family, flow.src, flow.dst) ?? "lo0";
    // Without a route the kernel sends nothing; the rules that hold everywhere answer as well as any.
    const left = leave(flow, key, undefined);
    return verdictOf({ ...left, unsure: left.unsure ?? roadDoubt(flow, left, key, undefined) });
  };

  const decideArriving = (key: string, arriving: Flow): PacketVerdict => {
    const side = inSide(key);
    const { flow, tag, passedBy, unsure } = side.translate(arriving);
    const filtered = side.list(flow, tag);
    const entry: Passage = passedBy
      ? { action: "pass", rule: passedBy, unsure }
      : {
          action: actionOf(filtered.rule?.action),
          rule: filtered.rule?.id ?? DEFAULT_PASS,
          unsure: unsure ?? filtered.unsure,
        };
    if (entry.action !== "pass") return verdictOf(entry);
    const gateway = passedBy ? undefined : filtered.rule?.gateway;
    const routed = gateway === undefined ? undefined : gatewayKey(gateway);
    const hop = route(flow.family, flow.dst);
    const exit = routed ?? (hop.kind === "out" ? hop.key : undefined);
    if (exit === undefined)
      return verdictOf({ ...entry, unsure: entry.unsure ?? roadDoubt(flow, entry, undefined, filtered.tag) });
    const left = leave(flow, exit, filtered.tag);
    const road = routed === undefined ? roadDoubt(flow, left, exit, filtered.tag) : undefined;
    const doubt = entry.unsure ?? left.unsure ?? road;
    return left.action === "pass" ? verdictOf({ ...entry, unsure: doubt }) : verdictOf({ ...left, unsure: doubt });
  };

  const places = new Set(["self", ...ruleset.interfaces.filter((i) => i.kind !== "group").map((i) => i.key)]);
  return {
    ruleset,
    decide: (arriving) =>
      arriving.in === "self" ? decideSelf(arriving.flow) : decideArriving(arriving.in, arriving.flow),
    isPlace: (key) => places.has(key),
  };
}

const unknownNetworks = (ruleset: PfRuleset, family: Family): readonly FilterInterface[] =>
  ruleset.interfaces.filter((i) => i.kind === "interface" && isUnknown(i, family));

interface Passage {
  readonly action: Action;
  readonly rule: string;
  readonly unsure: string | undefined;
}

/** pf passes what no rule matches; pfSense's default deny leaves nothing to it. */
const DEFAULT_PASS = "pf-default";

const actionOf = (action: string | undefined): Action => (action === "block" || action === "reject" ? action : "pass");

const verdictOf = (p: Passage): PacketVerdict =>
  p.unsure === undefined ? { verdict: p.action, rule: p.rule } : { verdict: p.action, rule: p.rule, unsure: p.unsure };

function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** A packet of the policy engine as a flow. */
export const flowOf = (p: Packet): Flow => ({
  family: p.family,
  slice: p.slice,
  src: p.family === 4 ? Number(p.src) : p.src,
  dst: p.family === 4 ? Number(p.dst) : p.dst,
  a: Number(p.a),
  b: Number(p.b),
});
