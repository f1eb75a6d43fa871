import { checkValue } from "./check-value.ts";
import type { PropertyFormat, PropertySchema } from "./schema.ts";

/** Why a property string is refused, in the API's words. */
export class PropertyStringError extends Error {
  override readonly name = "PropertyStringError";
}

/** Property values by key, aliases already resolved. */
export type Properties = Record<string, string>;

const YES = /^(1|on|yes|true)$/i;
const NO = /^(0|off|no|false)$/i;

function normalised(schema: PropertySchema, value: string): string {
  if (schema.type !== "boolean") return value;
  if (YES.test(value)) return "1";
  return NO.test(value) ? "0" : value;
}

const own = (format: PropertyFormat, key: string): PropertySchema | undefined =>
  Object.hasOwn(format, key) ? format[key] : undefined;

const defaultKeyOf = (format: PropertyFormat): string | undefined =>
  Object.keys(format).find((key) => format[key]?.defaultKey === true);

/**
 * Reads `virtio=MAC,bridge=vmbr0`. Empty parts (a trailing comma) are nothing, as for Proxmox.
 * @throws {PropertyStringError} unknown, repeated or missing keys, values that do not fit
 */
export function parsePropertyString(format: PropertyFormat, value: string): Properties {
  const result: Properties = {};
  const defaultKey = defaultKeyOf(format);
  for (const part of value.split(",")) {
    if (part.trim() === "") continue;
    const equals = part.indexOf("=");
    if (equals <= 0) setDefault(format, result, defaultKey, part);
    else setKey(format, result, part.slice(0, equals), part.slice(equals + 1));
  }
  checkProperties(format, result);
  return result;
}

function setDefault(format: PropertyFormat, result: Properties, defaultKey: string | undefined, value: string): void {
  if (value.startsWith("=")) throw new PropertyStringError("missing key in comma-separated list property");
  if (defaultKey === undefined)
    throw new PropertyStringError("value without key, but schema does not define a default key");
  if (result[defaultKey] !== undefined)
    throw new PropertyStringError(`duplicate key in comma-separated list property: ${defaultKey}`);
  result[defaultKey] = normalised(format[defaultKey]!, value);
}

function setKey(format: PropertyFormat, result: Properties, key: string, value: string): void {
  const schema = own(format, key);
  if (schema === undefined) throw new PropertyStringError(`invalid key in comma-separated list property: ${key}`);
  if (schema.alias === undefined) {
    if (result[key] !== undefined)
      throw new PropertyStringError(`duplicate key in comma-separated list property: ${key}`);
    result[key] = normalised(schema, value);
    return;
  }
  if (schema.keyAlias !== undefined) {
    if (result[schema.keyAlias] !== undefined)
      throw new PropertyStringError(`key alias '${schema.keyAlias}' is already defined`);
    result[schema.keyAlias] = key;
  }
  if (result[schema.alias] !== undefined)
    throw new PropertyStringError(`key '${schema.alias}' is already defined (via alias)`);
  result[schema.alias] = normalised(format[schema.alias]!, value);
}

function checkProperties(format: PropertyFormat, result: Properties): void {
  const reasons: string[] = [];
  for (const [key, schema] of Object.entries(format)) {
    const value = result[key];
    if (schema.alias !== undefined) continue;
    if (value === undefined) {
      if (!schema.optional) reasons.push(`${key}: property is missing and it is not optional`);
      continue;
    }
    const reason = checkValue(schema, value);
    if (reason !== undefined) reasons.push(`${key}: ${reason.trimEnd()}`);
  }
  if (reasons.length > 0) throw new PropertyStringError(`format error\n${reasons.join("\n")}`);
}

/**
 * Writes properties as Proxmox does: the default key first and bare, then by name.
 * A key alias joins two: `model` and `macaddr` become `virtio=MAC`.
 */
export function printPropertyString(format: PropertyFormat, properties: Properties): string {
  const parts: string[] = [];
  const done = new Set<string>();
  for (const [key, schema] of Object.entries(format)) {
    if (schema.keyAlias === undefined || properties[schema.keyAlias] !== key || schema.alias === undefined) continue;
    const value = properties[schema.alias];
    if (value === undefined) continue;
    parts.push(`${key}=${value}`);
    done.add(schema.keyAlias).add(schema.alias);
  }
  const defaultKey = defaultKeyOf(format);
  const keys = Object.keys(properties).sort(
    (a, b) => Number(b === defaultKey) - Number(a === defaultKey) || (a < b ? -1 : 1),
  );
  for (const key of keys) {
    const value = properties[key];
    if (done.has(key) || value === undefined) continue;
    parts.push(key === defaultKey ? value : `${key}=${value}`);
  }
  return parts.join(",");
}
