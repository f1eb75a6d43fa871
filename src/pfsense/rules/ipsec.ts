import { parseAddress } from "../../core/ip.ts";
import { isLoggingPasses, port, UDP } from "./automatic.ts";
import type { Context, Draft } from "./context.ts";
import { isIpsecEnabled } from "./interfaces.ts";
import { portNumber } from "./protocols.ts";
import { ANYWHERE, ofAddresses, unknownIn } from "./sets.ts";
import type { AddressSet } from "./sets.ts";
import type { Trackers } from "./automatic.ts";

/**
 * IKE, NAT-T, ESP and AH for each peer (`filter_generate_ipsec_rules`): not quick, after the user's rules, so a
 * user's quick block outdoes them.
 */
export function ipsecService(c: Context, t: Trackers): readonly Draft[] {
  t.step(100_000);
  if (c.config.system.isVpnRulesOff || !isIpsecEnabled(c.config)) return [];
  const isLogged = isLoggingPasses(c);
  const { port: ikePort, portNatT } = c.config.ipsec;
  return c.config.ipsec.phase1.flatMap((p): readonly Draft[] => {
    t.skip(10);
    if (p.isDisabled || p.isGatewayDuplicate) return [];
    const key = parentOf(c, p.interface ?? "");
    if (!c.interfaces.some((i) => i.key === key)) return [];
    const { peer, isOpen } = peerOf(p.remoteGateway, p.isMobile);
    const used = new Set(c.config.ipsec.phase2.filter((x) => x.ikeId === p.ikeId).map((x) => x.protocol));
    const uncertain = ["the address of the IPsec peer"];
    const common = {
      action: "pass",
      isQuick: false,
      isLogged,
      place: p.place,
      uncertain,
      description: `IPsec with ${p.description ?? p.remoteGateway ?? "mobile clients"}`,
    } as const;
    const into = { ...common, direction: "in", on: key, source: peer, destination: c.book.self } as const;
    const out = { ...common, direction: "out", source: c.book.self, destination: peer } as const;
    const drafts: Draft[] = [];
    const add = (what: string, o: Partial<Draft>, i: Partial<Draft>): void => {
      const id = `ipsec:${p.ikeId ?? "?"}:${what}`;
      if (!isOpen) drafts.push({ id: `${id}:out`, tracker: t.take(), ...out, ...o });
      drafts.push({ id: `${id}:in`, tracker: t.take(), ...into, ...i });
    };
    const at = (text: string | undefined, usual: number): Partial<Draft> => ({
      protocols: UDP,
      destinationPorts: port((text === undefined ? undefined : portNumber(text)) ?? usual),
    });
    add("ike", at(p.ikePort, 500), at(ikePort, 500));
    add("nat-t", at(p.natTPort, 4500), at(portNatT, 4500));
    if (used.has("esp")) add("esp", { protocols: [50] }, { protocols: [50] });
    if (used.has("ah")) add("ah", { protocols: [51] }, { protocols: [51] });
    return drafts;
  });
}

/** Mobile clients and `0.0.0.0` are anyone, and then nothing is passed out; a name is unknown. */
function peerOf(remote: string | undefined, isMobile: boolean): { peer: AddressSet; isOpen: boolean } {
  if (isMobile || remote === "0.0.0.0" || remote === "::") return { peer: ANYWHERE, isOpen: true };
  const address = remote === undefined ? undefined : parseAddress(remote);
  return { peer: address ? ofAddresses([address]) : unknownIn(4, 6), isOpen: false };
}

/** The interface below a virtual IP. */
function parentOf(c: Context, name: string): string {
  let key = name;
  for (let hops = 0; key.startsWith("_vip") && hops < 4; hops++) {
    key = c.config.virtualIps.find((v) => `_vip${v.uniqueId ?? ""}` === key)?.interface ?? "";
  }
  return key;
}
