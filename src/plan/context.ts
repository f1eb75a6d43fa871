import type { Place } from "../core/diagnostics.ts";
import type { PlanCode } from "./codes.ts";
import type { DocumentName } from "./names.ts";
import { problem, withSuggestion, type Problem, type Where } from "./problem.ts";
import type { Documents } from "./schemas.ts";
import type { Shape } from "./shape.ts";
import type { Vocabulary } from "./vocabulary.ts";

export type Shapes = { readonly [N in DocumentName]: Shape<Documents[N]> };

/** Where things are declared that others refer to. */
export const DECLARED = {
  zone: ["addressing", "zones", "PLAN_UNKNOWN_ZONE", "a zone", "Zones are declared in addressing.yaml"],
  pool: ["addressing", "pools", "PLAN_UNKNOWN_ENDPOINT", "a pool", "Pools are declared in addressing.yaml"],
  host: ["hosts", "hosts", "PLAN_UNKNOWN_HOST", "a host", "Hosts are declared in hosts.yaml"],
  image: ["hosts", "images", "PLAN_UNKNOWN_IMAGE", "an image", "Images are declared in hosts.yaml"],
  service: ["services", "services", "PLAN_UNKNOWN_SERVICE", "a service", "Services are declared in services.yaml"],
  flow: [
    "flows",
    "flows",
    "PLAN_UNKNOWN_FLOW",
    "a row",
    "Rows of the flow table stand in flows.yaml; one that was deleted there is taken out here too",
  ],
  forward: ["flows", "forwards", "PLAN_UNKNOWN_COVER", "a forward", "Forwards are declared in flows.yaml"],
  switch: ["flows", "switches", "PLAN_UNKNOWN_SWITCH", "a switch", "Switches are declared in flows.yaml"],
  invariant: ["flows", "invariants", "PLAN_UNKNOWN_COVER", "an invariant", "Invariants are declared in flows.yaml"],
  endpoints: ["flows", "groups", "PLAN_UNKNOWN_ENDPOINT", "a group of ends", "They are declared in flows.yaml"],
  group: ["people", "groups", "PLAN_UNKNOWN_GROUP", "a group of people", "Groups are declared in people.yaml"],
  department: [
    "people",
    "departments",
    "PLAN_UNKNOWN_DEPARTMENT",
    "a department",
    "Departments are declared in people.yaml",
  ],
} as const satisfies Record<string, readonly [DocumentName, string, PlanCode, string, string]>;

export type Declared = keyof typeof DECLARED;

/** What the resolvers of each document share: the shapes, the names, and the problems found so far. */
export class Context {
  readonly shapes: Shapes;
  readonly problems: Problem[] = [];
  readonly roles: Vocabulary | undefined;
  readonly #locate: (where: Where) => Place;
  readonly #origins = new WeakMap<object, Where>();

  constructor(shapes: Shapes, roles: Vocabulary | undefined, locate: (where: Where) => Place) {
    this.shapes = shapes;
    this.roles = roles;
    this.#locate = locate;
  }

  add(code: PlanCode, where: Where, fact: string, hint: string): void {
    this.problems.push(problem(code, where, fact, hint));
  }

  /** Stamps a resolved thing with its place, and remembers where it came from. */
  placed<T extends object>(entity: T, where: Where): T & { readonly place: Place } {
    const stamped = { ...entity, place: this.#locate(where) };
    this.#origins.set(stamped, where);
    return stamped;
  }

  /** For what is none of the plan's things by itself. */
  locate(where: Where): Place {
    return this.#locate(where);
  }

  origin(entity: object): Where {
    const where = this.#origins.get(entity);
    if (!where) throw new TypeError("origin() of something that is not of this draft");
    return where;
  }

  /** Names of a kind, sound or not; undefined when their document cannot say. */
  names(kind: Declared): ReadonlySet<string> | undefined {
    const [document, section] = DECLARED[kind];
    return (this.shapes[document] as Shape<Record<string, unknown>>).names(section);
  }

  /** Whether a name is declared; if not, says so. Declared but broken counts as declared: that is reported elsewhere. */
  check(kind: Declared, name: string, where: Where, code: PlanCode = DECLARED[kind][2]): boolean {
    const known = this.names(kind);
    if (known === undefined || known.has(name)) return known !== undefined;
    const [, , , label, home] = DECLARED[kind];
    // The nearest number is another row, not what was meant.
    const hint = kind === "flow" ? home : withSuggestion(name, known, home);
    this.add(code, where, `"${name}" is not ${label}`, hint);
    return false;
  }

  /** Whether a word is a role's, as far as anybody said which there are. */
  isRole(word: string): boolean {
    return this.roles === undefined || this.roles.has(word);
  }

  /** A list of names, each checked and none twice; those that are declared come back. */
  checkAll(kind: Declared, names: readonly string[], at: (index: number) => Where): string[] {
    this.checkRepeated(names, at);
    return names.filter((name, index) => this.check(kind, name, at(index)));
  }

  checkRepeated(names: readonly string[], at: (index: number) => Where): void {
    names.forEach((name, index) => {
      if (names.indexOf(name) < index)
        this.add("PLAN_REPEATED", at(index), `"${name}" stands twice in one list`, "Remove one of them");
    });
  }
}
