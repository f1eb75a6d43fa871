import { parseNetwork, rangeOf } from "../../src/core/ip.ts";
import { everything, interval, makeBox } from "../../src/policy/engine/boxes.ts";
import type { Box, Interval, Rule } from "../../src/policy/engine/types.ts";
import { makeRandom } from "./classbench.ts";

/*
 * A stand-in for the lab, so that this bench needs no other room: two routers with eight interfaces, and on each
 * interface the rules that a flow table of 150 rows gives it, between anti-spoof, management and the final deny.
 */

export interface LabRouter {
  readonly lists: readonly { readonly rules: readonly Rule[]; readonly rows: readonly (readonly Box[])[] }[];
}

const ZONES = ["wan1", "wan2", "sync", "admin", "servers", "users", "dmz", "vpn"] as const;
const networkOf = (index: number): Interval => {
  const { lo, hi } = rangeOf(parseNetwork(`192.168.${(index + 1) * 10}.0/24`)!.network);
  return { lo, hi };
};

const ROWS = 150;
const SERVICES = [22, 25, 53, 80, 88, 123, 143, 389, 443, 445, 587, 636, 993, 3268, 3389, 5060, 8443, 10050];

/** @param label distinguishes the two routers' rule ids; their rules are the same */
export function makeLab(label: string): LabRouter {
  const lists = ZONES.map((zone, z) => {
    const random = makeRandom(z + 1);
    const own = networkOf(z);
    const rows = Array.from({ length: Math.floor(ROWS / ZONES.length) }, (): readonly Box[] => {
      const dst = networkOf((z + 1 + Math.floor(random() * (ZONES.length - 1))) % ZONES.length);
      const host = dst.lo + 10n + BigInt(Math.floor(random() * 12));
      const slice = random() < 0.75 ? "tcp" : "udp";
      const ports = Array.from(
        { length: 1 + Math.floor(random() * 4) },
        () => SERVICES[Math.floor(random() * SERVICES.length)]!,
      );
      return ports.map((p) => makeBox(4, slice, { src: own, dst: interval(host), b: interval(p) }));
    });
    const block = (id: string, boxes: readonly Box[]): Rule => ({
      id: `${label}-${zone}-${id}`,
      action: "block",
      boxes,
    });
    const spoofed = [
      { lo: 0n, hi: own.lo - 1n },
      { lo: own.hi + 1n, hi: (1n << 32n) - 1n },
    ].flatMap((src) => everything(4).map((b) => ({ ...b, src })));
    const rules: Rule[] = [
      block("anti-spoof", spoofed),
      ...rows.map((boxes, k): Rule => ({ id: `${label}-${zone}-${k}`, action: "pass", boxes })),
      block("deny", everything()),
    ];
    return { rules, rows };
  });
  return { lists };
}
