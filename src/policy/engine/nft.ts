import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { everything } from "./boxes.ts";
import { Unsupported } from "./nft/fields.ts";
import { alternativesOf, both, type Alternative, type SetLookup } from "./nft/match.ts";
import type { NftChain, NftOutcome, NftRule, NftUnsupported, ParsedNft } from "./nft/types.ts";
import { Chain, Match, NamedSet, Rule as RuleJson, Ruleset, Value, Verdict, VerdictMap } from "./nft/schema.ts";
import type { Box } from "./types.ts";

/**
 * Reads `nft -j list ruleset` (nftables 1.0.6 and later). A rule that is not understood is left out of its chain and
 * listed; a caller must not call anything proven that a listed rule could touch ({@link rulesFor} says which).
 * @throws Fault NFT_NOT_A_RULESET when it is not such a document
 */
export function readNft(json: unknown): ParsedNft {
  const objects = wellFormed(Ruleset, json, "document").nftables;
  const unsupported: NftUnsupported[] = [];
  const chains = new Map<string, { chain: Chain; rules: NftRule[] }>();
  const sets = new Map<string, NamedSet>();
  const rules: RuleJson[] = [];
  for (const object of objects) {
    for (const [kind, body] of Object.entries(object)) {
      if (kind === "chain") {
        const chain = wellFormed(Chain, body, "chain");
        chains.set(`${chain.family} ${chain.table} ${chain.name}`, { chain, rules: [] });
      } else if (kind === "rule") rules.push(wellFormed(RuleJson, body, "rule"));
      else if (kind === "set" || kind === "map") {
        const set = wellFormed(NamedSet, body, kind);
        sets.set(`${set.family} ${set.table} ${set.name}`, set);
      } else if (!HARMLESS_OBJECTS.has(kind)) {
        unsupported.push({ where: kind, handle: null, what: `object ${kind}` });
      }
    }
  }
  for (const rule of rules) {
    const where = `${rule.family} ${rule.table} ${rule.chain}`;
    try {
      chains.get(where)?.rules.push(...readRule(rule, sets));
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      unsupported.push({ where, handle: rule.handle, what: error.message });
    }
  }
  return { chains: [...chains.values()].map(({ chain, rules: own }) => chainOf(chain, own)), unsupported };
}

// What decides nothing until a rule uses it; the rule is then the one that is not understood.
const HARMLESS_OBJECTS: ReadonlySet<string> = new Set([
  "metainfo",
  "table",
  "counter",
  "quota",
  "limit",
  "flowtable",
  "ct helper",
  "ct timeout",
  "ct expectation",
]);

