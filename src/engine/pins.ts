/**
 * The versions that were seen to work together. The CLI that is built or downloaded is `cli`; one found on PATH
 * serves from `cliAtLeast` on, and before `cliBelow`. `language` is the last module of Pulumi's SDK that carries the
 * Node language host.
 */
export const pins = {
  cli: "3.255.0",
  cliAtLeast: "3.248.0",
  /** Another major version may speak to plugins and read checkpoints in another way. */
  cliBelow: "4.0.0",
  language: "3.66.0",
  plugin: "8.6.0",
  bpg: "0.112.0",
  /** What the three modules under tools/engine ask for. */
  goAtLeast: "1.26.0",
} as const;

/**
 * SHA-256 of archives of the releases above, as their checksums files give them: what is pinned here is not asked for
 * again. Of an archive that is not listed the checksums file of its release is fetched with it.
 */
export const archiveDigests: Readonly<Record<string, string>> = {
  "pulumi-v3.255.0-linux-x64.tar.gz": "cf559568e2c32f7fae56ea3de8ae5fa48973ba8c5aa9dd2b3dc0c8898fe50dba",
};

/** Compares dotted versions by number: negative when a is older. Pre-release suffixes are ignored. */
export function compareVersions(a: string, b: string): number {
  const numbers = (v: string): number[] => (/^v?(\d+(?:\.\d+)*)/.exec(v)?.[1] ?? "0").split(".").map(Number);
  const [x, y] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const d = (x[i] ?? 0) - (y[i] ?? 0);
    if (d !== 0) return d;
  }
  return 0;
}
