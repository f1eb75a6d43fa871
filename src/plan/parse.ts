import { compareDiagnostics, didYouMean, type Diagnostic, type Outcome, type Place } from "../core/diagnostics.ts";
import { decode, fileError } from "./decode.ts";
import { parseYaml, type Source } from "./document.ts";
import type { Draft } from "./draft.ts";
import { deepFreeze } from "./freeze.ts";
import { DOCUMENT_NAMES, isOptional, type DocumentName } from "./names.ts";
import { diagnose, type Problem, type Where } from "./problem.ts";
import { resolve, type Shapes } from "./resolve.ts";
import { RULES } from "./rules.ts";
import { documentSchemas, type Documents } from "./schemas.ts";
import { absentShape, checkShape, emptyShape, type Shape } from "./shape.ts";
import type { Plan } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface ParseOptions {
  /** How many nodes the stack has: with several, pairs must be apart. 1 if left out. */
  readonly nodes?: number;
  /** The roles that hosts may play; without them no word of a role is judged. */
  readonly roles?: Vocabulary;
  /** What to call a document that is not there. */
  readonly fileOf?: (document: DocumentName) => string;
  /** Ids of files of others that are here (core/artefact.ts). None if left out. */
  readonly artefacts?: readonly string[];
}

/**
 * The documents of a plan, by file name, to a plan or to every reason why there is none. Pure; never throws.
 *
 * decode → parse YAML → schema → resolve names → rules → freeze. Each stage takes what the one before could save: a
 * document that is broken does not hide the errors of the others.
 */
export function parsePlan(documents: ReadonlyMap<string, Uint8Array>, options: ParseOptions = {}): Outcome<Plan> {
  const { found, diagnostics } = assign(documents, options.fileOf ?? ((name) => `${name}.yaml`));
  const sources = readSources(found, diagnostics);
  const locate = ({ document, path, at }: Where): Place =>
    sources.get(document)?.place(path, at) ?? { file: `${document}.yaml`, line: 1, column: 1 };

  const isAbsent = (name: DocumentName): boolean => isOptional(name) && !found.has(name);
  const { shapes, problems } = checkShapes(sources, isAbsent, options.roles);
  const resolved = resolve(shapes, { nodes: options.nodes ?? 1, roles: options.roles, locate });
  const broken = RULES.flatMap((rule) => [...rule(resolved.draft)]);
  for (const p of [...problems, ...resolved.problems, ...broken]) diagnostics.push(diagnose(p, locate));

  const sorted = diagnostics.sort(compareDiagnostics);
  const errors = sorted.filter((d) => d.severity === "error");
  const warnings = sorted.filter((d) => d.severity === "warning");
  if (errors.length > 0) return { ok: false, errors, warnings };
  return { ok: true, value: deepFreeze(toPlan(resolved.draft, options.artefacts ?? [])), warnings };
}

/** Which file is which document, by its name; what is missing, and what is too much. */
function assign(
  documents: ReadonlyMap<string, Uint8Array>,
  fileOf: (document: DocumentName) => string,
): { found: ReadonlyMap<DocumentName, { file: string; bytes: Uint8Array }>; diagnostics: Diagnostic[] } {
  const found = new Map<DocumentName, { file: string; bytes: Uint8Array }>();
  const diagnostics: Diagnostic[] = [];
  const strangers: string[] = [];
  for (const [file, bytes] of documents) {
    const base = file.split(/[\\/]/).at(-1) ?? file;
    const name = DOCUMENT_NAMES.find((n) => base === `${n}.yaml`);
    if (name) found.set(name, { file, bytes });
    else strangers.push(file);
  }
  const missing = DOCUMENT_NAMES.filter((name) => !found.has(name) && !isOptional(name));
  for (const name of missing) {
    const near = strangers.find((file) => didYouMean(stem(file), [name]) === name);
    const hint =
      near === undefined ? "Every plan has it; see stacks/lab" : `${near} is there: rename it to ${name}.yaml`;
    diagnostics.push(fileError(fileOf(name), "PLAN_FILE_MISSING", "the document is missing", hint, 1, 1));
  }
  for (const file of strangers) {
    const hint = `The documents are ${DOCUMENT_NAMES.map((n) => `${n}.yaml`).join(", ")}`;
    const fact = "is not a document of a plan and is not read";
    diagnostics.push({ ...fileError(file, "PLAN_FILE_UNKNOWN", fact, hint, 1, 1), severity: "warning" });
  }
  return { found, diagnostics };
}

/** `stacks/lab/flow.yml` → `flow`. */
const stem = (file: string): string => (file.split(/[\\/]/).at(-1) ?? file).replace(/\.[^.]*$/, "");

function readSources(
  found: ReadonlyMap<DocumentName, { file: string; bytes: Uint8Array }>,
  diagnostics: Diagnostic[],
): ReadonlyMap<DocumentName, Source> {
  const sources = new Map<DocumentName, Source>();
  for (const [name, { file, bytes }] of found) {
    const decoded = decode(file, bytes);
    if ("error" in decoded) {
      diagnostics.push(decoded.error);
      continue;
    }
    const { source, errors } = parseYaml(file, decoded.text);
    diagnostics.push(...errors);
    if (source) sources.set(name, source);
  }
  return sources;
}

function checkShapes(
  sources: ReadonlyMap<DocumentName, Source>,
  isAbsent: (document: DocumentName) => boolean,
  roles: Vocabulary | undefined,
): { shapes: Shapes; problems: Problem[] } {
  const schemas = documentSchemas(roles);
  const shape = <N extends DocumentName>(name: N): Shape<Documents[N]> => {
    const source = sources.get(name);
    if (source) return checkShape(name, source, schemas[name]);
    return isAbsent(name) ? emptyShape() : absentShape();
  };
  const shapes: Shapes = {
    addressing: shape("addressing"),
    hosts: shape("hosts"),
    roles: shape("roles"),
    services: shape("services"),
    flows: shape("flows"),
    people: shape("people"),
    coverage: shape("coverage"),
  };
  return { shapes, problems: DOCUMENT_NAMES.flatMap((name) => shapes[name].problems) };
}

/** A draft without errors is whole: what makes it a draft falls away. */
function toPlan(draft: Draft, artefacts: Plan["artefacts"]): Plan {
  const { name, kind, domain, authority, zones, pools, images, hosts, minimums, settings, services } = draft;
  const {
    endpointGroups,
    flows,
    switches,
    forwards,
    invariants,
    waivers,
    groups,
    departments,
    people,
    probePeople,
    coverage,
  } = draft;
  if (name === null || domain === null) throw new TypeError("a draft without errors has a name and a domain");
  const network = { name, kind, domain, authority, zones, pools, images, hosts, minimums, settings, services };
  const policy = { endpointGroups, flows, switches, forwards, invariants, waivers };
  return { ...network, ...policy, groups, departments, people, probePeople, coverage, artefacts };
}
