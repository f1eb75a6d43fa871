/*
 * Names that the plan fixes, because code and customer know them: the documents, needs and objectives.
 */

/** The documents of a plan, in the order in which a person reads them; each is `<name>.yaml`. */
export const DOCUMENT_NAMES = ["addressing", "hosts", "roles", "services", "flows", "people", "coverage"] as const;

export type DocumentName = (typeof DOCUMENT_NAMES)[number];

/** Those that a plan may do without. */
export const isOptional = (document: DocumentName): boolean => document === "roles";

/** The customer's needs, N1 to N13. */
export const NEED_IDS: readonly string[] = Array.from({ length: 13 }, (_, i) => `N${i + 1}`);

/** The customer's objectives, O1 to O9. */
export const OBJECTIVE_IDS: readonly string[] = Array.from({ length: 9 }, (_, i) => `O${i + 1}`);

/** Words that stand for themselves as an end of a flow, whatever a host is called. */
export const RESERVED_ENDPOINTS = ["any", "internet", "firewall"] as const;
