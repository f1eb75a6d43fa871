import { createServer as createProxy, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { loadCertificate } from "../../src/pve/simulator/http/certificate.ts";
import { temporaryFolder } from "../stack/temporary.ts";

/** What is answered at a path: its bytes, or whatever a server may do. */
export type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Publisher {
  /** `https://localhost:PORT` */
  readonly url: string;
  /** Its certificate, which is its own authority. */
  readonly caFile: string;
  /** Path → answer; everything else is not found. */
  readonly files: Map<string, Answer>;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** An HTTPS server on loopback that publishes what a test gives it. */
export async function publisher(files: Readonly<Record<string, Answer>> = {}): Promise<Publisher> {
  const folder = temporaryFolder();
  const { certificatePem, keyPem } = await loadCertificate(folder);
  const answers = new Map(Object.entries(files));
  const asked: string[] = [];
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end("not here");
    else if (typeof answer === "function") answer(request, response);
    else response.writeHead(200, { "content-length": Buffer.byteLength(answer) }).end(answer);
  });
  const port = await listen(server);
  return { url: `https://localhost:${port}`, caFile: join(folder, "certificate.pem"), files: answers, asked };
}

/** An HTTP proxy on loopback that joins whoever asks; `asked` tells to where. */
export async function proxy(): Promise<{ readonly url: string; readonly asked: string[]; readonly auth: string[] }> {
  const asked: string[] = [];
  const auth: string[] = [];
  const server = createProxy((_request, response) => response.writeHead(405).end());
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? "");
    auth.push(request.headers["proxy-authorization"] ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const far = connect(Number(port), host === "localhost" ? "127.0.0.1" : host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on("error", () => undefined);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked, auth };
}

/** A port of this machine at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createProxy();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
