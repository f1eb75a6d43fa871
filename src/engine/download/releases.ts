import { Fault } from "../../core/fault.ts";
import { mirrorOf } from "../../download/mirror.ts";
import { archiveDigests, pins } from "../pins.ts";

/** The two archives in which the engine's three programs are published. */
export type ReleaseName = "pulumi" | "proxmoxve";

export interface Release {
  readonly name: ReleaseName;
  readonly version: string;
  /** URL of the archive. */
  readonly url: string;
  /** The archive's own name, as the checksums file has it. */
  readonly archive: string;
  /** URL of the checksums file (lines of `sha256sum`). */
  readonly sums: string;
  /** The archive's SHA-256 where it is pinned. */
  readonly pinned: string | undefined;
  /** What is taken out of the archive: path in it → name here. Everything else in it is left there. */
  readonly programs: ReadonlyMap<string, string>;
  /** Folder of its programs under `Folders.cache`/engine. */
  readonly folder: string;
}

/** Where it runs: Node's names. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
}

/** What one release's files are called, and where they are published. */
interface Published {
  readonly version: string;
  readonly base: string;
  /** Node's name of an architecture → the publisher's. */
  readonly archs: Readonly<Record<string, string>>;
  readonly archive: (os: string, arch: string) => string;
  readonly sums: string;
  readonly programs: ReadonlyMap<string, string>;
}

const published: Readonly<Record<ReleaseName, Published>> = {
  // pulumi/pulumi, .github/workflows/sign.yml writes the sums of the archives into that file, an asset of the release
  // beside them; get.pulumi.com has the archives too, and we know of no sums there.
  pulumi: {
    version: pins.cli,
    base: `https://github.com/pulumi/pulumi/releases/download/v${pins.cli}`,
    archs: { x64: "x64", arm64: "arm64" },
    archive: (os, arch) => `pulumi-v${pins.cli}-${os}-${arch}.tar.gz`,
    sums: `pulumi-${pins.cli}-checksums.txt`,
    programs: new Map([
      ["pulumi/pulumi", "pulumi"],
      ["pulumi/pulumi-language-nodejs", "pulumi-language-nodejs"],
    ]),
  },
  // muhlba91/pulumi-proxmoxve, .goreleaser.yml: the archives' names; the sums' name is goreleaser's default.
  proxmoxve: {
    version: pins.plugin,
    base: `https://github.com/muhlba91/pulumi-proxmoxve/releases/download/v${pins.plugin}`,
    archs: { x64: "amd64", arm64: "arm64" },
    archive: (os, arch) => `pulumi-resource-proxmoxve-v${pins.plugin}-${os}-${arch}.tar.gz`,
    sums: `pulumi-proxmoxve_${pins.plugin}_checksums.txt`,
    programs: new Map([["pulumi-resource-proxmoxve", "pulumi-resource-proxmoxve"]]),
  },
};

/** A folder on an HTTPS server that holds copies of the four files, under their own names. */
const MIRROR = { variable: "MAQUETTE_ENGINE_MIRROR", code: "ENGINE_MIRROR", page: "docs/engine.md" };

/**
 * What is published for this machine, and where.
 * @throws Fault ENGINE_NO_RELEASE, ENGINE_MIRROR
 */
export function releaseOf(name: ReleaseName, env: NodeJS.ProcessEnv, machine: Machine = process): Release {
  const { version, archs, programs, ...of } = published[name];
  const { platform, arch } = machine;
  const theirs = archs[arch];
  if ((platform !== "linux" && platform !== "darwin") || theirs === undefined) {
    throw new Fault(
      "ENGINE_NO_RELEASE",
      platform === "win32"
        ? `${name}'s release for Windows is a zip file, which is not unpacked here.`
        : `${name} ${version} is not published for ${platform} on ${arch}, only for linux and darwin on x64 and arm64.`,
      platform === "win32"
        ? "Work in WSL (docs/windows.md tells of Windows guests, not of Windows here), or put Pulumi on PATH (pulumi.com/docs/install)."
        : `Install Go ${pins.goAtLeast} or newer (go.dev/doc/install): the engine is then built here.`,
    );
  }
  const base = mirrorOf(env, MIRROR) ?? of.base;
  const archive = of.archive(platform, theirs);
  return {
    name,
    version,
    archive,
    url: `${base}/${archive}`,
    sums: `${base}/${of.sums}`,
    pinned: archiveDigests[archive],
    programs,
    folder: `release-${name}-${version}-${platform}-${arch}`,
  };
}
