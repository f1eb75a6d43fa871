import { createHash } from "node:crypto";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { FilesStep, RoleWork, Step } from "../../roles/role.ts";
import { askedOf, fillText, placesOf, type Resolve, type Text } from "../../core/text.ts";
import { declaredText, textOfState, textSchema } from "../text.ts";

/*
 * A role's work on a host, in two forms: as the program declares it and the state holds it, with places for secrets;
 * and as it goes to the host, with the secrets in their places, digests and every default filled in.
 */

const command = z.object({ argv: z.array(z.string()).min(1), input: textSchema.optional() });
const file = z.object({
  content: textSchema,
  owner: z.string().optional(),
  mode: z
    .string()
    .regex(/^0?[0-7]{3,4}$/)
    .optional(),
});
/** What `read` found to differ from what was asked, in words; the program never sets it, so it shows as a change. */
const drift = { drift: z.string().optional() };
const name = z.string().min(1);

export const stepSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("packages"), name, packages: z.array(z.string()), ...drift }),
  z.object({
    kind: z.literal("files"),
    name,
    files: z.record(z.string().startsWith("/"), file),
    absent: z.array(z.string()).optional(),
    check: z.array(command).optional(),
    verify: z.array(command).optional(),
    reload: z.array(command).optional(),
    probe: command.optional(),
    ...drift,
  }),
  z.object({
    kind: z.literal("command"),
    name,
    unless: command,
    run: command,
    deadlineSeconds: z.number().optional(),
    ...drift,
  }),
  z.object({
    kind: z.literal("units"),
    name,
    units: z.array(z.string()),
    state: z.enum(["running", "off", "masked"]),
    ...drift,
  }),
  z.object({ kind: z.literal("probe"), name, run: command, deadlineSeconds: z.number().optional(), ...drift }),
]);
export type DeclaredStep = z.infer<typeof stepSchema>;

/** Steps of a state, which may be from before places stood apart from the text. */
export const stateSteps = z.array(stepSchema).transform((steps) => steps.map((step) => withTexts(step, textOfState)));

/** A file as it goes to the host. */
export interface SentFile {
  readonly content: string;
  readonly owner: string;
  /** Four octal digits. */
  readonly mode: string;
  /** SHA-256 of the content, hexadecimal. */
  readonly digest: string;
  /** A secret is in it. */
  readonly isSecret: boolean;
}

interface SentCommand {
  readonly argv: readonly string[];
  readonly input: string;
}

/** A step as it goes to the host. */
export type SentStep =
  | { readonly kind: "packages"; readonly name: string; readonly packages: readonly string[] }
  | {
      readonly kind: "files";
      readonly name: string;
      readonly files: Readonly<Record<string, SentFile>>;
      readonly absent: readonly string[];
      readonly check: readonly SentCommand[];
      readonly verify: readonly SentCommand[];
      readonly reload: readonly SentCommand[];
      readonly probe: SentCommand | null;
      /** Of what is loaded: the host remembers it when the load succeeded. */
      readonly key: string;
    }
  | {
      readonly kind: "command";
      readonly name: string;
      readonly unless: SentCommand;
      readonly run: SentCommand;
      readonly seconds: number;
    }
  | {
      readonly kind: "units";
      readonly name: string;
      readonly units: readonly string[];
      readonly state: "running" | "off" | "masked";
    }
  | { readonly kind: "probe"; readonly name: string; readonly run: SentCommand; readonly seconds: number };

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** How far a host's clock may be off: Kerberos takes five minutes (RFC 4120 §5.2.5), certificates of a moment ago none. */
export const CLOCK_SECONDS = 120;

const COMMAND_SECONDS = 60;
const PROBE_SECONDS = 30;

/** How long a step may take on the host, in seconds, before the connection is taken for lost. */
export function secondsOf(step: SentStep): number {
  switch (step.kind) {
    case "packages":
      return 1080;
    case "files":
      return 30 * (1 + step.check.length + step.verify.length) + 120 * step.reload.length;
    case "command":
      return step.seconds + 60;
    case "units":
      return 240;
    case "probe":
      return step.seconds;
  }
}

/** Every text of the steps in which a secret may have its place. */
export function textsOf(steps: readonly DeclaredStep[]): Text[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case "files":
        return [...Object.values(step.files).map((f) => f.content), ...inputsOf(commandsOf(step))];
      case "command":
        return inputsOf([step.unless, step.run]);
      case "probe":
        return inputsOf([step.run]);
      case "packages":
      case "units":
        return [];
    }
  });
}

type DeclaredCommand = z.infer<typeof command>;

// A text may be a list: it is not to be flattened.
const inputsOf = (commands: readonly DeclaredCommand[]): readonly Text[] =>
  commands.flatMap((c) => (c.input === undefined ? [] : [c.input]));

