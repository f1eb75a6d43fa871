import type { Places } from "../artefacts/look.ts";
import { artefactFolder, type Settings } from "../infra/settings.ts";
import type { Context } from "./context.ts";

export { hadIn } from "../provision/artefacts.ts";

/** Where this stack's files of others may be. */
export const placesOf = (context: Pick<Context, "root" | "stack" | "folders">, settings: Settings): Places => ({
  folder: artefactFolder(context.root, context.stack, settings),
  cache: context.folders.cache,
});
