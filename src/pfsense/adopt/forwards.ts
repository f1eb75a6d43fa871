import { formatAddress, formatNetwork, parseAddress, rangeOf, type Address } from "../../core/ip.ts";
import { always, compile, decide, interval, makeBox, SLICES, type Rule } from "../../policy/engine/index.ts";
import type { PfPortForward } from "../model/nat.ts";
import { hasGateway } from "../rules/interfaces.ts";
import type { Redirect } from "../rules/nat-types.ts";
import type { Called } from "./ends.ts";
import type { Leg } from "./legs.ts";
import { Names } from "./names.ts";
import { oneLine, type Notes } from "./notes.ts";
import { sayable } from "./rows.ts";
import { isSame, one, sideOf } from "./sets.ts";
import type { Site, SiteHost } from "./site.ts";
import { keyOfTerms, type Term } from "./services.ts";

/** A port forward of the plan before its service has a name. */
export interface ForwardDraft {
  readonly id: string;
  readonly wans: readonly string[];
  readonly terms: readonly Term[];
  readonly host: SiteHost;
  readonly description: string;
  readonly origins: readonly string[];
  readonly calledService: Called | undefined;
}

/** The forwards that the plan can say: a WAN's address, from anywhere, to a machine inside, on the same port. */
export function forwardsOf(site: Site, notes: Notes): readonly ForwardDraft[] {
  const out: ForwardDraft[] = [];
  const names = new Names([]);
  const ports = new Map<string, string>();
  for (const f of site.config.nat.portForwards) {
    const path = `nat.rule[${f.index}]`;
    if (f.isDisabled) {
      notes.told("IMPORT_DISABLED", f.place, path, "the port forward is disabled", "It has no place in the plan.");
      continue;
    }
    const made = site.ruleset.nat.redirects.find((r) => r.id === `nat[${f.index}]`);
    // What pfSense leaves out has a finding of the reader.
    if (!made) continue;
    const said = sound(site, f, made);
    if (typeof said === "string") {
      notes.lost(
        "IMPORT_FORWARD",
        f.place,
        path,
        said,
        "A forward of the plan opens a port of a WAN to a machine inside, on the same port.",
      );
      continue;
    }
    noteReflection(site, f, made, notes);
    const { leg, host, terms } = said;
    const keys = clashKeys(leg, terms);
    const taken = keys.map((k) => ports.get(k)).find((id) => id !== undefined);
    const same = out.findIndex((o) => o.host === host && keyOfTerms(o.terms) === keyOfTerms(terms));
    if (taken !== undefined) {
      notes.told(
        "IMPORT_FORWARD",
        f.place,
        path,
        `an earlier forward, "${taken}", takes the port`,
        "pf uses the first.",
      );
      continue;
    }
    const description = oneLine(f.description ?? "");
    const origin = `line ${f.place.line}, ${path}`;
    const alias = site.config.aliases.findLast((a) => a.name === f.destination.port);
    const id =
      same >= 0 ? out[same]!.id : names.take([f.description ?? "", `${host.id}-${f.destination.port ?? ""}`, host.id]);
    for (const k of keys) ports.set(k, id);
    if (same >= 0) {
      const first = out[same]!;
      out[same] = { ...first, wans: [...first.wans, leg.zone], origins: [...first.origins, origin] };
      continue;
    }
    out.push({
      id,
      wans: [leg.zone],
      terms,
      host,
      description: description === "" ? `Port forward to ${host.id}` : description,
      origins: [origin],
      calledService: alias && { name: alias.name, description: oneLine(alias.description ?? `Alias ${alias.name}`) },
    });
  }
  return out;
}

const clashKeys = (leg: Leg, terms: readonly Term[]): readonly string[] =>
  terms.flatMap((t) => {
    if (!("ports" in t)) return [];
    return t.ports.flatMap((p) => {
      const [lo = 0, hi = lo] = String(p).split("-").map(Number);
      return Array.from({ length: hi - lo + 1 }, (_, n) => `${leg.zone} ${t.protocol} ${lo + n}`);
    });
  });

