import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../src/stack/root.ts";

/**
 * The tarball of `npm pack`, installed in an empty folder that is in no repository. By its file, never by its name: on
 * the registry that belongs to somebody else.
 */
export class Installed {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "maquette-packed-")));
  /** The user's folder: it holds node_modules and what is the user's own. */
  readonly app = join(this.#folder, "app");
  readonly env: NodeJS.ProcessEnv;

  /** State and secrets are its own; the engine's cache is the user's, so that it is built once. */
  constructor() {
    const own = { XDG_STATE_HOME: join(this.#folder, "state"), XDG_DATA_HOME: join(this.#folder, "data") };
    this.env = { ...process.env, ...own };
    delete this.env["MAQUETTE_ROOT"];
    // Set by vitest for its own children.
    delete this.env["NODE_OPTIONS"];
    mkdirSync(this.app);
    const packed = this.#ran(["npm", "pack", "--silent", "--pack-destination", this.#folder], repositoryRoot());
    const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    this.#ran(["npm", "install", ...quiet, join(this.#folder, packed.trim())], this.app);
  }

  at(...names: string[]): string {
    return join(this.#folder, ...names);
  }

  readonly program = join(this.app, "node_modules/.bin/maquette");

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ran([program, ...args]: readonly [string, ...string[]], cwd: string): string {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      ...{ cwd, encoding: "utf8" as const, timeout: 600_000, env: this.env },
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? `${stdout}${stderr}`}`);
    return stdout;
  }
}
