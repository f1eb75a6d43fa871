import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { stringify, parse } from "yaml";
import { isPackage } from "../../bin/modules.js";
import { privateFolder, writePrivate, type Folders } from "../stack/folders.ts";

interface Project {
  readonly main: string;
  readonly plugins: { readonly providers: readonly { readonly name: string; readonly path: string }[] };
}

/**
 * The folder of the Pulumi project, in which `pulumi` runs: the repository. Where maquette is an installed package, that is
 * npm's alone to write; there the project is one of the stack's state, which names all by whole paths.
 * @param settings folder of Pulumi.<stack>.yaml
 */
export async function projectFolder(root: string, folders: Folders, settings: string): Promise<string> {
  if (!isPackage(root)) return root;
  const folder = realpathSync(await privateFolder(join(folders.stack, "project")));
  const shipped = parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as Project;
  const project = {
    ...shipped,
    main: join(root, shipped.main),
    // Pulumi takes it from the project's folder, also one that begins with a slash.
    stackConfigDir: relative(folder, realpathSync(settings)),
    plugins: { providers: shipped.plugins.providers.map((p) => ({ ...p, path: join(root, p.path) })) },
  };
  const file = join(folder, "Pulumi.yaml");
  const text = stringify(project);
  // Another command of the stack may read it at this moment.
  if ((await readFile(file, "utf8").catch(() => undefined)) !== text) await writePrivate(file, text);
  return folder;
}
