import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mayBeStale, releaseOf } from "../../core/debian.ts";
import { command } from "../command.ts";
import type { Archive } from "./archive.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEADLINE_MS = 60_000;

export type Security = { readonly source: string } | { readonly source: undefined; readonly why: string };

/**
 * The line of sources.list(5) for a release's security suite. An archive may have none (a mirror of the main part, a
 * company's own): apt itself is asked, with this machine's configuration and Debian's keys, because a guest whose
 * sources name what is not there can update nothing at all.
 */
export const securitySource = (archive: Archive, suite: string): Promise<Security> =>
  firstOf(archive.security, `${suite}-security`, "guests of this image get no security updates");

/** Likewise for the updates of a stable release between two of its points; unstable has none. */
export const updatesSource = (archive: Archive, suite: string): Promise<Security> =>
  firstOf([archive.uri], `${suite}-updates`, "guests of this image wait for its next point release");

/**
 * What apt is told of a release that is not out yet, or at its end: its lists may be older than they say. Signatures hold.
 */
export const lifeOf = (suite: string, today = new Date().toISOString().slice(0, 10)): readonly string[] =>
  mayBeStale(releaseOf(suite), today) ? ["Acquire::Check-Valid-Until=false"] : [];

async function firstOf(places: readonly string[], name: string, loss: string): Promise<Security> {
  const folder = await mkdtemp(join(tmpdir(), "maquette-apt-"));
  try {
    for (const part of ["state/lists/partial", "cache/archives/partial"])
      await mkdir(join(folder, part), { recursive: true });
    let last = "";
    for (const uri of places) {
      const source = `${uri} ${name} main`;
      const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
      await writeFile(join(folder, "sources.list"), `deb ${signed}${source}\n`);
      const options = [...optionsFor(folder), ...lifeOf(name.replace(/-\w+$/, "")).flatMap((o) => ["-o", o])];
      const said = await command(["apt-get", "-qq", ...options, "update"], {
        deadlineMs: DEADLINE_MS,
        env: { ...process.env, LC_ALL: "C" },
      }).catch((error: unknown) => ({ exitCode: 1, stderr: String(error) }));
      if (said.exitCode === 0) return { source: `deb ${source}` };
      last = said.stderr.split("\n").find((line) => /^[EW]:/.test(line)) ?? said.stderr.trim();
    }
    return {
      source: undefined,
      why: `no ${name} in ${places.join(", ")} (${last}): ${loss}; another archive that has it can be named (maquette:archive)`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const optionsFor = (folder: string): string[] =>
  [
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State=${folder}/state`,
    `Dir::Cache=${folder}/cache`,
    "Acquire::Languages=none",
    "Acquire::Retries=1",
    // Without it a list that cannot be fetched is a warning.
    "APT::Update::Error-Mode=any",
    // The folder is root's alone.
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