function wellFormed<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw notARuleset(`${what}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

const notARuleset = (why: string): Fault =>
  new Fault("NFT_NOT_A_RULESET", `This is not the output of nft: ${why}`, "Give the output of `nft -j list ruleset`.");

function chainOf(chain: Chain, rules: readonly NftRule[]): NftChain {
  const { family, table, name } = chain;
  const base =
    chain.hook === undefined
      ? null
      : {
          type: chain.type ?? "filter",
          hook: chain.hook,
          priority: chain.prio ?? 0,
          policy: chain.policy ?? ("accept" as const),
        };
  return { family, table, name, base, rules };
}

// Statements that neither decide a packet nor change it in a way that the engine sees.
const SILENT: ReadonlySet<string> = new Set(["counter", "log", "comment", "notrack", "set"]);

function readRule(rule: RuleJson, sets: ReadonlyMap<string, NamedSet>): readonly NftRule[] {
  const lookup = lookupIn(rule, sets);
  let condition: readonly Alternative[] = [{ tests: [], boxes: spaceOf(rule.family) }];
  let isConditional = false;
  let decided: readonly NftRule[] | null = null;
  for (const statement of rule.expr) {
    for (const [kind, body] of Object.entries(statement)) {
      if (decided && !SILENT.has(kind)) throw new Unsupported(`${kind} after a verdict`);
      if (kind === "match") {
        const match = orUnsupported(Match, body, "match");
        requireKnownTransport(match, condition);
        condition = both(condition, alternativesOf(match, lookup));
      } else if (kind === "vmap") {
        requireUnconditional(isConditional);
        decided = readVerdictMap(rule, body, condition, lookup, sets);
      } else if (kind === "limit") isConditional = true;
      else if (kind === "mangle") requireHarmlessMangle(body);
      else if (!SILENT.has(kind)) {
        const verdict = orUnsupported(Verdict, statement, kind);
        requireUnconditional(isConditional);
        decided = [{ handle: rule.handle, condition, outcome: outcomeOf(verdict) }];
      }
    }
  }
  return decided ?? [];
}

const spaceOf = (family: string): readonly Box[] => {
  if (family === "inet") return everything();
  if (family === "ip") return everything(4);
  if (family === "ip6") return everything(6);
  throw new Unsupported(`a table of family ${family}`);
};

function orUnsupported<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Unsupported(`${what} ${JSON.stringify(body)}`);
  return parsed.data;
}

// Marks, priorities and connection marks are not seen by any match that the reader accepts; addresses and ports are.
function requireHarmlessMangle(body: unknown): void {
  const mangle = z.looseObject({ key: z.union([z.object({ meta: z.unknown() }), z.object({ ct: z.unknown() })]) });
  if (!mangle.safeParse(body).success) throw new Unsupported(`mangle ${JSON.stringify(body)}`);
}

function requireUnconditional(isConditional: boolean): void {
  if (isConditional) throw new Unsupported("a verdict behind a rate limit");
}

// `th dport` reads the bytes there, whatever the protocol; only behind tcp or udp do they have to be a port.
function requireKnownTransport(match: Match, condition: readonly Alternative[]): void {
  if (!JSON.stringify(match.left).includes('"protocol":"th"')) return;
  const isPorts = condition.every((a) => a.boxes.every((b) => b.slice === "tcp" || b.slice === "udp"));
  if (!isPorts) throw new Unsupported("th without a match on l4proto tcp or udp before it");
}

function lookupIn(rule: RuleJson, sets: ReadonlyMap<string, NamedSet>): SetLookup {
  return (name) => {
    const set = fixedSet(rule, name, sets);
    return (set.elem ?? []).map((e) => orUnsupported(Value, e, `element of @${name}`));
  };
}

function fixedSet(rule: RuleJson, name: string, sets: ReadonlyMap<string, NamedSet>): NamedSet {
  const set = sets.get(`${rule.family} ${rule.table} ${name}`);
  if (!set) throw new Unsupported(`set @${name}, which is not there`);
  if (set.flags?.some((f) => f === "dynamic" || f === "timeout")) {
    throw new Unsupported(`set @${name}, whose elements come and go`);
  }
  return set;
}

function readVerdictMap(
  rule: RuleJson,
  body: unknown,
  condition: readonly Alternative[],
  lookup: SetLookup,
  sets: ReadonlyMap<string, NamedSet>,
): readonly NftRule[] {
  const { key, data } = orUnsupported(VerdictMap, body, "vmap");
  const entry = z.tuple([Value, Verdict]);
  const entries =
    typeof data === "string"
      ? (fixedSet(rule, data.slice(1), sets).elem ?? []).map((e) => orUnsupported(entry, e, `element of ${data}`))
      : data.set;
  return entries.map(([value, verdict]) => {
    const match: Match = { op: isStateKey(key) ? "in" : "==", left: key, right: value };
    requireKnownTransport(match, condition);
    return {
      handle: rule.handle,
      condition: both(condition, alternativesOf(match, lookup)),
      outcome: outcomeOf(verdict),
    };
  });
}

const isStateKey = (key: VerdictKey): boolean => "ct" in key;
type VerdictKey = z.infer<typeof VerdictMap>["key"];

function outcomeOf(verdict: Verdict): NftOutcome {
  if ("accept" in verdict) return { kind: "accept" };
  if ("drop" in verdict) return { kind: "drop" };
  if ("return" in verdict) return { kind: "return" };
  if ("continue" in verdict) return { kind: "continue" };
  if ("jump" in verdict) return { kind: "jump", target: verdict.jump.target };
  if ("goto" in verdict) return { kind: "goto", target: verdict.goto.target };
  return { kind: "reject" };
}
