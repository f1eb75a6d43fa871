import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../../../core/fault.ts";
import type { SshConnection } from "../../../door/index.ts";
import { Patience } from "../../../stack/patience.ts";
import type { SentCommand } from "../kinds/kind.ts";
import { StepFailed } from "./failed.ts";
import { powershell, windowsScripts, type ScriptName } from "./scripts.ts";

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
  restart: done,
  restarted: z.object({ restarted: z.boolean() }),
} satisfies Record<ScriptName, z.ZodType>;
export type Answer<K extends ScriptName> = z.infer<(typeof answers)[K]>;

const SLACK_SECONDS = 30;
const SCRIPT_SECONDS = 60;
/** Windows that installs what waited for the restart takes its time over it, going down and coming up. */
const RESTART_SECONDS = 900;
/** What a program of Windows ends with when it is done and wants a restart (ERROR_SUCCESS_REBOOT_REQUIRED). */
const WANTS_RESTART = 3010;
/** Between two looks at what tells nobody that it has changed. */
export const PAUSE_MS = 200;

/** Standard input that any code page leaves as it is. */
const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** Words as CommandLineToArgvW takes them apart again. */
export const windowsArguments = (words: readonly string[]): string =>
  words
    .map((word) =>
      /^[^\s"]+$/.test(word) ? word : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`,
    )
    .join(" ");

/** The last words of what a program said. */
export const tail = (text: string): string => text.trim().split(/\r?\n/).slice(-12).join("\n").slice(-2000);

/** A Windows host's PowerShell, and programs that it starts. */
export interface WindowsHost {
  /** A script's answer. @throws StepFailed where PowerShell refuses it */
  ask<K extends ScriptName>(name: K, asked: object, seconds?: number): Promise<Answer<K>>;
  run(argv: readonly string[], input: string, seconds: number): Promise<Answer<"run">>;
  /** @throws StepFailed unless it ends well in time */
  must(command: SentCommand, seconds: number, what: string, argv?: readonly string[]): Promise<void>;
  /** The same of what may want a restart afterwards: that it does. @throws StepFailed unless it ends well in time */
  done(command: SentCommand, seconds: number, what: string): Promise<{ readonly wantsRestart: boolean }>;
  /** Until its SSH answers again and it is another start. @throws StepFailed where it does not go, or not come back */
  restart(): Promise<void>;
  /** Again and again. @throws StepFailed unless it ends well once in that time */
  until(command: SentCommand, seconds: number, what: string): Promise<void>;
  holds(command: SentCommand): Promise<{ readonly holds: boolean; readonly said: string }>;
}

/** @param again another connection, once the host answers again */
export function windowsHost(first: SshConnection, again: () => Promise<SshConnection>): WindowsHost {
  let connection = first;

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

  const must = async (command: SentCommand, seconds: number, what: string, argv = command.argv): Promise<void> => {
    if ((await ended(command, seconds, what, argv)) === WANTS_RESTART)
      throw new StepFailed({ what: `${what}: it wants a restart, which is not done here`, argv: [...argv] });
  };

  const done: WindowsHost["done"] = async (command, seconds, what) => ({
    wantsRestart: (await ended(command, seconds, what, command.argv)) === WANTS_RESTART,
  });

  /** 0, or that it wants a restart. */
  const ended = async (
    command: SentCommand,
    seconds: number,
    what: string,
    argv: readonly string[],
  ): Promise<number> => {
    const { exit, said, late } = await run(argv, command.input, seconds);
    const facts = { what, argv: [...argv], said: tail(said) };
    if (late) throw new StepFailed({ ...facts, seconds });
    if (exit !== 0 && exit !== WANTS_RESTART) throw new StepFailed({ ...facts, ...(exit === null ? {} : { exit }) });
    return exit;
  };

  /** What is not said because the host has gone is no refusal. */
  const unlessCut = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Fault && error.code === "DOOR_CUT") return undefined;
      throw error;
    }
  };

  const restart = async (): Promise<void> => {
    const patience = new Patience(RESTART_SECONDS * 1000);
    const gone = async (): Promise<void> => {
      const timer = new AbortController();
      const late = sleep(RESTART_SECONDS * 1000, true, { signal: timer.signal }).catch(() => false);
      const isLate = await Promise.race([connection.ended.then(() => false), late]);
      timer.abort();
      if (isLate) throw new StepFailed({ what: "it does not go down for its restart", seconds: RESTART_SECONDS });
    };
    await unlessCut(ask("restart", {}));
    for (;;) {
      // A host that goes down ends what is open to it; until then it is the start of before that answers.
      await gone();
      connection = await again();
      const answer = await unlessCut(ask("restarted", {}));
      if (answer?.restarted === true) return;
      if (patience.isOver) throw new StepFailed({ what: "it is not back from its restart", seconds: RESTART_SECONDS });
    }
  };

  const until = async (command: SentCommand, seconds: number, what: string): Promise<void> => {
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

  const holds = async (command: SentCommand): Promise<{ readonly holds: boolean; readonly said: string }> => {
    const { exit, said, late } = await run(command.argv, command.input, 30);
    return { holds: exit === 0 && !late, said: tail(said) };
  };

  return { ask, run, must, done, restart, until, holds };
}
