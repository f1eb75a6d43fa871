import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crowdIn } from "../../load/people.ts";
import { isLoadGood, reportOf, type Loaded } from "../../load/report.ts";
import { FAULTS, runLoad, textsOf, type FaultName, type Progress } from "../../load/run.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { writePrivate } from "../../stack/folders.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Format } from "../format.ts";
import { wholeNumber } from "../numbers.ts";
import { secretsOf } from "../probe-secrets.ts";
import { planDigests } from "../snapshots.ts";
import { table } from "../table.ts";
import { version } from "../version.ts";
import { wordsOf, type Language } from "../words.ts";
import { writeReport } from "../write-report.ts";
import { openRunningLab, untilInterrupted } from "./verify.ts";

const MINUTES = 5;
const MOST_MINUTES = 120;
const NONE = "none";

/** A load as it is kept, with what it was of. */
export interface KeptLoad extends Loaded {
  /** ISO 8601. */
  readonly at: string;
  readonly version: string;
  /** Digests of the plan's documents, by file name. */
  readonly plan: Readonly<Record<string, string>>;
}

const loadedFile = (stack: string): string => join(stack, "loaded.json");

/** The last load of this lab; null where there is none, or none of this version: another may have other figures. */
export async function lastLoad(stack: string): Promise<KeptLoad | null> {
  try {
    const kept = JSON.parse(await readFile(loadedFile(stack), "utf8")) as KeptLoad;
    return kept.version === version() ? kept : null;
  } catch {
    return null;
  }
}

/** Ten people at work side by side, without a fault and with some. Exit 1 where something was lost, or somebody cut off. */
export const load: Command = async (context, values) => {
  const minutes = wholeNumber("minutes", values["minutes"]) ?? MINUTES;
  if (minutes > MOST_MINUTES)
    throw new Fault("CLI_USAGE", `--minutes is ${minutes}.`, `A day lasts ${MOST_MINUTES} minutes at most.`);
  const seed = wholeNumber("seed", values["seed"]) ?? 1;
  const faults = faultsOf(values["faults"]);
  const lab = await openRunningLab(context, "load");
  try {
    const crowd = crowdIn(lab.plan);
    const resolve = await secretsOf(context, lab.plan, textsOf(lab.plan, crowd));
    const onProgress = (at: Progress): void => context.io.progress(wordsOf(context.language).loading(at));
    const days = await untilInterrupted((signal) =>
      runLoad({ ...lab, crowd, resolve, seed, minutes, faults, signal, onProgress }),
    );
    const loaded: Loaded = { seed, minutes, users: crowd.people.length, days };
    const plan = await planDigests(context, await readSettings(context));
    const kept: KeptLoad = { at: new Date().toISOString(), version: version(), plan, ...loaded };
    await writePrivate(loadedFile(context.folders.stack), JSON.stringify(kept));
    const text = renderers[context.format]!(kept, context);
    const out = values["out"];
    if (typeof out === "string") await writeReport(out, `${text}\n`);
    else context.io.out(text);
    return isLoadGood(loaded) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
};

const renderers: Partial<Record<Format, (kept: KeptLoad, context: Pick<Context, "language">) => string>> = {
  text: (kept, { language }) => textOf(kept, language),
  json: (kept) => JSON.stringify(kept),
  markdown: (kept, { language }) => markdownOf(kept, language),
};

function textOf(kept: KeptLoad, language: Language): string {
  const { title, header, rows, lines, verdict } = reportOf(kept, language);
  return [title, "", table(header, rows), "", ...lines, "", verdict].join("\n");
}

function markdownOf(kept: KeptLoad, language: Language): string {
  const { title, header, rows, lines, verdict } = reportOf(kept, language);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const cells = [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)].join("\n");
  return [`# ${title}`, cells, lines.map((l) => `- ${l}`).join("\n"), `**${verdict}**`].join("\n\n");
}

/** `router,wan`, or `none`. @throws Fault CLI_USAGE */
function faultsOf(value: unknown): readonly FaultName[] {
  if (typeof value !== "string") return FAULTS;
  const words = value.split(",").map((w) => w.trim());
  if (words.length === 1 && words[0] === NONE) return [];
  for (const word of words) {
    if ((FAULTS as readonly string[]).includes(word)) continue;
    const near = didYouMean(word, [...FAULTS, NONE]);
    throw new Fault(
      "CLI_USAGE",
      `--faults has "${word}".`,
      near === undefined ? `It takes ${FAULTS.join(", ")}, or ${NONE} alone.` : `Did you mean ${near}?`,
    );
  }
  return FAULTS.filter((fault) => words.includes(fault));
}
