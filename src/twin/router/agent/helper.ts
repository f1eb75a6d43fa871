import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

/** An event of a helper: one line of JSON. */
export type HelperEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** Programs that are not ours may say other things. */
function parse(line: string): HelperEvent | undefined {
  return line.startsWith("{") ? (JSON.parse(line) as HelperEvent) : undefined;
}

/** How soon a helper that ended is started again, and at most how late. */
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 10_000;

/** A process that lives beside the agent and speaks JSON a line at a time; it is started again when it ends. */
export class Helper {
  readonly #command: readonly string[];
  readonly #onEvent: (event: HelperEvent) => void;
  readonly #say: (text: string) => void;
  #child: ChildProcessWithoutNullStreams | undefined;
  #configuration: object | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isStopped = false;

  constructor(command: readonly string[], onEvent: (event: HelperEvent) => void, say: (text: string) => void) {
    this.#command = command;
    this.#onEvent = onEvent;
    this.#say = say;
  }

  /** Gives its configuration, starting it first when it does not run; it gets the last one again after a restart. */
  configure(configuration: object): void {
    this.#configuration = configuration;
    if (this.#child) this.send(configuration);
    else this.#start();
  }

  send(message: object): void {
    this.#child?.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends its input, on which our own programs end; others need a signal. */
  stop(signal?: NodeJS.Signals): void {
    this.#isStopped = true;
    this.#child?.stdin.end();
    if (signal) this.#child?.kill(signal);
  }

  #start(): void {
    const [name = "", ...args] = this.#command;
    const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#pauseMs = FIRST_PAUSE_MS;
      const event = parse(line);
      if (event) this.#onEvent(event);
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.#say(`${args[0] ?? name}: ${line}`));
    child.on("error", (error) => this.#say(`${name}: ${error.message}`));
    child.on("close", (code, signal) => {
      this.#child = undefined;
      if (this.#isStopped) return;
      this.#say(`${args[0] ?? name} ended (${signal ?? code ?? "?"}); it is started again`);
      setTimeout(() => this.#start(), this.#pauseMs).unref();
      this.#pauseMs = Math.min(LAST_PAUSE_MS, this.#pauseMs * 2);
    });
    if (this.#configuration) this.send(this.#configuration);
  }
}
