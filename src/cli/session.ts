import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../core/fault.ts";
import { ensureEmbedded } from "../embedded/control.ts";
import { recorderSockets } from "../embedded/recorder/places.ts";
import { roomPlaces } from "../embedded/room.ts";
import { getEngine, type Engine } from "../engine/engine.ts";
import { prepareEnvironment, type EnvironmentOptions, type PulumiEnvironment } from "../engine/environment.ts";
import { projectFolder } from "../engine/project.ts";
import { pulumi, type PulumiOptions, type PulumiRun } from "../engine/pulumi.ts";
import { mendCheckpoint, readCheckpoint } from "../engine/whole.ts";
import type { Settings } from "../infra/settings.ts";
import type { PveClient } from "../pve/client/index.ts";
import { clientFor } from "../pve/client/environment.ts";
import type { Endpoint } from "../stack/endpoint.ts";
import { writePrivate } from "../stack/folders.ts";
import { settingsFile } from "../stack/root.ts";
import { placesOf } from "./had.ts";
import { readSettings, type Context } from "./context.ts";
import { ensureGuests } from "./guests.ts";
import { interruptible } from "./interrupt.ts";
import { supplyImages } from "./supply-images.ts";

/** A stack that is ready for the engine: the API answers, the engine is here, the environment is set. */
export interface Session {
  readonly settings: Settings;
  /** The folder in which Pulumi finds its project. */
  readonly project: string;
  readonly engine: Engine;
  readonly endpoint: Endpoint;
  readonly environment: PulumiEnvironment;
  readonly client: PveClient;
  /** The machine room's socket where guests run on this machine; null where they do not. */
  readonly room: string | null;
  /** Folder of the guests' own sockets, where guests are on this machine; null on a real Proxmox. */
  readonly sockets: string | null;
  /** The folder of the stack's files of others; null where it names none. */
  readonly artefacts: string | null;
  /** Whether checkpoints lie in this clone's own folder. */
  readonly isOwnBackend: boolean;
  pulumi(args: readonly string[], options?: Pick<PulumiOptions, "onEvent" | "signal" | "env">): Promise<PulumiRun>;
}

/** Opens a stack: gets the engine, starts the embedded API where the stack is the embedded lab, makes the stack. */
export async function openSession(context: Context): Promise<Session> {
  const settings = await readSettings(context);
  const base = await openBase(context);
  const tokenFile = join(context.folders.run, "token");
  const room = context.isEmbedded ? await ensureGuests(context, settings.archive) : null;
  const endpoint: Endpoint = context.isEmbedded
    ? await embeddedEndpoint(context, settings, room)
    : { url: settings.endpoint!, tokenFile, caFile: null };
  if (!context.isEmbedded) await writeOwnToken(context, base, tokenFile);
  const sockets = socketsOf(context, room);
  const artefacts = placesOf(context, settings).folder;
  const environment = await base.prepare({
    endpoint,
    isInsecure: settings.insecure,
    door: sockets,
    room,
    artefacts,
  });
  const client = await clientFor(endpoint, settings.insecure);
  if (context.isEmbedded) await supplyImages(client, settings);
  return {
    settings,
    project: base.project,
    engine: base.engine,
    endpoint,
    environment,
    client,
    room,
    sockets,
    artefacts,
    isOwnBackend: base.isOwnBackend,
    pulumi: async (args, options = {}) =>
      pulumi(args, { project: base.project, folders: context.folders, environment, ...options }),
  };
}

/** How the lab is entered from the engine's plugins. */
type Entered = Pick<EnvironmentOptions, "endpoint" | "isInsecure" | "door" | "room" | "artefacts">;

/** While a stack is being set up. */
const NOWHERE: Entered = { endpoint: null, isInsecure: false, door: null, room: null, artefacts: null };

