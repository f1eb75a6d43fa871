import { randomInt } from "node:crypto";
import { appendFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { probesOf } from "../accept/probes/index.ts";
import { begin, chosen, end, redOf, troublesOf, type Level, type MysteryScene } from "../accept/mystery/run.ts";
import { Fault } from "../core/fault.ts";
import type { Trouble } from "../roles/role.ts";
import { privateFolder, writePrivate } from "../stack/folders.ts";
import { openRunningLab, untilInterrupted, type RunningLab } from "./commands/verify.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { wholeNumber } from "./numbers.ts";
import { inputsOf, secretsOf } from "./probe-secrets.ts";
import { table } from "./table.ts";

/** The words of `drill` that are this game's. */
export const GAME = ["mystery", "hint", "solve", "sheet"] as const;
export type Move = (typeof GAME)[number];

const POINTS_A_LEVEL = 10;
const POINTS_A_HINT = 3;
const LARGEST_SEED = 9_999;

const opened = z.object({
  /** The trouble's id, so that a glance does not tell it. */
  what: z.string().transform((text) => Buffer.from(text, "base64url").toString()),
  seed: z.number(),
  level: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  at: z.coerce.date(),
  hints: z.number(),
});
type Opened = z.infer<typeof opened>;

const played = z.object({
  at: z.string(),
  level: z.number(),
  seed: z.number(),
  seconds: z.number(),
  hints: z.number(),
  isFound: z.boolean(),
  points: z.number(),
});
type Played = z.infer<typeof played>;

const words = {
  en: {
    broken: (level: number, seed: number) =>
      `Mystery ${seed}, level ${level}: something in the lab is not as it was. The time runs.`,
    find: "maquette accept shows who suffers; maquette drill hint helps, maquette drill solve ends it.",
    suffers: (titles: readonly string[]) => `Not so any more: ${titles.join("; ")}`,
    hint: (n: number, of: number) => `Hint ${n} of ${of}`,
    noHint: "There are no more hints: maquette drill solve tells what it was.",
    found: (minutes: string, hints: number, points: number) =>
      `Found in ${minutes} min with ${hints} hints: ${points} points.`,
    told: (minutes: string) => `Not found in ${minutes} min.`,
    was: (what: string) => `It was this: ${what}.`,
    well: "It is put right, and everybody is well again.",
    red: (lines: readonly string[]) => `It is put right, but this is red still:\n  ${lines.join("\n  ")}`,
    header: ["when", "level", "seed", "minutes", "hints", "found", "points"],
    yesNo: ["yes", "no"],
    none: "No mystery was played yet: maquette drill mystery.",
    total: (points: number) => `${points} points in all`,
  },
  fr: {
    broken: (level: number, seed: number) =>
      `Mystère ${seed}, niveau ${level} : quelque chose dans la maquette n'est plus comme avant. Le temps court.`,
    find: "maquette accept montre qui en souffre ; maquette drill hint aide, maquette drill solve met fin.",
    suffers: (titles: readonly string[]) => `Ne marche plus : ${titles.join(" ; ")}`,
    hint: (n: number, of: number) => `Indice ${n} sur ${of}`,
    noHint: "Il n'y a plus d'indice : maquette drill solve dit ce que c'était.",
    found: (minutes: string, hints: number, points: number) =>
      `Trouvé en ${minutes} min avec ${hints} indices : ${points} points.`,
    told: (minutes: string) => `Pas trouvé en ${minutes} min.`,
    was: (what: string) => `C'était ceci : ${what}.`,
    well: "C'est remis en ordre, et tout le monde va bien.",
    red: (lines: readonly string[]) => `C'est remis en ordre, mais ceci reste rouge :\n  ${lines.join("\n  ")}`,
    header: ["quand", "niveau", "graine", "minutes", "indices", "trouvé", "points"],
    yesNo: ["oui", "non"],
    none: "Aucun mystère n'a encore été joué : maquette drill mystery.",
    total: (points: number) => `${points} points en tout`,
  },
} as const;

const openedFile = (context: Context): string => join(context.folders.stack, "mystery.json");
const playedFile = (context: Context): string => join(context.folders.stack, "mysteries.jsonl");

/**
 * One thing is broken, and somebody is to find it. What is broken is on disk before it is: whatever ends the command,
 * `drill solve` puts it right. Exit 1 where `solve` had to tell, or something is red after it.
 */
export async function drillMystery(
  context: Context,
  move: Move,
  values: Readonly<Record<string, unknown>>,
): Promise<number> {
  const level = levelOf(values["level"]);
  const seed = wholeNumber("seed", values["seed"]);
  if (move !== "mystery" && (values["level"] ?? values["seed"]) !== undefined)
    throw new Fault("CLI_USAGE", `drill ${move} takes no level and no seed.`, "They are of drill mystery.");
  if (move === "sheet") return sheet(context);
  const lab = await openRunningLab(context, `drill ${move}`);
  try {
    const probes = probesOf(lab.plan);
    const troubles = troublesOf(lab.plan, probes);
    const found = await openOne(context);
    if (move === "mystery" && found !== null)
      throw new Fault(
        "DRILL_MYSTERY_OPEN",
        `A mystery is open since ${found.at.toLocaleTimeString(context.language)}.`,
        "`maquette drill hint` helps, `maquette drill solve` ends it.",
      );
    const resolve = await secretsOf(context, lab.plan, inputsOf(probes));
    return await untilInterrupted(async (signal) => {
      const scene = {
        shell: lab.shell,
        resolve,
        probes,
        signal,
        onProgress: (line: string): void => context.io.progress(line),
      };
      if (move === "mystery") return start(context, scene, troubles, level, seed ?? randomInt(1, LARGEST_SEED));
      if (found === null)
        throw new Fault("DRILL_NO_MYSTERY", "No mystery is open.", "`maquette drill mystery` begins one.");
      const trouble = troubles.find((t) => t.id === found.what);
      if (trouble === undefined) {
        await rm(openedFile(context));
        throw new Fault(
          "DRILL_MYSTERY_GONE",
          "The plan has changed since, and what was broken is not in it any more: the mystery is over.",
          "`maquette up` brings the lab to the plan.",
        );
      }
      return move === "hint" ? hint(context, lab, found, trouble) : solve(context, scene, found, trouble);
    });
  } finally {
    await lab.close();
  }
}

async function start(
  context: Context,
  scene: MysteryScene,
  troubles: readonly Trouble[],
  level: Level,
  seed: number,
): Promise<number> {
  const { io, isJson, language } = context;
  const trouble = chosen(troubles, level, seed);
  if (trouble === undefined)
    throw new Fault("DRILL_NOT_READY", `Nothing of level ${level} can be broken in this plan.`, "Take another level.");
  await keep(context, { what: trouble.id, seed, level, at: new Date(), hints: 0 });
  try {
    await begin(scene, trouble);
  } catch (error) {
    await rm(openedFile(context));
    throw error;
  }
  // The time runs from when it can be noticed.
  await keep(context, { what: trouble.id, seed, level, at: new Date(), hints: 0 });
  if (isJson) io.out(JSON.stringify({ seed, level }));
  else io.out(`${words[language].broken(level, seed)}\n${words[language].find}`);
  return exitCodes.good;
}

async function hint(context: Context, lab: RunningLab, found: Opened, trouble: Trouble): Promise<number> {
  const { io, isJson, language } = context;
  const w = words[language];
  const titles = probesOf(lab.plan).flatMap((p) => (trouble.shows.includes(p.id) ? [p.title[language]] : []));
  // Who suffers comes first: acceptance says it to whoever asks.
  const hints = [w.suffers(titles.slice(0, 3)), ...trouble.hints.map((h) => h[language])];
  const given = hints[found.hints];
  if (given !== undefined) await keep(context, { ...found, hints: found.hints + 1 });
  if (isJson) io.out(JSON.stringify({ hint: given ?? null, given: found.hints + 1, of: hints.length }));
  else io.out(given === undefined ? w.noHint : `${w.hint(found.hints + 1, hints.length)}. ${given}`);
  return exitCodes.good;
}

async function solve(context: Context, scene: MysteryScene, found: Opened, trouble: Trouble): Promise<number> {
  const { io, isJson, language } = context;
  const w = words[language];
  scene.onProgress?.("asking who suffers still");
  const isFound = (await redOf(scene, trouble)).length === 0;
  const seconds = Math.round((Date.now() - found.at.getTime()) / 1000);
  const red = await end(scene, trouble);
  const points = isFound ? Math.max(1, found.level * POINTS_A_LEVEL - found.hints * POINTS_A_HINT) : 0;
  const { seed, level, hints } = found;
  const line: Played = { at: found.at.toISOString(), level, seed, seconds, hints, isFound, points };
  await privateFolder(context.folders.stack);
  await appendFile(playedFile(context), `${JSON.stringify(line)}\n`, { mode: 0o600 });
  await rm(openedFile(context));
  const minutes = (seconds / 60).toFixed(1);
  if (isJson) io.out(JSON.stringify({ ...line, told: trouble.told[language], red }));
  else
    io.out(
      [
        isFound ? w.found(minutes, hints, points) : w.told(minutes),
        w.was(trouble.told[language]),
        red.length === 0 ? w.well : w.red(red),
      ].join("\n"),
    );
  return isFound && red.length === 0 ? exitCodes.good : exitCodes.findings;
}

/** What was played with this stack. */
async function sheet(context: Context): Promise<number> {
  const { io, isJson, language } = context;
  const w = words[language];
  const text = await readFile(playedFile(context), "utf8").catch(() => "");
  const lines = text.split("\n").flatMap((line): Played[] => {
    try {
      return [played.parse(JSON.parse(line))];
    } catch {
      // The last one of a disk that was full.
      return [];
    }
  });
  if (isJson) for (const line of lines) io.out(JSON.stringify(line));
  else if (lines.length === 0) io.out(w.none);
  else {
    const rows = lines.map((l) => [
      new Date(l.at).toLocaleString(language),
      ...[l.level, l.seed, (l.seconds / 60).toFixed(1), l.hints].map(String),
      w.yesNo[l.isFound ? 0 : 1],
      String(l.points),
    ]);
    const total = lines.reduce((sum, l) => sum + l.points, 0);
    io.out(`${table(w.header, rows)}\n\n${w.total(total)}`);
  }
  return exitCodes.good;
}

async function openOne(context: Context): Promise<Opened | null> {
  try {
    return opened.parse(JSON.parse(await readFile(openedFile(context), "utf8")));
  } catch {
    return null;
  }
}

const keep = async (context: Context, { what, ...rest }: Opened): Promise<void> =>
  writePrivate(openedFile(context), JSON.stringify({ what: Buffer.from(what).toString("base64url"), ...rest }));

function levelOf(value: unknown): Level {
  if (value === undefined) return 1;
  if (value === "1" || value === "2" || value === "3") return Number(value) as Level;
  throw new Fault("CLI_USAGE", `--level is "${typeof value === "string" ? value : ""}".`, "It takes 1, 2 or 3.");
}
