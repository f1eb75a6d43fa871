import { formatPacket, makeMeter, subtractAll } from "../engine/index.ts";
import { claimsOf, idleExceptions, judgeClaim } from "../invariants.ts";
import { ofInvariant, ofPool, type Lint } from "./lint.ts";

/** Pools that no row names as source or destination: their clients can do nothing, or everything that "any" can. */
export const unusedPools: Lint = function* (context) {
  const { plan } = context.intent.space;
  const ends = plan.flows.flatMap((f) => [...f.from, ...f.to]);
  for (const pool of plan.pools.values()) {
    if (ends.some((end) => end.kind === "pool" && end.pool === pool.id)) continue;
    yield ofPool(
      "POLICY_UNUSED_POOL",
      pool,
      `no row names pool "${pool.id}"`,
      "Add the rows that its clients need, or remove it",
    );
  }
};

/** The invariants of the plan, asked of its own flow table. */
export const invariantsHold: Lint = function* (context) {
  const { intent } = context;
  const { plan } = intent.space;
  for (const invariant of plan.invariants) {
    const claims = claimsOf(intent, invariant);
    if (claims.length === 0) {
      yield ofInvariant(
        "POLICY_INVARIANT_EMPTY",
        invariant,
        "speaks of no packet that a router sees",
        "Its ends are in one zone, or its services fit neither",
      );
    }
    for (const claim of claims) {
      const verdict = judgeClaim(claim, intent.listAt(claim.ingress), makeMeter(context.steps));
      if (verdict.kind === "proven") continue;
      if (verdict.kind === "undecided") {
        yield ofInvariant(
          "POLICY_UNDECIDED",
          invariant,
          `at ${claim.ingress} the budget of steps ended first`,
          "Simplify the rows that it meets",
        );
        break;
      }
      const packet = formatPacket(verdict.witness);
      const row = intent.rows.find((r) => subtractAll([pointOf(verdict.witness)], r.boxes).length === 0);
      const by = row ? ` by ${row.id}` : "";
      const fact = invariant.kind === "never" ? `${packet} is allowed${by}` : `${packet} is refused${by}`;
      const hint =
        invariant.kind === "never"
          ? "Narrow the row, or name it in `except` if it is meant"
          : "Add a row that allows it, before the one that refuses it";
      yield ofInvariant("POLICY_INVARIANT_BROKEN", invariant, fact, hint);
      // One packet an invariant: the next mostly says the same of another zone.
      break;
    }
  }
};

const pointOf = (p: {
  family: 4 | 6;
  slice: "tcp" | "udp" | "icmp" | "other";
  src: bigint;
  dst: bigint;
  a: bigint;
  b: bigint;
}) => {
  const at = (v: bigint): { lo: bigint; hi: bigint } => ({ lo: v, hi: v });
  return { family: p.family, slice: p.slice, src: at(p.src), dst: at(p.dst), a: at(p.a), b: at(p.b) };
};

export const idleExceptionsOfInvariants: Lint = function* (context) {
  const { intent } = context;
  for (const invariant of intent.space.plan.invariants) {
    for (const id of idleExceptions(intent, intent.space.plan, invariant)) {
      yield ofInvariant(
        "POLICY_EXCEPTION_UNUSED",
        invariant,
        `${id} allows nothing that it forbids`,
        `Remove ${id} from except`,
      );
    }
  }
};
