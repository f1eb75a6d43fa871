import { readFile } from "node:fs/promises";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { pageOf, type Earlier } from "../../accept/probes/page.ts";
import { probesOf, runProbes, type ProbeResult, type ProbeWay } from "../../accept/probes/index.ts";
import {
  isAccepted,
  junitOf,
  linesOf,
  selected,
  summaryOf,
  textOf,
  type Accepted,
} from "../../accept/probes/report.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { asRoot, type SshConnection } from "../../door/index.ts";
import type { Plan } from "../../plan/types.ts";
import { BASE, type Probe } from "../../roles/role.ts";
import { briefOf } from "../../load/report.ts";
import { labPicture } from "../../docs/picture.ts";
import { writePrivate } from "../../stack/folders.ts";
import { giveBack } from "../broken.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { lackingIn, standInsOf } from "../doctor-artefacts.ts";
import { exitCodes } from "../exit-codes.ts";
import { judgePlan } from "../judge.ts";
import { isStandIn, openLabDoor, patience, runInRouter, whileRunning, type LabDoor } from "../lab-door.ts";
import { openRoomPower } from "../power.ts";
import { inputsOf, secretsOf } from "../probe-secrets.ts";
import { keepSeenRed } from "../seen-red.ts";
import { changedDocuments, planDigests } from "../snapshots.ts";
import { version } from "../version.ts";
import { wordsOf, type Language } from "../words.ts";
import { writeReport } from "../write-report.ts";
import { lastLoad, type KeptLoad } from "./load.ts";
import { untilInterrupted } from "./verify.ts";

/**
 * Asks, from where users sit, whether each of the customer's needs is met: what must work, and what must not. Exit 1
 * when any probe is red.
 */
export const accept: Command = async (context, values) => {
  const started = performance.now();
  const { io, language } = context;
  const lab = await openLabDoor(context);
  try {
    await giveBack(context, lab.plan.hosts, () => openRoomPower(context, lab.plan, lab.naming));
    const ids = needIds(lab.plan, values["need"]);
    const { needs, probes } = selected(lab.plan, theProbes(probesOf(lab.plan), values["probe"]), ids);
    const fill = await secretsOf(context, lab.plan, inputsOf(probes));
    const isWhole = ids === undefined && values["probe"] === undefined;
    const before = await lastWhole(context.folders.stack);
    const progress = asking(context, probes.length, isWhole ? (before?.seconds ?? null) : null);
    const results = await untilInterrupted((signal) =>
      runProbes({ probes, way: wayInto(lab), resolve: fill, signal, onDone: progress.done }),
    ).finally(progress.end);
    // Of some probes alone, other needs are not the question.
    const asked =
      values["probe"] === undefined ? needs : needs.filter((n) => probes.some((p) => p.needs.includes(n.id)));
    const seconds = (performance.now() - started) / 1000;
    const lastDay = await lastLoad(context.folders.stack);
    const settings = await readSettings(context);
    const plan = await planDigests(context, settings);
    const accepted: Accepted = { needs: asked, results, seconds, measured: measuredOf(lastDay, plan, language) };
    const at = new Date();
    const seenRed = await keepSeenRed(context.folders.stack, results, at);
    if (typeof values["junit"] === "string") await writeReport(values["junit"], junitOf(accepted, language));
    const html = values["html"];
    if (isWhole || typeof html === "string") {
      const page = pageOf({
        ...{
          lab: lab.plan.domain.name,
          accepted,
          at,
          version: version(),
          plan,
          before,
          seenRed,
          machine: machineWords(),
        },
        isProven: (await judgePlan(context, settings)).ok,
        standIns: await standInsOf(context, settings, lab.plan),
        lacking: lackingIn(lab.plan),
        picture: labPicture(lab.plan, "fr"),
        measured: measuredOf(lastDay, plan, "fr"),
      });
      if (typeof html === "string") await writeReport(html, page);
      if (isWhole) {
        const lines = linesOf(accepted, language).map((l) => JSON.parse(l) as unknown);
        const kept = { at: at.toISOString(), version: version(), plan, seconds: accepted.seconds, lines };
        await writePrivate(acceptedFile(context.folders.stack), JSON.stringify(kept));
        await writePrivate(join(context.folders.stack, "accepted.html"), page);
      }
    }
    if (context.isJson) for (const line of linesOf(accepted, language)) io.out(line);
    else {
      const { green, red, bold } = io.outColours;
      const isLong = values["long"] === true;
      const text = textOf(accepted, { language, width: io.width, isLong, good: green, bad: red, strong: bold });
      if (text !== "") io.out(`${text}\n`);
      io.out(summaryOf(accepted, language, io.width));
    }
    return isAccepted(accepted) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.door.close();
  }
};

/** Of need N8 a day of all who work side by side, which takes minutes: the last one, and whether it was of this plan. */
function measuredOf(
  last: KeptLoad | null,
  plan: Readonly<Record<string, string>>,
  language: Language,
): ReadonlyMap<string, readonly string[]> {
  const words = wordsOf(language);
  if (last === null) return new Map([["N8", [words.loadNever]]]);
  const changed = changedDocuments(last.plan, plan);
  const when = words.loadMeasured(
    new Date(last.at).toLocaleString(language === "fr" ? "fr-FR" : "en-GB"),
    changed.join(", "),
  );
  return new Map([["N8", [when, ...briefOf(last, language)]]]);
}

