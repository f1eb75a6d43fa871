import { readdir } from "node:fs/promises";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";

/** Whether a folder holds nothing, or is not there yet. @throws Fault as `unwritable` makes it */
export async function isFree(folder: string, unwritable: Unwritable): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    throw unwritable(folder, error);
  }
}

export type Unwritable = (folder: string, error: unknown) => Fault;

/** Of a command that writes a folder. @param hint where to write instead */
export const unwritableBy =
  (code: string, hint: string): Unwritable =>
  (folder, error) =>
    new Fault(code, `${folder} cannot be written to (${errnoOf(error) ?? messageOf(error)}).`, hint, error);
