import { readCheckpoint } from "../engine/whole.ts";
import { Fault } from "../core/fault.ts";
import { shown, type Text } from "../core/text.ts";
import { quote } from "../door/index.ts";
import { namingOf, seedNaming } from "../infra/naming.ts";
import { readRoleTemplates, readSeedTemplates } from "../infra/read-templates.ts";
import type { Settings } from "../infra/settings.ts";
import type { Host, Plan } from "../plan/types.ts";
import { seedState } from "../provision/seed.ts";
import { roleState, type DeclaredStep } from "../provision/steps/index.ts";
import { declare } from "../provision/steps/work.ts";
import { renderHost } from "../roles/render.ts";
import { renderSeed } from "../roles/seed.ts";
import type { Context } from "./context.ts";

/** All that a host gets, with places for secrets. */
export interface HostWork {
  /** Of the CD that it reads at its first boot, by name. */
  readonly seed: ReadonlyMap<string, Text>;
  readonly roles: readonly {
    readonly role: string;
    readonly steps: readonly DeclaredStep[];
    /** Why its last run ended before its end. */
    readonly failed?: string;
  }[];
}

/** What the plan says that a host gets; needs no running lab. */
export async function plannedWork(context: Context, settings: Settings, plan: Plan, host: Host): Promise<HostWork> {
  const naming = namingOf(plan, settings);
  const seed = renderSeed(plan, host, await readSeedTemplates(context.root), seedNaming(naming, host));
  const roles = renderHost(plan, host, await readRoleTemplates(context.root), naming.operator);
  return { seed: seed.files, roles: roles.map(({ role, work }) => ({ role, steps: declare(role, work) })) };
}

/**
 * What a host was sent last, as the stack's state holds it, on memory guests and on real ones alike; after a refresh
 * what was found there instead.
 * @throws Fault CLI_NOTHING_SENT
 */
export async function sentWork({ folders, stack }: Context, host: string): Promise<HostWork> {
  const checkpoint = await readCheckpoint(folders, stack);
  const resources = checkpoint?.resources ?? [];
  const seed = resources
    .filter((r) => r.type === "provision:index:Seed" && r.urn.endsWith(`::${host}-seed`))
    .flatMap((r) => Object.entries(seedState.shape.files.parse(r.inputs?.["files"])));
  const roles = resources
    .filter((r) => r.type === "provision:index:Role" && r.inputs?.["host"] === host)
    .map((r) => {
      const { role, steps } = roleState.pick({ role: true, steps: true }).parse(r.inputs);
      const failed = (r.initErrors ?? []).join("\n");
      return { role, steps, ...(failed === "" ? {} : { failed }) };
    });
  if (seed.length === 0 && roles.length === 0)
    throw new Fault(
      "CLI_NOTHING_SENT",
      checkpoint === undefined
        ? `The stack ${stack} has no state in this clone, so what ${host} was sent is not known here.`
        : `${host} was sent nothing yet.`,
      checkpoint === undefined
        ? "Run `maquette up`; the state of a team's own backend is read with `pulumi stack export`."
        : "Run `maquette up`, or leave out --sent to see what it will get.",
    );
  return { seed: new Map(seed), roles };
}

/**
 * The files of a host's work as people read them, by the path that a person asks for: the seed's by their names, the
 * others' where they lie.
 */
export function filesOf({ seed, roles }: HostWork): ReadonlyMap<string, string> {
  const files = new Map([...seed].map(([name, text]) => [name, shown(text)] as const));
  for (const { steps } of roles)
    for (const step of steps)
      if (step.kind === "files")
        for (const [path, { content }] of Object.entries(step.files)) files.set(path, shown(content));
  return files;
}

/** The whole as one text. */
export function textOf(host: string, { seed, roles }: HostWork): string {
  const parts = [...seed].map(([file, text]) => `# ${host}/${file}\n${shown(text).trimEnd()}\n`);
  for (const { role, steps, failed } of roles) {
    for (const step of steps) parts.push(`# ${host}: ${role}, ${step.name}\n${textOfStep(host, step)}`);
    if (failed !== undefined)
      parts.push(`# ${host}: ${role} did not come to its end\n${failed.replace(/^/gm, "# ")}\n`);
  }
  return parts.join("\n");
}

type Command = Extract<DeclaredStep, { kind: "command" }>["run"];

const commandLine = (what: string, { argv, input }: Command): string =>
  `# ${what}: ${quote(argv)}${input === undefined ? "" : `, which reads\n${shown(input).trimEnd().replace(/^/gm, "#   ")}`}\n`;

function textOfStep(host: string, step: DeclaredStep): string {
  const drift = step.drift === undefined ? "" : `# found: ${step.drift}\n`;
  switch (step.kind) {
    case "packages":
      return `${drift}# packages: ${step.packages.join(" ")}\n`;
    case "units":
      return `${drift}# ${step.state}: ${step.units.join(" ")}\n`;
    case "command":
      return drift + commandLine("unless", step.unless) + commandLine("run", step.run);
    case "probe":
      return drift + commandLine("probe", step.run);
    case "files": {
      const files = Object.entries(step.files).map(([path, { content, owner, mode }]) => {
        const rights = [owner, mode].filter((word) => word !== undefined);
        return `# ${host}${path}${rights.length > 0 ? ` (${rights.join(" ")})` : ""}\n${shown(content).trimEnd()}\n`;
      });
      const commands = [
        ...(step.absent ?? []).map((path) => `# absent: ${path}\n`),
        ...(step.check ?? []).map((c) => commandLine("check", c)),
        ...(step.verify ?? []).map((c) => commandLine("verify", c)),
        ...(step.reload ?? []).map((c) => commandLine("reload", c)),
        ...(step.probe === undefined ? [] : [commandLine("probe", step.probe)]),
      ];
      return drift + files.join("\n") + commands.join("");
    }
  }
}
