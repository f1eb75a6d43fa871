import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { z } from "zod";

import { Fault, messageOf } from "../../../core/fault.ts";
import { RUN } from "./router.ts";
import type { Router } from "./router.ts";

const SOCKET = `${RUN}/control.sock`;

/** What the command line asks of the agent: one JSON document, answered by one. */
const Request = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("load"),
    bytes: z.string(),
    source: z.string(),
    confirmSeconds: z.number().positive().optional(),
  }),
  z.object({ op: z.literal("confirm") }),
  z.object({ op: z.literal("hold"), seconds: z.number().positive() }),
  z.object({ op: z.literal("back") }),
  z.object({
    op: z.literal("lease"),
    device: z.string(),
    address: z.string().optional(),
    gateway: z.string().optional(),
  }),
  z.object({ op: z.literal("reload") }),
  z.object({ op: z.literal("verify") }),
  z.object({ op: z.literal("status") }),
]);
export type Request = z.infer<typeof Request>;

const Answer = z.union([
  z.object({ ok: z.literal(true), value: z.unknown().optional() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string(), hint: z.string() }),
]);

/** A reader of rules may take a while on a large file; a service a minute and a half. */
const ANSWER_MS = 300_000;

/** Serves the command line, on a socket that only root reaches. */
export function serveControl(router: Router): Promise<Server> {
  rmSync(SOCKET, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const parts: Buffer[] = [];
    socket.on("data", (d) => parts.push(d));
    socket.on("error", () => undefined);
    socket.on("end", () => {
      void answer(router, Buffer.concat(parts).toString("utf8")).then((a) => socket.end(JSON.stringify(a)));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    process.umask(0o077);
    server.listen(SOCKET, () => {
      process.umask(0o022);
      resolve(server);
    });
  });
}

async function answer(router: Router, text: string): Promise<z.infer<typeof Answer>> {
  try {
    return { ok: true, value: await perform(router, Request.parse(JSON.parse(text))) };
  } catch (error) {
    const { code, hint } =
      error instanceof Fault ? error : { code: "ROUTER_DEFECT", hint: "Keep the journal: this is a defect." };
    return { ok: false, code, message: messageOf(error), hint };
  }
}

function perform(router: Router, request: Request): Promise<unknown> {
  switch (request.op) {
    case "load":
      return router.load(Buffer.from(request.bytes, "base64"), request.source, request.confirmSeconds);
    case "lease":
      return router.lease(request.device, request.address, request.gateway);
    case "confirm":
      return router.confirm();
    case "hold":
      router.hold(request.seconds);
      return Promise.resolve();
    case "back":
      return router.takeBack();
    case "reload":
      return router.reload();
    case "verify":
      return router.verify();
    case "status":
      router.refresh();
      return Promise.resolve(router.status());
  }
}

/**
 * Asks the agent.
 * @throws Fault of the agent, or ROUTER_NOT_RUNNING
 */
export function ask(request: Request): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(SOCKET);
    const parts: Buffer[] = [];
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    socket.on("error", (error) => {
      const hint = "systemctl status maquette-router; journalctl -u maquette-router.";
      reject(new Fault("ROUTER_NOT_RUNNING", `The router's agent does not answer: ${error.message}`, hint, error));
    });
    socket.on("data", (d) => parts.push(d));
    socket.on("end", () => {
      const parsed = Answer.parse(JSON.parse(Buffer.concat(parts).toString("utf8")));
      if (parsed.ok) resolve(parsed.value);
      else reject(new Fault(parsed.code, parsed.message, parsed.hint));
    });
    socket.end(JSON.stringify(request));
  });
}
