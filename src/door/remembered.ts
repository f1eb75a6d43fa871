import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { HostKey } from "./target.ts";

const stored = z.record(z.string(), z.string());

/**
 * Host keys of hosts that make their own (a pfSense's config.xml holds none): the first one shown is kept beside the
 * lab's run files, and another one is refused from then on, as OpenSSH does with known_hosts.
 */
export class RememberedKeys {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  of(host: string): HostKey {
    const kept = this.#read()[host];
    return {
      accepts: (shown) => {
        const keys = this.#read();
        const known = keys[host];
        if (known !== undefined) return known === shown.toString("base64");
        this.#write({ ...keys, [host]: shown.toString("base64") });
        return true;
      },
      fingerprint: kept === undefined ? "any" : fingerprintOf(Buffer.from(kept, "base64")),
      isSeeded: false,
      hint: `${host} makes its own key. If it was installed again, forget the old one: delete ${this.#file}; else something else answers in its place.`,
    };
  }

  #read(): Readonly<Record<string, string>> {
    try {
      return stored.parse(JSON.parse(readFileSync(this.#file, "utf8")));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return {};
      // Taken for empty, a damaged file would let anybody in once more.
      throw new Fault(
        "DOOR_KEYS_DAMAGED",
        `${this.#file}, the routers' known host keys, cannot be read: ${messageOf(error).split("\n")[0]!}.`,
        "Delete it: the next connection keeps the key that is shown then.",
        error,
      );
    }
  }

  #write(keys: Readonly<Record<string, string>>): void {
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.tmp`, `${JSON.stringify(keys, null, 1)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.tmp`, this.#file);
  }
}
