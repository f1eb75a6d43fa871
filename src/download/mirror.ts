import { Fault } from "../core/fault.ts";

export interface MirrorSpec {
  /** The variable that names it. */
  readonly variable: string;
  /** Of the fault. */
  readonly code: string;
  /** The page that says what belongs there. */
  readonly page: string;
}

/**
 * The HTTPS address of a folder that holds copies of published files under their own names, without the last slash. A
 * mirror is trusted no more than the publisher: digests hold there too.
 * @throws Fault by the code given
 */
export function mirrorOf(env: NodeJS.ProcessEnv, { variable, code, page }: MirrorSpec): string | undefined {
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "https:" && url.search === "" && url.hash === "") return url.href.replace(/\/+$/, "");
  throw new Fault(
    code,
    `${variable} is not the HTTPS address of a folder.`,
    `Write ${variable}=https://mirror.example/files, or unset it; ${page} lists what belongs there.`,
  );
}
