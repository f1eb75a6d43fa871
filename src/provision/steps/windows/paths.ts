import { StepFailed } from "./failed.ts";

/** `/C:/ProgramData/x` as Windows writes it. @throws StepFailed for what is no such path */
export function windowsPath(path: string): string {
  const match = /^\/([A-Za-z]:)((?:\/[^/\\:*?"<>|]+)+)$/.exec(path);
  if (!match)
    throw new StepFailed({ what: `${path} is no path of a Windows host: it is written as in /C:/ProgramData/x` });
  return `${match[1]!}${match[2]!.replaceAll("/", "\\")}`;
}

function beside(path: string, suffix: string): string {
  const at = path.lastIndexOf("\\") + 1;
  return `${path.slice(0, at)}.${path.slice(at)}${suffix}`;
}
/** Where a file lies until it is checked, and where the one before it lies until the new one works. */
export const newOf = (path: string): string => beside(path, ".maquette-new");
export const oldOf = (path: string): string => beside(path, ".maquette-old");