/** The step with each of its texts written by `write`. */
function withTexts(step: DeclaredStep, write: (text: Text) => Text): DeclaredStep {
  const asked = (c: DeclaredCommand): DeclaredCommand => (c.input === undefined ? c : { ...c, input: write(c.input) });
  switch (step.kind) {
    case "packages":
    case "units":
      return step;
    case "probe":
      return { ...step, run: asked(step.run) };
    case "command":
      return { ...step, unless: asked(step.unless), run: asked(step.run) };
    case "files": {
      const files = Object.entries(step.files).map(([path, f]) => [path, { ...f, content: write(f.content) }] as const);
      return {
        ...step,
        files: Object.fromEntries(files),
        ...(step.check === undefined ? {} : { check: step.check.map(asked) }),
        ...(step.verify === undefined ? {} : { verify: step.verify.map(asked) }),
        ...(step.reload === undefined ? {} : { reload: step.reload.map(asked) }),
        ...(step.probe === undefined ? {} : { probe: asked(step.probe) }),
      };
    }
  }
}

const commandsOf = (step: Extract<DeclaredStep, { kind: "files" }>): readonly DeclaredCommand[] => [
  ...(step.check ?? []),
  ...(step.verify ?? []),
  ...(step.reload ?? []),
  ...(step.probe ? [step.probe] : []),
];

/** The steps as they go to the host. */
export function fillSteps(steps: readonly DeclaredStep[], resolve: Resolve): SentStep[] {
  const filled = (c: DeclaredCommand): SentCommand => ({ argv: c.argv, input: fillText(c.input ?? "", resolve) });
  return steps.map((step): SentStep => {
    switch (step.kind) {
      case "packages":
        return { kind: step.kind, name: step.name, packages: step.packages };
      case "units":
        return { kind: step.kind, name: step.name, units: step.units, state: step.state };
      case "probe":
        return {
          kind: step.kind,
          name: step.name,
          run: filled(step.run),
          seconds: step.deadlineSeconds ?? PROBE_SECONDS,
        };
      case "command":
        return {
          kind: step.kind,
          name: step.name,
          unless: filled(step.unless),
          run: filled(step.run),
          seconds: step.deadlineSeconds ?? COMMAND_SECONDS,
        };
      case "files": {
        // By path: a map that came by the engine has its keys in another order, and is the same map.
        const files = Object.fromEntries(
          Object.entries(step.files)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([path, wanted]) => [path, sentFile(wanted, resolve)] as const),
        );
        const absent = step.absent ?? [];
        const facts = Object.entries(files).map(([path, f]) => [path, f.digest, f.owner, f.mode]);
        return {
          kind: step.kind,
          name: step.name,
          files,
          absent,
          check: (step.check ?? []).map(filled),
          verify: (step.verify ?? []).map(filled),
          reload: (step.reload ?? []).map(filled),
          probe: step.probe ? filled(step.probe) : null,
          key: sha256(JSON.stringify([facts, absent])),
        };
      }
    }
  });
}

function sentFile(wanted: z.infer<typeof file>, resolve: Resolve): SentFile {
  const content = fillText(wanted.content, resolve);
  return { content, ...rightsOf(wanted), digest: sha256(content), isSecret: hidesSomething(wanted.content) };
}

/** Whose a file is and who may read it, defaults filled in. */
export const rightsOf = (wanted: z.infer<typeof file>): { readonly owner: string; readonly mode: string } => ({
  owner: wanted.owner ?? "root:root",
  mode: (wanted.mode ?? (hidesSomething(wanted.content) ? "0600" : "0644")).padStart(4, "0"),
});

/** Whether a text has a place for something that nobody may read; a certificate and a public key may be read. */
export const hidesSomething = (text: Text): boolean => placesOf(text).some((p) => !isPublic(askedOf(p).kind));

/** Kinds of value that are kept with the secrets and are none. */
export const isPublic = (kind: string): boolean =>
  ["password-digest", "ssh-public", "vault-certificate", "vault-crl"].includes(kind);

/**
 * A role's steps as the resource declares them.
 * @throws Fault ROLE_SECRET_IN_ARGV, ROLE_TWO_STEPS: faults of the role, found before any host is called
 */
export function declare(role: string, work: RoleWork): readonly DeclaredStep[] {
  const names = new Set<string>();
  for (const step of work.steps) {
    if (names.has(step.name))
      throw new Fault(
        "ROLE_TWO_STEPS",
        `The role ${role} has two steps named "${step.name}".`,
        "Give each a name of its own: failures and the host's own record go by it.",
      );
    names.add(step.name);
    for (const argv of argvsOf(step)) {
      // Types say so too, to whoever heeds them.
      if (argv.some((word: unknown) => typeof word !== "string"))
        throw new Fault(
          "ROLE_SECRET_IN_ARGV",
          `The role ${role} puts a secret on a command line (step "${step.name}", ${argv[0] ?? ""}).`,
          "Everybody on the host could read it: hand it over by `input`, or in a file.",
        );
    }
  }
  return work.steps.map((step) => withTexts(stepSchema.parse(step), declaredText));
}

function argvsOf(step: Step): readonly (readonly string[])[] {
  switch (step.kind) {
    case "packages":
      return [step.packages];
    case "units":
      return [step.units];
    case "probe":
      return [step.run.argv];
    case "command":
      return [step.unless.argv, step.run.argv];
    case "files":
      return filesCommands(step);
  }
}

const filesCommands = (step: FilesStep): readonly (readonly string[])[] =>
  [...(step.check ?? []), ...(step.verify ?? []), ...(step.reload ?? []), ...(step.probe ? [step.probe] : [])].map(
    (c) => c.argv,
  );
