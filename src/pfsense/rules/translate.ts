import { rangeOf } from "../../core/ip.ts";
import type { Network } from "../../core/ip.ts";
import { addressNumber } from "./forwarding.ts";
import { isOn } from "./interfaces.ts";
import { makeMatcher } from "./lanes.ts";
import type { Flow } from "./lanes.ts";
import type { Binat, Redirect, SourceNat } from "./nat-types.ts";
import type { PfRuleset } from "./types.ts";

/** What translation made of a packet. */
export interface Translated {
  readonly flow: Flow;
  readonly tag: string | undefined;
  /** The redirect that lets it pass without the filter. */
  readonly passedBy: string | undefined;
  readonly unsure: string | undefined;
}

export type Translation = (flow: Flow) => Translated;

const untouched = (flow: Flow, unsure?: string): Translated => ({ flow, tag: undefined, passedBy: undefined, unsure });

/** Redirects, then 1:1 mappings, of what comes in by an interface. */
export function makeInbound(ruleset: PfRuleset, key: string): Translation {
  const redirects = onInterface(ruleset, key, ruleset.nat.redirects);
  const binats = onInterface(ruleset, key, ruleset.nat.binats);
  const rdr = makeMatcher(redirects);
  const doubtful = redirects.filter((r) => r.mayBoxes);
  const mayRdr = makeMatcher(doubtful.map((r) => ({ boxes: r.mayBoxes ?? [] })));
  const binat = makeMatcher(binats.map((b) => ({ boxes: b.incoming })));
  return (flow) => {
    const doubt = doubtful.length > 0 ? doubtful[mayRdr(flow)] : undefined;
    const found = redirects[rdr(flow)];
    const unsure = doubt && doubt !== found ? `${doubt.id} may redirect it` : undefined;
    if (found) return found.isNo ? untouched(flow, unsure) : redirect(flow, found, unsure);
    const mapping = binats[binat(flow)];
    if (!mapping || mapping.isNo) return untouched(flow, unsure);
    return { ...untouched(flow, unsure), flow: { ...flow, dst: moved(flow.dst, mapping.external, mapping.internal) } };
  };
}

function redirect(flow: Flow, r: Redirect, unsure: string | undefined): Translated {
  const passedBy = r.isPass ? r.id : undefined;
  const hasPorts = flow.slice === "tcp" || flow.slice === "udp";
  const b = !r.port || !hasPorts ? flow.b : r.port.to + (r.port.count > 1 ? (flow.b - r.port.from) % r.port.count : 0);
  const to = r.target;
  if (to.kind === "unknown") {
    return { flow: { ...flow, b }, tag: r.setsTag, passedBy, unsure: unsure ?? `${r.id} redirects it: ${to.why}` };
  }
  const dst = to.kind === "address" ? addressNumber(to.address) : moved(flow.dst, to.from, to.to);
  return { flow: { ...flow, dst, b }, tag: r.setsTag, passedBy, unsure };
}

/** 1:1 mappings, then outbound NAT, of what leaves by an interface. The source port that NAT picks is not modelled. */
export function makeOutbound(ruleset: PfRuleset, key: string): Translation {
  const binats = onInterface(ruleset, key, ruleset.nat.binats);
  const sources = onInterface(ruleset, key, ruleset.nat.sources);
  const binat = makeMatcher(binats.map((b) => ({ boxes: b.outgoing })));
  const nat = makeMatcher(sources);
  return (flow) => {
    // `no nat proto carp` stands first.
    if (flow.slice === "other" && flow.a === 112) return untouched(flow);
    const mapping = binats[binat(flow)];
    if (mapping) {
      if (mapping.isNo) return untouched(flow);
      return { ...untouched(flow), flow: { ...flow, src: moved(flow.src, mapping.internal, mapping.external) } };
    }
    const found: SourceNat | undefined = sources[nat(flow)];
    if (!found || found.isNo) return untouched(flow);
    if (!found.target) return untouched(flow, `${found.id} gives it an unknown source`);
    return { ...untouched(flow), flow: { ...flow, src: addressNumber(found.target) } };
  };
}

/** The same host part in another network of the same length. */
function moved(value: number | bigint, from: Network, to: Network): number | bigint {
  const offset = BigInt(value) - rangeOf(from).lo;
  const result = rangeOf(to).lo + offset;
  return typeof value === "number" ? Number(result) : result;
}

function onInterface<T extends Redirect | Binat | SourceNat>(
  ruleset: PfRuleset,
  key: string,
  all: readonly T[],
): readonly T[] {
  const i = ruleset.interfaces.find((x) => x.key === key);
  return all.filter((n) => (i ? isOn(n.interfaces, i, ruleset.interfaces) : n.interfaces.includes(key)));
}
