import type { Plugin as EsbuildPlugin } from "esbuild";
import type { Plugin as VitePlugin } from "vitest/config";

export const PROGRAM: RegExp;
export function readProgram(path: string): { text: string; files: string[] };
export const programsForEsbuild: EsbuildPlugin;
export const programsForVite: VitePlugin;
