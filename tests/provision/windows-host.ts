import { createHash } from "node:crypto";
import type { ServerChannel } from "ssh2";
import { windowsScripts, type ScriptName } from "../../src/provision/steps/windows/scripts.ts";
import { fakeHost, type FakeHost } from "../door/ssh-server.ts";

/*
 * A Windows host that is none: an SSH server that knows a table of PowerShell scripts, each by its whole text, and does
 * to a small machine in memory what each is meant to do. Any other command it refuses. No Windows ran for any of this.
 */

export interface WindowsFile {
  content: string;
  /** Whether only SYSTEM and Administrators may read it. */
  isPrivate: boolean;
}

export type Program = (machine: WindowsMachine, words: string, input: string) => { exit: number; said: string };

/** What is on it, by paths as Windows writes them. */
export class WindowsMachine {
  readonly files = new Map<string, WindowsFile>();
  readonly folders = new Set(["C:", "C:\\ProgramData"]);
  readonly features = new Set<string>();
  /** Features that its Windows knows. */
  readonly known = new Set<string>();
  /** Features that are there only after a restart. */
  readonly needsRestart = new Set<string>();
  readonly services = new Map<string, { status: string; start: string }>();
  readonly programs = new Map<string, Program>();
  /** Scripts and programs, in order. */
  readonly calls: string[] = [];
  /** Paths whose replacing fails, as of a file that another program holds. */
  readonly held = new Set<string>();
  /** How often it has begun again, and whether its mark of a restart is there. */
  starts = 1;
  marked = false;
  /** How many connections it still takes on its way down; what it does at the next start. */
  lingers = 0;
  atStart: (machine: WindowsMachine) => void = () => undefined;
  instance: string | null = null;
  readonly loaded = new Map<string, Record<string, string>>();
}

type Asked = Record<string, unknown>;
class Refused extends Error {}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const utf8 = (base64: unknown): string => Buffer.from(base64 as string, "base64").toString("utf8");
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("\\"));

const table: Record<ScriptName, (machine: WindowsMachine, asked: Asked) => object> = {
  instance(machine, { make }) {
    if (make === true) machine.instance ??= "5d1c2c1e-0000-4000-8000-000000000001";
    return { instance: machine.instance, now: Date.now() / 1000 };
  },
  loaded: (machine, { role }) => ({ loaded: machine.loaded.get(role as string) ?? {} }),
  load(machine, { role, loaded }) {
    machine.loaded.set(role as string, loaded as Record<string, string>);
    return {};
  },
  look(machine, asked) {
    const wanted = asked["files"] as { path: string; digest: string }[];
    const files = wanted.map(({ path, digest }): readonly [string, object | null] => {
      if (machine.folders.has(path)) return [path, { kind: "other" }];
      const file = machine.files.get(path);
      if (file === undefined) return [path, null];
      const own = sha256(file.content);
      const content = own === digest ? null : Buffer.from(file.content).toString("base64");
      return [path, { digest: own, isPrivate: file.isPrivate, content }];
    });
    return { files: Object.fromEntries(files) };
  },
  stage(machine, { path, content, isPrivate }) {
    const made: string[] = [];
    for (let x = parentOf(path as string); !machine.folders.has(x); x = parentOf(x)) made.unshift(x);
    for (const folder of made) machine.folders.add(folder);
    machine.files.set(path as string, { content: utf8(content), isPrivate: isPrivate as boolean });
    return { made };
  },
  place(machine, asked) {
    const [path, fresh, old] = [asked["path"], asked["new"], asked["old"]] as [string, string | null, string];
    const live = machine.files.get(path);
    if (machine.held.has(path)) throw new Refused(`The process cannot access the file '${path}'.`);
    if (live !== undefined && !machine.files.has(old)) machine.files.set(old, { ...live });
    machine.files.delete(path);
    if (fresh !== null) {
      machine.files.set(path, machine.files.get(fresh)!);
      machine.files.delete(fresh);
    }
    return { access: live === undefined ? null : live.isPrivate ? "private" : "open" };
  },
  back(machine, asked) {
    const [path, fresh, old] = [asked["path"], asked["new"], asked["old"]] as [string, string | null, string];
    if (fresh !== null) machine.files.delete(fresh);
    const before = machine.files.get(old);
    if (before !== undefined) {
      const access = asked["access"];
      const isPrivate = typeof access === "string" ? access === "private" : before.isPrivate;
      machine.files.set(path, { ...before, isPrivate });
      machine.files.delete(old);
    } else if (asked["wasThere"] !== true) machine.files.delete(path);
    return {};
  },
  drop(machine, asked) {
    for (const path of asked["files"] as string[]) machine.files.delete(path);
    for (const folder of [...(asked["folders"] as string[])].reverse()) {
      const isEmpty = ![...machine.files.keys(), ...machine.folders].some((p) => p.startsWith(`${folder}\\`));
      if (isEmpty) machine.folders.delete(folder);
    }
    return {};
  },
  run(machine, asked) {
    const [file, words] = [asked["file"] as string, asked["arguments"] as string];
    machine.calls.push(`${file} ${words}`.trim());
    const program = machine.programs.get(file);
    if (program === undefined) return { exit: 127, said: "The system cannot find the file specified", late: false };
    return { ...program(machine, words, utf8(asked["input"])), late: false };
  },
  features: (machine, { names }) => ({ missing: (names as string[]).filter((name) => !machine.features.has(name)) }),
  install(machine, { names }) {
    const wanted = names as string[];
    const unknown = wanted.find((name) => !machine.known.has(name));
    if (unknown !== undefined)
      throw new Refused(`ArgumentNotValid: The role, role service, or feature name is not valid: '${unknown}'.`);
    for (const name of wanted) if (!machine.needsRestart.has(name)) machine.features.add(name);
    const restart = wanted.some((name) => machine.needsRestart.has(name));
    if (restart) machine.atStart = () => wanted.forEach((name) => machine.features.add(name));
    return { restart };
  },
  restart(machine) {
    machine.marked = true;
    return {};
  },
  restarted: (machine) => ({ restarted: !machine.marked }),
  services(machine, { names }) {
    const found = (names as string[]).map((n) => [n, machine.services.get(n) ?? { status: "", start: "" }] as const);
    return { services: Object.fromEntries(found) };
  },
  setServices(machine, { names, start, isRunning }) {
    for (const name of names as string[]) {
      if (!machine.services.has(name)) throw new Refused(`Service ${name} was not found on computer '.'.`);
      machine.services.set(name, { status: isRunning === true ? "Running" : "Stopped", start: start as string });
    }
    return {};
  },
};

