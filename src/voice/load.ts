import type { Codec } from "./codecs.ts";

/* What one direction of one leg of a call costs on a wire, byte by byte. */

/** RFC 3550 section 5.1, without contributing sources. */
const RTP_BYTES = 12;
/** The tag of AES_CM_128_HMAC_SHA1_80, which SDES offers first (RFC 4568 section 6.2.1); SRTP adds nothing else. */
const SRTP_TAG_BYTES = 10;
/** RFC 768, RFC 791 without options. */
export const UDP_IP_BYTES = 8 + 20;
/**
 * A data packet of OpenVPN (P_DATA_V2) with an AEAD cipher, which both of the plan's are: operation and peer 4, packet id 4,
 * tag 16. No compression, so no byte for its framing; the outer layer (tls-crypt) wraps the control channel alone.
 */
const OPENVPN_BYTES = 4 + 4 + 16;
/** Addresses and type (IEEE 802.3): what the shaper of a router counts beside the packet. */
const ETHERNET_HEADER_BYTES = 14;
const CHECKSUM_BYTES = 4;
/** IEEE 802.1Q. */
const TAG_BYTES = 4;
/** Preamble with its delimiter 8, gap 12: what no counter shows and every wire spends. */
const BETWEEN_FRAMES_BYTES = 8 + 12;
/** Without a tag (IEEE 802.3). */
const LEAST_FRAME_BYTES = 64;

/** How a packet travels. */
export interface Wrapping {
  readonly isTunnelled: boolean;
  readonly isTagged: boolean;
}

/** Bytes of a packet, as different readers count them. */
export interface PacketSize {
  /** The IP packet that is on the wire: the tunnel's where there is one. */
  readonly ip: number;
  /** As a shaper counts: with Ethernet's header, without check sum. */
  readonly queued: number;
  /** The frame with check sum and tag. */
  readonly frame: number;
  /** The time it takes on the wire: preamble and gap too. */
  readonly wire: number;
}

export function packetSize(codec: Codec, { isTunnelled, isTagged }: Wrapping): PacketSize {
  const inner = codec.payloadBytes + SRTP_TAG_BYTES + RTP_BYTES + UDP_IP_BYTES;
  const ip = isTunnelled ? inner + OPENVPN_BYTES + UDP_IP_BYTES : inner;
  const untagged = Math.max(LEAST_FRAME_BYTES, ip + ETHERNET_HEADER_BYTES + CHECKSUM_BYTES);
  const frame = untagged + (isTagged ? TAG_BYTES : 0);
  return { ip, queued: ip + ETHERNET_HEADER_BYTES, frame, wire: frame + BETWEEN_FRAMES_BYTES };
}

export const packetsPerSecond = (codec: Codec): number => 1000 / codec.packetMs;

/** kbit/s of packets of so many bytes. */
export const kbpsOf = (codec: Codec, bytes: number): number => (packetsPerSecond(codec) * bytes * 8) / 1000;
