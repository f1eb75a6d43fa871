/**
 * The vocabulary in which API parameters are described: the part of JSON schema that Proxmox uses.
 * Source: the official API schema (pve-docs, api-viewer), read as data.
 */

/** The keys of a comma-separated property string such as `virtio=MAC,bridge=vmbr0`. */
export type PropertyFormat = Readonly<Record<string, PropertySchema>>;

export interface ValueSchema {
  readonly type: "string" | "integer" | "number" | "boolean" | "array";
  readonly optional?: true;
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Matched against the whole value. */
  readonly pattern?: RegExp;
  readonly enum?: readonly string[];
  /** A named format of `formats.ts`, or the keys of a property string. */
  readonly format?: string | PropertyFormat;
  /** Another parameter that must come with this one. */
  readonly requires?: string;
  /** The parameter that this one is another name of. */
  readonly alias?: string;
}

export interface PropertySchema extends ValueSchema {
  /** A part without `=` is the value of this key. */
  readonly defaultKey?: true;
  /** With `alias`: `virtio=MAC` sets `model=virtio` and `macaddr=MAC`. */
  readonly keyAlias?: string;
}

export type Parameters = Readonly<Record<string, ValueSchema>>;

type Extra<T> = Omit<T, "type">;

export const text = (extra: Extra<PropertySchema> = {}): PropertySchema => ({ type: "string", ...extra });
export const int = (extra: Extra<PropertySchema> = {}): PropertySchema => ({ type: "integer", ...extra });
export const num = (extra: Extra<PropertySchema> = {}): PropertySchema => ({ type: "number", ...extra });
export const flag = (extra: Extra<PropertySchema> = {}): PropertySchema => ({ type: "boolean", ...extra });
export const list = (extra: Extra<PropertySchema> = {}): PropertySchema => ({ type: "array", ...extra });
export const oneOf = (...values: readonly string[]): PropertySchema => ({ type: "string", enum: values });
export const format = (name: string | PropertyFormat): PropertySchema => ({ type: "string", format: name });

/** The same schema, not required. */
export const opt = (schema: PropertySchema, extra: Extra<PropertySchema> = {}): PropertySchema => ({
  ...schema,
  ...extra,
  optional: true,
});

/** `net[n]` with n from 0 to count - 1, as separate parameters. */
export function indexed(prefix: string, count: number, schema: PropertySchema): Record<string, PropertySchema> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, schema]));
}

// Parameters that many methods share.
export const node = format("pve-node");
export const vmid = int({ minimum: 100, maximum: 999_999_999, format: "pve-vmid" });
export const storageId = format("pve-storage-id");
export const poolId = format("pve-poolid");
export const configId = format("pve-configid");
export const snapshotName = text({ maxLength: 40, format: "pve-configid" });
export const digest = text({ maxLength: 64 });
