import { readdir, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { errnoOf, Fault, messageOf } from "../../core/fault.ts";
import { methodsOf } from "./api/methods.ts";
import { Router } from "./api/router.ts";
import { FaultInjector } from "./faults.ts";
import type { GuestDriver } from "./guest-driver.ts";
import { readToken } from "./http/auth.ts";
import type { ApiToken } from "./http/auth.ts";
import { grant } from "./access/grant.ts";
import type { Grants } from "./access/grant.ts";
import { loadCertificate } from "./http/certificate.ts";
import { dispatch } from "./http/dispatch.ts";
import type { AnsweredCall, TriedCheck } from "./http/dispatch.ts";
import { GuestLocks } from "./locks.ts";
import { MemoryDriver } from "./memory-driver.ts";
import { DEFAULT_STORAGES, extendState, initialState, NODE_NAME } from "./state/initial.ts";
import type { StorageOption } from "./state/initial.ts";
import type { SimulatorState } from "./state/state.ts";
import { claimFolder } from "./state/claim.ts";
import { loadState, prepareDirectory, StateStore } from "./state/store.ts";
import { TaskRunner } from "./tasks.ts";
import { describeGuest } from "./vm/describe.ts";
import { markOff, markOn } from "./vm/power.ts";
import type { PveVersion, World } from "./world.ts";

export interface SimulatorOptions {
  /** Folder of its own; made private (0700). Holds the state, the certificate and uploaded files. */
  readonly stateDir: string;
  /** A loopback address; default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Default: one, `pve1`. */
  readonly nodes?: readonly string[];
  /** Default: `local` and `local-lvm` on every node. */
  readonly storages?: readonly StorageOption[];
  /** `user@realm!id=secret`, or its two halves; at least one. */
  readonly tokens: readonly ApiToken[];
  /** What others than root may do; default: nothing. */
  readonly grants?: Grants;
  /** How long each task takes beyond the driver's own work, ms; default 0. */
  readonly taskDurationMs?: number;
  /** What each task waits for beyond that, for whoever has to look at one that runs. */
  readonly taskUntil?: () => Promise<void>;
  /**
   * How often the cluster hears of its guests, ms: `/cluster/resources` lags behind by as much, some 10000 on a real
   * Proxmox. Default 0: it never does.
   */
  readonly statisticsPeriodMs?: number;
  /** Default 9. */
  readonly pveVersion?: 8 | 9;
  /** Default: a {@link MemoryDriver}. Closed with the simulator. */
  readonly driver?: GuestDriver;
  /** Ended tasks that are remembered; default 500. */
  readonly keepTasks?: number;
  /** Patience for a guest's lock, ms; default 10000 as with Proxmox. */
  readonly lockTimeoutMs?: number;
  /** Receives defects and notable events; default: nothing. */
  readonly log?: (line: string) => void;
  /** Shown by `GET /maquette/handshake`, so that a newer command can tell an older daemon. */
  readonly build?: string;
  /** Told of each call as it was answered: for tests that record. */
  readonly onCall?: (call: AnsweredCall) => void;
  /** Handed each call's check before it is made, to be tried with other rights: for tests of rights. */
  readonly onCheck?: (check: TriedCheck) => void;
  /** Called once the simulator has closed itself on `POST /maquette/shutdown`. */
  readonly onShutdown?: () => void;
}

export interface RunningSimulator {
  readonly port: number;
  /** `https://127.0.0.1:PORT`, what the provider takes as its endpoint. */
  readonly url: string;
  readonly certificatePem: string;
  readonly instanceId: string;
  /** Ends within some two seconds, whatever hangs; the state is on disk afterwards. */
  close(): Promise<void>;
}

const VERSIONS: Readonly<Record<8 | 9, PveVersion>> = {
  9: { version: "9.0.11", release: "9.0", major: 9, repoid: "3bf5476b8a4699e2" },
  8: { version: "8.4.14", release: "8.4", major: 8, repoid: "b502d23c55afcba1" },
};
const DEFAULT_NODES = ["pve1"];
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
const CLOSE_LIMIT_MS = 1500;

/**
 * Starts the embedded Proxmox VE API.
 * @throws {Fault} PVE_NOT_LOOPBACK, PVE_PORT_IN_USE, PVE_STATE_IN_USE, PVE_STATE_NOT_WRITABLE, PVE_STATE_DAMAGED,
 *   PVE_TOKEN_FORM, PVE_NODE_NAME
 */
export async function startSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const host = options.host ?? "127.0.0.1";
  checkOptions(host, options.nodes ?? DEFAULT_NODES, options.tokens);
  const tokens = options.tokens.map(readToken);
  await prepareDirectory(options.stateDir);
  const release = await claimFolder(options.stateDir);
  const driver = options.driver ?? new MemoryDriver();
  try {
    const { world, flush } = await openWorld(options, driver);
    grant(world.state.access, tokens, options.grants);
    world.touch();
    const certificate = await loadCertificate(options.stateDir);
    const server = createServer({ cert: certificate.certificatePem, key: certificate.keyPem, minVersion: "TLSv1.2" });
    server.keepAliveTimeout = 60_000;
    const closing = new AbortController();
    const close = once(() => closeAll({ server, world, flush, closing, release }));
    serve(options, { server, world, flush, close, closing });
    const port = await listen(server, host, options.port ?? 0);
    const url = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
    return { port, url, certificatePem: certificate.certificatePem, instanceId: world.state.instanceId, close };
  } catch (error) {
    await driver.close();
    await release();
    throw error;
  }
}

