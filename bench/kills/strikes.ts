import { setTimeout as sleep } from "node:timers/promises";
import { findRoom, roomPlaces } from "../../src/embedded/room.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { commandOf, descendants, kill } from "../../tests/engine/processes.ts";
import { random } from "../../src/core/random.ts";
import type { Clone, Ran } from "../../tests/engine/lab.ts";

/*
 * Something of a lab is killed at a moment of one of its commands, drawn by a seed; then `maquette up` alone must reach
 * the lab of the plan. What is killed is a process that the lab itself started, found by its ancestors or by the lab's
 * own record.
 */

/** What is struck in the middle of. */
const COMMANDS = ["first up", "up", "destroy", "reset", "snapshot", "verify", "drill", "accept"] as const;
/** What is killed; `machine` is all of it at once. */
const VICTIMS = ["CLI", "engine", "language host", "plugin", "steps", "API", "room", "guest", "machine"] as const;
type Command = (typeof COMMANDS)[number];
type Victim = (typeof VICTIMS)[number];

export interface Strike {
  readonly seed: number;
  readonly command: Command;
  readonly victim: Victim;
  /** How far the command is then, of the time that it takes undisturbed: 0 to 1. */
  readonly at: number;
  /** Which of the guests, where one is the victim: 0 to 1. */
  readonly guest: number;
}

/** Of what no process runs during a command, nothing can be struck. */
const ENGINE_ONLY: readonly Victim[] = ["engine", "language host", "plugin", "steps"];
const runsEngine = (c: Command): boolean => c === "first up" || c === "up" || c === "destroy";

