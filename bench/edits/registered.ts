import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { Lab } from "../../src/infra/lab.ts";
import { namingOf, seedNaming } from "../../src/infra/naming.ts";
import { readRoleTemplates, readSeedTemplates } from "../../src/infra/read-templates.ts";
import { VM } from "../../src/infra/recorded.ts";
import type { Settings } from "../../src/infra/settings.ts";
import { refuseWithoutImages } from "../../src/infra/supplied.ts";
import type { Naming, World } from "../../src/infra/world.ts";
import { isRouter } from "../../src/plan/query.ts";
import type { Plan } from "../../src/plan/types.ts";
import { declare } from "../../src/provision/steps/work.ts";
import { renderHost } from "../../src/roles/render.ts";
import { authorityOf, renderSeed, type SeedTemplates } from "../../src/roles/seed.ts";

/** A resource as the program registers it, with its inputs. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Everything that the Pulumi program makes of a plan, without an engine. */
export interface Program {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly mark: string;
  readonly resources: ReadonlyMap<string, Registered>;
}

const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** Runs the program with Pulumi's own mocks: what it registers is kept, nothing is made. */
export class Programs {
  readonly settings: Settings;
  readonly #seeds: SeedTemplates;
  readonly #roles: ReadonlyMap<string, string>;

  private constructor(settings: Settings, seeds: SeedTemplates, roles: ReadonlyMap<string, string>) {
    this.settings = settings;
    this.#seeds = seeds;
    this.#roles = roles;
  }

  static async of(root: string, settings: Settings): Promise<Programs> {
    return new Programs(settings, await readSeedTemplates(root), await readRoleTemplates(root));
  }

  /** @throws Fault as `up` does before it asks the engine */
  async of(plan: Plan): Promise<Program> {
    const { settings } = this;
    refuseWithoutImages(plan, settings);
    const naming = namingOf(plan, settings);
    // As src/infra/mark.ts makes it, of a secret of no stack.
    const mark = `${naming.pool}-00000000`;
    const authority = authorityOf(plan);
    const seeds = new Map<string, World["seeds"] extends ReadonlyMap<string, infer S> ? S : never>();
    const roles = new Map<string, World["roles"] extends ReadonlyMap<string, infer R> ? R : never>();
    for (const host of plan.hosts.values()) {
      const seed = renderSeed(plan, host, this.#seeds, seedNaming(naming, host));
      // Texts are long and go through the mocks by value: their digests differ where they do.
      const short = new Map([...seed.files].map(([name, text]) => [name, digest(text)] as const));
      const config = seed.files.get("config.xml");
      const all = digest([[...short], seed.authority, seed.certificates]);
      seeds.set(host.id, {
        ...seed,
        files: short,
        digest: all,
        configDigest: isRouter(host) && config !== undefined ? all : null,
      });
      const works = renderHost(plan, host, this.#roles, naming.operator);
      roles.set(
        host.id,
        works.map(({ role, work }) => {
          const declared = declare(role, work);
          const certificates = work.certificates ?? {};
          const of = digest([declared, authority, certificates]);
          return { role, steps: [], authority, certificates, after: work.after ?? [], digest: of };
        }),
      );
    }
    const world: World = {
      plan,
      hosts: [...plan.hosts.values()],
      settings,
      naming,
      seeds,
      roles,
      isEmbedded: true,
      hasConsoles: true,
      isGuestsOnly: false,
      api: { diskFormat: null, maySetStartup: true },
      mark,
    };
    return { plan, naming, mark, resources: await registered(world) };
  }
}

async function registered(world: World): Promise<ReadonlyMap<string, Registered>> {
  const found = new Map<string, Registered>();
  const guests = new Set(world.hosts.map((h) => h.id));
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const isGuest = type === VM && guests.has(name);
        const parent = isGuest ? "maquette:lab:Lab$maquette:lab:Guest$" : "maquette:lab:Lab$";
        const urn = `urn:pulumi:lab::maquette::${parent}${type}::${name}`;
        if (!type.startsWith("maquette:")) found.set(urn, { type, name, urn, inputs: inputs as Registered["inputs"] });
        return { id: `${name}-id`, state: inputs as Record<string, unknown> };
      },
      call: () => ({}),
    },
    "maquette",
    "lab",
    false,
  );
  // Pulumi notes for every promise from where it came, which takes longer than all the rest.
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    new Lab(world, {});
    await pulumi.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = depth;
  }
  return found;
}
