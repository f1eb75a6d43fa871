import { z } from "zod";
import type { TaskRequest } from "./tasks.ts";

const regexp = z.string().refine((source) => {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}, "not a regular expression");

/**
 * A disturbance that a test orders. `match` is held against `METHOD /path` of a request (no `/api2/json`)
 * or, for `task-failure`, against `type:id` of a task (`qmstart:200`).
 */
export const faultRule = z.strictObject({
  kind: z.enum(["http-error", "task-failure", "hang", "reset", "lock", "node-down"]),
  /** Default: everything. */
  match: regexp.default(""),
  /** How often it strikes; default: until it is cleared. */
  times: z.number().int().positive().optional(),
  /** Milliseconds from now before it strikes. */
  afterMs: z.number().int().nonnegative().default(0),
  /** Of `http-error`; default 503. */
  status: z.number().int().min(400).max(599).default(503),
  /** Reason phrase, or exit status of a task. */
  message: z
    .string()
    .max(500)
    .regex(/^[^\r\n]*$/)
    .optional(),
  /** Of `hang`: answer after all this long; default: never. */
  forMs: z.number().int().positive().optional(),
  /** Of `node-down`. */
  node: z.string().optional(),
});
export type FaultRule = z.infer<typeof faultRule>;

interface ActiveRule {
  readonly id: number;
  readonly rule: FaultRule;
  readonly pattern: RegExp;
  readonly fromMs: number;
  left: number;
  struck: number;
}

/** The ordered disturbances; they live in memory only, a restart clears them. */
export class FaultInjector {
  #rules: ActiveRule[] = [];
  #counter = 0;

  add(rule: FaultRule): number {
    const id = ++this.#counter;
    const left = rule.times ?? Number.POSITIVE_INFINITY;
    this.#rules.push({ id, rule, pattern: new RegExp(rule.match), fromMs: Date.now() + rule.afterMs, left, struck: 0 });
    return id;
  }

  list(): readonly object[] {
    return this.#rules.map(({ id, rule, struck, left }) => ({
      id,
      ...rule,
      struck,
      left: Number.isFinite(left) ? left : null,
    }));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The first rule that strikes this request; it is used up by one. */
  forRequest(method: string, path: string): FaultRule | undefined {
    if (this.#rules.length === 0) return undefined;
    const down = /^\/nodes\/([^/]+)/.exec(path)?.[1];
    return this.#strike(({ rule, pattern }) => {
      if (rule.kind === "task-failure") return false;
      if (rule.kind === "node-down") return down !== undefined && down === rule.node;
      return pattern.test(`${method} ${path}`);
    });
  }

  forTask(request: TaskRequest): string | undefined {
    const rule = this.#strike(
      ({ rule, pattern }) => rule.kind === "task-failure" && pattern.test(`${request.type}:${request.id}`),
    );
    return rule === undefined ? undefined : (rule.message ?? "injected failure");
  }

  isNodeDown(node: string): boolean {
    return this.#rules.some(
      (active) => active.rule.kind === "node-down" && active.rule.node === node && isActive(active),
    );
  }

  #strike(matches: (active: ActiveRule) => boolean): FaultRule | undefined {
    const active = this.#rules.find((candidate) => isActive(candidate) && matches(candidate));
    if (active === undefined) return undefined;
    active.left--;
    active.struck++;
    return active.rule;
  }
}

const isActive = (active: ActiveRule): boolean => active.left > 0 && Date.now() >= active.fromMs;
