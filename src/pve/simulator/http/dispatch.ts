import type { IncomingMessage, ServerResponse } from "node:http";
import { rm } from "node:fs/promises";
import { Fault, messageOf } from "../../../core/fault.ts";
import { ApiError, badParameter, badParameters } from "../api-error.ts";
import { Call } from "../api/method.ts";
import type { UploadedFile } from "../api/method.ts";
import { keyOf } from "../api/methods.ts";
import type { Router } from "../api/router.ts";
import { permissionsOn } from "../access/permissions.ts";
import type { Permissions } from "../access/permissions.ts";
import { enforceRule } from "../access/rule.ts";
import type { Sight } from "../access/rule.ts";
import { accessOf } from "../access/table.ts";
import { delay } from "../tasks.ts";
import type { FaultRule } from "../faults.ts";
import { GuestDriverError } from "../guest-driver.ts";
import { checkParameters } from "../schema/validate.ts";
import type { RawParameters } from "../schema/validate.ts";
import type { World } from "../world.ts";
import { handleAdmin } from "./admin.ts";
import { checkToken } from "./auth.ts";
import { collect, readBody } from "./body.ts";
import { respondBare, respondData, respondError } from "./respond.ts";

export interface DispatchOptions {
  readonly world: World;
  readonly router: Router;
  readonly flush: () => Promise<void>;
  readonly log: (line: string) => void;
  readonly build: string;
  readonly shutdown: () => void;
  readonly onCall?: (call: AnsweredCall) => void;
  readonly onCheck?: (check: TriedCheck) => void;
  /** Aborts injected hangs when the server ends. */
  readonly closing: AbortSignal;
}

/** A call below /api2/json, and how it ended. */
export interface AnsweredCall {
  readonly verb: string;
  /** Decoded. */
  readonly path: string;
  readonly given: RawParameters;
  readonly status: number;
}

export interface TriedCheck {
  readonly user: string;
  /** What the caller may do. */
  readonly sight: Sight;
  /** Throws what somebody of other rights would be told. */
  readonly as: (sight: Sight) => void;
}

const BASE = "/api2/json";
/** One request from its head to its answer. Never rejects. */
export async function dispatch(
  options: DispatchOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const verb = request.method ?? "GET";
  try {
    const url = new URL(request.url ?? "/", "https://localhost");
    const data = await answer(options, request, response, verb, url);
    if (data !== NO_ANSWER) respondData(response, data);
  } catch (error) {
    // Who has gone hears no answer, and is no defect.
    if (response.destroyed) return;
    // What is left of a refused body must not block the connection.
    request.resume();
    respondError(response, toApiError(options, `${verb} ${request.url ?? ""}`, error));
  }
}

const NO_ANSWER = Symbol("no answer");

async function answer(
  options: DispatchOptions,
  request: IncomingMessage,
  response: ServerResponse,
  verb: string,
  url: URL,
): Promise<unknown> {
  const { world } = options;
  const isAdmin = url.pathname.startsWith("/maquette/");
  if (!isAdmin && !url.pathname.startsWith(`${BASE}/`) && url.pathname !== BASE) throw new ApiError(501, "no such uri");
  const path = decodePath(isAdmin ? url.pathname : url.pathname.slice(BASE.length));
  const user = checkToken(world.state.access, request.headers.authorization);
  if (!isAdmin) {
    const fault = world.faults.forRequest(verb, path);
    if (fault !== undefined && (await strike(options, fault, response))) return NO_ANSWER;
  }
  const isUpload = verb === "POST" && /\/storage\/[^/]+\/upload\/?$/.test(path);
  const body = await readBody(request, world.filesDir, isUpload);
  const { upload } = body;
  try {
    const given = { ...collect(url.searchParams), ...body.parameters };
    if (isAdmin) {
      const result = await handleAdmin(options, verb, path, given);
      if (result === undefined) throw new ApiError(501, `Method '${verb} ${path}' not implemented`);
      await options.flush();
      respondBare(response, result);
      return NO_ANSWER;
    }
    const told = (status: number): void => options.onCall?.({ verb, path, given, status });
    try {
      const data = await callMethod(options, { verb, path, user, given, upload });
      told(200);
      return data;
    } catch (error) {
      told(error instanceof ApiError ? error.status : 500);
      throw error;
    }
  } finally {
    if (upload !== undefined) await rm(upload.path, { force: true });
  }
}

interface Request {
  readonly verb: string;
  readonly path: string;
  readonly user: string;
  readonly given: RawParameters;
  readonly upload: UploadedFile | undefined;
}

async function callMethod(options: DispatchOptions, { verb, path, user, given, upload }: Request): Promise<unknown> {
  const { world, router, flush } = options;
  const route = router.find(verb, path);
  if (route === undefined) throw new ApiError(501, `Method '${verb} ${path}' not implemented`);
  for (const [name, value] of Object.entries(route.pathParameters)) {
    if (given[name] !== undefined && given[name] !== value)
      throw badParameter(name, "duplicate parameter (already defined in URI) with conflicting values!");
  }
  const parameters = { ...given, ...route.pathParameters };
  // Permission comes before parameters, as in PVE::HTTPServer.
  const sight = sightOf(world, user);
  const { rule, inside } = accessOf(keyOf(route.method), world.version.major);
  enforceRule(sight, rule, (name) => textOf(parameters[name]));
  const errors = checkParameters(route.method.parameters, parameters);
  if (Object.keys(errors).length > 0) throw badParameters(errors);
  const call = new Call(world, { user, sight }, path, route.method.parameters, parameters, upload);
  options.onCheck?.({
    user,
    sight,
    as: (other) => {
      enforceRule(other, rule, (name) => textOf(parameters[name]));
      inside?.(call, other);
    },
  });
  inside?.(call, sight);
  const data: unknown = await route.method.handler(call);
  if (verb === "GET") return data;
  if (typeof data === "string" && data.startsWith("UPID:")) await world.tasks.settle(data);
  await flush();
  return data;
}

/** What a caller may do on each path, looked up once a request. */
function sightOf(world: World, user: string): Sight {
  const known = new Map<string, Permissions>();
  const { access, pools } = world.state;
  return (path) => {
    const held = known.get(path) ?? permissionsOn({ access, pools, major: world.version.major }, user, path);
    known.set(path, held);
    return held;
  };
}

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" || value === undefined ? value : value.at(-1);

/** `%2F` in a volume id is a slash like any other, as for Proxmox. */
function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw new ApiError(400, "invalid url");
  }
}

/** @returns true when the request gets no answer any more */
async function strike(options: DispatchOptions, fault: FaultRule, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case "http-error":
      throw new ApiError(fault.status, fault.message ?? "injected failure");
    case "node-down":
      throw new ApiError(595, fault.message ?? "No route to host");
    case "lock":
      throw new ApiError(500, fault.message ?? "can't lock file '/var/lock/pve-manager/pve-storage' - got timeout");
    case "reset":
      // A TLS connection cannot be reset as such; it ends without an answer, in the middle of things.
      response.socket?.destroy();
      return true;
    case "hang":
      // A hang without an end lasts until the client or the server goes.
      await delay(fault.forMs ?? 2 ** 31 - 1, options.closing).catch(() => response.destroy());
      return response.destroyed;
    case "task-failure":
      return false;
  }
}

function toApiError(options: DispatchOptions, what: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof GuestDriverError || error instanceof Fault) return new ApiError(500, error.message);
  options.log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new ApiError(500, `internal error of the simulator: ${messageOf(error)}`);
}
