import type { PolicyCode } from "../../policy/codes.ts";
import type { Packet } from "../../policy/engine/index.ts";

export type VerdictKind = "proven" | "refuted" | "undecided";

/** One packet that fares otherwise than the table says, replayed rule by rule by an interpreter of pf's last match. */
export interface Witness {
  readonly router: string;
  /** A zone, or `firewall` for what the router itself sends. */
  readonly ingress: string;
  readonly packet: Packet;
  /** `10.20.30.11:49152 -> 10.20.20.13:5060 udp`. */
  readonly text: string;
  /** The row that should decide it; null when none does. */
  readonly row: string | null;
  /** The rule that decides it in the file. */
  readonly rule: string | null;
  /** What the file does to it. */
  readonly action: "pass" | "block" | "reject";
  /** The source does not belong to the ingress. */
  readonly isSpoofed: boolean;
}

/** A row of the table, or something that pfSense does by itself. */
export interface ProofRow {
  readonly id: string;
  readonly by: "plan" | "pfsense";
  readonly verdict: VerdictKind;
  readonly action: "allow" | "deny" | "reject";
  readonly description: string;
  /** The rules of the files that decide its packets, as `rtr-a/users/1700000412`. */
  readonly rules: readonly string[];
  /** For `by: pfsense`: where, and one packet that it decides so. */
  readonly at: readonly string[];
  readonly example: string | null;
  readonly witnesses: readonly Witness[];
  /** Rules that log otherwise than the row says, in words. */
  readonly logs: readonly string[];
}

export interface ForwardProof {
  readonly id: string;
  readonly router: string;
  readonly wan: string;
  readonly verdict: VerdictKind;
  readonly rules: readonly string[];
  readonly fact: string;
}

export interface InvariantProof {
  readonly id: string;
  readonly kind: "never" | "always";
  readonly verdict: VerdictKind;
  readonly witnesses: readonly Witness[];
}

/** Something else that must hold of the files: a leg, outbound NAT, the pair's equality. */
export interface FactProof {
  readonly code: PolicyCode;
  readonly router: string;
  readonly verdict: VerdictKind;
  readonly fact: string;
  readonly hint: string;
}

export interface RouterReport {
  readonly id: string;
  readonly file: string;
  readonly rules: number;
  readonly assumptions: readonly string[];
  readonly doubts: readonly string[];
}

export interface Proof {
  readonly verdict: VerdictKind;
  readonly rows: readonly ProofRow[];
  /** Let in, and allowed by no row. */
  readonly excess: readonly Witness[];
  readonly forwards: readonly ForwardProof[];
  readonly invariants: readonly InvariantProof[];
  readonly facts: readonly FactProof[];
  readonly routers: readonly RouterReport[];
  /** What ended without an answer, in words. */
  readonly undecided: readonly string[];
  readonly ms: number;
}
