import type { Codec } from "./codecs.ts";
import { mosOf, voipRating } from "./emodel.ts";

/* From what was seen of a stream to R and MOS; and what is assumed where nothing was seen. */

/** The softphone's buffer of 1 to 4 packets (`jitter_buffer_delay`, templates/workstation/softphone.conf), at its longest. */
export const PLAYOUT_MS = 80;
/** One way through an access and the Internet behind it, where nothing was measured: no plan says it. */
export const ACCESS_DELAY_MS = 30;

/** From mouth to ear, ms. @param networkMs what packets take */
export const mouthToEar = (codec: Codec, networkMs: number): number =>
  codec.packetMs + codec.lookaheadMs + networkMs + PLAYOUT_MS;

export interface Quality {
  readonly r: number;
  readonly mos: number;
}

/**
 * @param lossPercent of packets that did not come, or came too late to be played
 * @returns null for a codec that is not on the narrowband scale: no figure is better than one of another scale
 */
export function qualityOf(codec: Codec, networkMs: number, lossPercent: number): Quality | null {
  if (codec.impairment === null) return null;
  const r = voipRating({ ...codec.impairment, ta: mouthToEar(codec, networkMs), ppl: lossPercent });
  return { r, mos: mosOf(r) };
}
