import { Fault } from "../../core/fault.ts";
import type { Address } from "../../core/ip.ts";
import { formatAddress } from "../../core/ip.ts";
import type { Host, Plan } from "../../plan/types.ts";
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
  const client = hostOf(plan, (h) => h.role === "workstation", "a workstation");
  const inside = hostOf(plan, (h) => h.role === "ebrigade", "a host in the DMZ");
  // The road warrior's place: nothing listens there, and it lies beyond the operators.
  const outside = hostOf(plan, (h) => h.role === "field", "a guest beyond the operators");
  return [pathOf(intent, client, inside, "LAN → DMZ", false), pathOf(intent, client, outside, "LAN → Internet", true)];
}

function hostOf(plan: Plan, holds: (host: Host) => boolean, what: string): Host {
  const found = [...plan.hosts.values()].find(holds);
  if (found) return found;
  throw new Fault("DRILL_NO_PATH", `The plan has no ${what}.`, "A drill needs a LAN, a DMZ and somebody outside.");
}

function pathOf(intent: Intent, from: Host, to: Host, name: string, isByInternet: boolean): Path {
  const { plan } = intent.space;
  const [src, dst] = [from.nics[0]!, to.nics[0]!];
  const list = intent.listAt(src.zone).rules;
  for (const service of plan.services.values())
    for (const term of service.terms) {
      if (term.protocol !== "tcp") continue;
      const port = term.ports[0]!.lo;
      const packet = {
        family: 4,
        slice: "tcp",
        src: src.address.value,
        dst: dst.address.value,
        a: 49_152n,
        b: BigInt(port),
      } as const;
      if (decide(list, packet, "block").action === "pass")
        return {
          name,
          from: from.id,
          to: to.id,
          address: dst.address,
          port,
          client: isByInternet ? null : src.address,
          isByInternet,
        };
    }
  throw new Fault(
    "DRILL_NO_PATH",
    `The flow table opens no TCP port from ${from.id} to ${to.id} (${formatAddress(dst.address)}).`,
    "A drill measures by one: see `maquette matrix`.",
  );
}
