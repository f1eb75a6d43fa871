import { look } from "../artefacts/look.ts";
import type { Obtained } from "../artefacts/obtain.ts";
import type { Artefact } from "../core/artefact.ts";
import type { Settings } from "../infra/settings.ts";
import { noImage, suppliedImages, type SuppliedImage } from "../infra/supplied.ts";
import type { Plan } from "../plan/types.ts";
import { artefactsIn, type HostsUse } from "../roles/registry.ts";
import { cureOf, factOf, lookFor, missingOf, placesOf, type Lookup } from "./artefacts.ts";
import type { Context } from "./context.ts";
import type { ReportLine } from "./report-line.ts";

/** What `doctor --json` says of each artefact of the plan. */
export interface ArtefactReport {
  readonly id: string;
  readonly name: string;
  readonly version: string | null;
  readonly licence: string;
  readonly fileName: string;
  readonly hosts: readonly string[];
  /** Null where the embedded lab looks for none. */
  readonly had: Obtained | null;
  readonly standsIn: string | null;
  readonly notShown: string | null;
}

export interface ArtefactLines {
  readonly lines: readonly ReportLine[];
  readonly artefacts: readonly ArtefactReport[];
}

/** What the plan's roles and images need of others: found where, or what stands in and what that does not show. */
export async function artefactLines(
  context: Context,
  settings: Settings,
  plan: Plan,
  mayDownload: boolean,
): Promise<ArtefactLines> {
  const uses = artefactsIn(plan);
  const lookup = await lookFor(context, settings, uses, () => mayDownload);
  const images = await Promise.all(suppliedImages(plan, settings).map((image) => ofImage(context, settings, image)));
  return {
    lines: [...uses.flatMap((use) => [useLine(use, lookup), ...fileLines(use, lookup)]), ...images.map((i) => i.line)],
    artefacts: [
      ...uses.flatMap((use) =>
        use.artefacts.map((artefact) => ({
          ...reportOf(artefact, use.hosts),
          had: lookup.get(artefact.id)!,
          standsIn: use.standsIn.en,
          notShown: use.notShown.en,
        })),
      ),
      ...images.map((i) => i.report),
    ],
  };
}

const reportOf = (
  { id, name, version, licence, fileName }: Artefact,
  hosts: readonly string[],
): Omit<ArtefactReport, "had" | "standsIn" | "notShown"> => ({ id, name, version, licence, fileName, hosts });

function useLine(use: HostsUse, lookup: Lookup): ReportLine {
  const [all, missing] = [use.artefacts.length, missingOf(use, lookup).length];
  const files = (n: number): string => (n === 1 ? "its file is" : `${n} of its ${all} files are`);
  const of = `for ${use.hosts.join(", ")}`;
  if (missing === 0 && use.isInstalled) return { what: use.name, state: "good", fact: `all here, ${of}`, cure: "" };
  const why =
    missing === 0 ? `all here, ${of}, and its role does not install it yet` : `${of}: ${files(missing)} not here`;
  const fact = `${why}; in its place: ${use.standsIn.en}; not shown: ${use.notShown.en}`;
  return { what: use.name, state: "stand-in", fact, cure: "" };
}

const fileLines = (use: HostsUse, lookup: Lookup): ReportLine[] =>
  use.artefacts.map((artefact) => fileLine(artefact, lookup.get(artefact.id)!));

function fileLine(artefact: Artefact, had: Obtained): ReportLine {
  const what = artefact.version === null ? artefact.id : `${artefact.name} ${artefact.version}`;
  if (had.kind === "found")
    return { what, state: "good", fact: `${had.path}, ${verifiedBy(had)}; ${artefact.licence}`, cure: "" };
  return {
    what,
    // What is nowhere has something that stands in; what is there and wrong is for somebody to put right.
    state: had.kind === "absent" ? "note" : "missing",
    fact: `${factOf(had)}; ${artefact.licence}`,
    cure: cureOf(artefact, had),
  };
}

const verifiedBy = ({ digest }: Extract<Obtained, { kind: "found" }>): string =>
  `its ${digest.algorithm === "sha256" ? "SHA-256" : "SHA-512"} verified by ${digest.by}`;

/** What this machine runs in the place of a system that nobody may download. */
const inTheLab = {
  pfsense: {
    standsIn: "the router of the embedded lab (docs/router.md)",
    notShown: "pfSense itself: its kernel, its pages, its packages",
  },
  windows: { standsIn: "nothing (docs/windows.md)", notShown: "whatever its hosts would do" },
  debian: { standsIn: "a Debian made from its archive", notShown: "the image itself" },
};

async function ofImage(
  context: Context,
  settings: Settings,
  supplied: SuppliedImage,
): Promise<{ readonly line: ReportLine; readonly report: ArtefactReport }> {
  const { image, hosts, artefact, named } = supplied;
  const of = `${image.description}, for ${hosts.join(", ")}`;
  const report = reportOf(artefact, hosts);
  if (context.isEmbedded) {
    const { standsIn, notShown } = inTheLab[image.os];
    const fact = `${of}; in its place: ${standsIn}; not shown: ${notShown}; no file is looked for`;
    return {
      line: { what: image.id, state: "stand-in", fact, cure: "" },
      report: { ...report, had: null, standsIn, notShown },
    };
  }
  const had = await look(artefact, placesOf(context, settings));
  const whole = { ...report, had, standsIn: null, notShown: null };
  if (named !== null) {
    const value = JSON.stringify(settings.images[image.id]![named]);
    const fact = `${of}: maquette:images names a ${named}, ${value}`;
    return { line: { what: image.id, state: "good", fact, cure: "" }, report: whole };
  }
  const here = fileLine(artefact, had);
  const fact = `${of}: maquette:images does not say where it is on Proxmox; here: ${here.fact}`;
  return { line: { what: image.id, state: "missing", fact, cure: noImage(image).hint }, report: whole };
}
