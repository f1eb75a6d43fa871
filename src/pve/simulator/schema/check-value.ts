import { checkFormat } from "./formats.ts";
import type { ValueSchema } from "./schema.ts";

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.\d+|\d+\.|\.\d+|\d+)([eE][+-]?\d+)?$/;

function checkType(schema: ValueSchema, value: string): string | undefined {
  const isOfType =
    schema.type === "boolean"
      ? value === "0" || value === "1"
      : schema.type === "integer"
        ? INTEGER.test(value)
        : schema.type === "number"
          ? NUMBER.test(value)
          : true;
  return isOfType ? undefined : `type check ('${schema.type}') failed - got '${value}'`;
}

function checkNamedFormat(schema: ValueSchema, value: string): string | undefined {
  if (typeof schema.format !== "string") return undefined;
  const reason = checkFormat(schema.format, value);
  return reason === undefined ? undefined : `invalid format - ${reason}\n`;
}

/** @returns why one value does not fit its schema (type, format, pattern, length, range, enumeration: in that order) */
export function checkValue(schema: ValueSchema, value: string): string | undefined {
  const ofType = checkType(schema, value);
  if (ofType !== undefined) return ofType;
  const ofFormat = checkNamedFormat(schema, value);
  if (ofFormat !== undefined) return ofFormat;
  if (schema.pattern !== undefined && !new RegExp(`^(?:${schema.pattern.source})$`, schema.pattern.flags).test(value))
    return "value does not match the regex pattern";
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return `value may only be ${schema.maxLength} characters long`;
  if (schema.minLength !== undefined && value.length < schema.minLength)
    return `value must be at least ${schema.minLength} characters long`;
  if (NUMBER.test(value)) {
    if (schema.maximum !== undefined && Number(value) > schema.maximum)
      return `value must have a maximum value of ${schema.maximum}`;
    if (schema.minimum !== undefined && Number(value) < schema.minimum)
      return `value must have a minimum value of ${schema.minimum}`;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return `value '${value}' does not have a value in the enumeration '${schema.enum.join(", ")}'`;
  return undefined;
}
