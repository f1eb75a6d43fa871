import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { errnoOf, Fault } from "../../core/fault.ts";
import { PveClient } from "./client.ts";

interface EndpointFiles {
  readonly url: string;
  readonly tokenFile: string;
  readonly caFile: string | null;
}

/** A client for an endpoint whose secrets lie in files. @throws Fault PVE_NO_TOKEN_FILE */
export async function clientFor(endpoint: EndpointFiles, isInsecure: boolean): Promise<PveClient> {
  const token = await readFile(endpoint.tokenFile, "utf8").catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
    throw new Fault(
      "PVE_NO_TOKEN_FILE",
      `There is no API token in ${endpoint.tokenFile}.`,
      "Run `maquette env` for the stack: it writes the file.",
      error,
    );
  });
  const ca = endpoint.caFile === null ? undefined : await readFile(endpoint.caFile, "utf8");
  return makeClient(endpoint.url, token, ca, isInsecure);
}

/**
 * A client from what the wrapper around `pulumi` set (PROXMOX_VE_ENDPOINT, PROXMOX_VE_API_TOKEN, MAQUETTE_CA_FILE,
 * PROXMOX_VE_INSECURE): the same variables that the Proxmox provider reads.
 * @throws Fault STACK_NO_ENVIRONMENT
 */
export function connectFromEnvironment(env: NodeJS.ProcessEnv): PveClient {
  const url = env["PROXMOX_VE_ENDPOINT"];
  const token = env["PROXMOX_VE_API_TOKEN"];
  if (url === undefined || url === "" || token === undefined || token === "") {
    throw new Fault(
      "STACK_NO_ENVIRONMENT",
      "This process was not told where the Proxmox VE API is.",
      'Run eval "$(bin/maquette env)" in the repository first.',
    );
  }
  const caFile = env["MAQUETTE_CA_FILE"];
  const ca = caFile === undefined || caFile === "" ? undefined : readFileSync(caFile, "utf8");
  return makeClient(url, token, ca, env["PROXMOX_VE_INSECURE"] === "true");
}

function makeClient(url: string, token: string, ca: string | undefined, isInsecure: boolean): PveClient {
  return new PveClient({
    endpoint: url,
    token: token.trim(),
    ...(isInsecure ? { tls: { insecure: true } as const } : ca === undefined ? {} : { tls: { ca } }),
  });
}
