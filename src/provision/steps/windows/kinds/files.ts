import type { FoundFile, SentFile } from "../../kinds/files.ts";
import { StepFailed } from "../failed.ts";
import { base64, tail, type WindowsHost } from "../host.ts";
import { newOf, oldOf, windowsPath } from "../paths.ts";
import type { Of, WindowsKind } from "./kind.ts";

/**
 * A path is written as OpenSSH's SFTP writes it there, `/C:/ProgramData/x`. Of a mode only this is kept: what others may
 * not read is for SYSTEM and Administrators alone, anything else has the access of its folder; owners are not kept.
 */
export const files: WindowsKind<Of<"files">> = {
  async apply(host, step, record) {
    const loaded = await record.read();
    const isChanged = await place(host, step, loaded[step.name] === step.key);
    if (isChanged) await record.write({ ...loaded, [step.name]: step.key });
    return isChanged;
  },
  check: async (host, step, loaded) => ({ ...(await look(host, step)), isLoaded: loaded[step.name] === step.key }),
};

const isPrivate = (file: Pick<SentFile, "mode">): boolean => (parseInt(file.mode, 8) & 0o007) === 0;

async function look(
  host: WindowsHost,
  step: Of<"files">,
): Promise<{
  readonly wrong: Record<string, FoundFile | null>;
  readonly present: string[];
}> {
  const wanted = Object.entries(step.files);
  const asked = [
    ...wanted.map(([path, { digest }]) => ({ path: windowsPath(path), digest })),
    ...step.absent.map((path) => ({ path: windowsPath(path), digest: "" })),
  ];
  const { files } = await host.ask("look", { files: asked });
  const wrong: Record<string, FoundFile | null> = {};
  for (const [path, file] of wanted) {
    const now = files[windowsPath(path)] ?? null;
    if (now === null) wrong[path] = null;
    else if ("kind" in now) wrong[path] = { digest: "", mode: "", owner: "", kind: now.kind, isSame: false };
    else {
      const isSame = now.digest === file.digest;
      if (isSame && now.isPrivate === isPrivate(file)) continue;
      // What is not kept is as wanted.
      const mode = now.isPrivate === isPrivate(file) ? file.mode : now.isPrivate ? "0600" : "0644";
      const content = now.content === null ? {} : { content: Buffer.from(now.content, "base64").toString("utf8") };
      wrong[path] = { digest: now.digest, mode, owner: file.owner, isSame, ...content };
    }
  }
  const present = step.absent.filter((path) => (files[windowsPath(path)] ?? null) !== null);
  return { wrong, present };
}

/** All of them or none: what does not load, or does not work, leaves the ones before. @returns whether anything was changed */
async function place(host: WindowsHost, step: Of<"files">, isLoaded: boolean): Promise<boolean> {
  const found = await look(host, step);
  const wrong = Object.keys(found.wrong);
  if (wrong.length === 0 && found.present.length === 0 && isLoaded) return false;
  const other = wrong.find((path) => found.wrong[path]?.kind !== undefined);
  if (other !== undefined) throw new StepFailed({ what: `${other} is no file` });
  const folders: string[] = [];
  const temporaries = wrong.map((path) => newOf(windowsPath(path)));
  try {
    for (const path of wrong) {
      const file = step.files[path]!;
      const staged = { path: newOf(windowsPath(path)), content: base64(file.content), isPrivate: isPrivate(file) };
      folders.push(...(await host.ask("stage", staged)).made);
    }
    for (const command of step.check)
      await host.must(
        command,
        30,
        "the checker refuses it",
        command.argv.map((word) => checked(word, wrong)),
      );
  } catch (error) {
    await quietly(() => host.ask("drop", { files: temporaries, folders }));
    throw error;
  }
  const back: object[] = [];
  try {
    for (const path of [...wrong, ...found.present]) {
      const live = windowsPath(path);
      const wasThere = found.wrong[path] !== null;
      const moved = { path: live, new: path in step.files ? newOf(live) : null, old: oldOf(live), wasThere };
      // Before it is known how it went: one that was cut is put back too.
      back.push(moved);
      const { access } = await host.ask("place", moved);
      back.splice(-1, 1, { ...moved, access });
    }
    for (const command of step.verify) await host.must(command, 30, "the checker refuses it in its place");
    for (const command of step.reload) await host.must(command, 60, "loading it failed");
    if (step.probe) await host.until(step.probe, 30, "loaded, it does not work");
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    for (const moved of back) await host.ask("back", moved);
    await host.ask("drop", { files: temporaries, folders });
    const again = await Promise.all(back.length === 0 ? [] : step.reload.map((c) => host.run(c.argv, c.input, 60)));
    const bad = again.find((r) => r.exit !== 0);
    const said = bad === undefined ? "" : `, but loading them again failed too: ${tail(bad.said)}`;
    throw new StepFailed({ ...error.facts, back: `the files before are back${said}` });
  }
  const olds = [...Object.keys(step.files), ...found.present].map((path) => oldOf(windowsPath(path)));
  await host.ask("drop", { files: olds, folders: [] });
  return true;
}

/** An argument of a checker: `new:PATH` is the temporary, or the live file where that is as wanted already. */
function checked(word: string, wrong: readonly string[]): string {
  if (!word.startsWith("new:")) return word;
  const path = word.slice("new:".length);
  return wrong.includes(path) ? newOf(windowsPath(path)) : windowsPath(path);
}

/** What failed before is what is to be said. */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