/** The parts of a forward, or why the plan cannot say it. */
function sound(
  site: Site,
  f: PfPortForward,
  made: Redirect,
): { readonly leg: Leg; readonly host: SiteHost; readonly terms: readonly Term[] } | string {
  const leg = site.legs.find((l) => l.key === (f.interface ?? "wan"));
  if (leg?.kind !== "wan" || !hasGateway(leg.interface, 4))
    return `interface "${f.interface ?? "wan"}" is no access to the Internet`;
  if (made.isNo) return "it exempts packets from forwarding";
  if (f.ipProtocol === "inet6") return "it is about IPv6";
  if (made.mayBoxes) return "the file does not tell all its packets";
  if (!f.source.isAny) return "it is for some sources only";
  if (f.source.port !== undefined) return "it is for some source ports only";
  const front: Address = leg.vip?.address ?? leg.address;
  if (!isSame(sideOf(made.boxes, "dst"), one(front)))
    return `it is not on the address that the plan opens (${leg.vip ? "the VIP" : "the interface's"})`;
  if (made.port !== undefined) return `it changes the port (${f.destination.port ?? "any"} to ${f.localPort ?? "any"})`;
  if (made.target.kind !== "address") return "its target is not one known address";
  const target = made.target.address;
  const host = site.hosts.all.find((h) => h.address.value === target.value);
  if (!host) return `its target "${f.target ?? ""}" is no machine of an inside zone`;
  const said = sayable(made.boxes);
  if (typeof said === "string") return `it has no service: ${said}`;
  if (said.terms.some((t) => !("ports" in t))) return `protocol "${f.protocol ?? ""}" has no ports`;
  return { leg, host, terms: said.terms };
}

function noteReflection(site: Site, f: PfPortForward, made: Redirect, notes: Notes): void {
  const isReflected = site.ruleset.nat.redirects.some((r) => r.id === `${made.id}:reflection`);
  if (!isReflected) return;
  const hint = "From inside, use the machine's own address, or split DNS.";
  notes.lost("IMPORT_REFLECTION", f.place, `nat.rule[${f.index}]`, "it is reflected to the inside", hint);
}

