import { errnoOf, Fault, messageOf } from "../../core/fault.ts";

/** A refusal by the API, or no API at all: with the status line, and reasons by parameter. */
export class PveError extends Fault {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly phrase: string;
  readonly errors: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    hint: string,
    answer: { readonly status: number; readonly phrase: string; readonly errors?: Readonly<Record<string, string>> },
    cause?: unknown,
  ) {
    super(code, message, hint, cause);
    this.status = answer.status;
    this.phrase = answer.phrase;
    this.errors = answer.errors ?? {};
  }

  /** The thing asked for is not there: 404, or Proxmox' 500 whose text says so. */
  get isMissing(): boolean {
    return (
      this.status === 404 || (this.status === 500 && /does not exist|no such/i.test(`${this.phrase} ${this.message}`))
    );
  }
}

/** No answer came: says what is wrong with the way there. */
export function connectionError(endpoint: string, what: string, error: unknown): PveError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = errnoOf(cause) ?? "";
  const none = { status: 0, phrase: "" };
  const fail = (faultCode: string, why: string, hint: string): PveError =>
    new PveError(faultCode, `${what}: ${endpoint} ${why}`, hint, none, error);
  if (code === "ECONNREFUSED")
    return fail("PVE_REFUSED", "refuses the connection", "is the node up, and does the endpoint name its port (8006)?");
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return fail(
      "PVE_UNKNOWN_HOST",
      "has a name that does not resolve",
      "check the endpoint's spelling, or give an address",
    );
  if (code === "EPROTO" || code.includes("WRONG_VERSION"))
    return fail("PVE_NOT_TLS", "does not speak TLS", "Proxmox answers on https, port 8006");
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/.test(code))
    return fail(
      "PVE_UNTRUSTED",
      `has a certificate that is not trusted (${code})`,
      "give its authority (ca), or accept it on purpose (insecure)",
    );
  if (/TIMEOUT|ETIMEDOUT/.test(code))
    return fail("PVE_TIMEOUT", "did not answer in time", "is the network open to it? Try again, or allow more time");
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return fail("PVE_UNREACHABLE", "cannot be reached", "is there a route, and does a firewall let it through?");
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE")
    return fail("PVE_RESET", "broke the connection off", "try again; if it goes on, look at the node's pveproxy log");
  return fail("PVE_CONNECTION", `cannot be asked: ${messageOf(cause)}`, "check the endpoint and the network");
}

/** An answer that lacks what is read of it: says which call, which field, and what stands there instead. */
export function unexpectedAnswer(
  what: string,
  data: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  answer: { readonly status: number; readonly phrase: string },
): PveError {
  const lines = issues.slice(0, 5).map(({ path, message }) => {
    const field = path.map(String).join(".") || "data";
    return `${field} is ${shown(at(data, path))}: ${message}`;
  });
  return new PveError(
    "PVE_UNEXPECTED_ANSWER",
    `${what} answers what is not understood: ${lines.join("; ")}`,
    "It is written for Proxmox VE 8.4 and 9 (`GET /version` tells which this is); please report this line.",
    answer,
  );
}

function at(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

/** A value in few letters. */
function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** An answer with an error status, in words. */
export function answerError(
  what: string,
  answer: {
    readonly status: number;
    readonly phrase: string;
    readonly errors?: Readonly<Record<string, string>>;
    readonly message?: string;
  },
): PveError {
  const { status, phrase } = answer;
  const said = (answer.message ?? phrase).trim() || phrase;
  const fail = (code: string, message: string, hint: string): PveError =>
    new PveError(code, `${what}: ${message}`, hint, answer);
  if (status === 401)
    return fail(
      "PVE_TOKEN_REFUSED",
      `the API token is refused (${said})`,
      "check user@realm!id=secret; tokens are made under Datacenter, Permissions, API Tokens",
    );
  if (status === 403)
    return fail(
      "PVE_NOT_PERMITTED",
      `the token may not do this (${said})`,
      "it names the path and the privilege: give the token's user a role with it there (docs/own-proxmox.md); a token with privilege separation needs it too",
    );
  if (status === 501) return fail("PVE_NOT_IMPLEMENTED", said, "this Proxmox is older or newer than what asks it");
  if (status === 595 || status === 596)
    return fail(
      "PVE_NODE_UNREACHABLE",
      `the node does not answer (${said})`,
      "is the node of that name up and in the cluster?",
    );
  const reasons = Object.entries(answer.errors ?? {}).map(([name, reason]) => `${name}: ${reason.trim()}`);
  if (status === 400)
    return fail(
      "PVE_BAD_PARAMETERS",
      [said, ...reasons].join(" "),
      "a value that Proxmox does not take; see the parameter named",
    );
  return fail("PVE_FAILED", `${status} ${[said, ...reasons].join(" ")}`, "the node's task log and journal say more");
}
