import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/root.ts";

export function version(): string {
  const { version: number } = JSON.parse(readFileSync(join(repositoryRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  return `maquette ${number}`;
}
