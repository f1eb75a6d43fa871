import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { SshConnection } from "../../door/index.ts";
import type { FailEvent, FoundFile, ObservedStep } from "./observed.ts";
import { lost, type HostRunner } from "./runner.ts";
import { powershell, windowsScripts, type ScriptName } from "./windows-scripts.ts";
import type { SentFile, SentStep } from "./work.ts";

/*
 * A Windows host over SSH: the same steps in the same order as on Debian (agent.ts), in small PowerShell scripts. A
 * package is a Windows feature, a unit is a service: running is Automatic and started, off is Manual and stopped,
 * masked is Disabled and stopped. A path is written as OpenSSH's SFTP writes it there, `/C:/ProgramData/x`. Of a mode
 * only this is kept: what others may not read is for SYSTEM and Administrators alone, anything else has the access of
 * its folder; owners are not kept.
 */

type Of<K extends SentStep["kind"]> = Extract<SentStep, { kind: K }>;
type Command = Of<"probe">["run"];

class StepFailed extends Error {
  readonly facts: Omit<FailEvent, "event" | "role" | "step">;

  constructor(facts: Omit<FailEvent, "event" | "role" | "step">) {
    super(facts.what);
    this.facts = facts;
  }
}

const done = z.object({});
const answers = {
  instance: z.object({ instance: z.string().nullable(), now: z.number() }),
  loaded: z.object({ loaded: z.record(z.string(), z.string()) }),
  load: done,
  look: z.object({
    files: z.record(
      z.string(),
      z
        .union([
          z.object({ kind: z.enum(["link", "other"]) }),
          z.object({ digest: z.string(), isPrivate: z.boolean(), content: z.string().nullable() }),
        ])
        .nullable(),
    ),
  }),
  stage: z.object({ made: z.array(z.string()) }),
  place: z.object({ access: z.string().nullable() }),
  back: done,
  drop: done,
  run: z.object({ exit: z.number().nullable(), said: z.string(), late: z.boolean() }),
  features: z.object({ missing: z.array(z.string()) }),
  install: z.object({ restart: z.boolean() }),
  services: z.object({ services: z.record(z.string(), z.object({ status: z.string(), start: z.string() })) }),
  setServices: done,
} satisfies Record<ScriptName, z.ZodType>;
type Answer<K extends ScriptName> = z.infer<(typeof answers)[K]>;

const SLACK_SECONDS = 30;
const SCRIPT_SECONDS = 60;
const INSTALL_SECONDS = 900;
const PAUSE_MS = 200;

