/* What other rooms use; the rest of this folder is its own business. */
export type * from "./types.ts";
export * from "./boxes.ts";
export { DEFAULT_FRAGMENTS, DEFAULT_STEPS, makeMeter, type Meter } from "./budget.ts";
export { compile, type CompiledRules } from "./compile.ts";
export { BY_DEFAULT, deciders } from "./deciders.ts";
export { makeDecider } from "./decider.ts";
export { EngineDefect } from "./defect.ts";
export { describeProduct, type AddressLabel } from "./describe.ts";
export { equivalent, semanticDiff, type DiffRow, type SemanticDiff } from "./diff.ts";
export { decide, type Decision } from "./interpret.ts";
export { boxesOfProduct, mergeBoxes, type Product } from "./merge.ts";
export { readNft } from "./nft.ts";
export { rulesFor } from "./nft/flatten.ts";
export { passing } from "./passing.ts";
export { always, holds, never } from "./questions.ts";
export { findRedundant } from "./redundant.ts";
export { findShadows } from "./shadows.ts";
export { uncovered } from "./uncovered.ts";
