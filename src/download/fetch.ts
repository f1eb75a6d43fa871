import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EnvHttpProxyAgent, request, type Dispatcher } from "undici";
import { Fault } from "../core/fault.ts";
import { isOfDisk, whyOf } from "./failures.ts";

/** Whose download it is. */
export interface Purpose {
  /** With what its faults' codes begin. */
  readonly code: string;
  /** What to do when nothing can be had. */
  readonly hint: string;
}

export interface FetchOptions {
  readonly purpose: Purpose;
  /** HTTPS_PROXY and NO_PROXY are read here, and by nothing else that is started. */
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** How long nothing may come; default a minute. */
  readonly stallMs?: number | undefined;
  /** How long the whole may take; default as long as something comes. */
  readonly deadlineMs?: number | undefined;
}

const STALL_MS = 60_000;
const MOST_REDIRECTS = 5;
const PROGRESS_MS = 5_000;

/**
 * A small text from an HTTPS address.
 * @throws Fault …_DOWNLOAD, …_PROXY, …_INTERRUPTED, with its purpose before it
 */
export async function fetchText(url: string, mostBytes: number, options: FetchOptions): Promise<string> {
  return follow(url, options, async (body) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new Error(`it sends more than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  });
}

/**
 * Writes what an HTTPS address has into a new file.
 * @returns its SHA-256 in hexadecimal
 * @throws Fault …_DOWNLOAD, …_PROXY, …_INTERRUPTED, with its purpose before it
 */
export async function fetchFile(url: string, file: string, mostBytes: number, options: FetchOptions): Promise<string> {
  const name = url.slice(url.lastIndexOf("/") + 1);
  return follow(url, options, async (body, length) => {
    const hash = createHash("sha256");
    const started = Date.now();
    let shown = started;
    let bytes = 0;
    const mib = (n: number): string => (n / 2 ** 20).toFixed(0);
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        if (Date.now() - shown >= PROGRESS_MS) {
          shown = Date.now();
          const of = length === undefined ? "" : ` of ${mib(length)}`;
          options.onProgress(`downloading ${name}: ${mib(bytes)}${of} MiB, ${Math.round((shown - started) / 1000)} s`);
        }
        if (bytes > mostBytes) done(new Error(`it sends more than ${mib(mostBytes)} MiB`));
        else done(null, chunk);
      },
    });
    await pipeline(body, meter, createWriteStream(file, { flags: "wx", mode: 0o600 }));
    if (length !== undefined && bytes !== length) throw new Error(`it ended after ${bytes} of ${length} bytes`);
    return hash.digest("hex");
  });
}

/** In the causes of a fault: somebody answered, and not with the file. */
export class Answered extends Error {}

/** Asks, goes where the answer points to, and hands over the body; every failure becomes words. */
async function follow<T>(
  url: string,
  options: FetchOptions,
  read: (body: Readable, length: number | undefined) => Promise<T>,
): Promise<T> {
  const { code, hint } = options.purpose;
  const proxy = proxyOf(options.env, code);
  const dispatcher = new EnvHttpProxyAgent({
    // Nothing is asked but by HTTPS; empty values keep undici from looking into the process' own environment.
    httpProxy: "",
    httpsProxy: proxy?.href ?? "",
    noProxy: options.env["no_proxy"] ?? options.env["NO_PROXY"] ?? "",
  });
  const stall = new Stall(options.stallMs ?? STALL_MS);
  const { deadlineMs } = options;
  const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs);
  const signal = AbortSignal.any([stall.signal, deadline, options.signal].filter((s) => s !== undefined));
  let at = url;
  try {
    for (let redirects = 0; ; redirects++) {
      const answer: Dispatcher.ResponseData = await request(at, {
        dispatcher,
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
        headers: { "user-agent": "maquette" },
      });
      const { statusCode: status, body, headers } = answer;
      const next = [301, 302, 303, 307, 308].includes(status) ? headers["location"] : undefined;
      if (typeof next === "string") {
        await body.dump();
        if (redirects === MOST_REDIRECTS) throw new Error(`it points elsewhere more than ${MOST_REDIRECTS} times`);
        at = elsewhere(next, at);
        stall.noteLife();
        continue;
      }
      if (status !== 200) {
        await body.dump();
        throw new Answered(`it answers ${status}${status === 404 ? " (not found)" : ""}`);
      }
      const length = Number(headers["content-length"] ?? NaN);
      body.on("data", () => stall.noteLife());
      body.pause();
      return await read(body, Number.isInteger(length) ? length : undefined);
    }
  } catch (error) {
    if (options.signal?.aborted === true) {
      const again = "Run the same command again: what was downloaded whole is kept.";
      throw new Fault(`${code}_INTERRUPTED`, `The download of ${url} was interrupted.`, again, error);
    }
    if (isOfDisk(error)) throw error;
    const why = stall.signal.aborted
      ? `nothing came for ${stall.seconds} s`
      : deadline?.aborted === true
        ? `it was not whole after ${Math.round(deadlineMs! / 1000)} s`
        : whyOf(error);
    const through = proxy === undefined ? "" : ` (a proxy is set: ${proxy.host})`;
    throw new Fault(
      `${code}_DOWNLOAD`,
      `${url} cannot be had${at === url ? "" : ` from ${new URL(at).host}`}: ${why}${through}.`,
      hint,
      error,
    );
  } finally {
    stall.end();
    await dispatcher.destroy();
  }
}

function elsewhere(location: string, from: string): string {
  const url = new URL(location, from);
  if (url.protocol !== "https:") throw new Error(`it points to ${url.protocol}//, which nobody vouches for`);
  return url.href;
}

/**
 * The proxy that a user's environment names for HTTPS, as curl reads it.
 * @throws Fault …_PROXY without the value: it may hold a password
 */
function proxyOf(env: NodeJS.ProcessEnv, code: string): URL | undefined {
  for (const name of ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) {
    const value = env[name]?.trim() ?? "";
    if (value === "") continue;
    const text = value.includes("://") ? value : `http://${value}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === "http:" || url?.protocol === "https:") return url;
    throw new Fault(
      `${code}_PROXY`,
      `${name} does not name a proxy that can be used here.`,
      `Write ${name}=http://proxy.example:3128 (or https://…), or unset it.`,
    );
  }
  return undefined;
}

/** Gives up when nothing has come for a while, however long the whole takes. */
class Stall {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly seconds: number;

  constructor(ms: number) {
    this.seconds = Math.round(ms / 1000);
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  noteLife(): void {
    this.#timer.refresh();
  }
  end(): void {
    clearTimeout(this.#timer);
  }
}
