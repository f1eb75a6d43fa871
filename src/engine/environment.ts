import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { randomBytes } from "node:crypto";
import { errnoOf } from "../core/fault.ts";
import type { Endpoint } from "../stack/endpoint.ts";
import { diskFault, privateFolder, writePrivate, type Folders } from "../stack/folders.ts";
import { ownBackend, removeSidecars } from "./checkpoint.ts";
import { installPlugin, type Engine } from "./engine.ts";
import { leftoversFile, leftoversScript, shellQuoted, temporaryPlace, watchLines } from "./leftovers.ts";

/** The variables under which plain `pulumi` commands work on a stack; values are paths and addresses, never secrets. */
export type PulumiEnvironment = Readonly<Record<string, string>>;

export interface EnvironmentOptions {
  readonly stack: string;
  readonly folders: Folders;
  readonly engine: Engine;
  /** Null while a stack is being set up. */
  readonly endpoint: Endpoint | null;
  /** Folder of the guests' own sockets, where guests are on this machine (src/provision/steps/reach.ts); null elsewhere. */
  readonly door: string | null;
  /** The machine room's socket, where guests run on this machine (src/provision/console.ts); null elsewhere. */
  readonly room: string | null;
  /** Where the stack's user keeps files of others (src/provision/artefacts.ts); null where no folder is named. */
  readonly artefacts: string | null;
  /** Accept a certificate that nobody vouches for. */
  readonly isInsecure: boolean;
  /** Where checkpoints are kept; absent for this clone's own folder. */
  readonly backend?: string | undefined;
  /** Nothing in the stack's state is worth a pass phrase: the embedded lab. */
  readonly isOpen: boolean;
}

/** Folder to put first on PATH: its `pulumi` hands the token from its file to the engine. */
export const wrapperFolder = (folders: Folders): string => join(folders.run, "bin");

/**
 * Prepares a stack's private PULUMI_HOME, its pass phrase and the wrapper, and returns the environment.
 * Plain `pulumi`, the Automation API and CI all run under it, so they cannot differ.
 */
export async function prepareEnvironment(
  options: EnvironmentOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<PulumiEnvironment> {
  const { folders, engine, endpoint } = options;
  await privateFolder(folders.pulumiHome);
  await privateFolder(folders.backend);
  await removeSidecars(folders);
  await installPlugin(folders.pulumiHome, engine.plugin);
  await privateFolder(temporaryPlace(folders));
  await writeScript(leftoversFile(folders), leftoversScript(folders));
  await writeWrapper(folders, engine);
  const others = (env["PATH"] ?? "").split(delimiter).filter((f) => f !== "" && f !== wrapperFolder(folders));
  return {
    PATH: [wrapperFolder(folders), ...others].join(delimiter),
    PULUMI_HOME: folders.pulumiHome,
    PULUMI_BACKEND_URL: options.backend ?? ownBackend(folders),
    PULUMI_CONFIG_PASSPHRASE_FILE: await passphraseFile(options),
    PULUMI_STACK: options.stack,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PROXMOX_VE_ENDPOINT: endpoint?.url ?? "",
    PROXMOX_VE_INSECURE: String(options.isInsecure),
    MAQUETTE_DOOR: options.door ?? "",
    MAQUETTE_ROOM: options.room ?? "",
    MAQUETTE_ARTEFACTS: options.artefacts ?? "",
    MAQUETTE_TOKEN_FILE: endpoint?.tokenFile ?? "",
    MAQUETTE_CA_FILE: endpoint?.caFile ?? "",
  };
}

async function passphraseFile(options: EnvironmentOptions): Promise<string> {
  const file = join(options.folders.secrets, "passphrase");
  try {
    await readFile(file);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw diskFault(error, `read ${file}`);
    await writePrivate(file, options.isOpen ? "this protects nothing" : randomBytes(24).toString("base64url"));
  }
  return file;
}

async function writeWrapper(folders: Folders, engine: Engine): Promise<void> {
  const folder = await privateFolder(wrapperFolder(folders));
  const script = `#!/bin/sh
# Written by maquette. Checkpoints are for this user alone. The token goes from its file to the engine's environment here and nowhere else.
umask 077
# What a user has set for other stacks and clusters: each of these would win over what is set here.
unset PULUMI_CONFIG_PASSPHRASE PULUMI_SELF_MANAGED_STATE_GZIP PULUMI_SELF_MANAGED_STATE_LEGACY_LAYOUT
unset PROXMOX_VE_API_TOKEN PROXMOX_VE_AUTH_TICKET PROXMOX_VE_CSRF_PREVENTION_TOKEN PROXMOX_VE_USERNAME PROXMOX_VE_PASSWORD
# A proxy is for downloads. The provider would honour it too, on its way to a Proxmox of this network.
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
${watchLines(folders)}if [ -r "$MAQUETTE_TOKEN_FILE" ]; then
  PROXMOX_VE_API_TOKEN=$(cat "$MAQUETTE_TOKEN_FILE")
  export PROXMOX_VE_API_TOKEN
fi
if [ -n "$MAQUETTE_CA_FILE" ]; then
  SSL_CERT_FILE=$MAQUETTE_CA_FILE
  export SSL_CERT_FILE
fi
exec ${shellQuoted(engine.cli.file)} "$@"
`;
  // The mark first: a wrapper without it would be taken for an engine, and would start itself for ever.
  await writeScript(join(folder, ".maquette-wrapper"), "");
  await writeScript(join(folder, "pulumi"), script);
}

/** Writes a script unless it is there already: a `pulumi` that starts at this moment reads it. */
async function writeScript(file: string, script: string): Promise<void> {
  const now = await readFile(file, "utf8").catch(() => undefined);
  if (now !== script) await writePrivate(file, script, 0o700);
}
