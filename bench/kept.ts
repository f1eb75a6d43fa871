import { existsSync, readFileSync } from "node:fs";

/** What a campaign has written so far, a document a line; nothing before its first. */
export const keptOutcomes = <T>(file: string): T[] =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as T)
    : [];
