import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../src/stack/root.ts";

/** The kept copy of the lab as it is shipped. */
export const KEPT = join(repositoryRoot(), "tests/plans/lab");
/** Whoever has this clone may have made it their own. */
export const OWN = join(repositoryRoot(), "stacks/lab");

/** Documents without their first line, which says where the schema lies from there. */
const read = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => [name, readFileSync(join(folder, name), "utf8").replace(/^# yaml-language-server: .*\n/, "")]),
  );

/** Documents of stacks/lab that are not as in the kept copy: none where nobody has changed them. */
export function changedDocuments(): readonly string[] {
  const [kept, own] = [read(KEPT), read(OWN)];
  return [...new Set([...kept.keys(), ...own.keys()])].filter((name) => kept.get(name) !== own.get(name)).sort();
}

/** Lays the kept copy in the place of the lab that another clone has from this one. */
export function asShipped(root: string): void {
  rmSync(join(root, "stacks/lab"), { recursive: true, force: true });
  cpSync(KEPT, join(root, "stacks/lab"), { recursive: true, preserveTimestamps: true });
}
