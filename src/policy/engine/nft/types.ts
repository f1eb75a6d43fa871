import type { Alternative } from "./match.ts";

/** What happens to a packet that satisfies a rule's condition; `continue` is the next rule. */
export type NftOutcome =
  | { readonly kind: "accept" | "drop" | "reject" | "return" | "continue" }
  | { readonly kind: "jump" | "goto"; readonly target: string };

/** A rule, or one entry of its verdict map, as condition and outcome. */
export interface NftRule {
  readonly handle: number;
  readonly condition: readonly Alternative[];
  readonly outcome: NftOutcome;
}

export interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Present for base chains. */
  readonly base: {
    readonly type: string;
    readonly hook: string;
    readonly priority: number;
    readonly policy: "accept" | "drop";
  } | null;
  readonly rules: readonly NftRule[];
}

/** Something that the reader does not understand, and that a proof therefore does not cover. */
export interface NftUnsupported {
  /** `inet filter forward`, or the table alone, or the kind of object. */
  readonly where: string;
  /** The rule's handle, null for what is not a rule. */
  readonly handle: number | null;
  readonly what: string;
}

export interface ParsedNft {
  readonly chains: readonly NftChain[];
  readonly unsupported: readonly NftUnsupported[];
}
