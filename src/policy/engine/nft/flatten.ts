import { everything, subtractAll } from "../boxes.ts";
import type { NftChain, NftRule, NftUnsupported, ParsedNft } from "./types.ts";
import type { Action, Box, Rule } from "../types.ts";
import { intersectAll, passesTest } from "./match.ts";

/** Which packets: those that come in and go out by these interfaces, at a hook of the `filter` type. */
export interface NftQuestion {
  readonly hook: "forward" | "input" | "output";
  /** Name of the ingress interface; absent for output. */
  readonly iif?: string;
  /** Name of the egress interface; absent for input. */
  readonly oif?: string;
  /** Only this table's base chains, `inet filter`; all tables when absent. */
  readonly table?: string;
}

export interface NftRules {
  /** First match wins; every packet is matched by some rule. Ids are `table chain#handle`, joined over tables by `+`. */
  readonly rules: readonly Rule[];
  /** What was not understood in the chains that these packets may see; proofs do not hold while this is not empty. */
  readonly unsupported: readonly NftUnsupported[];
}

// The kernel's own limit on nested jumps (NFT_JUMP_STACK_SIZE).
const MAX_DEPTH = 16;

/**
 * The first-match list that a packet meets between two interfaces: jumps written out, base chains of several tables
 * one after the other (a packet must be accepted by each; any drop is final).
 */
export function rulesFor(parsed: ParsedNft, question: NftQuestion): NftRules {
  const seen = new Set<string>();
  const unsupported: NftUnsupported[] = [];
  const bases = parsed.chains
    .filter((c) => c.base?.hook === question.hook && c.base.type === "filter")
    .filter((c) => question.table === undefined || `${c.family} ${c.table}` === question.table)
    .sort((x, y) => x.base!.priority - y.base!.priority);
  let next: readonly Rule[] = [{ id: "accept", action: "pass", boxes: everything() }];
  for (const base of bases.reverse()) {
    const space = everything().filter((b) => base.family === "inet" || base.family === (b.family === 4 ? "ip" : "ip6"));
    const flat: Flat[] = [];
    walk(parsed, base, space, question, flat, seen, unsupported, 0);
    flat.push({
      id: `${base.table} ${base.name} policy`,
      verdict: base.base!.policy,
      boxes: space,
    });
    next = follow(flat, next);
  }
  unsupported.push(...parsed.unsupported.filter((u) => u.handle === null || seen.has(u.where)));
  return { rules: next, unsupported };
}

interface Flat {
  readonly id: string;
  readonly verdict: "accept" | "drop" | "reject";
  readonly boxes: readonly Box[];
}

// Appends what the chain decides about `condition`, in order.
function walk(
  parsed: ParsedNft,
  chain: NftChain,
  condition: readonly Box[],
  question: NftQuestion,
  out: Flat[],
  seen: Set<string>,
  unsupported: NftUnsupported[],
  depth: number,
): void {
  const where = `${chain.family} ${chain.table} ${chain.name}`;
  seen.add(where);
  let open = condition;
  for (const rule of chain.rules) {
    const boxes = intersectAll(open, boxesOf(rule, question));
    if (boxes.length === 0) continue;
    const { outcome } = rule;
    const id = `${chain.table} ${chain.name}#${rule.handle}`;
    switch (outcome.kind) {
      case "accept":
      case "drop":
      case "reject":
        out.push({ id, verdict: outcome.kind, boxes });
        break;
      case "continue":
        break;
      case "return":
        open = subtractAll(open, boxes);
        break;
      case "jump":
      case "goto": {
        const target = parsed.chains.find(
          (c) => c.family === chain.family && c.table === chain.table && c.name === outcome.target,
        );
        if (!target || depth >= MAX_DEPTH) {
          unsupported.push({ where, handle: rule.handle, what: `${outcome.kind} to ${outcome.target}` });
          break;
        }
        walk(parsed, target, boxes, question, out, seen, unsupported, depth + 1);
        // After a goto the packet does not come back here, but to whoever jumped here.
        if (outcome.kind === "goto") open = subtractAll(open, boxes);
      }
    }
  }
}

function boxesOf(rule: NftRule, question: NftQuestion): readonly Box[] {
  return rule.condition
    .filter((a) => a.tests.every((t) => passesTest(t, question[t.side] ?? "")))
    .flatMap((a) => a.boxes);
}

const ACTIONS: Readonly<Record<"drop" | "reject", Action>> = { drop: "block", reject: "reject" };

// What one base chain accepts is then up to the next one.
function follow(chain: readonly Flat[], next: readonly Rule[]): readonly Rule[] {
  const isLast = next.length === 1;
  const out: Rule[] = [];
  for (const { id, verdict, boxes } of chain) {
    if (verdict !== "accept") out.push({ id, action: ACTIONS[verdict], boxes });
    else if (isLast) out.push({ id, action: "pass", boxes });
    else {
      for (const after of next) {
        const shared = intersectAll(boxes, after.boxes);
        if (shared.length > 0) out.push({ id: `${id} + ${after.id}`, action: after.action, boxes: shared });
      }
    }
  }
  // A table of one family does not see the packets of the other.
  return [...out, ...next];
}
