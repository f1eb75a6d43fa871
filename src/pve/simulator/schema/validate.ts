import { checkValue } from "./check-value.ts";
import { parsePropertyString, PropertyStringError } from "./property-string.ts";
import type { Parameters, ValueSchema } from "./schema.ts";

/** What came over the wire: form fields are text, a repeated field is a list. */
export type RawParameters = Readonly<Record<string, string | readonly string[]>>;

/** Reasons by parameter name; empty when all is well. */
export type ParameterErrors = Record<string, string>;

function checkPropertyString(schema: ValueSchema, value: string): string | undefined {
  if (schema.format === undefined || typeof schema.format === "string") return undefined;
  try {
    parsePropertyString(schema.format, value);
    return undefined;
  } catch (error) {
    if (error instanceof PropertyStringError) return `invalid format - ${error.message}\n`;
    throw error;
  }
}

/**
 * Holds what a caller sent against a method's parameters.
 * @returns every reason at once, by parameter, in the API's words
 */
export function checkParameters(schema: Parameters, given: RawParameters): ParameterErrors {
  const errors: ParameterErrors = {};
  for (const [name, property] of Object.entries(schema)) {
    if (!property.optional && given[name] === undefined) errors[name] = "property is missing and it is not optional";
  }
  for (const [name, value] of Object.entries(given)) {
    const property = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (property === undefined) {
      errors[name] = "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    const values = typeof value === "string" ? [value] : value;
    if (property.type !== "array" && values.length > 1) {
      errors[name] = `type check ('${property.type}') failed - got ARRAY`;
      continue;
    }
    for (const one of values) {
      const reason = checkValue(property, one) ?? checkPropertyString(property, one);
      if (reason !== undefined) errors[name] = reason;
    }
    if (property.requires !== undefined && given[property.requires] === undefined)
      errors[property.requires] = `missing property required by '${name}'`;
  }
  return errors;
}
