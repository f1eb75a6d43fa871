/*
 * Every code that this room may say, with what it means. A code is never reused for something else. docs/policy.md lists
 * the same table and tests/cases/policy has a case for each; tests keep both true.
 */
export const POLICY_CODES = {
  // Rows against rows
  POLICY_DUPLICATE: "A row says the same as an earlier one.",
  POLICY_SHADOWED: "No packet reaches a row: earlier rows, taken together, decide all of it, some otherwise.",
  POLICY_SHADOWED_SAME: "No packet reaches a row, and earlier rows do the same to its packets (warning).",
  POLICY_REDUNDANT: "Without the row every packet would fare the same: later rows repeat it (warning).",
  // One row
  POLICY_ANY_ANY: "A row allows anything to anything.",
  POLICY_ANY_SERVICE: "A row allows every protocol (warning).",
  POLICY_ANY_PORT: "A row allows every port of TCP or UDP (warning).",
  POLICY_SUPERNET: "A network that a row names reaches into zones or pools that it does not belong to (warning).",
  POLICY_OUTSIDE_PLAN: "A private network that a row names is in no zone and no pool (warning).",
  POLICY_UNENFORCEABLE: "A row pairs only ends that no router stands between.",
  POLICY_PARTLY_UNENFORCEABLE: "A row pairs, among others, two ends of one zone (warning).",
  POLICY_DESCRIPTION: "A description that says nothing (warning).",
  // ANSSI
  POLICY_SECTION_ORDER: "A row stands after one of a later section.",
  POLICY_SECTION_CONTENT: "A row is not what its section is for.",
  POLICY_PROTECTION_MISSING: "Section 3 does not refuse everything else towards the routers.",
  POLICY_FINAL_DENY_MISSING: "The table does not end with the refusal of everything.",
  POLICY_FINAL_DENY_UNLOGGED: "The final refusal is not logged.",
  POLICY_NOT_LOGGED: "A row of a section that ANSSI wants logged is not (warning).",
  POLICY_NOISE_LOGGED: "A row of section 5 logs what it is there to keep out of the log (warning).",
  // Around the rows
  POLICY_UNUSED_POOL: "No row names an address pool (warning).",
  POLICY_EXCEPTION_UNUSED: "An invariant names an exception that it does not need (warning).",
  POLICY_INVARIANT_BROKEN: "The flow table breaks an invariant.",
  POLICY_INVARIANT_EMPTY: "An invariant speaks of no packet that a router sees (warning).",
  POLICY_WAIVER_UNUSED: "A waiver waives nothing.",
  POLICY_WAIVER_EXPIRED: "A waiver is out of date: what it waived is reported again.",
  POLICY_WAIVER_CODE: "A waiver names a code that no waiver can accept.",
  POLICY_UNDECIDED: "A question about the table ended without an answer.",
  // Routers' files over the table
  POLICY_PROOF_CONFIG_MISSING: "A router of the plan has no configuration to prove.",
  POLICY_PROOF_INTERFACE: "A leg of the plan and the interfaces of a file do not match.",
  POLICY_PROOF_MISSING: "A row's packets are not treated as the row says.",
  POLICY_PROOF_EXCESS: "A router lets through what no row allows.",
  POLICY_PROOF_SPOOF: "A router lets in a source that does not belong to the ingress.",
  POLICY_PROOF_LOG: "A rule logs otherwise than its row says (warning).",
  POLICY_PROOF_FORWARD: "Port forwards of the plan and redirects of a file differ.",
  POLICY_PROOF_NAT_SOURCE: "Outbound NAT gives another source than the plan's.",
  POLICY_PROOF_INVARIANT: "What is really in a file breaks an invariant.",
  POLICY_PROOF_ROUTERS_DIFFER: "The two routers are not one up to their own addresses.",
  POLICY_PROOF_UNDECIDED: "A part of the proof ended without an answer.",
} as const;

export type PolicyCode = keyof typeof POLICY_CODES;

/** Severity of a code: the meaning says "(warning)" where it is one. */
export const severityOf = (code: PolicyCode): "error" | "warning" =>
  POLICY_CODES[code].endsWith("(warning).") ? "warning" : "error";

export const isPolicyCode = (code: string): code is PolicyCode => Object.hasOwn(POLICY_CODES, code);
