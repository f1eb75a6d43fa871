import type { ServerResponse } from "node:http";
import type { ApiError } from "../api-error.ts";

const PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  500: "Internal Server Error",
};

/** A reason phrase holds one line of Latin-1. */
const phraseOf = (message: string): string =>
  (message.split("\n")[0] ?? "").replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "?").slice(0, 900);

export function respondData(response: ServerResponse, data: unknown): void {
  send(response, 200, "OK", { data: data ?? null });
}

/** The simulator's own calls answer bare, without Proxmox' envelope. */
export function respondBare(response: ServerResponse, answer: object | null): void {
  send(response, 200, "OK", answer);
}

/** The answer of Proxmox to a refusal: the phrase says why, the body too. */
export function respondError(response: ServerResponse, error: ApiError): void {
  const body = {
    data: null,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    message: `${error.message}\n`,
  };
  send(response, error.status, phraseOf(error.message) || (PHRASES[error.status] ?? "Error"), body);
}

function send(response: ServerResponse, status: number, phrase: string, body: object | null): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, phrase, {
    "content-type": "application/json;charset=UTF-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "max-age=0",
    pragma: "no-cache",
    server: "pve-api-daemon/3.0",
  });
  response.end(text);
}
