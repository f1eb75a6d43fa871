import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic, Outcome } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { run } from "../engine/run.ts";
import type { Settings } from "../infra/settings.ts";
import { DOCUMENT_NAMES, loadPlan, parsePlan } from "../plan/index.ts";
import { MAX_BYTES } from "../plan/decode.ts";
import { notRead, withUnread } from "../plan/load.ts";
import type { Plan } from "../plan/types.ts";
import { vocabulary } from "../roles/registry.ts";
import type { Context } from "./context.ts";
import { hadIn, placesOf } from "./had.ts";

/**
 * The plan in a folder, or the stack's plan as it stood at a git ref (branch, tag, commit).
 * @throws Fault CLI_NO_SUCH_REF when it is neither
 */
export async function planAt(context: Context, settings: Settings, where: string): Promise<Outcome<Plan>> {
  const nodes = settings.nodes.length;
  const artefacts = await hadIn(placesOf(context, settings));
  if (await isFolder(where)) return loadPlan(where, { nodes, roles: vocabulary, artefacts });
  const git = (args: readonly string[]): ReturnType<typeof run> =>
    run("git", ["-C", context.root, ...args], { deadlineMs: 30_000 });
  const commit = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${where}^{commit}`]);
  if (commit.code !== 0) {
    throw new Fault(
      "CLI_NO_SUCH_REF",
      `"${where}" is neither a folder nor a git ref of ${context.root}.`,
      "Give the folder of a plan, or a branch, tag or commit.",
    );
  }
  const entryOf = async (path: string): Promise<{ isLink: boolean; id: string; size: number } | undefined> => {
    const { code, stdout } = await git(["ls-tree", "-l", "--full-tree", commit.stdout.trim(), "--", path]);
    // `100644 blob ID     SIZE\tPATH`
    const [, mode, id, size] = /^(\d+) blob (\w+) +(\d+)\t/.exec(stdout) ?? [];
    return code === 0 && mode ? { isLink: !mode.startsWith("100"), id: id!, size: Number(size) } : undefined;
  };
  const documents = new Map<string, Uint8Array>();
  const unread: Diagnostic[] = [];
  for (const name of DOCUMENT_NAMES) {
    const path = `${settings.plan}/${name}.yaml`;
    const file = `${where}:${path}`;
    let entry = await entryOf(path);
    // One document may stand for another of the same folder, as on a disk.
    if (entry?.isLink === true) {
      const target = (await git(["cat-file", "blob", entry.id])).stdout;
      const other = target.includes("/") ? undefined : await entryOf(`${settings.plan}/${target}`);
      if (other?.isLink === false) entry = other;
    }
    if (entry === undefined) continue;
    if (entry.isLink) unread.push(notRead(file, { kind: "link" }));
    else if (entry.size > MAX_BYTES) unread.push(notRead(file, { size: entry.size }));
    else documents.set(file, Buffer.from((await git(["cat-file", "blob", entry.id])).stdout, "utf8"));
  }
  const outcome = parsePlan(documents, {
    nodes,
    roles: vocabulary,
    artefacts,
    fileOf: (name) => `${where}:${join(settings.plan, `${name}.yaml`)}`,
  });
  return withUnread(outcome, unread);
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
