import { Fault } from "../core/fault.ts";

/** The whole number of an option, at least 1. @throws Fault CLI_USAGE */
export function wholeNumber(name: string, value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new Fault("CLI_USAGE", `--${name} is "${value}".`, "Give a whole number from 1.");
}

/** The same, with what it is unless it is given. */
export const lineCount = (name: string, value: unknown, fallback: number): number =>
  wholeNumber(name, value) ?? fallback;
