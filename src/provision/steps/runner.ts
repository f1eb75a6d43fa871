import type { SshConnection } from "../../door/index.ts";
import { asRoot } from "../../door/index.ts";
import { Fault } from "../../core/fault.ts";
import { BOOTSTRAP } from "../../core/program.ts";
import AGENT from "./agent.py";
import { applyEvent, checkEvent, type ApplyEvent, type FailEvent, type StateEvent } from "./observed.ts";
import { CLOCK_SECONDS, type SentStep } from "./work.ts";

/** A role's steps on their way to a host. */
export interface SentRole {
  readonly role: string;
  readonly steps: readonly SentStep[];
}

/** How a host is worked on: Debian by a small program, Windows by PowerShell. */
export interface HostRunner {
  /**
   * Does what is not so already, in order, and stops at the first failure.
   * @returns how it failed, or undefined when all is done
   * @throws Fault STEP_CUT, STEP_HUNG, DOOR_… when the host was lost on the way
   */
  apply(roles: readonly SentRole[], onEvent: (event: ApplyEvent) => void): Promise<FailEvent | undefined>;
  /** Changes nothing. */
  check(roles: readonly SentRole[]): Promise<StateEvent>;
}

/** The host says every five seconds that a step is still at work (agent.py, Patience), and ends it by itself. */
const SILENCE_MS = 120_000;

/** A Debian host over SSH: one command does everything. */
export function debianRunner(connection: SshConnection): HostRunner {
  const host = connection.target.name;
  /** @param at where the host is, for words */
  const ask = async (document: object, at: () => string | undefined, hear: (line: unknown) => void): Promise<void> => {
    const { channel, exit } = await connection.session(asRoot(["python3", "-c", BOOTSTRAP]));
    exit.catch(() => undefined);
    let stderr = "";
    channel.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-4_000)));
    channel.end(message(document));
    let hung: Fault | undefined;
    let isHeard = false;
    const timer = setTimeout(() => {
      hung = silent(host, at() ?? "before the first step");
      channel.close();
    }, SILENCE_MS);
    try {
      for await (const line of linesOf(channel)) {
        timer.refresh();
        isHeard = true;
        hear(JSON.parse(line));
      }
      if (hung) throw hung;
      const code = await exit;
      if (code === 0 && isHeard) return;
      const where = at();
      throw where === undefined
        ? ended(host, code, stderr)
        : lost(host, where, `its program ended with ${code}: ${lastLine(stderr)}`);
    } catch (error) {
      if (hung) throw hung;
      const where = at();
      if (where !== undefined && error instanceof Fault && error.code === "DOOR_CUT")
        throw lost(host, where, error.message);
      throw error;
    } finally {
      clearTimeout(timer);
      channel.close();
    }
  };
  return {
    async check(roles) {
      const asked = roles.map(({ role, steps }) => ({ role, steps: steps.map(asQuestion) }));
      let state: StateEvent | undefined;
      await ask(
        { mode: "check", roles: asked },
        () => undefined,
        (line) => {
          const event = checkEvent.parse(line);
          if (event.event === "state") state = event;
        },
      );
      if (state === undefined) throw ended(host, 0, "it did not say what it has");
      return state;
    },
    async apply(roles, onEvent) {
      let at: { readonly role: string; readonly step: number } | undefined;
      let isBegun = false;
      let failure: FailEvent | undefined;
      let isEnded = false;
      const stepAt = (): string | undefined => {
        if (at === undefined) return isBegun ? "before the first step" : undefined;
        const step = roles.find((r) => r.role === at!.role)?.steps[at.step];
        return `at the step "${step?.name ?? "?"}" of the role ${at.role}`;
      };
      // The base sets a clock right; nothing else begins on a host whose clock is wrong.
      const clock = { now: Date.now() / 1000, seconds: CLOCK_SECONDS };
      const document = { mode: "apply", roles, ...(roles.some((r) => r.role === "base") ? {} : { clock }) };
      await ask(document, stepAt, (line) => {
        const event = applyEvent.parse(line);
        isBegun = true;
        if (event.event === "begin") at = event;
        onEvent(event);
        if (event.event === "fail") failure = event;
        if (event.event === "end") isEnded = true;
      });
      if (failure ?? isEnded) return failure;
      throw lost(host, stepAt() ?? "before the first step", "its program ended without a word");
    },
  };
}

const silent = (host: string, where: string): Fault =>
  new Fault(
    "STEP_HUNG",
    `${host} has said nothing for ${SILENCE_MS / 1000} s, ${where}.`,
    `\`maquette status\` shows whether it runs, \`maquette console ${host} --screen\` what it printed last; then run \`maquette up\` again: it goes on there.`,
  );

export const lost = (host: string, where: string, why: string): Fault =>
  new Fault(
    "STEP_CUT",
    `${host} was lost ${where}: ${why}`,
    "Nothing is half-written there: files change as a whole. `maquette status` shows whether it runs; then run `maquette up` again: it goes on there.",
  );

/** What could not even begin. */
function ended(host: string, exitCode: number, stderr: string): Fault {
  const words = lastLine(stderr);
  if (exitCode === 127 || /python3.*not found/i.test(words))
    return new Fault(
      "STEP_NO_PYTHON",
      `${host} cannot run steps: ${words === "" ? "python3 is not there" : words}.`,
      `Debian's cloud images have python3; where it was removed: \`maquette ssh ${host} -- sudo apt-get install python3-minimal\`.`,
    );
  if (/sudo:.*password|not in the sudoers/i.test(words))
    return new Fault(
      "STEP_NO_ROOT",
      `On ${host} the account maquette may not become root: ${words}.`,
      "Its seed gave it that right; somebody has taken it away (/etc/sudoers.d).",
    );
  return new Fault(
    "STEP_NOT_BEGUN",
    `${host} did not begin with its steps: exit ${exitCode}${words === "" ? "" : `, ${words}`}.`,
    `Nothing was changed there. \`maquette logs ${host}\`, then \`maquette up\` again.`,
  );
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** The program, then the document, each after a line with its length in bytes. */
export function message(document: object): Buffer {
  const parts = [Buffer.from(AGENT), Buffer.from(JSON.stringify(document))];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length}\n`), part]));
}

/** A host that is only asked needs to know of a file no more than how it should be: no content travels, and no secret. */
function asQuestion(step: SentStep): object {
  if (step.kind !== "files") return step;
  const files = Object.fromEntries(
    Object.entries(step.files).map(([path, { digest, mode, owner }]) => [path, { digest, mode, owner }] as const),
  );
  return { kind: step.kind, name: step.name, files, absent: step.absent, key: step.key };
}

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
