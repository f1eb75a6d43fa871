export {
  changesOf,
  isSame,
  mergeDiffs,
  wordsOf,
  type FlowChange,
  type ForwardChange,
  type PolicyDiff,
} from "./changes.ts";
export { diffPlans, diffPolicies } from "./plans.ts";
export { renderDiffJson, renderDiffMarkdown, renderDiffSvg, renderDiffText } from "./render.ts";
