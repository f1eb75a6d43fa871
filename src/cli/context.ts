import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { isEmbedded, parseSettings, type Settings } from "../infra/settings.ts";
import { foldersOf, type Folders } from "../stack/folders.ts";
import { repositoryRoot, settingsFile } from "../stack/root.ts";
import type { Rooter } from "../embedded/room.ts";
import type { Format } from "./format.ts";
import type { Io } from "./io.ts";
import { isLanguage, type Language } from "./words.ts";

/** What every command starts from. */
export interface Context {
  readonly root: string;
  readonly stack: string;
  readonly isEmbedded: boolean;
  readonly folders: Folders;
  readonly format: Format;
  /** Whether that is json. */
  readonly isJson: boolean;
  readonly language: Language;
  readonly io: Io;
  /** How to do what needs root; undefined where there is none. */
  readonly rooter: Rooter | undefined;
  /** `--no-install`: name what is missing, install nothing. */
  readonly mayInstall: boolean;
}

/** @throws Fault CLI_USAGE for a stack or language that cannot be */
export function context(values: Readonly<Record<string, unknown>>, io: Io, rooter?: Rooter): Context {
  const root = repositoryRoot();
  const stack = textOf(values["stack"]) ?? "lab";
  if (!/^[\w.-]{1,100}$/.test(stack) || /^\.+$/.test(stack)) {
    throw new Fault(
      "CLI_USAGE",
      `"${stack}" is no name for a stack.`,
      "Use letters, digits, hyphens, underscores and dots.",
    );
  }
  if (["backend", "pulumi-home"].includes(stack))
    throw new Fault("CLI_USAGE", `A folder beside the stacks' own is called ${stack}.`, "Choose another name.");
  const language = languageOf(textOf(values["lang"]), process.env);
  return {
    root,
    stack,
    isEmbedded: isEmbedded(stack),
    folders: foldersOf(root, stack),
    format: values["format"] as Format,
    isJson: values["format"] === "json",
    language,
    io,
    rooter,
    mayInstall: values["no-install"] !== true,
  };
}

/**
 * What is printed for people is in the language that was asked for, else in that of MAQUETTE_LANG, else in the locale's
 * (locale(7): LC_ALL, LC_MESSAGES, LANG), where that is one of ours; else in English.
 * @throws Fault CLI_USAGE for what is asked for and none of ours
 */
export function languageOf(asked: string | undefined, env: NodeJS.ProcessEnv): Language {
  const of = env["MAQUETTE_LANG"];
  const wanted = asked ?? (of === "" ? undefined : of);
  if (wanted !== undefined) {
    if (isLanguage(wanted)) return wanted;
    const hint = asked === undefined ? "Set MAQUETTE_LANG to en or fr, or unset it." : "Use --lang en or --lang fr.";
    throw new Fault("CLI_USAGE", `"${wanted}" is not a language of maquette.`, hint);
  }
  const locale = ["LC_ALL", "LC_MESSAGES", "LANG"].map((name) => env[name]).find((v) => v !== undefined && v !== "");
  const language = locale?.slice(0, 2) ?? "";
  return /^[a-z]{2}(?:$|[_.@])/.test(locale ?? "") && isLanguage(language) ? language : "en";
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/**
 * The stack's settings, read from Pulumi.<stack>.yaml as Pulumi reads them, without starting Pulumi.
 * @throws Fault STACK_UNKNOWN, STACK_SETTINGS …
 */
export async function readSettings(context: Context): Promise<Settings> {
  return parseSettings(context.stack, await stackValues(context));
}

/** What stands under `maquette:` in Pulumi.<stack>.yaml; encrypted values are left out. */
async function stackValues(context: Pick<Context, "root" | "stack">): Promise<Record<string, unknown>> {
  const name = `Pulumi.${context.stack}.yaml`;
  let text: string;
  try {
    text = await readFile(settingsFile(context.root, context.stack), "utf8");
  } catch (error) {
    if (errnoOf(error) !== "ENOENT")
      throw new Fault(
        "STACK_SETTINGS",
        `${name} cannot be read: ${messageOf(error)}.`,
        "It is a file of the repository that this user may read: mend its rights, or restore it with git.",
        error,
      );
    throw new Fault(
      "STACK_UNKNOWN",
      `There is no ${name}: the stack ${context.stack} was never set up.`,
      `docs/own-proxmox.md sets up a stack for a Proxmox of your own; the embedded lab is --stack lab.`,
      error,
    );
  }
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw new Fault(
      "STACK_SETTINGS",
      `${name} is not YAML: ${messageOf(error).split("\n")[0]!}`,
      "Mend the file, or restore it with git.",
      error,
    );
  }
  const config = (document as { config?: Record<string, unknown> } | null)?.config ?? {};
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const [space, rest] = key.split(/:(.*)/s);
    if (space !== "maquette" || rest === undefined) continue;
    if (typeof value === "object" && value !== null && "secure" in value) continue;
    values[rest] = value;
  }
  return values;
}
