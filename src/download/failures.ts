import { errnoOf, messageOf } from "../core/fault.ts";
import { diskFault } from "../stack/folders.ts";

/** What goes wrong on the way, by what Node, undici or TLS call it. */
const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known here",
  EAI_AGAIN: "no name server answers",
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it broke the connection off",
  EPIPE: "it broke the connection off",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no network",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  UND_ERR_BODY_TIMEOUT: "it stopped sending",
  UND_ERR_SOCKET: "it broke the connection off",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is another's",
  ...Object.fromEntries(
    [
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    ].map((code) => [
      code,
      "nobody whom this machine trusts vouches for its certificate (NODE_EXTRA_CA_CERTS names a file of further authorities)",
    ]),
  ),
};

/**
 * Why a connection failed, never empty: of several addresses that were tried Node's error has a code and no message,
 * and what is said to a person is in causes.
 */
export function whyOf(error: unknown): string {
  for (const one of chainOf(error)) {
    const code = errnoOf(one);
    if (code !== undefined && words[code] !== undefined) return `${words[code]} (${code})`;
  }
  const said = chainOf(error)
    .map((one) => messageOf(one).trim())
    .filter((text) => text !== "");
  return said.at(-1) ?? errnoOf(error) ?? "it failed without a word";
}

/** An error, what it gathers, and its causes, outermost first. */
function chainOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return [error];
  const gathered = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  return [error, ...gathered.flatMap(chainOf), ...(error.cause === undefined ? [] : chainOf(error.cause))];
}

/** Whether it is the disk here that fails, and not who sends. */
export const isOfDisk = (error: unknown): boolean => diskFault(error, "write") !== error;
