/*
 * Debian's releases: what an image's name says of them, and what follows from it. The one place that knows them; a release
 * that is not here is still one, if a file is named by its codename (`debian-CODENAME-…`).
 */

export interface DebianRelease {
  /** `trixie`: the archive's suite. */
  readonly codename: string;
  /** 13; null for one that is known by its codename alone. */
  readonly number: number | null;
  /** OpenSSH's version in it; null where it is not known, which is taken for the newest known. */
  readonly openssh: number | null;
  /** Days, YYYY-MM-DD, of the release, the end of its security team's support, and of long-term support. */
  readonly released: string | null;
  readonly supportEnds: string | null;
  readonly longTermEnds: string | null;
}

/** Days: wiki.debian.org/DebianReleases and /LTS; versions: the archive's own. */
const KNOWN: readonly DebianRelease[] = [
  known(11, "bullseye", 8.4, "2021-08-14", "2024-08-14", "2026-08-31"),
  known(12, "bookworm", 9.2, "2023-06-10", "2026-06-10", "2028-06-30"),
  known(13, "trixie", 10.0, "2025-08-09", "2028-08-09", "2030-06-30"),
  known(14, "forky", 10.6),
  known(15, "duke"),
];

function known(
  number: number,
  codename: string,
  openssh: number | null = null,
  released: string | null = null,
  supportEnds: string | null = null,
  longTermEnds: string | null = null,
): DebianRelease {
  return { number, codename, openssh, released, supportEnds, longTermEnds };
}

/** On which release things stand that no plan names: the router's stand-in. */
export const DEFAULT_SUITE = "trixie";

/**
 * The release that an image's file name or address names as Debian's own do: `debian-13-genericcloud-amd64.qcow2`, or by
 * its codename, `debian-forky-amd64.qcow2`. Of an address the file decides. Undefined where it names none.
 */
export function releaseNamed(image: string): DebianRelease | undefined {
  const word = /debian-(\d+|[a-z]+)(?=[-_.]|$)/i.exec(image.split("/").at(-1) ?? image)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  if (/^\d/.test(word)) return KNOWN.find((r) => r.number === Number(word));
  return releaseOf(word);
}

/** By its codename, whether known or not. */
export const releaseOf = (codename: string): DebianRelease =>
  KNOWN.find((r) => r.codename === codename) ?? {
    ...{ codename, number: null, openssh: null, released: null, supportEnds: null, longTermEnds: null },
  };

/**
 * Packages of another release than their host's: a root file system of its own, in which a program runs that the host's
 * release has no more. Their names go where names of packages go, in apt's own notation, `php7.4-fpm/bullseye`.
 */
export interface ReleaseRoot {
  readonly suite: string;
  readonly packages: readonly string[];
}

/** Where a host has it. */
export const rootFolder = (suite: string): string => `/usr/local/lib/maquette/${suite}`;

/** In it, the names that it was made of, in one line; written last. */
export const ROOT_MADE_OF = "etc/maquette-packages";
export const madeOf = ({ packages }: ReleaseRoot): string => `${packages.join(" ")}\n`;

export const layerOf = ({ suite, packages }: ReleaseRoot): string[] => packages.map((name) => `${name}/${suite}`);

/** The root that a layer of packages is; undefined where it is packages of the host's own release. */
export function rootIn(layer: readonly string[]): ReleaseRoot | undefined {
  const suite = layer[0]?.split("/")[1];
  return suite === undefined ? undefined : { suite, packages: layer.map((name) => name.split("/")[0]!) };
}

/** Suites by which an archive of Debian is known among the sources of a machine. */
export const ARCHIVE_SUITES: readonly string[] = [
  ...KNOWN.map((r) => r.codename),
  ...["oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"],
];

/** Where a release is in its life on a day. */
export type ReleaseState = "unreleased" | "supported" | "long-term" | "ended" | "unknown";

/** @param today YYYY-MM-DD */
export function stateOf({ number, released, supportEnds, longTermEnds }: DebianRelease, today: string): ReleaseState {
  if (released === null || supportEnds === null || longTermEnds === null)
    return number === null ? "unknown" : "unreleased";
  if (today < released) return "unreleased";
  if (today <= supportEnds) return "supported";
  return today <= longTermEnds ? "long-term" : "ended";
}

/**
 * Whether its archive may be older than it says of itself: testing is a moving target of which mirrors keep a day, and
 * what has ended is signed no more. Signatures hold all the same.
 */
export const mayBeStale = (release: DebianRelease, today: string): boolean =>
  ["unreleased", "ended", "unknown"].includes(stateOf(release, today));