/** Outbound NAT, 1:1 and NPt: what the plan implies is silent, the rest is listed. */
export function noteTranslation(site: Site, notes: Notes): void {
  const { nat } = site.config;
  const isOff = ![undefined, "automatic", "hybrid", "advanced"].includes(nat.outboundMode);
  if (isOff)
    notes.lost(
      "IMPORT_OUTBOUND",
      undefined,
      "nat.outbound",
      "outbound NAT is off",
      "The plan implies it on every WAN.",
    );
  for (const r of nat.outboundMode === "hybrid" || nat.outboundMode === "advanced" ? nat.outbound : []) {
    const path = `nat.outbound.rule[${r.index}]`;
    if (r.isDisabled) {
      notes.told("IMPORT_DISABLED", r.place, path, "the outbound NAT rule is disabled", "It has no place in the plan.");
      continue;
    }
    // What pfSense leaves out, the reader has said.
    if (!site.ruleset.nat.sources.some((s) => s.id === `outbound[${r.index}]`)) continue;
    const leg = site.legs.find((l) => l.key === r.interface && l.kind === "wan");
    const implied = leg && [leg.vip?.address ?? leg.address, leg.address].some((a) => isTarget(site, r.target, a, leg));
    const isPlain = !r.isNoNat && r.protocol === undefined && r.destination.isAny;
    if (implied && isPlain && !r.isStaticPort) continue;
    const kept = r.isStaticPort ? " that keeps its source port" : "";
    const what = `${r.isNoNat ? "no NAT" : `NAT to ${r.target ?? "the interface's address"}${kept}`} on ${r.interface ?? "?"}`;
    const hint = "The plan implies: inside zones leave as the WAN's VIP, or its address without one.";
    notes.lost("IMPORT_OUTBOUND", r.place, path, what, hint);
  }
  if (!isOff) noteUntranslated(site, notes);
  // Of automatic rules the address is the interface's own; the plan shares the VIP where the file has one.
  const isAutomatic = [undefined, "automatic"].includes(nat.outboundMode);
  const shared = !isAutomatic ? [] : site.legs.filter((l) => l.kind === "wan" && l.vip);
  for (const leg of shared) {
    const fact = `what automatic rules translate on ${leg.key} leaves as ${formatAddress(leg.address)}, not as the VIP`;
    const hint = "The plan implies: inside zones leave as the WAN's VIP, or its address without one.";
    notes.lost("IMPORT_OUTBOUND", leg.config.place, "nat.outbound", fact, hint);
  }
  for (const r of nat.oneToOne.filter((x) => !x.isDisabled)) {
    const fact = `1:1 mapping of ${r.external ?? "?"}`;
    notes.lost(
      "IMPORT_ONE_TO_ONE",
      r.place,
      `nat.onetoone[${r.index}]`,
      fact,
      "Write forwards instead, or keep it by hand.",
    );
  }
  for (const r of nat.npt.filter((x) => !x.isDisabled))
    notes.lost(
      "IMPORT_ONE_TO_ONE",
      r.place,
      `nat.npt[${r.index}]`,
      "an IPv6 prefix translation",
      "The plan speaks IPv4.",
    );
}

/** Inside networks of which some packet leaves by an access with its own source: the plan hides all of them. */
function noteUntranslated(site: Site, notes: Notes): void {
  const beyond = site.internet.filter((r) => r.family === 4);
  for (const wan of site.legs.filter((l) => l.kind === "wan" && hasGateway(l.interface, 4))) {
    const rules = site.ruleset.nat.sources
      .filter((s) => s.interfaces.includes(wan.key))
      .map((s): Rule => ({ id: s.id, action: s.isNo ? "block" : "pass", boxes: s.boxes }));
    const list = compile(rules);
    for (const leg of site.legs.filter((l) => l.kind === "inside" && mayLeave(site, l))) {
      const { lo, hi } = rangeOf(leg.subnet);
      const boxes = beyond.flatMap((to) =>
        SLICES.map((slice) => makeBox(4, slice, { src: interval(lo, hi), dst: interval(to.lo, to.hi) })),
      );
      const verdict = always(boxes, list, ["pass"]);
      // A rule that exempts it is said as that rule.
      if (verdict.kind !== "refuted" || decide(rules, verdict.witness, "block").rule !== null) continue;
      const fact = `${formatNetwork(leg.subnet)}, or a part of it, leaves by ${wan.key} as it is: no outbound NAT rule translates it`;
      const hint = "The plan implies: inside zones leave as the WAN's VIP, or its address without one.";
      notes.lost("IMPORT_OUTBOUND", leg.config.place, "nat.outbound", fact, hint);
    }
  }
}

/** Whether some rule of the user lets anything in from there: what never leaves needs no translation. */
const mayLeave = (site: Site, leg: Leg): boolean =>
  site.ruleset.rules.some(
    (r) => r.by === "user" && r.action === "pass" && (r.interfaces === undefined || r.interfaces.includes(leg.key)),
  );

function isTarget(site: Site, target: string | undefined, wanted: Address, leg: Leg): boolean {
  if (target === undefined || target === "" || target === `${leg.key}ip`) return wanted.value === leg.address.value;
  const id = /^_vip(.+)$/.exec(target)?.[1];
  const vip = id === undefined ? undefined : site.config.virtualIps.find((v) => v.uniqueId === id)?.address;
  return (vip ?? parseAddress(target))?.value === wanted.value;
}
