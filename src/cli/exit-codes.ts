/** 0 good; 1 findings: a fault in the plan, changes that were not expected; 2 failure. */
export const exitCodes = { good: 0, findings: 1, failure: 2 } as const;
