import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import { parseDeployment, type Deployment } from "../engine/restore.ts";
import { writePrivate } from "../stack/folders.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** Rewrites the stack's state through Pulumi itself, so that its integrity checks hold. @throws Fault STATE_NOT_REWRITTEN */
export async function rewriteRecord(
  context: Context,
  session: Session,
  change: (deployment: Deployment) => Deployment,
): Promise<void> {
  const file = join(context.folders.run, "checkpoint.json");
  try {
    const exported = await session.pulumi(["stack", "export", "--file", file]);
    if (exported.code !== 0) throw notRewritten(exported.stderr);
    const document = JSON.parse(await readFile(file, "utf8")) as { deployment: unknown };
    document.deployment = change(parseDeployment(document.deployment));
    await writePrivate(file, JSON.stringify(document));
    const imported = await session.pulumi(["stack", "import", "--file", file]);
    if (imported.code !== 0) throw notRewritten(imported.stderr);
  } finally {
    await rm(file, { force: true });
  }
}

const notRewritten = (why: string): Fault =>
  new Fault(
    "STATE_NOT_REWRITTEN",
    `Pulumi does not let its checkpoint be mended: ${why.trim()}`,
    "Run the same command again; if it stays, `pulumi stack export` shows what is in it.",
  );
