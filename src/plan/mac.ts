import { createHash } from "node:crypto";

/**
 * A MAC address that survives a rebuild: derived from names, locally administered and unicast (IEEE 802 §8.4), the
 * first octet 02. Forty bits of SHA-256: for the forty NICs of a lab a clash is one in a thousand million.
 */
export function macOf(...names: readonly string[]): string {
  const digest = createHash("sha256").update(names.join("/")).digest();
  return ["02", ...Array.from(digest.subarray(0, 5), (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}
