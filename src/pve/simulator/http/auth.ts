import { createHash, timingSafeEqual } from "node:crypto";
import { Fault } from "../../../core/fault.ts";
import { ApiError } from "../api-error.ts";

/** `user@realm!id=secret`, whole or as `{ id: "user@realm!id", secret }`. */
export type ApiToken = string | { readonly id: string; readonly secret: string };

const TOKEN = /^([^\s:/!=@]+@[A-Za-z][\w.-]+)!([A-Za-z][\w.-]+)=(\S+)$/;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Checks API tokens; holds only their hashes. */
export class TokenCheck {
  readonly #hashes = new Map<string, Buffer>();
  readonly #users = new Set<string>();

  /** @throws {Fault} PVE_TOKEN_FORM; the secret is not repeated */
  constructor(tokens: readonly ApiToken[]) {
    for (const token of tokens) {
      const match = TOKEN.exec(typeof token === "string" ? token : `${token.id}=${token.secret}`);
      if (match === null)
        throw new Fault(
          "PVE_TOKEN_FORM",
          "an API token is not of the form user@realm!id=secret",
          "for example root@pam!lab=…, as Proxmox prints it",
        );
      const [, user, id, secret] = match;
      this.#users.add(user!);
      this.#hashes.set(`${user!}!${id!}`, sha256(secret!));
    }
  }

  /**
   * @param header the Authorization header
   * @returns `user@realm!id`
   * @throws {ApiError} 401 with the phrase of Proxmox 9.0
   */
  check(header: string | undefined): string {
    const match = /^PVEAPIToken[= ](.+)$/.exec(header ?? "");
    if (match === null) throw new ApiError(401, "No ticket");
    const [, user = "", id = "", secret = ""] = TOKEN.exec(match[1]!) ?? [];
    const name = `${user}!${id}`;
    const expected = this.#hashes.get(name);
    // The comparison takes its time whether or not there is such a token.
    const isRight = timingSafeEqual(expected ?? sha256(""), sha256(secret));
    if (expected !== undefined && isRight) return name;
    if (!this.#users.has(user))
      throw new ApiError(401, user === "" ? "invalid token value!" : `no such user ('${user}')`);
    throw new ApiError(
      401,
      expected === undefined ? `no such token '${id}' for user '${user}'` : "invalid token value!",
    );
  }
}
