import { formatDiagnostic, type Diagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { printable } from "../core/hidden.ts";
import { languageOf } from "./context.ts";
import { entryOf } from "./french/families.ts";
import type { Language } from "./words.ts";

/**
 * A fault as a person reads it. In French the code's own sentences, and below what the English ones alone hold: names,
 * places, figures, commands.
 */
export function faultText(fault: Pick<Fault, "code" | "message" | "hint">, language: Language): string {
  const entry = language === "fr" ? entryOf(fault.code) : undefined;
  if (entry === undefined) return printable(`${fault.code} ${fault.message}\n  hint: ${fault.hint}`, "\n\t");
  const lines = [`${fault.code} ${entry.what}`, `  détail : ${fault.message}`, ...cureLines(entry.cure, fault.hint)];
  return printable(lines.join("\n"), "\n\t");
}

/** A finding as a person reads it: its place first, in every language. */
export function findingText(finding: Diagnostic, language: Language): string {
  const entry = language === "fr" ? entryOf(finding.code) : undefined;
  if (entry === undefined) return formatDiagnostic(finding);
  // The line of the house style, with another sentence in the fact's place.
  const first = formatDiagnostic({ ...finding, fact: entry.what, hint: "" });
  return [first, printable(`  détail : ${finding.fact}`, "\n\t"), ...cureLines(entry.cure, finding.hint)].join("\n");
}

function cureLines(cure: string, hint: string): readonly string[] {
  const lines = [`  conseil : ${cure}`];
  if (holdsMore(hint, cure)) lines.push(printable(`  précision : ${hint}`, "\n\t"));
  return lines;
}

/** Commands, quoted names, and words that nobody writes in a sentence: options, paths, addresses, versions, figures. */
const PARTICULARS = /`[^`]+`|"[^"]+"|[^\s`"]*[\d/_=@$<>][^\s`"]*|--[\w-]+|\w+\.\w+/g;
/** A name that is near, or those that there are. */
const NAMES = /\b[Dd]id you mean\b|\b(?:are|has|given|takes|from|of) (?!it\b)[\w.-]+(?:(?:, | and | or )[\w.-]+)*\.?$/;

/** Whether an English hint holds anything in particular that the French cure lacks, or sends its reader to. */
function holdsMore(hint: string, cure: string): boolean {
  if (hint === "") return false;
  if (NAMES.test(hint) || cure.includes("« précision »")) return true;
  const known = general(cure);
  return (hint.match(PARTICULARS) ?? []).some((part) => !known.includes(general(part.replace(/[.,:;()]+$/, ""))));
}

/** `HOST` and `MACHINE` stand for the same in a command. */
const general = (text: string): string => text.replaceAll(/\b[A-Z]{3,}\b/g, "…").replaceAll(/[()]/g, "");

/**
 * The language of what is said of a command line that may not be understood: as `languageOf`, but what is no language
 * is passed over.
 */
export function languageSaid(argv: readonly string[], env: NodeJS.ProcessEnv): Language {
  const end = argv.indexOf("--");
  const own = end === -1 ? argv : argv.slice(0, end);
  const at = own.findLastIndex((word) => word === "--lang" || word.startsWith("--lang="));
  const asked = at === -1 ? undefined : (own[at]!.split("=", 2)[1] ?? own[at + 1]);
  for (const [wanted, given] of [
    [asked, env],
    [undefined, env],
    [undefined, { ...env, MAQUETTE_LANG: "" }],
  ] as const)
    try {
      return languageOf(wanted, given);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  return "en";
}
