import type { Packet } from "../../policy/engine/index.ts";
import type { Expectation } from "./expect.ts";
import type { Tag } from "./frame.ts";

/** Why a packet is sent: for a row that allows it, or as a neighbour of such a packet across the border. */
export type Kind =
  /** A row allows it. */
  | "allowed"
  /** The same to a WAN's shared address, to be forwarded inwards. */
  | "forwarded"
  /** A destination port beside the row's, the other protocol, a source or destination that the row does not name. */
  | "port"
  | "protocol"
  | "source"
  | "destination"
  /** A cell of the matrix where nothing passes. */
  | "closed"
  /** A source that does not live where the packet comes from. */
  | "spoofed";

/** One packet to be sent, and what must become of it. */
export interface Witness {
  readonly tag: Tag;
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  /** The way in: a zone, or `firewall` for what the router itself sends. */
  readonly ingress: string;
  readonly sender: string;
  readonly packet: Packet;
  /** The row of the plan that decides it; null when none does. */
  readonly row: string | null;
  /** What it stands for: the service of the row, or the neighbour's. */
  readonly service: string;
  readonly expected: Expectation;
  /** A running guest has its source: a reply has somewhere to go. */
  readonly hasLiveSource: boolean;
}

/** Is the packet for the router itself, so that nothing of it leaves? */
export const isForRouter = (w: Pick<Witness, "expected" | "to">): boolean =>
  w.to === "firewall" && w.expected.exit === null;
