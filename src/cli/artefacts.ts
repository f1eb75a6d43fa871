import { basename, dirname } from "node:path";
import { look } from "../artefacts/look.ts";
import { obtain, type Obtained } from "../artefacts/obtain.ts";
import type { Artefact } from "../core/artefact.ts";
import { Fault } from "../core/fault.ts";
import type { Settings } from "../infra/settings.ts";
import type { Plan } from "../plan/types.ts";
import { artefactsIn, type HostsUse } from "../roles/registry.ts";
import type { Context } from "./context.ts";
import { placesOf } from "./had.ts";
import { interruptible } from "./interrupt.ts";
import { wordsOf } from "./words.ts";

/** What became of each artefact, by its id. */
export type Lookup = ReadonlyMap<Artefact["id"], Obtained>;

/**
 * Looks for the files of uses, in the stack's folder and in the cache.
 * @param mayAsk of which uses files may be downloaded that are in neither
 */
export async function lookFor(
  context: Context,
  settings: Settings,
  uses: readonly HostsUse[],
  mayAsk: (use: HostsUse) => boolean,
): Promise<Lookup> {
  const places = placesOf(context, settings);
  const asked = uses.filter(mayAsk).flatMap((use) => use.artefacts);
  const lookup = new Map<Artefact["id"], Obtained>();
  for (const artefact of uses.filter((use) => !mayAsk(use)).flatMap((use) => use.artefacts))
    lookup.set(artefact.id, await look(artefact, places));
  if (asked.length === 0) return lookup;
  const { io } = context;
  const onProgress = (line: string): void => io.progress(line);
  const obtained = await interruptible(io, (signal) =>
    obtain(asked, { ...places, env: process.env, onProgress, signal }),
  );
  return new Map([...lookup, ...obtained]);
}

/**
 * Says of each use whose files are here that they are installed, and of the others what stands in.
 * @param mayAsk what the plan insists on may be downloaded; nobody is asked for what something stands in for
 * @throws Fault ARTEFACT_NOT_HAD where the plan insists on files that are not to be had
 */
export async function sayWhatIsInstalled(
  context: Context,
  settings: Settings,
  plan: Plan,
  mayAsk: boolean,
): Promise<void> {
  const uses = artefactsIn(plan);
  const lookup = await lookFor(context, settings, uses, (use) => mayAsk && use.isInsisted === true);
  const { artefactMissing, artefactInstalled } = wordsOf(context.language);
  for (const use of uses) {
    const missing = missingOf(use, lookup);
    const hosts = use.hosts.join(", ");
    const [first] = missing;
    if (first === undefined) {
      if (use.isInstalled) context.io.err(artefactInstalled(nameOfUse(use), hosts));
      continue;
    }
    if (use.isInsisted === true)
      throw new Fault(
        "ARTEFACT_NOT_HAD",
        `The plan says ${use.name} for ${hosts}, and its files are not to be had: ${missing.map(({ artefact, had }) => `${artefact.fileName}: ${factOf(had)}`).join("; ")}. Nothing was begun.`,
        cureOf(first.artefact, first.had),
      );
    const why = missing.map(({ had }) => (had.kind === "absent" && had.others.length === 0 ? "" : factOf(had)));
    context.io.err(
      artefactMissing(
        use.name,
        hosts,
        [...new Set(why.filter((w) => w !== ""))].join("; "),
        use.standsIn[context.language],
        use.notShown[context.language],
      ),
    );
  }
}

function nameOfUse({ name, artefacts: [first] }: HostsUse): string {
  const version = first?.version ?? null;
  return version === null ? name : `${name} ${version}`;
}

/** What a use lacks. */
export const missingOf = (
  use: HostsUse,
  lookup: Lookup,
): readonly { readonly artefact: Artefact; readonly had: Exclude<Obtained, { kind: "found" }> }[] =>
  use.artefacts.flatMap((artefact) => {
    const had = lookup.get(artefact.id)!;
    return had.kind === "found" ? [] : [{ artefact, had }];
  });

/** Why an artefact is not had. */
export function factOf(had: Exclude<Obtained, { kind: "found" }>): string {
  switch (had.kind) {
    case "wrong":
      return `${had.path} is another file and is not used: its ${nameOf(had.wanted.algorithm)} is ${had.is}, and ${had.wanted.by} says ${had.wanted.hex}`;
    case "other-version":
      return `${had.path} is not used: ${had.is === null ? "it does not say which version it is" : `it says that it is ${had.is}`}, and ${had.wanted} is what is known here`;
    case "unstated":
      return `${had.path} is not used, because nothing says what it should be: its SHA-256 is ${had.is}`;
    case "unreadable":
      return `${had.path} cannot be used: ${had.why}`;
    case "refused":
      return had.why.replace(/\.$/, "");
    case "absent": {
      const others = had.others.length === 0 ? "" : `; ${had.others.join(" and ")} is another version`;
      return `not here: looked for ${had.looked.join(" and ")}${others}`;
    }
  }
}

const nameOf = (algorithm: "sha256" | "sha512"): string => (algorithm === "sha256" ? "SHA-256" : "SHA-512");

/** What to do about it. */
export function cureOf(artefact: Artefact, had: Exclude<Obtained, { kind: "found" }>): string {
  const { fileName, version } = artefact;
  const it = version === null ? artefact.name : `${artefact.name} ${version}`;
  switch (had.kind) {
    case "wrong":
      return `Put ${it} in its place, or delete it. What another version would do is not known here.`;
    case "other-version":
      return `Put ${it} in its place, or delete it.`;
    case "unstated":
      return `Compare that with what its publisher says, and where it is the same: cd ${dirname(had.path)} && sha256sum ${basename(had.path)} > ${basename(had.path)}.sha256`;
    case "unreadable":
      return "Mend that, or delete it.";
    case "refused":
      return had.hint;
    case "absent":
      return artefact.url === null
        ? `${artefact.source}; it belongs into the folder that maquette:artefacts names as ${fileName}, with ${fileName}.sha256 beside it, which says its SHA-256 (docs/artefacts.md).`
        : `\`maquette doctor --download\` gets it; or put ${artefact.url} into the folder that maquette:artefacts names, as ${fileName}.`;
  }
}
