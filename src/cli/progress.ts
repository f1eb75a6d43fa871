import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import type { Io } from "./io.ts";

type OpType = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"]["op"];

const doing: Partial<Record<OpType, string>> = {
  create: "creating",
  "create-replacement": "creating anew",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting the old",
  refresh: "asking",
  read: "reading",
};

/**
 * Follows a run by guest: on a terminal a table that fills in place, without one a line for each thing that ended.
 * Errors and warnings of the engine come through as they are said.
 */
export class RunProgress {
  readonly #io: Io;
  readonly #started = Date.now();
  readonly #begun = new Map<string, { readonly what: string; readonly at: number }>();
  readonly #problems: string[] = [];
  #done = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  /** What the engine reported as errors, each once. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  readonly onEvent = (event: EngineEvent): void => {
    const pre = event.resourcePreEvent?.metadata;
    if (pre && doing[pre.op] && isShown(pre.type)) {
      this.#begun.set(pre.urn, { what: doing[pre.op]!, at: Date.now() });
      this.#draw();
    }
    const ended = event.resOutputsEvent?.metadata;
    if (ended) this.#end(ended.urn, ended.op, "");
    const failed = event.resOpFailedEvent?.metadata;
    if (failed) this.#end(failed.urn, failed.op, " FAILED");
    const said = event.diagnosticEvent;
    if (said && !said.ephemeral && (said.severity === "error" || said.severity === "warning"))
      this.#say(said.severity, said.message, said.urn);
  };

  #end(urn: string, op: OpType, how: string): void {
    const begun = this.#begun.get(urn);
    if (!begun || !doing[op]) return;
    this.#begun.delete(urn);
    this.#done++;
    const seconds = ((Date.now() - begun.at) / 1000).toFixed(1);
    const line = `${nameOf(urn)}: ${begun.what}${how === "" ? ", done" : how} (${seconds} s)`;
    if (!this.#io.isTerminal || how !== "") this.#io.err(line);
    this.#draw();
  }

  #say(severity: string, message: string, urn: string | undefined): void {
    const text = message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
    if (text === "") return;
    const where = urn === undefined || urn === "" ? "" : `${nameOf(urn)}: `;
    const line = `${severity}: ${where}${text}`;
    if (severity === "error") this.#problems.push(`${where}${text}`);
    this.#io.err(line);
    this.#draw();
  }

  #draw(): void {
    if (!this.#io.isTerminal) return;
    const now = [...this.#begun.entries()].map(([urn, b]) => `${nameOf(urn)} ${b.what}`);
    const seconds = Math.round((Date.now() - this.#started) / 1000);
    this.#io.progress(
      `${seconds} s · ${this.#done} done · ${now.slice(0, 4).join(", ")}${now.length > 4 ? ` and ${now.length - 4} more` : ""}`,
    );
  }
}

const isShown = (type: string): boolean => !type.startsWith("pulumi:") && !type.startsWith("maquette:lab:");

/** `guest dc1`, `seed of dc1`, `template dc-pve1` … from a resource's URN. */
export function nameOf(urn: string): string {
  const name = urn.split("::").pop()!;
  const type = urn.split("::")[2] ?? "";
  if (type.endsWith("VmLegacy")) return type.includes("maquette:lab:Guest") ? `guest ${name}` : `template ${name}`;
  if (type.endsWith("provision:index:Router")) return `configuration of ${name.replace(/-config$/, "")}`;
  if (type.endsWith("provision:index:Seed")) return `seed of ${name.replace(/-seed$/, "")}`;
  return name;
}
