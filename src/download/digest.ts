import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Of a file's content, in hexadecimal. */
export async function digestOf(file: string, algorithm: "sha256" | "sha512" = "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