/** What needs no API: the engine, the stack in its backend, and an environment in which its configuration can be set. */
export async function openBase(context: Context): Promise<{
  readonly engine: Engine;
  /** The folder in which Pulumi finds its project. */
  readonly project: string;
  readonly environment: PulumiEnvironment;
  readonly isOwnBackend: boolean;
  prepare(entered: Entered): Promise<PulumiEnvironment>;
}> {
  const { io, folders, root, stack } = context;
  // Building takes minutes: a Ctrl-C must end the compiler too, which runs in a process group of its own.
  const engine = await interruptible(io, (signal) =>
    getEngine({ root, cache: folders.cache, onProgress: (line) => io.progress(line), signal }),
  );
  const backend = configuredBackend(context);
  const prepare = (entered: Entered): Promise<PulumiEnvironment> =>
    prepareEnvironment({ stack, folders, engine, backend, isOpen: context.isEmbedded, ...entered });
  const isOwnBackend = backend === undefined;
  if (isOwnBackend)
    await mendCheckpoint(
      folders,
      stack,
      (line) => io.err(`recovering: ${line}`),
      (h) => io.err(`waiting for a run that is still at work (process ${h.pid} on ${h.hostname})`),
    );
  const environment = await prepare(NOWHERE);
  const project = await projectFolder(root, folders, dirname(settingsFile(root, stack)));
  if (!isOwnBackend || !(await readCheckpoint(folders, stack))) {
    await makeStack(context, (args) => pulumi(args, { project, folders, environment }));
  }
  return { engine, project, environment, isOwnBackend, prepare };
}

/** The address of the embedded API, started if need be. */
async function embeddedEndpoint(context: Context, settings: Settings, room: string | null): Promise<Endpoint> {
  return ensureEmbedded({
    folders: context.folders,
    nodes: settings.nodes,
    daemonFile: join(dirname(fileURLToPath(import.meta.url)), "daemon.js"),
    taskDurationMs: Number(process.env["MAQUETTE_TASK_MS"] ?? 0),
    room,
    onProgress: (line) => context.io.progress(line),
  });
}

function socketsOf({ isEmbedded, folders }: Context, room: string | null): string | null {
  if (!isEmbedded) return null;
  return room === null ? recorderSockets(folders) : join(roomPlaces(folders).run, "g");
}

/** A team's own backend (S3, Pulumi Cloud …), for stacks other than the embedded lab. */
const configuredBackend = (context: Context): string | undefined =>
  context.isEmbedded ? undefined : (process.env["MAQUETTE_BACKEND_URL"] ?? undefined);

/** Takes the token out of the stack's encrypted configuration into a file of the run folder. */
async function writeOwnToken(
  { folders, stack }: Context,
  { project, environment }: { readonly project: string; readonly environment: PulumiEnvironment },
  tokenFile: string,
): Promise<void> {
  const got = await pulumi(["config", "get", "maquette:apiToken", "--stack", stack], { project, folders, environment });
  const token = got.stdout.trim();
  if (got.code !== 0 || token === "") {
    throw new Fault(
      "STACK_NO_TOKEN",
      `The stack ${stack} has no API token (${got.stderr.trim().split("\n")[0] ?? ""}).`,
      `Run \`pulumi config set --secret maquette:apiToken --stack ${stack}\` and type user@realm!name=UUID; docs/own-proxmox.md makes the token.`,
    );
  }
  if (!/^[^\s@]+@[^\s!]+![\w.-]+=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(token)) {
    throw new Fault(
      "STACK_BAD_TOKEN",
      `maquette:apiToken of the stack ${stack} does not look like user@realm!name=UUID.`,
      "Set it again; Proxmox shows the two parts when it makes the token.",
    );
  }
  const before = await readFile(tokenFile, "utf8").catch(() => "");
  if (before.trim() !== token) await writePrivate(tokenFile, `${token}\n`);
}

async function makeStack(context: Context, run: (args: readonly string[]) => Promise<PulumiRun>): Promise<void> {
  const made = await run(["stack", "select", "--create", "--secrets-provider", "passphrase", "--stack", context.stack]);
  if (made.code !== 0) {
    throw new Fault(
      "STACK_NOT_MADE",
      `Pulumi cannot make the stack ${context.stack}: ${made.stderr.trim()}`,
      "Check the backend and its rights; `maquette doctor` names what is in use.",
    );
  }
}
