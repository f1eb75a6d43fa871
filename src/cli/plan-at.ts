import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { run } from "../engine/run.ts";
import type { Settings } from "../infra/settings.ts";
import { DOCUMENT_NAMES, loadPlan, parsePlan } from "../plan/index.ts";
import type { Plan } from "../plan/types.ts";
import type { Context } from "./context.ts";

/**
 * The plan in a folder, or the stack's plan as it stood at a git ref (branch, tag, commit).
 * @throws Fault CLI_NO_SUCH_REF when it is neither
 */
export async function planAt(context: Context, settings: Settings, where: string): Promise<Outcome<Plan>> {
  const nodes = settings.nodes.length;
  if (await isFolder(where)) return loadPlan(where, { nodes });
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
  const documents = new Map<string, Uint8Array>();
  for (const name of DOCUMENT_NAMES) {
    const path = `${settings.plan}/${name}.yaml`;
    const shown = await git(["show", `${commit.stdout.trim()}:${path}`]);
    if (shown.code === 0) documents.set(`${where}:${path}`, Buffer.from(shown.stdout, "utf8"));
  }
  return parsePlan(documents, { nodes, fileOf: (name) => `${where}:${join(settings.plan, `${name}.yaml`)}` });
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
