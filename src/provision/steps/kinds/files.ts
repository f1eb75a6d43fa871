import { createHash } from "node:crypto";
import { z } from "zod";
import { fillText, type Resolve } from "../../../core/text.ts";
import type { FilesStep } from "../../../roles/role.ts";
import { declaredText, textSchema } from "../../text.ts";
import { putBack } from "../put-back.ts";
import { hidesSomething } from "../secrecy.ts";
import { command, drift, fillCommand, inputsOf, withInput, name, type Kind, type SentCommand } from "./kind.ts";

const file = z.object({
  content: textSchema,
  owner: z.string().optional(),
  mode: z
    .string()
    .regex(/^0?[0-7]{3,4}$/)
    .optional(),
});
type DeclaredFile = z.infer<typeof file>;

const declared = z.object({
  kind: z.literal("files"),
  name,
  files: z.record(z.string().startsWith("/"), file),
  absent: z.array(z.string()).optional(),
  check: z.array(command).optional(),
  verify: z.array(command).optional(),
  reload: z.array(command).optional(),
  probe: command.optional(),
  ...drift,
});

const foundFile = z.object({
  digest: z.string(),
  mode: z.string(),
  owner: z.string(),
  kind: z.enum(["link", "other"]).optional(),
  /** Whether its content is as wanted, and only its rights are not. */
  isSame: z.boolean(),
  /** Absent where it is as wanted, too long, or no file. */
  content: z.string().optional(),
});
export type FoundFile = z.infer<typeof foundFile>;

const found = z.object({
  wrong: z.record(z.string(), foundFile.nullable()),
  present: z.array(z.string()),
  isLoaded: z.boolean(),
});

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

type Declared = z.infer<typeof declared>;
interface Sent {
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

const kind: Kind<Declared, Sent, z.infer<typeof found>, FilesStep> = {
  argvs: (step) => commandsOf(step).map((c) => c.argv),
  texts: (step) => [...Object.values(step.files).map((f) => f.content), ...inputsOf(commandsOf(step))],
  withTexts(step, write) {
    const files = Object.entries(step.files).map(([path, f]) => [path, { ...f, content: write(f.content) }] as const);
    return {
      ...step,
      files: Object.fromEntries(files),
      ...(step.check === undefined ? {} : { check: step.check.map((c) => withInput(c, write)) }),
      ...(step.verify === undefined ? {} : { verify: step.verify.map((c) => withInput(c, write)) }),
      ...(step.reload === undefined ? {} : { reload: step.reload.map((c) => withInput(c, write)) }),
      ...(step.probe === undefined ? {} : { probe: withInput(step.probe, write) }),
    };
  },
  fill(step, resolve) {
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
      check: (step.check ?? []).map((c) => fillCommand(c, resolve)),
      verify: (step.verify ?? []).map((c) => fillCommand(c, resolve)),
      reload: (step.reload ?? []).map((c) => fillCommand(c, resolve)),
      probe: step.probe ? fillCommand(step.probe, resolve) : null,
      key: sha256(JSON.stringify([facts, absent])),
    };
  },
  words({ wrong, present, isLoaded }) {
    const files = Object.entries(wrong).map(([path, now]) => `${path} ${now === null ? "is gone" : "differs"}`);
    const all = [...files, ...present.map((path) => `${path} is there again`)];
    if (all.length > 0) return all.join(", ");
    return isLoaded ? undefined : "not loaded";
  },
  // A file shows what it is now, line by line; what else is wrong with the step is said.
  asFound(step, { wrong, present, isLoaded }, words, resolve) {
    const files = Object.fromEntries(
      Object.entries(step.files).flatMap(([path, wanted]) => {
        const now = wrong[path];
        if (now === undefined) return [[path, wanted] as const];
        return now === null ? [] : [[path, fileAsFound(wanted, now, resolve)] as const];
      }),
    );
    const others = present.length > 0 || (!isLoaded && Object.keys(wrong).length === 0);
    return { ...step, files, ...(others ? { drift: words } : {}) };
  },
  cure: () =>
    `Correct the template or the plan it is filled from; what was live still is. Then run \`maquette up\` again.`,
};

export const files = { ...kind, declared, found };

/** Every command of a step, as a role asks it or as it is declared. */
const commandsOf = <C>(step: {
  readonly check?: readonly C[] | undefined;
  readonly verify?: readonly C[] | undefined;
  readonly reload?: readonly C[] | undefined;
  readonly probe?: C | undefined;
}): readonly C[] => [
  ...(step.check ?? []),
  ...(step.verify ?? []),
  ...(step.reload ?? []),
  ...(step.probe === undefined ? [] : [step.probe]),
];

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function sentFile(wanted: DeclaredFile, resolve: Resolve): SentFile {
  const content = fillText(wanted.content, resolve);
  return { content, ...rightsOf(wanted), digest: sha256(content), isSecret: hidesSomething(wanted.content) };
}

/** Whose a file is and who may read it, defaults filled in. */
const rightsOf = (wanted: DeclaredFile): { readonly owner: string; readonly mode: string } => ({
  owner: wanted.owner ?? "root:root",
  mode: (wanted.mode ?? (hidesSomething(wanted.content) ? "0600" : "0644")).padStart(4, "0"),
});

function fileAsFound(wanted: DeclaredFile, now: FoundFile, resolve: Resolve): DeclaredFile {
  if (now.kind !== undefined) return { ...wanted, content: `(${now.kind === "link" ? "a symbolic link" : "no file"})` };
  // Defaults stay unsaid, or they would show as changes.
  const full = rightsOf(wanted);
  const rights = {
    ...(now.owner === full.owner ? optional("owner", wanted.owner) : { owner: now.owner }),
    ...(now.mode === full.mode ? optional("mode", wanted.mode) : { mode: now.mode }),
  };
  if (now.isSame) return { content: wanted.content, ...rights };
  if (now.content === undefined) return { content: `(too long to be shown; sha256 ${now.digest})`, ...rights };
  return { content: declaredText(putBack(wanted.content, now.content, resolve)), ...rights };
}

const optional = (name: "owner" | "mode", value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };
