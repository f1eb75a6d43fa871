/*
 * Codecs as the lab's phones use them (`allow` in templates/pbx/pjsip_phones.conf, modules in
 * templates/workstation/softphone.conf), and G.729 to compare with.
 */

export interface Codec {
  readonly id: string;
  readonly name: string;
  /** Speech that one packet holds, ms: 20 here. */
  readonly packetMs: number;
  /** Of one packet, without any header. */
  readonly payloadBytes: number;
  /** What the coder must hear of the future, beside the packet itself, ms. */
  readonly lookaheadMs: number;
  /** Ie and Bpl of G.113 Appendix I; null where the codec is none of the narrowband scale. */
  readonly impairment: { readonly ie: number; readonly bpl: number } | null;
  /** Whether phones of the lab would agree on it. */
  readonly isUsed: boolean;
}

const PACKET_MS = 20;

export const CODECS: readonly Codec[] = [
  {
    id: "pcma",
    name: "G.711 A-law",
    packetMs: PACKET_MS,
    // 8000 samples a second of a byte each (G.711; RFC 3551 section 4.5.14).
    payloadBytes: 160,
    lookaheadMs: 0,
    // G.113 Appendix I, packets of 10 ms, random loss, no concealment: the softphone here has no module for it.
    impairment: { ie: 0, bpl: 4.3 },
    isUsed: true,
  },
  {
    id: "pcma-plc",
    name: "G.711 A-law, PLC",
    packetMs: PACKET_MS,
    payloadBytes: 160,
    // A quarter of its pitch buffer: the concealed output is 3.75 ms late (G.711 Appendix I).
    lookaheadMs: 3.75,
    // The same with G.711 Appendix I in the receiver, as telephones of makers have it.
    impairment: { ie: 0, bpl: 25.1 },
    isUsed: false,
  },
  {
    id: "g722",
    name: "G.722",
    packetMs: PACKET_MS,
    // Two bands in 64 kbit/s (G.722 mode 1; RFC 3551 section 4.5.2).
    payloadBytes: 160,
    // Both filter banks of 24 taps at 16 kHz: 22 samples of delay, rounded up.
    lookaheadMs: 1.5,
    impairment: null,
    isUsed: true,
  },
  {
    id: "opus",
    name: "Opus",
    packetMs: PACKET_MS,
    // Asterisk leaves the rate to libopus, which takes 60 bit a frame and a bit a sample of 48 kHz, one channel: 51 kbit/s on average.
    payloadBytes: 128,
    // 26.5 ms in all with frames of 20 ms (RFC 6716 section 2).
    lookaheadMs: 6.5,
    impairment: null,
    isUsed: true,
  },
  {
    id: "g729",
    name: "G.729A",
    packetMs: PACKET_MS,
    // 10 bytes each 10 ms (RFC 3551 section 4.5.6).
    payloadBytes: 20,
    lookaheadMs: 5,
    // G.113 Appendix I, G.729A with VAD, two frames a packet, random loss.
    impairment: { ie: 11, bpl: 19 },
    isUsed: false,
  },
];

export const codecOf = (id: string): Codec | undefined => CODECS.find((c) => c.id === id);