/** It takes a connection or two on its way down, ends them all, and begins again. */
function goDown(machine: WindowsMachine, { connections }: FakeHost): void {
  setImmediate(() => {
    if (machine.lingers-- <= 0) {
      machine.starts++;
      machine.marked = false;
      machine.atStart(machine);
    }
    for (const connection of connections) connection.end();
  });
}

const byText = new Map(Object.entries(windowsScripts).map(([name, text]) => [text, name as ScriptName] as const));

/** Its command lines are kept too: nothing secret may stand on one. */
export interface WindowsHost extends FakeHost {
  readonly machine: WindowsMachine;
  readonly lines: string[];
}

export async function windowsHost(machine = new WindowsMachine()): Promise<WindowsHost> {
  const lines: string[] = [];
  const host = await fakeHost({
    name: "ad1",
    run(command, channel) {
      const line = command ?? "";
      lines.push(line);
      let input = "";
      channel.setEncoding("utf8").on("data", (text: string) => (input += text));
      channel.on("end", () => {
        const name = answer(machine, line, input, channel);
        if (name === "restart" || (name === "restarted" && machine.marked)) goDown(machine, host);
      });
    },
  });
  return { ...host, machine, lines };
}

function answer(machine: WindowsMachine, line: string, input: string, channel: ServerChannel): ScriptName | undefined {
  const end = (code: number, words = ""): undefined => {
    if (words !== "") channel.stderr.write(`${words}\r\n`);
    channel.exit(code);
    channel.end();
  };
  const encoded = /^powershell\.exe -NoProfile -NonInteractive -EncodedCommand ([A-Za-z0-9+/]+=*)$/.exec(line)?.[1];
  const name = byText.get(Buffer.from(encoded ?? "", "base64").toString("utf16le"));
  if (name === undefined) return end(1, "this is no Windows, and that command is not in its table");
  // A code page other than UTF-8 would spoil anything else.
  if (/[^\n\x20-\x7e]/.test(input)) return end(1, "input that is not ASCII");
  machine.calls.push(name);
  try {
    channel.write(`${JSON.stringify(table[name](machine, JSON.parse(input) as Asked))}\r\n`);
    end(0);
    return name;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return end(1, error.message);
  }
}
