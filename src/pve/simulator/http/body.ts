import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import { ApiError, failure } from "../api-error.ts";
import type { UploadedFile } from "../api/method.ts";
import { messageOf } from "../../../core/fault.ts";
import type { RawParameters } from "../schema/validate.ts";

const FORM_LIMIT_BYTES = 1024 * 1024;
const FIELD_LIMIT_BYTES = 64 * 1024;

export interface RequestBody {
  readonly parameters: RawParameters;
  readonly upload?: UploadedFile;
}

/** Fields in the order they came; one that repeats is a list. */
export function collect(fields: Iterable<readonly [string, string]>): RawParameters {
  const found = new Map<string, string | string[]>();
  for (const [name, value] of fields) {
    const known = found.get(name);
    found.set(name, known === undefined ? value : [...(typeof known === "string" ? [known] : known), value]);
  }
  return Object.fromEntries(found);
}

/**
 * Reads what a request carries: a form, JSON, or for uploads multipart, whose file is streamed to disk.
 * @param mayUpload the path takes files
 * @throws {ApiError} as Proxmox' server does: 501 for chunks and for a body that is too large, 500 for unknown types
 */
export async function readBody(request: IncomingMessage, filesDir: string, mayUpload: boolean): Promise<RequestBody> {
  if (request.headers["transfer-encoding"] !== undefined)
    throw new ApiError(501, "chunked transfer encoding not supported");
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("multipart/form-data")) {
    if (!mayUpload) throw new ApiError(501, "upload not supported for this path");
    return readMultipart(request, filesDir);
  }
  const text = await readText(request);
  if (text === "") return { parameters: {} };
  if (type === "" || type.startsWith("application/x-www-form-urlencoded"))
    return { parameters: collect(new URLSearchParams(text)) };
  if (type.startsWith("application/json")) return { parameters: fromJson(text) };
  throw new ApiError(506, `upload 'Content-Type '${type}' not implemented`);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > FORM_LIMIT_BYTES) throw new ApiError(501, "for data too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function fromJson(text: string): RawParameters {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, `bad request: ${messageOf(error)}`);
  }
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new ApiError(400, "bad request: not an object");
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Array.isArray(value) ? value.map(scalar) : scalar(value)]),
  );
}

const scalar = (value: unknown): string => {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : JSON.stringify(value);
};

async function readMultipart(request: IncomingMessage, filesDir: string): Promise<RequestBody> {
  const fields: [string, string][] = [];
  const path = join(filesDir, `upload-${process.hrtime.bigint()}.part`);
  const state: { upload?: UploadedFile; saving?: Promise<void> } = {};
  const parser = busboy({
    headers: request.headers,
    limits: { files: 1, fields: 20, fieldSize: FIELD_LIMIT_BYTES },
    defParamCharset: "utf8",
  });
  parser.on("field", (name, value) => fields.push([name, value]));
  parser.on("file", (name, stream, info) => {
    if (name !== "filename") {
      stream.destroy(failure(`wrong field name '${name}' for file upload, expected 'filename'`));
      return;
    }
    const filename = info.filename ?? "";
    fields.push(["filename", filename]);
    state.saving = save(stream, path).then((saved) => {
      state.upload = { filename, path, ...saved };
    });
    state.saving.catch((error: unknown) => parser.destroy(error as Error));
  });
  try {
    await pipeline(request, parser);
    await state.saving;
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof ApiError) throw error;
    throw failure(`upload failed: ${messageOf(error)}`);
  }
  return { parameters: collect(fields), ...(state.upload === undefined ? {} : { upload: state.upload }) };
}

/** Writes while it hashes, so that a checksum costs no second reading. */
async function save(
  stream: NodeJS.ReadableStream,
  path: string,
): Promise<{ sizeBytes: number; digests: Record<string, string> }> {
  const hashes = ["md5", "sha1", "sha256", "sha512"].map((name) => ({ name, hash: createHash(name) }));
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      for (const { hash } of hashes) hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(stream, meter, createWriteStream(path, { mode: 0o600, flags: "wx" }));
  return { sizeBytes, digests: Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest("hex")])) };
}
