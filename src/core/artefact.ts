/*
 * Files of others that a lab uses and that are never committed: what is known of each, and what was found where it was
 * looked for.
 */

export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  /** Hexadecimal, lower case. */
  readonly hex: string;
  /** Who says so: `the catalogue`, `hosts.yaml`, a file. */
  readonly by: string;
}

export interface Artefact {
  /** Unique. */
  readonly id: string;
  readonly name: string;
  /** Null where nothing but its name says it. */
  readonly version: string | null;
  readonly licence: string;
  readonly fileName: string;
  /** Where it may be downloaded unattended; then its SHA-256 is known. Null for what a user supplies. */
  readonly url: string | null;
  /** Null where nobody publishes one: then a file beside it says what it should be. */
  readonly digest: Digest | null;
  /** A sentence: how a person gets it. */
  readonly source: string;
  /** Where the file itself says its version, if it is a zip: a file in it, at its top or in its one folder. */
  readonly says?: { readonly file: string; readonly version: RegExp };
}

/** What was seen at one place. */
export type Seen =
  /** `others`: files there that are the same in another version, by their names. */
  | { readonly kind: "absent"; readonly others: readonly string[] }
  | { readonly kind: "unreadable"; readonly why: string }
  | {
      readonly kind: "file";
      readonly digest: Digest["hex"];
      /** What the file beside it says that it should be. */
      readonly beside: Digest | null;
      /** What it says of itself, of an artefact that says; null where it says nothing. */
      readonly version: string | null;
    };

export interface Place {
  /** The setting's folder comes before the cache. */
  readonly kind: "folder" | "cache";
  /** Of the file. */
  readonly path: string;
  readonly seen: Seen;
}

export type Found =
  | { readonly kind: "found"; readonly in: Place["kind"]; readonly path: string; readonly digest: Digest }
  | { readonly kind: "wrong"; readonly path: string; readonly is: string; readonly wanted: Digest }
  | { readonly kind: "other-version"; readonly path: string; readonly is: string | null; readonly wanted: string }
  | { readonly kind: "unstated"; readonly path: string; readonly is: string }
  | { readonly kind: "unreadable"; readonly path: string; readonly why: string }
  | { readonly kind: "absent"; readonly looked: readonly string[]; readonly others: readonly string[] };

/**
 * Where an artefact was found, or why not. The first place that has anything under its name decides: a file that is not
 * what it should be is never passed over for another one of the same name.
 * @param places in the order in which they are looked at
 */
export function judgeArtefact(artefact: Artefact, places: readonly Place[]): Found {
  for (const place of places) {
    const { path, seen } = place;
    if (seen.kind === "absent") continue;
    if (seen.kind === "unreadable") return { kind: "unreadable", path, why: seen.why };
    const wanted = artefact.digest ?? seen.beside;
    if (wanted !== null && wanted.hex !== seen.digest) return { kind: "wrong", path, is: seen.digest, wanted };
    if (artefact.says !== undefined && artefact.version !== null && seen.version !== artefact.version)
      return { kind: "other-version", path, is: seen.version, wanted: artefact.version };
    if (wanted === null) return { kind: "unstated", path, is: seen.digest };
    return { kind: "found", in: place.kind, path, digest: wanted };
  }
  return {
    kind: "absent",
    looked: places.map((p) => p.path),
    others: places.flatMap((p) => (p.seen.kind === "absent" ? p.seen.others : [])),
  };
}

/** Which of the names are the artefact's but for the version in them. */
export function otherVersions({ fileName, version }: Artefact, names: readonly string[]): readonly string[] {
  if (version === null || !fileName.includes(version)) return [];
  const [before, after] = fileName.split(version, 2) as [string, string];
  return names.filter(
    (name) =>
      name !== fileName &&
      name.startsWith(before) &&
      name.endsWith(after) &&
      /^\d[\w.-]*$/.test(name.slice(before.length, name.length - after.length)),
  );
}

const LENGTH = { sha256: 64, sha512: 128 } as const;

/**
 * The digest of a file in the text of a checksums file: `HEX  NAME` as sha256sum writes it, `SHA256 (NAME) = HEX` as BSD
 * does; or the digits and nothing else.
 * @returns null where it has none of that file
 */
export function digestIn(
  text: string,
  fileName: string,
  algorithm: Digest["algorithm"] = "sha256",
): Digest["hex"] | null {
  const hex = `[0-9a-f]{${LENGTH[algorithm]}}`;
  if (new RegExp(`^${hex}$`, "i").test(text.trim())) return text.trim().toLowerCase();
  const forms = [
    new RegExp(`^(?<hex>${hex}) [ *](?:\\./)?(?<name>\\S+)$`, "i"),
    new RegExp(`^${algorithm} ?\\((?<name>\\S+)\\) ?= ?(?<hex>${hex})$`, "i"),
  ];
  for (const line of text.split("\n"))
    for (const form of forms) {
      const groups = form.exec(line.trim())?.groups;
      if (groups?.["name"] === fileName) return groups["hex"]!.toLowerCase();
    }
  return null;
}
