import { node, storageId, snapshotName, vmid, configId, text, format } from "../schema/schema.ts";
import type { Parameters, ValueSchema } from "../schema/schema.ts";
import type { RawParameters } from "../schema/validate.ts";
import { checkLock, vmOf } from "../world.ts";
import type { World } from "../world.ts";
import type { VmState } from "../state/state.ts";
import type { TaskHandle } from "../tasks.ts";
import type { Sight } from "../access/rule.ts";

export type Verb = "GET" | "POST" | "PUT" | "DELETE";

/** A file of a multipart request, already on disk. */
export interface UploadedFile {
  readonly filename: string;
  /** Temporary; the handler moves it or it is removed. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly digests: Readonly<Record<string, string>>;
}

/** One checked request. */
export class Call {
  readonly world: World;
  /** `root@pam` or `root@pam!token` */
  readonly user: string;
  readonly path: string;
  readonly upload: UploadedFile | undefined;
  readonly #sight: Sight;
  readonly #given: RawParameters;
  readonly #schema: Parameters;

  constructor(
    world: World,
    caller: { readonly user: string; readonly sight: Sight },
    path: string,
    schema: Parameters,
    given: RawParameters,
    upload?: UploadedFile,
  ) {
    this.world = world;
    this.user = caller.user;
    this.#sight = caller.sight;
    this.path = path;
    this.upload = upload;
    this.#given = given;
    this.#schema = schema;
  }

  /** Whether the caller has the privilege on the path; lists show no more than that. */
  may(path: string, ...privileges: readonly string[]): boolean {
    const held = this.#sight(path);
    return privileges.some((name) => held.has(name));
  }

  /** Real Proxmox grants this to a login of root@pam only; here its tokens have it too. */
  get isRoot(): boolean {
    return this.user === "root@pam" || this.user.startsWith("root@pam!");
  }

  get node(): string {
    return this.text("node");
  }

  get vmid(): number {
    return this.integer("vmid");
  }

  has(name: string): boolean {
    return this.#given[name] !== undefined;
  }

  optional(name: string): string | undefined {
    const value = this.#given[name];
    return typeof value === "string" || value === undefined ? value : value.at(-1);
  }

  /** A required parameter; that it is there was checked before. */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined)
      throw new Error(`${this.path}: parameter '${name}' is read as required but described as optional`);
    return value;
  }

  integer(name: string): number {
    return Number(this.text(name));
  }

  flag(name: string): boolean {
    const value = this.optional(name) ?? this.#schema[name]?.default;
    return value === "1" || value === true;
  }

  list(name: string): readonly string[] {
    const value = this.#given[name] ?? [];
    return typeof value === "string" ? [value] : value;
  }

  /** What was given, but for `names`. */
  rest(...names: readonly string[]): Record<string, string> {
    const entries = Object.entries(this.#given).filter(([name]) => !names.includes(name));
    return Object.fromEntries(
      entries.map(([name, value]) => [name, typeof value === "string" ? value : value.join(",")]),
    );
  }

  /** The guest that the path names. */
  vm(): VmState {
    return vmOf(this.world, this.node, this.vmid);
  }

  unlockedVm(): VmState {
    const vm = this.vm();
    checkLock(vm);
    return vm;
  }

  /** Starts a task on the path's node in the caller's name. @returns its UPID */
  task(type: string, id: string | number, work: (task: TaskHandle) => Promise<void>): string {
    return this.world.tasks.start({ node: this.node, type, id: String(id), user: this.user }, work);
  }
}

export interface Method<V extends Verb = Verb, P extends string = string> {
  readonly verb: V;
  /** `/nodes/{node}/qemu/{vmid}` */
  readonly path: P;
  /** Path parameters included. */
  readonly parameters: Parameters;
  readonly handler: (call: Call) => unknown;
  /** The first, or last, major version that has it. */
  readonly since?: 9;
  readonly until?: 8;
}

const PATH_PARAMETERS: Readonly<Record<string, ValueSchema>> = {
  node,
  vmid,
  storage: storageId,
  snapname: snapshotName,
  upid: text(),
  volume: text(),
  iface: text({ minLength: 2, maxLength: 20, format: "pve-iface" }),
  poolid: format("pve-poolid"),
  sid: format("pve-ha-resource-or-vm-id"),
  rule: configId,
  group: configId,
  userid: text({ maxLength: 64, pattern: /[^\s:/!=@]+@[A-Za-z][\w.-]+/ }),
  tokenid: text({ pattern: /[A-Za-z][\w.-]+/ }),
};

/** Describes one API method; parameters of the path are added by their names. */
export function method<const V extends Verb, const P extends string>(
  verb: V,
  path: P,
  parameters: Parameters,
  handler: (call: Call) => unknown,
  versions: Pick<Method, "since" | "until"> = {},
): Method<V, P> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const inPath = Object.fromEntries(
    names.map((name) => {
      const schema = PATH_PARAMETERS[name];
      if (schema === undefined) throw new Error(`no schema for {${name}} in ${path}`);
      return [name, schema];
    }),
  );
  return { verb, path, parameters: { ...inPath, ...parameters }, handler, ...versions };
}

/** The children of a folder of the API, for index calls. */
export const subdirs = (...names: readonly string[]) => names.map((subdir) => ({ subdir }));
