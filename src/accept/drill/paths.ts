import { Fault } from "../../core/fault.ts";
import type { Address } from "../../core/ip.ts";
import { outsiderOf, seatOf } from "../../plan/query.ts";
import type { Host } from "../../plan/types.ts";
import { decide } from "../../policy/engine/index.ts";
import type { Intent } from "../../policy/intent.ts";

/** A way through the routers that the flow table allows, with somebody at either end. */
export interface Path {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly address: Address;
  readonly port: number;
  /** As the destination sees the asker; null where the source is hidden. */
  readonly client: Address | null;
  readonly isByInternet: boolean;
}

/**
 * LAN to DMZ and LAN to the Internet, from one workstation: each by the first TCP port that the table opens between
 * them. @throws Fault DRILL_NO_PATH when the plan has none
 */
export function drillPaths(intent: Intent): readonly [Path, Path] {
  const { plan } = intent.space;
  const client = seatOf(plan);
  // The road warrior's place: nothing listens there, and it lies beyond the operators.
  const outside = outsiderOf(plan);
  if (!client || !outside) throw noPath(`The plan has no ${client ? "guest beyond the operators" : "workstation"}.`);
  // In the DMZ stands whom strangers are led to.
  const led = plan.forwards.flatMap((f) => plan.hosts.get(f.host) ?? []);
  const inside = led.flatMap((to) => pathTo(intent, client, to, "LAN → DMZ", false) ?? [])[0];
  if (!inside)
    throw noPath(`The flow table opens no TCP port from ${client.id} to a host that a port forward leads to.`);
  const beyond = pathTo(intent, client, outside, "LAN → Internet", true);
  if (!beyond) throw noPath(`The flow table opens no TCP port from ${client.id} to ${outside.id}.`);
  return [inside, beyond];
}

const noPath = (fact: string): Fault =>
  new Fault(
    "DRILL_NO_PATH",
    fact,
    "A drill needs a LAN, a DMZ and somebody outside, and measures by a TCP port: see `maquette matrix`.",
  );

/** By the first TCP port that the table opens. */
function pathTo(intent: Intent, from: Host, to: Host, name: string, isByInternet: boolean): Path | undefined {
  const { plan } = intent.space;
  const [src, dst] = [from.nics[0]!, to.nics[0]!];
  const list = intent.listAt(src.zone).rules;
  const ports = [...plan.services.values()]
    .flatMap((s) => s.terms)
    .flatMap((t) => (t.protocol === "tcp" ? t.ports : []));
  const port = ports.find(({ lo }) => {
    const ends = { src: src.address.value, dst: dst.address.value, a: 49_152n, b: BigInt(lo) };
    return decide(list, { family: 4, slice: "tcp", ...ends }, "block").action === "pass";
  });
  if (port === undefined) return undefined;
  const client = isByInternet ? null : src.address;
  return { name, from: from.id, to: to.id, address: dst.address, port: port.lo, client, isByInternet };
}
