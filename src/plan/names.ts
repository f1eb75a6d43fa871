/*
 * Names that the plan fixes, because code and customer know them: roles, the documents, needs and objectives.
 */

/** Every role that a host may play; each must be played by at least `minimum` hosts. */
export const ROLES = {
  router: { minimum: 2 },
  dc: { minimum: 2 },
  pbx: { minimum: 1 },
  mail: { minimum: 1 },
  supervision: { minimum: 1 },
  backup: { minimum: 1 },
  ebrigade: { minimum: 1 },
  vpn: { minimum: 1 },
  bastion: { minimum: 1 },
  workstation: { minimum: 1 },
  internet: { minimum: 1 },
  field: { minimum: 1 },
} as const satisfies Record<string, { readonly minimum: number }>;

export type RoleId = keyof typeof ROLES;

export const ROLE_IDS = Object.keys(ROLES) as readonly RoleId[];

export const isRoleId = (name: string): name is RoleId => Object.hasOwn(ROLES, name);

/** The documents of a plan, in the order in which a person reads them; each is `<name>.yaml`. */
export const DOCUMENT_NAMES = ["addressing", "hosts", "services", "flows", "people", "coverage"] as const;

export type DocumentName = (typeof DOCUMENT_NAMES)[number];

/** The customer's needs, N1 to N13. */
export const NEED_IDS: readonly string[] = Array.from({ length: 13 }, (_, i) => `N${i + 1}`);

/** The customer's objectives, O1 to O9. */
export const OBJECTIVE_IDS: readonly string[] = Array.from({ length: 9 }, (_, i) => `O${i + 1}`);

/** Words that stand for themselves as an end of a flow, whatever a host is called. */
export const RESERVED_ENDPOINTS = ["any", "internet", "firewall"] as const;
