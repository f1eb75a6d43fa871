import type * as z from "zod";
import type { ReleaseRoot } from "../core/debian.ts";
import type { Diagnostic } from "../core/diagnostics.ts";
import type { Plan } from "../plan/types.ts";
import type {
  ArtefactUse,
  Asked,
  ClientContext,
  ClientWork,
  Probe,
  RoleContext,
  RoleDefinition,
  RoleWork,
} from "./role.ts";

/** A role that has settings, as its folder writes it: whatever it says of a plan, it is told them. */
export interface SettledRole<S extends z.ZodObject> extends Omit<
  RoleDefinition,
  "work" | "morePackages" | "roots" | "keeps" | "clients" | "asks" | "artefacts" | "findings" | "probes"
> {
  readonly settings: S;
  readonly work: (context: RoleContext & Settled<S>) => RoleWork;
  readonly morePackages?: (plan: Plan, settings: z.output<S>) => readonly string[];
  readonly roots?: (plan: Plan, settings: z.output<S>) => readonly ReleaseRoot[];
  readonly keeps?: (plan: Plan, settings: z.output<S>) => string;
  readonly clients?: (context: ClientContext & Settled<S>) => ClientWork | null;
  readonly asks?: (plan: Plan, settings: z.output<S>) => Partial<Asked>;
  readonly artefacts?: (plan: Plan, settings: z.output<S>) => readonly ArtefactUse[];
  readonly findings?: (plan: Plan, settings: z.output<S>) => readonly Diagnostic[];
  readonly probes: (plan: Plan, settings: z.output<S>, asked: Asked) => readonly Probe[];
}

export interface Settled<S extends z.ZodObject> {
  readonly settings: z.output<S>;
}

/** The role for the registry, which needs not know what each is told. */
export function defineRole<S extends z.ZodObject>(role: SettledRole<S>): RoleDefinition {
  const { work, morePackages, roots, keeps, clients, asks, artefacts, findings, probes, ...rest } = role;
  const told = (plan: Plan): z.output<S> => settingsOf(plan, role);
  return {
    ...rest,
    work: (context) => work({ ...context, settings: told(context.plan) }),
    ...(morePackages && { morePackages: (plan) => morePackages(plan, told(plan)) }),
    ...(roots && { roots: (plan) => roots(plan, told(plan)) }),
    ...(keeps && { keeps: (plan) => keeps(plan, told(plan)) }),
    ...(clients && { clients: (context) => clients({ ...context, settings: told(context.plan) }) }),
    ...(asks && { asks: (plan) => asks(plan, told(plan)) }),
    ...(artefacts && { artefacts: (plan) => artefacts(plan, told(plan)) }),
    ...(findings && { findings: (plan) => findings(plan, told(plan)) }),
    probes: (plan, asked) => probes(plan, told(plan), asked),
  };
}

/** What the plan's roles.yaml says to a role; what it leaves out has the default of the role's schema. */
export const settingsOf = <S extends z.ZodObject>(
  plan: Plan,
  role: { readonly id: string; readonly settings: S },
): z.output<S> => role.settings.parse(plan.settings.get(role.id)?.values ?? {});
