import type { Method, Verb } from "./method.ts";

interface Branch {
  readonly fixed: Map<string, Branch>;
  variable: { readonly name: string; readonly branch: Branch } | undefined;
  readonly methods: Partial<Record<Verb, Method>>;
}

export interface Route {
  readonly method: Method;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** Parameters that swallow the rest of the path: volume ids contain slashes. */
const REST = new Set(["volume"]);

const branch = (): Branch => ({ fixed: new Map(), variable: undefined, methods: {} });

/** Finds the method of a path; derived from the table of methods. */
export class Router {
  readonly #root = branch();

  constructor(methods: readonly Method[]) {
    for (const method of methods) this.#add(method);
  }

  #add(method: Method): void {
    let at = this.#root;
    for (const segment of method.path.split("/").filter((s) => s !== "")) {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) {
        const next = at.fixed.get(segment) ?? branch();
        at.fixed.set(segment, next);
        at = next;
        continue;
      }
      at.variable ??= { name, branch: branch() };
      if (at.variable.name !== name)
        throw new Error(`${method.path}: {${name}} stands where {${at.variable.name}} does`);
      at = at.variable.branch;
    }
    if (at.methods[method.verb] !== undefined) throw new Error(`${method.verb} ${method.path} is described twice`);
    at.methods[method.verb] = method;
  }

  /** @param path decoded, without `/api2/json`; empty segments are nothing */
  find(verb: string, path: string): Route | undefined {
    const segments = path.split("/").filter((s) => s !== "");
    const pathParameters: Record<string, string> = {};
    let at = this.#root;
    for (const [index, segment] of segments.entries()) {
      const fixed = at.fixed.get(segment);
      if (fixed !== undefined) {
        at = fixed;
        continue;
      }
      if (at.variable === undefined) return undefined;
      const { name } = at.variable;
      at = at.variable.branch;
      if (REST.has(name)) {
        pathParameters[name] = segments.slice(index).join("/");
        break;
      }
      pathParameters[name] = segment;
    }
    const method = at.methods[verb as Verb];
    return method === undefined ? undefined : { method, pathParameters };
  }
}
