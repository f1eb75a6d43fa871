/** A file of tests, as one run had it. */
export interface File {
  readonly path: string;
  /** Its import, its hooks and its tests. */
  readonly ms: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A project of vitest.config.ts. */
export interface Project {
  readonly name: string;
  readonly wallMs: number;
  /** Of processes that were waited for: guests are not among them. */
  readonly cpuMs: number;
  /** Of one minute, before and after. */
  readonly load: readonly [before: string, after: string];
  readonly files: readonly File[];
}

/** A file that takes this long has a line of its own. */
const LONG_MS = 10_000;

const seconds = (ms: number): string => (ms / 1000).toFixed(ms < LONG_MS ? 1 : 0);
const sum = (files: readonly File[], of: "passed" | "failed" | "skipped"): number =>
  files.reduce((total, f) => total + f[of], 0);

/** The lines of a Markdown table: each project, and below it what of it takes long, the longest first. */
export function table(projects: readonly Project[]): readonly string[] {
  const line = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const counts = (files: readonly File[]): string =>
    [
      `${sum(files, "passed")}`,
      ...(sum(files, "failed") > 0 ? [`${sum(files, "failed")} failed`] : []),
      ...(sum(files, "skipped") > 0 ? [`${sum(files, "skipped")} skipped`] : []),
    ].join(", ");
  return [
    line("what", "tests", "wall, s", "CPU, s", "load before, after"),
    line("---", "---", "---", "---", "---"),
    ...projects.flatMap((p) => [
      line(`**${p.name}**`, counts(p.files), seconds(p.wallMs), seconds(p.cpuMs), p.load.join(", ")),
      ...[...p.files]
        .filter((f) => f.ms >= LONG_MS)
        .sort((a, b) => b.ms - a.ms)
        .map((f) => line(f.path, counts([f]), seconds(f.ms), "", "")),
    ]),
    line(
      "**all**",
      counts(projects.flatMap((p) => p.files)),
      seconds(projects.reduce((total, p) => total + p.wallMs, 0)),
      seconds(projects.reduce((total, p) => total + p.cpuMs, 0)),
      "",
    ),
  ];
}
