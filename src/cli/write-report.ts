import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { diskFault } from "../stack/folders.ts";

/** Into a file that the user named. @throws Fault that says what the disk refused, and what to do */
export async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(resolve(file), text);
  } catch (error) {
    throw diskFault(error, `write ${file}`);
  }
}
