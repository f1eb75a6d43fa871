import { createHash } from "node:crypto";

/** As ssh-keygen -l prints it: SHA-256 in base64, without padding. */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