export function strikeOf(seed: number): Strike {
  const draw = random(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const command = one(COMMANDS);
  const victim = one(VICTIMS.filter((v) => runsEngine(command) || !ENGINE_ONLY.includes(v)));
  return { seed, command, victim, at: draw(), guest: draw() };
}

export const inWords = ({ seed, command, victim, at }: Strike): string =>
  `seed ${seed}: ${victim} killed at ${Math.round(at * 100)} % of ${command}`;

/** What is kept of one. */
export interface Outcome extends Strike {
  /** `missed`: the command had ended, or there was no such process, so that nothing was tried. */
  readonly struck: "struck" | "missed";
  readonly struckAfterMs: number;
  /** Of the `up` after it. */
  readonly upMs: number;
  /** Null where `up` alone made all good; else what was not, in words. */
  readonly failure: string | null;
}

const SNAPSHOT = "before-strikes";

/** A lab in which things are killed: whole and kept at the beginning. */
export class StruckLab {
  readonly #clone: Clone;
  /** How long each command takes undisturbed, once it was tried. */
  readonly #takes = new Map<Command, number>();
  #hasSnapshot = false;
  #edits = 0;

  constructor(clone: Clone) {
    this.#clone = clone;
  }

  async strike(strike: Strike): Promise<Outcome> {
    const takes = this.#takes.get(strike.command) ?? (await this.#tryOut(strike.command));
    const argv = await this.#prepare(strike.command);
    const [struckAfterMs, ran] = await this.#struck(argv, strike, takes * strike.at);
    const struck = struckAfterMs === undefined ? "missed" : "struck";
    const started = performance.now();
    const failure =
      (struckAfterMs === undefined && ran.code !== 0 ? failed(`${strike.command}, not struck,`, ran) : undefined) ??
      defectOf(ran) ??
      (await this.#madeGood());
    return {
      ...strike,
      struck,
      struckAfterMs: Math.round(struckAfterMs ?? 0),
      upMs: Math.round(performance.now() - started),
      failure: failure ?? null,
    };
  }

  /** What plain `up` leaves to be wished for; undefined where that is nothing. */
  async #madeGood(): Promise<string | undefined> {
    const up = await this.#clone.maquette(["up"]);
    if (up.code !== 0) return failed("up", up);
    const accepted = await this.#clone.maquette(["accept", "--json"]);
    if (accepted.code !== 0)
      return `accept ended with ${accepted.code}: ${accepted.stdout
        .split("\n")
        .filter((l) => l.includes('"ok":false'))
        .join(" ")} ${accepted.stderr}`;
    const preview = await this.#clone.maquette(["preview", "--expect-no-changes"]);
    return preview.code === 0 ? undefined : failed("preview", preview);
  }

  /** Once undisturbed, to know how long it takes here. */
  async #tryOut(command: Command): Promise<number> {
    const argv = await this.#prepare(command);
    const started = performance.now();
    const ran = await this.#clone.maquette(argv);
    const ms = performance.now() - started;
    if (ran.code !== 0) throw new Error(failed(`${command}, undisturbed,`, ran));
    this.#takes.set(command, ms);
    if (command === "destroy") await this.#good(["up"]);
    return ms;
  }

  /** Brings the lab to where the command has something to do, and says how it is called. */
  async #prepare(command: Command): Promise<readonly string[]> {
    switch (command) {
      case "first up":
        await this.#good(["destroy", "--yes"]);
        this.#hasSnapshot = false;
        return ["up"];
      case "up":
        this.#edit();
        return ["up"];
      case "destroy":
        this.#hasSnapshot = false;
        return ["destroy", "--yes"];
      case "reset":
        if (!(await this.#isKept())) await this.#good(["snapshot", SNAPSHOT]);
        this.#hasSnapshot = true;
        return ["reset", SNAPSHOT];
      case "snapshot":
        if (await this.#isKept()) await this.#good(["snapshot", SNAPSHOT, "--delete"]);
        this.#hasSnapshot = false;
        return ["snapshot", SNAPSHOT];
      case "verify":
        return ["verify", "--router", "A"];
      case "drill":
        return ["drill", "router"];
      case "accept":
        return ["accept"];
    }
  }

  async #isKept(): Promise<boolean> {
    if (this.#hasSnapshot) return true;
    const { stdout } = await this.#clone.maquette(["snapshot", "--list"]);
    return stdout.includes(SNAPSHOT);
  }

  /** Another flow and another text on hosts: routers and a role get something new. */
  #edit(): void {
    this.#edits++;
    const port = 8000 + this.#edits;
    this.#clone.edit("stacks/lab/services.yaml", (text) =>
      text.includes("  struck:")
        ? text.replace(/(\n {2}struck:[^]*?ports: \[)\d+/, `$1${port}`)
        : text.replace(
            "\nservices:\n",
            `\nservices:\n  struck:\n    description: Changed between strikes\n    terms: [{ protocol: tcp, ports: [${port}] }]\n`,
          ),
    );
    if (this.#edits === 1)
      this.#clone.edit("stacks/lab/flows.yaml", (text) =>
        text.replace(/(id: F401[^]*?services: \[ssh)\]/, "$1, struck]"),
      );
  }

  async #good(argv: readonly string[]): Promise<void> {
    const ran = await this.#clone.maquette(argv);
    if (ran.code !== 0) throw new Error(failed(argv.join(" "), ran));
  }

  /** Runs a command and kills the victim when it is time. @returns after how long, undefined where it could not be */
  async #struck(argv: readonly string[], strike: Strike, afterMs: number): Promise<readonly [number | undefined, Ran]> {
    const state = { cli: 0, hasEnded: false };
    const started = performance.now();
    const ran = this.#clone
      .maquette(argv, { onSpawn: (pid) => (state.cli = pid) })
      .finally(() => (state.hasEnded = true));
    await Promise.race([sleep(afterMs), ran]);
    let found: readonly number[] = [];
    while (found.length === 0 && !state.hasEnded) {
      found = await this.#processes(strike, state.cli);
      if (found.length === 0) await sleep(20);
    }
    if (state.hasEnded) return [undefined, await ran];
    kill(found);
    return [performance.now() - started, await ran];
  }

  async #processes({ victim, guest }: Strike, cli: number): Promise<readonly number[]> {
    const below = (): readonly number[] => descendants(cli);
    const named = (name: string): readonly number[] => below().filter((pid) => commandOf(pid).includes(name));
    switch (victim) {
      case "CLI":
        return [cli];
      case "engine":
        return below().filter((pid) => /(^|\/)pulumi( |$)/.test(commandOf(pid)));
      case "language host":
        return named("pulumi-language-nodejs");
      case "plugin":
        return named("pulumi-resource-proxmoxve");
      case "steps":
        return named("plugin/main.js");
      case "API":
        return this.#clone.daemons();
      case "room":
        return this.#room();
      case "guest": {
        const running = (await this.#room())
          .flatMap(descendants)
          .filter((pid) => commandOf(pid).startsWith("systemd-nspawn "));
        const one = running[Math.floor(guest * running.length)];
        return one === undefined ? [] : [one];
      }
      case "machine":
        return [...below(), ...this.#clone.daemons(), ...(await this.#room()).flatMap(descendants)];
    }
  }

  async #room(): Promise<readonly number[]> {
    const room = await findRoom(roomPlaces(foldersOf(this.#clone.root, "lab", this.#clone.env)));
    return room === undefined ? [] : [room.pid];
  }
}

/** Whatever is killed beside it, what the CLI says is for people. */
const defectOf = ({ stderr }: Ran): string | undefined =>
  /CLI_DEFECT|TypeError|ReferenceError/.test(stderr) ? `the struck command said: ${stderr.slice(-1500)}` : undefined;

const failed = (what: string, { code, stdout, stderr }: Ran): string =>
  `${what} ended with ${code}: ${`${stdout}\n${stderr}`.trim().slice(-3000)}`;
