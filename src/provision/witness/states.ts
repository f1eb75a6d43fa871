import { parseAddress } from "../../core/ip.ts";
import type { Packet } from "../../policy/engine/index.ts";

/** A connection that a router has accepted, by the addresses of its first packet. */
export interface State {
  readonly protocol: number;
  readonly src: number;
  readonly dst: number;
  readonly source: number | undefined;
  readonly destination: number | undefined;
  readonly icmpId: number | undefined;
}

/** Reads `conntrack -E -e NEW -o extended`: one connection a line, its first tuple the way it was opened. */
export function readStates(text: string): readonly State[] {
  return text.split("\n").flatMap((line): readonly State[] => {
    const match = /^\s*(?:\[NEW\]\s+)?ipv4\s+\d+\s+\S+\s+(\d+)\s/.exec(line);
    if (!match) return [];
    const address = (name: string): number | undefined => {
      const found = parseAddress(new RegExp(`\\b${name}=(\\S+)`).exec(line)?.[1] ?? "");
      return found?.family === 4 ? Number(found.value) : undefined;
    };
    const number = (name: string): number | undefined => {
      const found = new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const [src, dst] = [address("src"), address("dst")];
    if (src === undefined || dst === undefined) return [];
    const protocol = Number(match[1]);
    return [{ protocol, src, dst, source: number("sport"), destination: number("dport"), icmpId: number("id") }];
  });
}

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 } as const;

export const protocolOf = (p: Packet): number => (p.slice === "other" ? Number(p.a) : PROTOCOLS[p.slice]);

/** The connection that a witness has opened, as the router saw it come in. */
export function opens(state: State, packet: Packet, echoId: number): boolean {
  if (state.protocol !== protocolOf(packet)) return false;
  const isAlong = BigInt(state.src) === packet.src && BigInt(state.dst) === packet.dst;
  // Without ports both ways are one connection, whoever began it: so do the routers' own states travel all the time.
  const isBack = packet.slice === "other" && BigInt(state.src) === packet.dst && BigInt(state.dst) === packet.src;
  if (!isAlong && !isBack) return false;
  if (packet.slice === "icmp") return state.icmpId === echoId;
  if (packet.slice === "other") return true;
  return state.source === Number(packet.a) && state.destination === Number(packet.b);
}
