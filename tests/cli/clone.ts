import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pins } from "../../src/engine/pins.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { run, type Ran, type RunOptions } from "../engine/lab.ts";
import { asShipped } from "../plans/shipped.ts";
import { downloadedBefore, isAlive, script } from "../engine-unit/programs.ts";

/** A clone as git would make it, with XDG folders of its own and no engine: what a stranger's first command meets. */
export class BareClone {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "maquette-bare-")));
  readonly root = join(this.folder, "repo");
  readonly env: NodeJS.ProcessEnv;

  constructor(isInstalled: boolean) {
    const from = repositoryRoot();
    for (const name of ["bin", "src", "stacks", "templates", "tools", "package.json", "Pulumi.yaml", "Pulumi.lab.yaml"])
      cpSync(join(from, name), join(this.root, name), { recursive: true, preserveTimestamps: true });
    asShipped(this.root);
    if (isInstalled) symlinkSync(join(from, "node_modules"), join(this.root, "node_modules"));
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "node"));
    this.env = {
      HOME: this.folder,
      PATH: [bin, "/usr/bin", "/bin"].join(delimiter),
      XDG_STATE_HOME: this.at("state"),
      XDG_DATA_HOME: this.at("data"),
      XDG_CACHE_HOME: this.at("cache"),
    };
  }

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Stands a program of shell on this clone's PATH. */
  program(name: string, body: string): void {
    script(this.at("bin", name), body);
  }

  /** Pulumi's three programs, none of which does anything. */
  withEngine(): this {
    this.program("pulumi", `[ "$1" = version ] && echo "v${pins.cli}"; exit 0`);
    this.program("pulumi-language-nodejs", "exit 0");
    downloadedBefore(this.at("cache", "maquette"), "proxmoxve", "exit 0");
    return this;
  }

  maquette(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(join(this.root, "bin/maquette"), args, {
      deadlineMs: 60_000,
      cwd: this.root,
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** Removes the folder, after ending an embedded API that a failed test may have left, by its own record. */
  dispose(): void {
    const states = this.at("state", "maquette");
    for (const key of existsSync(states) ? readdirSync(states) : []) {
      const path = join(states, key, "lab", "run", "daemon.json");
      if (!existsSync(path)) continue;
      const { pid } = JSON.parse(readFileSync(path, "utf8")) as { pid: number };
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
