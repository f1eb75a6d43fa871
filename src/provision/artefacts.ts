import { readFile } from "node:fs/promises";
import { look, type Places } from "../artefacts/look.ts";
import type { Artefact } from "../core/artefact.ts";
import { Fault } from "../core/fault.ts";
import { artefacts } from "../roles/artefacts.ts";
import type { ArtefactContent } from "./secrets.ts";

/** Ids of those that are here and what they should be: what a plan's roles may install. Asks nobody. */
export async function hadIn(places: Places): Promise<readonly Artefact["id"][]> {
  const found = await Promise.all(
    artefacts.map(async (artefact) => [artefact.id, await look(artefact, places)] as const),
  );
  return found.filter(([, { kind }]) => kind === "found").map(([id]) => id);
}

/**
 * Files of others on their way to a host: each is held against its digest again whenever it is read, so what a host gets is
 * what the catalogue names, or nothing.
 * @param options mayLack: for whoever only compares what a host has; there a file that is not had is an empty one
 */
export const contentOf =
  (places: Places, options: { readonly mayLack?: boolean } = {}): ArtefactContent =>
  async (id) => {
    const artefact = artefacts.find((a) => a.id === id);
    if (artefact === undefined) throw new Error(`not an artefact of the catalogue: ${id}`);
    const found = await look(artefact, places);
    if (found.kind !== "found" && options.mayLack === true) return "";
    if (found.kind !== "found")
      throw new Fault(
        "ARTEFACT_NOT_HAD",
        `${artefact.fileName} is to be installed, and ${found.kind === "absent" ? "is not here" : `${found.path} is not it`}.`,
        "`maquette doctor` says why, and how to get it; or let roles.yaml say another flavour of what needs it.",
      );
    return (await readFile(found.path)).toString("base64");
  };
