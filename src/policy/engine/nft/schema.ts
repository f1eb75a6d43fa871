import { z } from "zod";

/*
 * The parts of libnftables-json(5) that the reader understands. Everything else parses as unknown and is reported
 * as unsupported where it stands; nothing is dropped by a schema. Schema and type share a name.
 */

export type Value =
  | string
  | number
  | { prefix: { addr: string; len: number } }
  | { range: [Value, Value] }
  | { set: Value[] }
  | { concat: Value[] }
  | { elem: { val: Value } }
  | Value[];

export const Value: z.ZodType<Value> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.strictObject({ prefix: z.strictObject({ addr: z.string(), len: z.number() }) }),
    z.strictObject({ range: z.tuple([Value, Value]) }),
    z.strictObject({ set: z.array(Value) }),
    z.strictObject({ concat: z.array(Value) }),
    z.strictObject({ elem: z.looseObject({ val: Value }) }),
    z.array(Value),
  ]),
);

export type Key =
  | { payload: { protocol: string; field: string } }
  | { meta: { key: string } }
  | { ct: { key: string } }
  | { "&": [Key, Value] }
  | { concat: Key[] };

export const Key: z.ZodType<Key> = z.lazy(() =>
  z.union([
    z.strictObject({ payload: z.strictObject({ protocol: z.string(), field: z.string() }) }),
    z.strictObject({ meta: z.strictObject({ key: z.string() }) }),
    // With a direction (`ct original saddr`) it would be something else.
    z.strictObject({ ct: z.strictObject({ key: z.string() }) }),
    z.strictObject({ "&": z.tuple([Key, Value]) }),
    z.strictObject({ concat: z.array(Key) }),
  ]),
);

export const Match = z.strictObject({ op: z.string(), left: Key, right: Value });
export type Match = z.infer<typeof Match>;

const Target = z.strictObject({ target: z.string() });

export const Verdict = z.union([
  z.strictObject({ accept: z.null() }),
  z.strictObject({ drop: z.null() }),
  z.strictObject({ reject: z.unknown() }),
  z.strictObject({ return: z.null() }),
  z.strictObject({ continue: z.null() }),
  z.strictObject({ jump: Target }),
  z.strictObject({ goto: Target }),
]);
export type Verdict = z.infer<typeof Verdict>;

export const VerdictMap = z.strictObject({
  key: Key,
  data: z.union([z.string(), z.strictObject({ set: z.array(z.tuple([Value, Verdict])) })]),
});

const named = { family: z.string(), table: z.string(), name: z.string() };

export const Chain = z.looseObject({
  ...named,
  type: z.string().optional(),
  hook: z.string().optional(),
  prio: z.number().optional(),
  policy: z.enum(["accept", "drop"]).optional(),
});
export type Chain = z.infer<typeof Chain>;

export const Rule = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number(),
  comment: z.string().optional(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
export type Rule = z.infer<typeof Rule>;

export const NamedSet = z.looseObject({
  ...named,
  flags: z.array(z.string()).optional(),
  elem: z.array(z.unknown()).optional(),
});
export type NamedSet = z.infer<typeof NamedSet>;

export const Ruleset = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