/** The cluster as it was left, its guests under power again. */
async function openWorld(
  options: SimulatorOptions,
  driver: GuestDriver,
): Promise<{ readonly world: World; readonly flush: () => Promise<void> }> {
  const log = options.log ?? ((): void => undefined);
  const { stateDir } = options;
  const state = await openState(stateDir, options.nodes ?? DEFAULT_NODES, options.storages ?? DEFAULT_STORAGES);
  const store = await StateStore.open(stateDir, () => state);
  const filesDir = await openFiles(stateDir);
  const touch = (): void => store.touch();
  const flush = (): Promise<void> => store.flush();
  const faults = new FaultInjector();
  const tasks = new TaskRunner({
    state,
    touch,
    flush,
    durationMs: options.taskDurationMs ?? 0,
    ...(options.taskUntil && { until: options.taskUntil }),
    keep: options.keepTasks ?? 500,
    plannedFailure: (request) => faults.forTask(request),
    report: log,
  });
  const locks = new GuestLocks(options.lockTimeoutMs);
  const version = VERSIONS[options.pveVersion ?? 9];
  const world: World = {
    state,
    tasks,
    locks,
    driver,
    faults,
    version,
    statisticsPeriodMs: options.statisticsPeriodMs ?? 0,
    filesDir,
    touch,
  };
  await reconcile(world, log);
  touch();
  await flush();
  return { world, flush };
}

/** The folder of uploads, without what a kill left half written. */
async function openFiles(stateDir: string): Promise<string> {
  const filesDir = join(stateDir, "files");
  await prepareDirectory(filesDir);
  for (const name of await readdir(filesDir)) {
    if (/^(upload|incoming)-/.test(name)) await rm(join(filesDir, name), { force: true });
  }
  return filesDir;
}

interface Serving {
  readonly server: Server;
  readonly world: World;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly closing: AbortController;
}

function serve(options: SimulatorOptions, { server, world, flush, close, closing }: Serving): void {
  const log = options.log ?? ((): void => undefined);
  const end = async (): Promise<void> => {
    await close();
    options.onShutdown?.();
  };
  const dispatching = {
    world,
    router: new Router(methodsOf(world.version.major)),
    flush,
    log,
    build: options.build ?? "",
    // The answer goes out first.
    shutdown: () => void setImmediate(() => void end().catch((error: unknown) => log(messageOf(error)))),
    closing: closing.signal,
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    ...(options.onCheck === undefined ? {} : { onCheck: options.onCheck }),
  };
  server.on("request", (request, response) => void dispatch(dispatching, request, response));
}

function checkOptions(host: string, nodes: readonly string[], tokens: readonly ApiToken[]): void {
  if (!LOOPBACK.test(host))
    throw new Fault(
      "PVE_NOT_LOOPBACK",
      `the simulator does not listen on ${host}: it is for this machine alone`,
      "use 127.0.0.1",
    );
  const bad = nodes.find((name) => !NODE_NAME.test(name));
  if (nodes.length === 0 || bad !== undefined)
    throw new Fault(
      "PVE_NODE_NAME",
      `${JSON.stringify(bad ?? "")} is no node name`,
      "letters, digits and hyphens, for example pve1",
    );
  if (tokens.length === 0)
    throw new Fault("PVE_TOKEN_FORM", "no API token is given", "give at least one: user@realm!id=secret");
}

async function openState(
  dir: string,
  nodes: readonly string[],
  storages: readonly StorageOption[],
): Promise<SimulatorState> {
  const loaded = await loadState(dir);
  const isOurs = typeof loaded === "object" && loaded !== null && "schema" in loaded && loaded.schema === 1;
  if (loaded !== undefined && !isOurs)
    throw new Fault(
      "PVE_STATE_DAMAGED",
      `${join(dir, "state.json")} is not of this version`,
      "move it away to start an empty lab",
    );
  // What an older version has not is as in a new lab.
  const state: SimulatorState = { ...initialState(), ...(loaded as SimulatorState | undefined) };
  extendState(state, nodes, storages);
  return state;
}

/** After a restart: guests that ran run again; those that end by themselves are noticed. */
async function reconcile(world: World, log: (line: string) => void): Promise<void> {
  const entries = Object.values(world.state.vms)
    .filter((vm) => vm.lock !== "create" && vm.lock !== "clone")
    .map((vm) => ({ guest: describeGuest(world, vm), shouldRun: vm.isOn, snapshots: Object.keys(vm.snapshots) }));
  await world.driver.reconcile(entries, log);
  const statuses = await world.driver.status(entries.map(({ guest }) => guest.vmid));
  for (const vm of Object.values(world.state.vms)) vm.isOn = (statuses.get(vm.vmid)?.power ?? "stopped") !== "stopped";
  world.driver.onPower((vmid, isOn) => {
    const vm = world.state.vms[String(vmid)];
    if (vm === undefined) return;
    if (isOn) markOn(world, vm);
    else markOff(world, vm);
  });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        errnoOf(error) === "EADDRINUSE"
          ? new Fault(
              "PVE_PORT_IN_USE",
              `port ${port} of ${host} is taken`,
              "another lab runs: stop it, or choose another port (0 takes a free one)",
              error,
            )
          : new Fault(
              "PVE_LISTEN",
              `cannot listen on ${host} port ${port}: ${error.message}`,
              "choose a port above 1023",
              error,
            ),
      );
    });
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

interface Parts {
  readonly server: Server;
  readonly world: World;
  readonly flush: () => Promise<void>;
  readonly closing: AbortController;
  readonly release: () => Promise<void>;
}

async function closeAll({ server, world, flush, closing, release }: Parts): Promise<void> {
  closing.abort(new Error("the simulator ends"));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await world.tasks.close(CLOSE_LIMIT_MS);
  server.closeAllConnections();
  await closed;
  try {
    await flush();
  } finally {
    await world.driver.close();
    await release();
  }
}

/** However often it is asked, it happens once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}
