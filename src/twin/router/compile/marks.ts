import { Fault } from "../../../core/fault.ts";

/*
 * Where pf keeps things beside a packet or a state, Linux has two numbers of 32 bits: the packet's mark and the
 * connection's. Both are laid out alike:
 *
 *   0x000000ff  the tag that pf's rules hand from the way in to the way out
 *   0x0000ff00  the gateway that replies go back by (`reply-to`)
 *   0x00ff0000  the gateway or group that the flow leaves by (`route-to`)
 *   0x3f000000  the queue of the shaper
 *   0x40000000  a redirect has already let it pass (`rdr pass`)
 *
 * The highest bit stays free: nft prints a test of it as a prefix.
 */
export const TAG_MASK = 0x000000ff;
export const REPLY_MASK = 0x0000ff00;
export const ROUTE_MASK = 0x00ff0000;
export const QUEUE_MASK = 0x3f000000;
export const PASSED_BIT = 0x40000000;

const REPLY_SHIFT = 8;
const ROUTE_SHIFT = 16;
const QUEUE_SHIFT = 24;

/** Numbers for the names of one file, given in order: both routers of a pair come to the same ones. */
export class Marks {
  readonly tags: readonly string[];
  readonly gateways: readonly string[];
  readonly queues: readonly string[];

  /**
   * @param names tags, gateways with groups, and queues, each once
   * @throws Fault ROUTER_TOO_MANY when there are more than fit
   */
  constructor(names: {
    readonly tags: readonly string[];
    readonly gateways: readonly string[];
    readonly queues: readonly string[];
  }) {
    this.tags = limited("tags", names.tags, 254);
    this.gateways = limited("gateways and gateway groups", names.gateways, 254);
    this.queues = limited("queues", names.queues, 62);
  }

  /** 0 is "no tag". */
  tag(name: string | undefined): number {
    return name === undefined ? 0 : this.tags.indexOf(name) + 1;
  }

  tagName(number: number): string | undefined {
    return this.tags[number - 1];
  }

  /** The number that the routing rules of a gateway or group are built on; 0 is "by the routing table". */
  gateway(name: string | undefined): number {
    return name === undefined ? 0 : this.gateways.indexOf(name) + 1;
  }

  queue(name: string | undefined): number {
    return name === undefined ? 0 : this.queues.indexOf(name) + 1;
  }

  replyBits(name: string): number {
    return this.gateway(name) << REPLY_SHIFT;
  }

  routeBits(name: string): number {
    return this.gateway(name) << ROUTE_SHIFT;
  }

  queueBits(name: string): number {
    return this.queue(name) << QUEUE_SHIFT;
  }
}

function limited(what: string, names: readonly string[], most: number): readonly string[] {
  const unique = [...new Set(names)];
  if (unique.length <= most) return unique;
  throw new Fault(
    "ROUTER_TOO_MANY",
    `The file has ${unique.length} ${what}; a packet's mark has room for ${most}`,
    "Use fewer, or run this configuration on a real pfSense.",
  );
}

/** A number as nft prints and reads it. */
export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, "0")}`;

/** What is left of a mark when some bits are taken out. */
export const without = (mask: number): string => hex(~mask);
