/* What other rooms use; the rest of this folder is its own business. */
export type * from "./types.ts";
export * from "./boxes.ts";
export { DEFAULT_FRAGMENTS, DEFAULT_STEPS, makeMeter, type Budgeted, type Meter } from "./budget.ts";
export { compile, type CompiledRules, type CompileOptions } from "./compile.ts";
export { BY_DEFAULT, deciders, type DecidersOptions } from "./deciders.ts";
export { makeDecider, type Decider } from "./decider.ts";
export { EngineDefect } from "./defect.ts";
export { describeProduct, type AddressLabel } from "./describe.ts";
export { equivalent, semanticDiff, type DiffOptions, type DiffRow, type SemanticDiff } from "./diff.ts";
export { decide, firstMatch, matches, type Decision } from "./interpret.ts";
export { boxesOfProduct, mergeBoxes, type Product, type Service } from "./merge.ts";
export { readNft } from "./nft.ts";
export { rulesFor, type NftQuestion, type NftRules } from "./nft/flatten.ts";
export type { NftUnsupported, ParsedNft } from "./nft/types.ts";
export { passing, type EnumerateOptions } from "./passing.ts";
export { always, excess, holds, never } from "./questions.ts";
export {
  findIdle,
  findRedundant,
  type IdleOptions,
  type Redundant,
  type RedundantOptions,
  type RedundantReport,
} from "./redundant.ts";
export { findShadows, type ReportOptions, type Shadow, type ShadowReport } from "./shadows.ts";
export { uncovered, type UncoveredOptions } from "./uncovered.ts";