/** The last whole acceptance, for the closing report. */
export const acceptedFile = (stack: string): string => join(stack, "accepted.json");

/** @throws Fault CLI_USAGE for what is no need of the plan */
export function needIds(plan: Plan, asked: unknown): ReadonlySet<string> | undefined {
  if (typeof asked !== "string") return undefined;
  const ids = asked.split(",").map((id) => id.trim().toUpperCase());
  const known = [BASE, ...plan.coverage.keys()];
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = didYouMean(id, known);
    throw new Fault(
      "CLI_USAGE",
      `"${id}" is no need or objective of the plan.`,
      near ? `Did you mean ${near}?` : `They are ${known.join(", ")}.`,
    );
  }
  return new Set(ids);
}

/** @throws Fault CLI_USAGE */
function theProbes(probes: readonly Probe[], asked: unknown): readonly Probe[] {
  if (typeof asked !== "string") return probes;
  const ids = asked.split(",").map((id) => id.trim());
  const known = probes.map((p) => p.id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = didYouMean(id, known);
    throw new Fault(
      "CLI_USAGE",
      `"${id}" is no probe.`,
      near ? `Did you mean ${near}?` : "`maquette accept --json` names them.",
    );
  }
  return probes.filter((p) => ids.includes(p.id));
}

/** The last whole acceptance; null where there is none, or none that this version can read. */
async function lastWhole(stack: string): Promise<(Earlier & { readonly seconds: number }) | null> {
  try {
    return earlier.parse(JSON.parse(await readFile(acceptedFile(stack), "utf8")));
  } catch {
    return null;
  }
}

const earlier = z.object({
  at: z.coerce.date(),
  version: z.string(),
  plan: z.record(z.string(), z.string()),
  seconds: z.number(),
  lines: z.array(z.object({ probe: z.string().nullable(), ok: z.boolean().nullable() })),
});

const machineWords = (): string =>
  `${type()} ${release()}, ${cpus().length} cœurs, ${Math.round(totalmem() / 2 ** 30)} Gio de mémoire, Node ${process.versions.node}`;

/**
 * Says how far it is: on a terminal in one line that goes on each second, elsewhere a line for each answer.
 * @param lastSeconds what all of them took the time before
 */
function asking(
  { io, language }: Context,
  total: number,
  lastSeconds: number | null,
): { readonly done: (result: ProbeResult, left: number) => void; readonly end: () => void } {
  const words = wordsOf(language);
  const started = performance.now();
  let [answered, last] = [0, ""];
  const tell = (): void => {
    const seconds = Math.round((performance.now() - started) / 1000);
    const left = lastSeconds === null ? null : Math.max(0, Math.round(lastSeconds) - seconds);
    io.progress(`${words.asked(answered, total, seconds, left)}${last}`);
  };
  const timer = io.isTerminal ? setInterval(tell, 1000) : undefined;
  if (io.isTerminal) tell();
  return {
    done: ({ probe, isGood, seen }, left) => {
      answered = total - left;
      const line = `${isGood ? "✓" : "✗"} ${probe.id}: ${seen}`;
      last = `  ${line}`;
      if (io.isTerminal) tell();
      else io.progress(`${line}${left > 0 ? ` (${left} to go)` : ""}`);
    },
    end: () => clearInterval(timer),
  };
}

/** Sessions of one host: its server counts some that have just ended (sshd_config(5), MaxSessions). */
const AT_ONCE = 5;

/** In band over the door, as root; scenery and this machine's routers by their console. One connection a host. */
function wayInto(lab: LabDoor): ProbeWay {
  const connections = new Map<string, Promise<SshConnection>>();
  const connect = async (name: string): Promise<SshConnection> => {
    await lab.running(name);
    return lab.door.ssh(name, patience);
  };
  const busy = new Map<string, { count: number; readonly waiting: (() => void)[] }>();
  const inTurn = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = busy.get(name) ?? { count: 0, waiting: [] };
    busy.set(name, turn);
    if (turn.count >= AT_ONCE) await new Promise<void>((go) => turn.waiting.push(go));
    else turn.count++;
    try {
      return await work();
    } finally {
      const next = turn.waiting.shift();
      if (next) next();
      else turn.count--;
    }
  };
  return async (name, { argv, input }, deadlineMs) => {
    const host = lab.plan.hosts.get(name)!;
    if (isStandIn(lab, host)) {
      await lab.running(name);
      return runInRouter(lab, host, argv, input ?? "", deadlineMs);
    }
    const known = connections.get(name) ?? connect(name);
    connections.set(name, known);
    return inTurn(name, () =>
      whileRunning(
        lab,
        name,
        known.then((c) => c.exec(asRoot(argv), { input: input ?? "", deadlineMs })),
      ),
    );
  };
}