/** Standard input that any code page leaves as it is. */
const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** `/C:/ProgramData/x` as Windows writes it. @throws StepFailed */
function windowsPath(path: string): string {
  const match = /^\/([A-Za-z]:)((?:\/[^/\\:*?"<>|]+)+)$/.exec(path);
  if (!match)
    throw new StepFailed({ what: `${path} is no path of a Windows host: it is written as in /C:/ProgramData/x` });
  return `${match[1]!}${match[2]!.replaceAll("/", "\\")}`;
}

function beside(path: string, suffix: string): string {
  const at = path.lastIndexOf("\\") + 1;
  return `${path.slice(0, at)}.${path.slice(at)}${suffix}`;
}
const newOf = (path: string): string => beside(path, ".maquette-new");
const oldOf = (path: string): string => beside(path, ".maquette-old");

/** Words as CommandLineToArgvW takes them apart again. */
export const windowsArguments = (words: readonly string[]): string =>
  words
    .map((word) =>
      /^[^\s"]+$/.test(word) ? word : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`,
    )
    .join(" ");

const tail = (text: string): string => text.trim().split(/\r?\n/).slice(-12).join("\n").slice(-2000);

const isPrivate = (file: Pick<SentFile, "mode">): boolean => (parseInt(file.mode, 8) & 0o007) === 0;

/** A Windows host, by PowerShell over OpenSSH. */
export function windowsRunner(connection: SshConnection): HostRunner {
  const host = connection.target.name;

  async function ask<K extends ScriptName>(name: K, asked: object, seconds = SCRIPT_SECONDS): Promise<Answer<K>> {
    const { exitCode, stdout, stderr } = await connection.exec(powershell(windowsScripts[name]), {
      input: `${ascii(asked)}\n`,
      deadlineMs: (seconds + SLACK_SECONDS) * 1000,
    });
    const line = stdout.trim().split("\n").at(-1) ?? "";
    if (exitCode !== 0 || line === "")
      throw new StepFailed({
        what: "PowerShell refuses it",
        argv: ["powershell.exe", name],
        exit: exitCode,
        said: tail(stderr === "" ? stdout : stderr),
      });
    return answers[name].parse(JSON.parse(line)) as Answer<K>;
  }

  const run = async (argv: readonly string[], input: string, seconds: number): Promise<Answer<"run">> => {
    const [file, ...words] = argv;
    const asked = { file, arguments: windowsArguments(words), input: base64(input), seconds };
    return ask("run", asked, seconds);
  };

  const must = async (command: Command, seconds: number, what: string, argv = command.argv): Promise<void> => {
    const { exit, said, late } = await run(argv, command.input, seconds);
    const facts = { what, argv: [...argv], said: tail(said) };
    if (late) throw new StepFailed({ ...facts, seconds });
    if (exit !== 0) throw new StepFailed({ ...facts, ...(exit === null ? {} : { exit }) });
  };

  const until = async (command: Command, seconds: number, what: string): Promise<void> => {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const left = Math.max(0.1, (deadline - Date.now()) / 1000);
      const { exit, said, late } = await run(command.argv, command.input, left);
      if (exit === 0 && !late) return;
      if (Date.now() + PAUSE_MS > deadline)
        throw new StepFailed({
          what,
          argv: [...command.argv],
          said: tail(said),
          seconds,
          ...(exit === null ? {} : { exit }),
        });
      // A service tells nobody but its manager that it listens, and not all tell it.
      await sleep(PAUSE_MS);
    }
  };

  const holds = async (command: Command): Promise<{ readonly holds: boolean; readonly said: string }> => {
    const { exit, said, late } = await run(command.argv, command.input, 30);
    return { holds: exit === 0 && !late, said: tail(said) };
  };

  // Files

  async function look(step: Of<"files">): Promise<{
    readonly wrong: Record<string, FoundFile | null>;
    readonly present: string[];
  }> {
    const wanted = Object.entries(step.files);
    const asked = [
      ...wanted.map(([path, { digest }]) => ({ path: windowsPath(path), digest })),
      ...step.absent.map((path) => ({ path: windowsPath(path), digest: "" })),
    ];
    const { files } = await ask("look", { files: asked });
    const wrong: Record<string, FoundFile | null> = {};
    for (const [path, file] of wanted) {
      const now = files[windowsPath(path)] ?? null;
      if (now === null) wrong[path] = null;
      else if ("kind" in now) wrong[path] = { digest: "", mode: "", owner: "", kind: now.kind, isSame: false };
      else {
        const isSame = now.digest === file.digest;
        if (isSame && now.isPrivate === isPrivate(file)) continue;
        // What is not kept is as wanted.
        const mode = now.isPrivate === isPrivate(file) ? file.mode : now.isPrivate ? "0600" : "0644";
        const content = now.content === null ? {} : { content: Buffer.from(now.content, "base64").toString("utf8") };
        wrong[path] = { digest: now.digest, mode, owner: file.owner, isSame, ...content };
      }
    }
    const present = step.absent.filter((path) => (files[windowsPath(path)] ?? null) !== null);
    return { wrong, present };
  }

  async function applyFiles(step: Of<"files">, isLoaded: boolean): Promise<boolean> {
    const found = await look(step);
    const wrong = Object.keys(found.wrong);
    if (wrong.length === 0 && found.present.length === 0 && isLoaded) return false;
    const other = wrong.find((path) => found.wrong[path]?.kind !== undefined);
    if (other !== undefined) throw new StepFailed({ what: `${other} is no file` });
    const folders: string[] = [];
    const temporaries = wrong.map((path) => newOf(windowsPath(path)));
    try {
      for (const path of wrong) {
        const file = step.files[path]!;
        const staged = { path: newOf(windowsPath(path)), content: base64(file.content), isPrivate: isPrivate(file) };
        folders.push(...(await ask("stage", staged)).made);
      }
      for (const command of step.check)
        await must(
          command,
          30,
          "the checker refuses it",
          command.argv.map((word) => checked(word, wrong)),
        );
    } catch (error) {
      await quietly(() => ask("drop", { files: temporaries, folders }));
      throw error;
    }
    const back: object[] = [];
    try {
      for (const path of [...wrong, ...found.present]) {
        const live = windowsPath(path);
        const wasThere = found.wrong[path] !== null;
        const moved = { path: live, new: path in step.files ? newOf(live) : null, old: oldOf(live), wasThere };
        // Before it is known how it went: one that was cut is put back too.
        back.push(moved);
        const { access } = await ask("place", moved);
        back.splice(-1, 1, { ...moved, access });
      }
      for (const command of step.verify) await must(command, 30, "the checker refuses it in its place");
      for (const command of step.reload) await must(command, 60, "loading it failed");
      if (step.probe) await until(step.probe, 30, "loaded, it does not work");
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      for (const moved of back) await ask("back", moved);
      await ask("drop", { files: temporaries, folders });
      const again = await Promise.all(back.length === 0 ? [] : step.reload.map((c) => run(c.argv, c.input, 60)));
      const bad = again.find((r) => r.exit !== 0);
      const said = bad === undefined ? "" : `, but loading them again failed too: ${tail(bad.said)}`;
      throw new StepFailed({ ...error.facts, back: `the files before are back${said}` });
    }
    const olds = [...Object.keys(step.files), ...found.present].map((path) => oldOf(windowsPath(path)));
    await ask("drop", { files: olds, folders: [] });
    return true;
  }

  // Features and services

  async function applyFeatures(names: readonly string[]): Promise<boolean> {
    const { missing } = await ask("features", { names });
    if (missing.length === 0) return false;
    const { restart } = await ask("install", { names: missing }, INSTALL_SECONDS);
    const left = (await ask("features", { names })).missing;
    if (left.length === 0) return true;
    throw new StepFailed({
      what: restart
        ? `${left.join(", ")} needs a restart of the host before it is installed`
        : `installed, ${left.join(", ")} is still missing`,
    });
  }

  async function wrongServices({ units, state }: Of<"units">): Promise<Record<string, string>> {
    const { services } = await ask("services", { names: units });
    const wrong: Record<string, string> = {};
    for (const unit of units) {
      const { status, start } = services[unit] ?? { status: "", start: "" };
      const why = whyWrong(state, status, start);
      if (why !== undefined) wrong[unit] = why;
    }
    return wrong;
  }

  async function applyServices(step: Of<"units">): Promise<boolean> {
    const names = Object.keys(await wrongServices(step));
    if (names.length === 0) return false;
    const start = { running: "Automatic", off: "Manual", masked: "Disabled" }[step.state];
    await ask("setServices", { names, start, isRunning: step.state === "running" }, 120);
    const deadline = Date.now() + 30_000;
    for (;;) {
      const left = Object.entries(await wrongServices(step));
      if (left.length === 0) return true;
      if (Date.now() > deadline) throw new StepFailed({ what: left.map(([unit, why]) => `${unit} ${why}`).join(", ") });
      // A service's state after it was told to start is told to nobody.
      await sleep(PAUSE_MS);
    }
  }

  // Steps

  const loadedOf = async (role: string): Promise<Record<string, string>> => (await ask("loaded", { role })).loaded;

  async function apply(role: string, step: SentStep, isChanged: boolean): Promise<boolean> {
    switch (step.kind) {
      case "packages":
        return applyFeatures(step.packages);
      case "units":
        return applyServices(step);
      case "command": {
        if ((await holds(step.unless)).holds) return false;
        await must(step.run, step.seconds, "it failed");
        const { exit, said } = await run(step.unless.argv, step.unless.input, 30);
        if (exit === 0) return true;
        throw new StepFailed({
          what: "done, its guard still does not hold",
          argv: [...step.unless.argv],
          said: tail(said),
          ...(exit === null ? {} : { exit }),
        });
      }
      case "files": {
        const loaded = await loadedOf(role);
        const changed = await applyFiles(step, loaded[step.name] === step.key);
        if (changed) await ask("load", { role, loaded: { ...loaded, [step.name]: step.key } });
        return changed;
      }
      case "probe": {
        const loaded = await loadedOf(role);
        if (!isChanged && loaded[step.name] === "passed") return false;
        const others = Object.fromEntries(Object.entries(loaded).filter(([name]) => name !== step.name));
        await ask("load", { role, loaded: others });
        await until(step.run, step.seconds, "it does not hold");
        await ask("load", { role, loaded: { ...others, [step.name]: "passed" } });
        return false;
      }
    }
  }

  async function check(step: SentStep, loaded: Record<string, string>): Promise<ObservedStep> {
    switch (step.kind) {
      case "packages":
        return ask("features", { names: step.packages });
      case "units":
        return { wrong: await wrongServices(step) };
      case "command":
        return holds(step.unless);
      case "files":
        return { ...(await look(step)), isLoaded: loaded[step.name] === step.key };
      case "probe":
        return { holds: loaded[step.name] === "passed" };
    }
  }

  /** A lost host is told with where it was. */
  async function at<T>(where: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault && error.code === "DOOR_CUT") throw lost(host, where, error.message);
      throw error;
    }
  }

  /** Outside any step there is none to blame. */
  async function begun<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      const { exit, said } = error.facts;
      throw new Fault(
        "STEP_NOT_BEGUN",
        `${host} does not answer for its steps: PowerShell ended with ${exit ?? "?"}${said === undefined ? "" : `, ${said}`}.`,
        "Nothing was changed there. Is it Windows Server with OpenSSH, PowerShell 5.1 and an administrator's account?",
        error,
      );
    }
  }

  return {
    check: (roles) =>
      begun(async () => {
        const { instance } = await ask("instance", { make: false });
        const found: Record<string, ObservedStep[]> = {};
        for (const { role, steps } of instance === null ? [] : roles) {
          const loaded = await loadedOf(role);
          const all: ObservedStep[] = [];
          for (const step of steps) all.push(await check(step, loaded));
          found[role] = all;
        }
        return { event: "state", instance, roles: found };
      }),
    async apply(roles, onEvent) {
      const { instance, now } = await begun(() => at("before the first step", () => ask("instance", { make: true })));
      onEvent({ event: "hello", instance: instance!, now });
      for (const { role, steps } of roles) {
        let isChanged = false;
        for (const [number, step] of steps.entries()) {
          const started = Date.now();
          onEvent({ event: "begin", role, step: number });
          try {
            const where = `at the step "${step.name}" of the role ${role}`;
            const changed = await at(where, () => apply(role, step, isChanged));
            isChanged ||= changed;
            onEvent({ event: "done", role, step: number, changed, ms: Date.now() - started });
          } catch (error) {
            if (!(error instanceof StepFailed)) throw error;
            const failure: FailEvent = { event: "fail", role, step: number, ...error.facts };
            onEvent(failure);
            return failure;
          }
        }
      }
      onEvent({ event: "end" });
      return undefined;
    },
  };
}

/** An argument of a checker: `new:PATH` is the temporary, or the live file where that is as wanted already. */
function checked(word: string, wrong: readonly string[]): string {
  if (!word.startsWith("new:")) return word;
  const path = word.slice("new:".length);
  return wrong.includes(path) ? newOf(windowsPath(path)) : windowsPath(path);
}

function whyWrong(state: Of<"units">["state"], status: string, start: string): string | undefined {
  const isThere = status !== "";
  if (state === "running") {
    if (!isThere) return "is not there";
    if (status !== "Running") return `is ${status}`;
    return start === "Automatic" ? undefined : "is not enabled";
  }
  if (!isThere) return undefined;
  if (status !== "Stopped") return `is ${status}`;
  if (state === "masked") return start === "Disabled" ? undefined : "is not disabled";
  return start === "Automatic" ? "is enabled" : undefined;
}

/** What failed before is what is to be said. */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
