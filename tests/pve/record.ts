import { readFileSync, writeFileSync } from "node:fs";

export interface RecordedCall {
  readonly phase: string;
  readonly verb: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
}

const FILE = new URL("fixtures/program.trace", import.meta.url);

/** The calls of a whole life of a stack, as `tests/engine/own-proxmox.test.ts` recorded them. */
export function readCalls(): readonly RecordedCall[] {
  let phase = "";
  return readFileSync(FILE, "utf8")
    .split("\n")
    .flatMap((line): RecordedCall[] => {
      const heading = /^# (.+)$/.exec(line)?.[1];
      if (heading !== undefined) phase = heading;
      const match = /^([A-Z]+) (\S+) (\{.*\})$/.exec(line);
      if (match === null) return [];
      return [{ phase, verb: match[1]!, path: match[2]!, fields: JSON.parse(match[3]!) as Record<string, string> }];
    });
}

/** What a guest's calls have in common with another's: everything but ids and names (a stack's mark is any hexadecimal). */
const shapeOf = ({ verb, path, fields }: Pick<RecordedCall, "verb" | "path" | "fields">): string =>
  `${verb} ${path
    .replace(/(\/content\/[^:/]+:(?:[a-z]+\/)?).+$/, "$1{volume}")
    .replaceAll(/[:/][^/]*\d{2,}[^/]*/g, "/{id}")} ${Object.keys(fields)
    .map((name) => name.replace(/\d+$/, ""))
    .filter((name, n, all) => all.indexOf(name) === n)
    .sort()
    .join(",")}`;

/** Records the calls of a run, in phases. */
export class Recorder {
  #calls: RecordedCall[] = [];
  #phase = "";

  readonly add = (call: {
    readonly verb: string;
    readonly path: string;
    readonly given: Readonly<Record<string, string | readonly string[]>>;
    readonly status: number;
  }): void => {
    // What a token is told of itself and of its own tasks takes no right.
    if (this.#phase === "" || call.path.includes("/tasks/") || call.path.startsWith("/access/")) return;
    const fields = Object.fromEntries(Object.entries(call.given).map(([k, v]) => [k, String(v)]));
    this.#calls.push({ phase: this.#phase, verb: call.verb, path: call.path, fields });
  };

  /** Of the phases so far: the fields of each call of that kind. */
  fieldsOf(verb: string, path: RegExp): readonly RecordedCall["fields"][] {
    return this.#calls.filter((c) => c.verb === verb && path.test(c.path)).map((c) => c.fields);
  }

  phase(name: string): void {
    this.#phase = name;
  }

  clear(): void {
    this.#calls = [];
  }

  /** Shapes of calls that the record has not; with MAQUETTE_RECORD=1 they become the record. */
  news(): readonly string[] {
    if (process.env["MAQUETTE_RECORD"] === "1") this.#write();
    const known = new Set(readCalls().map(shapeOf));
    return [...new Set(this.#calls.map(shapeOf))].filter((shape) => !known.has(shape));
  }

  #write(): void {
    const seen = new Set<string>();
    const lines = [
      "// The calls of a stack's life, recorded by `MAQUETTE_RECORD=1` in tests/engine/own-proxmox.test.ts. Of questions",
      "// that are asked again in a phase the first is kept.",
    ];
    let phase = "";
    for (const call of this.#calls) {
      const { verb, path, fields } = call;
      if (phase !== call.phase) {
        phase = call.phase;
        seen.clear();
        lines.push("", `# ${phase}`);
      }
      const line = `${verb} ${path} ${JSON.stringify(fields)}`;
      if (verb === "GET") {
        if (seen.has(line)) continue;
        seen.add(line);
      }
      lines.push(line);
    }
    writeFileSync(FILE, `${lines.join("\n")}\n`);
  }
}
