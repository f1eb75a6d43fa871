import type { StandIn } from "../accept/probes/page.ts";
import { look } from "../artefacts/look.ts";
import type { Obtained } from "../artefacts/obtain.ts";
import type { Artefact } from "../core/artefact.ts";
import type { Settings } from "../infra/settings.ts";
import { noImage, suppliedImages, type SuppliedImage } from "../infra/supplied.ts";
import type { Plan } from "../plan/types.ts";
import { artefactsIn, type HostsUse } from "../roles/registry.ts";
import { cureOf, factOf, lookFor, missingOf, type Lookup } from "./artefacts.ts";
import type { Context } from "./context.ts";
import { placesOf } from "./had.ts";
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
    standsIn: {
      en: "the router of the embedded lab (docs/router.md)",
      fr: "le routeur de la maquette embarquée, qui démarre sur le même config.xml",
    },
    notShown: {
      en: "pfSense itself: its kernel, its pages, its packages",
      fr: "pfSense lui-même : son noyau, ses pages, ses paquets",
    },
  },
  windows: {
    standsIn: { en: "nothing (docs/windows.md)", fr: "rien" },
    notShown: { en: "whatever its hosts would do", fr: "tout ce que ses postes feraient" },
  },
  debian: {
    standsIn: { en: "a Debian made from its archive", fr: "un Debian fait de son archive" },
    notShown: { en: "the image itself", fr: "l'image elle-même" },
  },
};

/** Of the embedded lab as a whole. */
const LAB_STAND_INS: readonly StandIn[] = [
  {
    name: "Proxmox VE 9",
    hosts: "tous",
    standsIn: "son API, servie par cette machine",
    notShown: "l'hyperviseur : ses stockages, ses migrations, sa grappe",
  },
  {
    name: "Machines virtuelles",
    hosts: "toutes",
    standsIn: "des conteneurs systemd avec de vrais paquets, disques, câbles et instantanés",
    notShown: "le noyau et le matériel de chaque machine, et tout autre système que Linux",
  },
];

/**
 * Needs that name a host, or a row that leads to it alone, whose service nothing does: what of them is shown is not the
 * whole, whatever the probes say. @returns why, in French, by the need's id
 */
export function lackingIn(plan: Plan): ReadonlyMap<string, string> {
  const unserved = new Map<string, string>();
  for (const { name, hosts, isServed, notShown } of artefactsIn(plan))
    if (!isServed) for (const host of hosts) unserved.set(host, `${name} n'est pas installé : ${notShown.fr}.`);
  const hostsOf = (reference: string): readonly string[] => {
    const [kind, id] = reference.split(":");
    if (kind === "host") return [id!];
    const ends = kind === "flow" ? (plan.flows.find((f) => f.id === id)?.to ?? []) : [];
    return ends.flatMap((end) => (end.kind === "host" && ends.length === 1 ? [end.host] : []));
  };
  return new Map(
    [...plan.coverage.values()].flatMap(({ id, by }) => {
      const whys = new Set(by.flatMap(hostsOf).flatMap((host) => unserved.get(host) ?? []));
      return whys.size === 0 ? [] : [[id, [...whys].join(" ")] as const];
    }),
  );
}

/** What stands in for what in the lab that runs, in French, for the page of its acceptance. */
export async function standInsOf(context: Context, settings: Settings, plan: Plan): Promise<readonly StandIn[]> {
  const uses = artefactsIn(plan);
  const lookup = await lookFor(context, settings, uses, () => false);
  const ofUses = uses
    .filter((use) => !use.isInstalled || missingOf(use, lookup).length > 0)
    .map(({ name, hosts, standsIn, notShown }) => ({
      name,
      hosts: hosts.join(", "),
      standsIn: standsIn.fr,
      notShown: notShown.fr,
    }));
  if (!context.isEmbedded) return ofUses;
  const ofImages = suppliedImages(plan, settings).map(({ image, hosts }) => ({
    name: image.description,
    hosts: hosts.join(", "),
    standsIn: inTheLab[image.os].standsIn.fr,
    notShown: inTheLab[image.os].notShown.fr,
  }));
  return [...LAB_STAND_INS, ...ofImages, ...ofUses];
}

async function ofImage(
  context: Context,
  settings: Settings,
  supplied: SuppliedImage,
): Promise<{ readonly line: ReportLine; readonly report: ArtefactReport }> {
  const { image, hosts, artefact, named } = supplied;
  const of = `${image.description}, for ${hosts.join(", ")}`;
  const report = reportOf(artefact, hosts);
  if (context.isEmbedded) {
    const [standsIn, notShown] = [inTheLab[image.os].standsIn.en, inTheLab[image.os].notShown.en];
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
