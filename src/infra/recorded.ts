/** What recovery reads of a resource in the engine's record. */
export interface Recorded {
  readonly type: string;
  readonly urn?: string | undefined;
  readonly id?: string | undefined;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
  readonly protect?: boolean | undefined;
  /** The old one of a replacement that is not finished. */
  readonly delete?: boolean | undefined;
  /** When it was first recorded, as Pulumi writes it. */
  readonly created?: string | undefined;
  /** Why its creation or update broke off half-way: the state then says what was wanted, not what is. */
  readonly initErrors?: readonly string[] | null | undefined;
}

export const VM = "proxmoxve:index/vmLegacy:VmLegacy";

export function vmIdOf(r: Recorded): number | undefined {
  const n = Number(r.inputs?.["vmId"] ?? r.id);
  return Number.isInteger(n) ? n : undefined;
}
