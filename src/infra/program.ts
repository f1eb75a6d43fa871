import * as pulumi from "@pulumi/pulumi";
import type { Places } from "../artefacts/look.ts";
import { formatDiagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { formatAddress } from "../core/ip.ts";
import { loadPlan } from "../plan/index.ts";
import type { Host, Plan } from "../plan/types.ts";
import { refuseStrangers, strangers, type ListedVm } from "../provision/ownership.ts";
import { SecretSource } from "../provision/secrets.ts";
import { contentOf, hadIn } from "../provision/artefacts.ts";
import { ROOM } from "../provision/environment.ts";
import { seedFiles, seedImage } from "../provision/seed.ts";
import { connectFromEnvironment } from "../pve/client/environment.ts";
import { askApi } from "./api-facts.ts";
import { readRoleTemplates, readSeedTemplates } from "./read-templates.ts";
import { declareRoles } from "../provision/steps/index.ts";
import { foldersOf } from "../stack/folders.ts";
import { keptBy, vocabulary } from "../roles/registry.ts";
import { renderSeed, type SeedTemplates } from "../roles/seed.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { Vault } from "../stack/vault.ts";
import { MAKING_WAY, misplaced } from "./displaced.ts";
import { Lab } from "./lab.ts";
import { markOf } from "./mark.ts";
import { namingOf, seedNaming } from "./naming.ts";
import { Provider } from "./proxmox.ts";
import {
  artefactFolder,
  canReachGuests,
  GUESTS_ONLY,
  isEmbedded,
  isLoopback,
  parseSettings,
  planFolder,
  refuseWithoutOperator,
  settingNames,
  type Settings,
} from "./settings.ts";
import { nodeOf, ownVms, type Naming, type World } from "./world.ts";

/** The stack's outputs: where each guest is, and the tag that marks them. */
export interface Outputs {
  readonly guests: Readonly<
    Record<
      string,
      {
        readonly vmId: number;
        readonly node: string;
        readonly role: string;
        readonly addresses: readonly string[];
        /** What it is for good, where it is something (src/infra/displaced.ts). */
        readonly keeps?: string;
      }
    >
  >;
  readonly mark: string;
}

export interface RunOptions {
  /** Hosts to build; all of the plan's if left out. */
  readonly only?: readonly string[];
}

/**
 * The Pulumi program: settings and plan in, components out.
 * @param root the repository
 * @throws pulumi.RunError with every finding, as a person should read it
 */
export async function run(root: string, options: RunOptions = {}): Promise<Outputs> {
  try {
    const stack = pulumi.getStack();
    const settings = parseSettings(stack, stackValues());
    requireEnvironment(stack, settings);
    const isGuestsOnly = process.env[GUESTS_ONLY] === "1" || !canReachGuests(stack, settings);
    if (isGuestsOnly && process.env[GUESTS_ONLY] !== "1") {
      // What would change can be shown all the same.
      if (!pulumi.runtime.isDryRun()) refuseWithoutOperator(stack, settings);
      void pulumi.log.warn("hosts get no roles: without maquette:operator nothing leads to the bastion.");
    }
    const plan = await readPlan(root, stack, settings);
    const { only } = options;
    const hosts = [...plan.hosts.values()].filter((h) => only === undefined || only.includes(h.id));
    const client = connectFromEnvironment(process.env);
    const world = await makeWorld(root, stack, settings, plan, hosts, {
      isGuestsOnly,
      api: await askApi(client, settings),
    });
    const ids = new Set(ownVms(world).keys());
    const listed = await client.listVms();
    refuseStrangers(strangers(listed, world.mark, ids), world.mark);
    refuseMisplaced(listed, world, process.env);
    const provider = new Provider("proxmox", { insecure: settings.insecure });
    new Lab(world, { providers: [provider] });
    return outputsOf(world);
  } catch (error) {
    if (error instanceof Fault) throw new pulumi.RunError(`${error.code} ${error.message}\n  hint: ${error.hint}`);
    throw error;
  }
}

/**
 * `maquette up` finds these before the engine starts, and says what is lost; a plain `pulumi up` is stopped here.
 * @throws Fault GUESTS_MISPLACED
 */
function refuseMisplaced(listed: readonly ListedVm[], world: World, env: NodeJS.ProcessEnv): void {
  const { mark, hosts, naming } = world;
  // Those that the `maquette up` which asks will have deleted before anything is made.
  const going = new Set((env[MAKING_WAY] ?? "").split(","));
  const found = misplaced(listed, mark, new Map(hosts.map((h) => [naming.vmId(h), h.id]))).filter(
    ({ vm }) => !going.has(String(vm.vmid)),
  );
  if (found.length === 0) return;
  throw new Fault(
    "GUESTS_MISPLACED",
    `The plan gives guests that stand to other hosts: ${found.map(({ vm, host, by }) => `VM ${vm.vmid} on ${vm.node} is ${host}, not ${by}`).join("; ")}. Nothing is touched.`,
    "A guest cannot be renamed: give each host its number of before; `maquette up` says how else, and what would be lost.",
  );
}

/** The stack's configuration under `maquette:`, as text; the token is not read here. */
function stackValues(): Record<string, string> {
  const config = new pulumi.Config("maquette");
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const text = config.get(name);
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

/** Plain `pulumi` needs what `maquette env` exports; a shell that has it for another stack must not be believed. */
function requireEnvironment(stack: string, settings: Settings): void {
  const command = `eval "$(bin/maquette env${isEmbedded(stack) ? "" : ` --stack ${stack}`})"`;
  const url = process.env["PROXMOX_VE_ENDPOINT"];
  const of = process.env["PULUMI_STACK"];
  if (url === undefined || url === "" || process.env["PROXMOX_VE_API_TOKEN"] === undefined) {
    throw new Fault(
      "STACK_NO_ENVIRONMENT",
      "This shell does not say where the Proxmox VE API is.",
      `Run ${command} in the repository, then the same command again.`,
    );
  }
  if (of !== stack) {
    throw new Fault(
      "STACK_OTHER_ENVIRONMENT",
      `This shell is set up for the stack ${of ?? "(none)"}, not for ${stack}.`,
      `Run ${command} in the repository, then the same command again.`,
    );
  }
  const isRight = isEmbedded(stack)
    ? isLoopback(url)
    : URL.canParse(url) && new URL(url).href === new URL(settings.endpoint!).href;
  if (!isRight) {
    throw new Fault(
      "STACK_LAB_IS_EMBEDDED",
      `PROXMOX_VE_ENDPOINT is ${url}, which is not where the stack ${stack} lives.`,
      `Unset it, or run ${command}.`,
    );
  }
}

const placesOf = (root: string, stack: string, settings: Settings): Places => ({
  folder: artefactFolder(root, stack, settings),
  cache: foldersOf(root, stack).cache,
});

async function readPlan(root: string, stack: string, settings: Settings): Promise<Plan> {
  const outcome = await loadPlan(planFolder(root, stack, settings), {
    nodes: settings.nodes.length,
    roles: vocabulary,
    artefacts: await hadIn(placesOf(root, stack, settings)),
  });
  for (const warning of outcome.warnings) void pulumi.log.warn(formatDiagnostic(warning));
  if (outcome.ok) return outcome.value;
  const many = outcome.errors.length === 1 ? "1 fault" : `${outcome.errors.length} faults`;
  throw new pulumi.RunError(
    `the plan in ${settings.plan} has ${many}:\n${outcome.errors.map(formatDiagnostic).join("\n")}`,
  );
}

async function makeWorld(
  root: string,
  stack: string,
  settings: Settings,
  plan: Plan,
  hosts: readonly Host[],
  found: Pick<World, "isGuestsOnly" | "api">,
): Promise<World> {
  const folder = foldersOf(root, stack).secrets;
  const secret = await loadStackSecret(folder);
  const naming = namingOf(plan, settings);
  const secrets = new SecretSource(secret, new Vault(folder), contentOf(placesOf(root, stack, settings)));
  return {
    plan,
    hosts,
    settings,
    naming,
    seeds: await makeSeeds(plan, naming, await readSeedTemplates(root), secrets),
    roles: await declareRoles(plan, naming.operator, await readRoleTemplates(root), secrets),
    isEmbedded: isEmbedded(stack),
    hasConsoles: isEmbedded(stack) && (process.env[ROOM] ?? "") !== "",
    ...found,
    mark: markOf(naming.pool, secret, stack),
  };
}

async function makeSeeds(
  plan: Plan,
  naming: Naming,
  templates: SeedTemplates,
  secrets: SecretSource,
): Promise<World["seeds"]> {
  const made = [...plan.hosts.values()].map(async (host) => {
    const seed = renderSeed(plan, host, templates, seedNaming(naming, host));
    const declared = { ...seed, files: Object.fromEntries(seed.files) };
    const config = (await seedFiles(declared, secrets)).get("config.xml");
    const digest = secrets.digest(await seedImage(declared, secrets));
    return [host.id, { ...seed, digest, configDigest: config === undefined ? null : secrets.digest(config) }] as const;
  });
  return new Map(await Promise.all(made));
}

function outputsOf(world: World): Outputs {
  const guests = world.hosts.map((host) => {
    const keeps = keptBy(world.plan, host);
    return [
      host.id,
      {
        vmId: world.naming.vmId(host),
        node: nodeOf(world, host),
        role: host.role,
        addresses: host.nics.map((n) => formatAddress(n.address)),
        ...(keeps === undefined ? {} : { keeps }),
      },
    ] as const;
  });
  return { guests: Object.fromEntries(guests), mark: world.mark };
}
