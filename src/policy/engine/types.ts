import type { Interval } from "../../core/intervals.ts";
import type { Family } from "../../core/ip.ts";

/** Addresses are numbers of 32 or 128 bits; ports, ICMP types, codes and protocols are small. */
export type { Interval };

/**
 * What the last two dimensions of a box mean:
 * tcp, udp: source port, destination port (0–65535); icmp (ICMP in IPv4, ICMPv6 in IPv6): type, code (0–255);
 * other: IP protocol number (neither tcp, udp nor the family's ICMP), and an unused dimension 0–0.
 */
export type Slice = "tcp" | "udp" | "icmp" | "other";

/** A product of closed intervals: source, destination, and the two dimensions that the slice names. */
export interface Box {
  readonly family: Family;
  readonly slice: Slice;
  readonly src: Interval;
  readonly dst: Interval;
  readonly a: Interval;
  readonly b: Interval;
}

/** The first packet of a flow: one point of a box's space. */
export interface Packet {
  readonly family: Family;
  readonly slice: Slice;
  readonly src: bigint;
  readonly dst: bigint;
  readonly a: bigint;
  readonly b: bigint;
}

export type Action = "pass" | "block" | "reject";

/** A rule as the engine sees it: the union of its boxes, in a list where the first match wins. */
export interface Rule {
  /** Stable identity for messages: a tracker, a row's id, or the name of an automatic rule. */
  readonly id: string;
  readonly action: Action;
  readonly boxes: readonly Box[];
}

/** `undecided`: the step budget ended before an answer; it is never counted as proven. */
export type Verdict =
  | { readonly kind: "proven" }
  | { readonly kind: "refuted"; readonly witness: Packet }
  | { readonly kind: "undecided"; readonly steps: number };
