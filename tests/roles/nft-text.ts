import { parseAddress, parseNetwork, rangeOf } from "../../src/core/ip.ts";
import type { Packet } from "../../src/policy/engine/index.ts";

/*
 * A plain reader of the rules that a host's firewall file holds, for tests: it shares nothing with what writes them.
 * A word that it does not know fails the test.
 */

export type NftVerdict = "accept" | "drop" | "reject";

/** The lines of one chain. */
export function chainOf(file: string, chain: string): readonly string[] {
  const body = new RegExp(`chain ${chain} \\{\\n([^]*?)\\n  \\}`).exec(file)?.[1];
  if (body === undefined) throw new Error(`no chain ${chain}`);
  return body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("type "));
}

/** What the chain does with a new packet that comes by another interface than lo. */
export function judge(lines: readonly string[], packet: Packet): { readonly verdict: NftVerdict; readonly by: string } {
  for (const line of lines) {
    const verdict = verdictOf(line, packet);
    if (verdict !== undefined) return { verdict, by: /comment "([^"]*)"/.exec(line)?.[1] ?? line };
  }
  return { verdict: "drop", by: "policy" };
}

function verdictOf(line: string, packet: Packet): NftVerdict | undefined {
  // Replies, and what never comes from outside.
  if (/^(ct state|iif lo|ip6 hoplimit 255)/.test(line)) return undefined;
  const words = (line.replace(/ comment "[^"]*"$/, "").match(/\{[^}]*\}|"[^"]*"|\S+/g) ?? []).map((w) => w);
  const take = (): string => words.shift() ?? "";
  const value = (word: string): readonly string[] =>
    word
      .replace(/[{}]/g, "")
      .split(",")
      .map((w) => w.trim());
  const within = (word: string, n: bigint): boolean =>
    value(word).some((w) => {
      const [lo, hi] = w.split("-");
      return BigInt(lo!) <= n && n <= BigInt(hi ?? lo!);
    });
  const holds = (word: string, n: bigint): boolean =>
    value(word).some((w) => {
      const network = parseNetwork(w);
      if (network) {
        const { lo, hi } = rangeOf(network.network);
        return lo <= n && n <= hi;
      }
      const [lo, hi] = w.split("-").map((a) => parseAddress(a)!.value);
      return lo! <= n && n <= (hi ?? lo!);
    });
  const number = { tcp: 6n, udp: 17n, icmp: packet.family === 4 ? 1n : 58n, other: packet.a }[packet.slice];
  while (words.length > 0) {
    const word = take();
    switch (word) {
      case "ip":
      case "ip6": {
        if ((word === "ip" ? 4 : 6) !== packet.family) return undefined;
        const side = take();
        if (!holds(take(), side === "saddr" ? packet.src : packet.dst)) return undefined;
        break;
      }
      case "tcp":
      case "udp": {
        if (packet.slice !== word) return undefined;
        const side = take();
        if (!within(take(), side === "sport" ? packet.a : packet.b)) return undefined;
        break;
      }
      case "icmp":
        if (packet.slice !== "icmp" || packet.family !== 4) return undefined;
        if (take() !== "type" || !within(take(), packet.a)) return undefined;
        break;
      case "meta": {
        const what = take();
        if (what === "nfproto") {
          if (take() !== `ipv${packet.family}`) return undefined;
          break;
        }
        if (what !== "l4proto") throw new Error(line);
        const next = take();
        if (next === "!=" ? within(take(), number) : !within(next, number)) return undefined;
        break;
      }
      // A limit matches until it is reached, and a log decides nothing.
      case "limit":
        return undefined;
      case "accept":
      case "drop":
      case "reject":
        return word;
      default:
        throw new Error(`"${word}" of ${line}`);
    }
  }
  return undefined;
}
