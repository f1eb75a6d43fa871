import { createHash, timingSafeEqual } from "node:crypto";
import { Fault } from "../../../core/fault.ts";
import { ApiError } from "../api-error.ts";
import type { AccessState } from "../state/state.ts";
import { own } from "../world.ts";

/** `user@realm!id=secret`, whole or as `{ id: "user@realm!id", secret }`. */
export type ApiToken = string | { readonly id: string; readonly secret: string };

const TOKEN = /^([^\s:/!=@]+@[A-Za-z][\w.-]+)!([A-Za-z][\w.-]+)=(\S+)$/;

export const digestOfSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");

export interface ReadToken {
  readonly user: string;
  readonly id: string;
  readonly secretDigest: string;
}

/** @throws {Fault} PVE_TOKEN_FORM; the secret is not repeated */
export function readToken(token: ApiToken): ReadToken {
  const match = TOKEN.exec(typeof token === "string" ? token : `${token.id}=${token.secret}`);
  if (match === null)
    throw new Fault(
      "PVE_TOKEN_FORM",
      "an API token is not of the form user@realm!id=secret",
      "for example root@pam!lab=…, as Proxmox prints it",
    );
  const [, user, id, secret] = match;
  return { user: user!, id: id!, secretDigest: digestOfSecret(secret!) };
}

/**
 * Whose token a request bears.
 * @param header the Authorization header
 * @returns `user@realm!id`
 * @throws {ApiError} 401 with the phrase of Proxmox 9.0
 */
export function checkToken({ users }: AccessState, header: string | undefined): string {
  const match = /^PVEAPIToken[= ](.+)$/.exec(header ?? "");
  if (match === null) throw new ApiError(401, "No ticket");
  const [, user = "", id = "", secret = ""] = TOKEN.exec(match[1]!) ?? [];
  const tokens = own(users, user)?.tokens;
  const expected = tokens === undefined ? undefined : own(tokens, id)?.secretDigest;
  // The comparison takes its time whether or not there is such a token.
  const isRight = timingSafeEqual(Buffer.from(expected ?? digestOfSecret("")), Buffer.from(digestOfSecret(secret)));
  if (expected !== undefined && isRight) return `${user}!${id}`;
  if (tokens === undefined) throw new ApiError(401, user === "" ? "invalid token value!" : `no such user ('${user}')`);
  throw new ApiError(401, expected === undefined ? `no such token '${id}' for user '${user}'` : "invalid token value!");
}
