/**
 * The versions that were seen to work together. The CLI that is built or downloaded is `cli`; one found on PATH
 * serves from `cliAtLeast` on. `language` is the last module of Pulumi's SDK that carries the Node language host.
 */
export const pins = {
  cli: "3.255.0",
  cliAtLeast: "3.248.0",
  language: "3.66.0",
  plugin: "8.6.0",
  bpg: "0.112.0",
  /** What the three modules under tools/engine ask for. */
  goAtLeast: "1.26.0",
} as const;

/** Where Pulumi finds the released plugin; the npm package's own `pulumi.server`. */
export const pluginServer = "github://api.github.com/muhlba91/pulumi-proxmoxve";

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
